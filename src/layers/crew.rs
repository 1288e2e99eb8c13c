//! The threads of layers: the one that calls, and helpers of a pool of their own.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For how long the thread that calls looks whether the others are done before it goes to sleep.
const WAIT: Duration = Duration::from_micros(500);

/// For how long helpers that have nothing to do look out for more before they fall asleep. Waking one takes up to a
/// hundred microseconds, which is as long as many a half step; a training comes back sooner than this.
const PATIENCE: Duration = Duration::from_micros(400);

/// Helpers that are made when they are first wanted, and again in a process that was forked off since.
pub(super) struct Crew {
    num_threads: usize,
    helpers: Mutex<Option<Helpers>>,
}

#[derive(Clone)]
struct Helpers {
    process: u32,
    pool: Arc<ThreadPool>,
    /// Whether the helpers look out for work.
    awake: Arc<AtomicBool>,
}

impl Crew {
    pub fn new(num_threads: usize) -> Self {
        Self {
            num_threads: num_threads.max(1),
            helpers: Mutex::new(None),
        }
    }

    pub fn num_threads(&self) -> usize {
        self.num_threads
    }

    /// Does the tasks `0..count`. Every thread begins with a part of its own, so that what it has in its caches from
    /// the last time is of use, and then takes what others have left.
    pub fn spread(&self, count: usize, task: impl Fn(usize) + Sync) {
        let crew = self.num_threads.min(count);
        let Some(helpers) = (if crew > 1 { self.helpers() } else { None }) else {
            return (0..count).for_each(task);
        };
        helpers.keep_awake();
        let parts: Vec<Part> = (0..crew)
            .map(|k| Part::new(k * count / crew..(k + 1) * count / crew))
            .collect();
        let work = |own: usize| {
            for k in 0..crew {
                while let Some(at) = parts[(own + k) % crew].next() {
                    task(at);
                }
            }
        };
        let helping = AtomicUsize::new(crew - 1);
        helpers.pool.in_place_scope(|scope| {
            for own in 1..crew {
                let (work, helping) = (&work, &helping);
                scope.spawn(move |_| {
                    work(own);
                    helping.fetch_sub(1, Ordering::Release);
                });
            }
            work(0);
            // The others are about to be done as well: going to sleep and waking up take longer than that.
            let since = Instant::now();
            while helping.load(Ordering::Acquire) > 0 && since.elapsed() < WAIT {
                std::hint::spin_loop();
            }
        });
    }

    fn helpers(&self) -> Option<Helpers> {
        let process = std::process::id();
        let mut helpers = self.helpers.lock().unwrap_or_else(PoisonError::into_inner);
        if helpers.as_ref().is_none_or(|h| h.process != process) {
            // The threads of a pool from before a fork are not here: not even its end may be waited for.
            std::mem::forget(helpers.take());
            let built = ThreadPoolBuilder::new().num_threads(self.num_threads - 1).build();
            *helpers = built.ok().map(|pool| Helpers {
                process,
                pool: Arc::new(pool),
                awake: Arc::default(),
            });
        }
        helpers.clone()
    }
}

impl Helpers {
    /// Has the helpers look out for work until there was none for a while.
    fn keep_awake(&self) {
        if self.awake.swap(true, Ordering::AcqRel) {
            return;
        }
        let awake = Arc::clone(&self.awake);
        self.pool.spawn_broadcast(move |_| {
            let mut last = Instant::now();
            while last.elapsed() < PATIENCE {
                match rayon::yield_now() {
                    Some(rayon::Yield::Executed) => last = Instant::now(),
                    _ => std::hint::spin_loop(),
                }
            }
            awake.store(false, Ordering::Release);
        });
    }
}

/// Tasks in a row, taken one by one.
struct Part {
    next: AtomicUsize,
    end: usize,
}

impl Part {
    fn new(tasks: Range<usize>) -> Self {
        Self {
            next: AtomicUsize::new(tasks.start),
            end: tasks.end,
        }
    }

    fn next(&self) -> Option<usize> {
        if self.next.load(Ordering::Relaxed) >= self.end {
            return None;
        }
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        (at < self.end).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once() {
        for num_threads in 1..5 {
            let crew = Crew::new(num_threads);
            for count in [0, 1, 2, 7, 100] {
                let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                crew.spread(count, |k| {
                    done[k].fetch_add(1, Ordering::Relaxed);
                });
                assert!(done.iter().all(|d| d.load(Ordering::Relaxed) == 1));
            }
        }
    }
}
