//! Resumable runs: they advance ensembles in short slices and record what they pass.
//!
//! A run is cut into jobs, a block of chains each. Within a slice every thread carries one job on until the slice is
//! over or the job is done, then takes the next; what comes out depends on neither.

mod ais;
mod anneal;
mod block;
mod chains;
mod cooling;
mod distinct;
mod engine;
mod lowest;
mod pace;
mod packed;
mod phase;
mod population;
mod replicas;
mod resample;
mod sample;
mod tally;
mod temper;

pub use ais::Ais;
pub use anneal::{Anneal, AnnealOptions, Keep};
pub use block::Schedule;
pub use chains::{Chains, Checkpoint, check_clamped};
pub use cooling::{Cooling, PopulationOptions};
pub(crate) use distinct::Distinct;
pub use distinct::{Entry, Met};
pub use phase::{Course, Phase, Rule};
pub use population::{Population, PopulationCheckpoint};
pub use sample::{Sample, SampleOptions};
pub use tally::{Step, Tally};
pub use temper::{
    Archive, ClusterMoves, Clusters, Flow, Ladder, MOMENT_PARTS, PAIR, PARTS, SINGLE, Swaps, Temper,
    TemperOptions,
};

use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often a thread that is kept awake looks for work before it offers its core to others.
const SPINS: u32 = 200;

/// A part of a run that one thread at a time can carry on.
pub(crate) trait Job: Send {
    /// True when nothing is left to do.
    fn is_done(&self) -> bool;

    /// Works until `deadline` or the end.
    fn work(&mut self, deadline: Instant);
}

/// The threads of a run: its own pool, made with the run, so that it survives a fork between runs.
#[derive(Clone)]
pub(crate) struct Workers {
    pool: Option<Arc<rayon::ThreadPool>>,
    num_threads: usize,
}

impl Workers {
    pub(crate) fn new(num_threads: usize, num_jobs: usize) -> Self {
        let num_threads = num_threads.clamp(1, num_jobs.max(1));
        let build = || {
            rayon::ThreadPoolBuilder::new()
                .num_threads(num_threads)
                .build()
                .ok()
        };
        Self::of(if num_threads > 1 { build() } else { None })
    }

    /// The threads of a pool; without one (it may not be had), that which calls.
    fn of(pool: Option<rayon::ThreadPool>) -> Self {
        Self {
            num_threads: pool.as_ref().map_or(1, rayon::ThreadPool::current_num_threads),
            pool: pool.map(Arc::new),
        }
    }

    /// Does work in the pool whose parallel parts are short and follow each other closely, and keeps the other threads
    /// awake meanwhile: one that has gone to sleep takes up to a hundred microseconds to come back. (Replica exchange
    /// on 16^3 sites with two threads: 61 us a sweep without this, 54 with it, of which exchanging takes a fifth.)
    pub(crate) fn awake(&self, work: impl FnOnce() + Send) {
        match &self.pool {
            None => work(),
            Some(pool) => pool.scope(|scope| {
                let leader = rayon::current_thread_index();
                let done = Done(Arc::default());
                let seen = Arc::clone(&done.0);
                scope.spawn_broadcast(move |_, here| {
                    if Some(here.index()) != leader {
                        watch(&seen);
                    }
                });
                work();
                drop(done);
            }),
        }
    }

    /// Carries jobs on for about `seconds`; true when all are done.
    pub(crate) fn advance<J: Job>(&self, jobs: &mut [J], seconds: f64) -> bool {
        let deadline = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e6));
        let open: Vec<Mutex<&mut J>> = jobs.iter_mut().filter(|j| !j.is_done()).map(Mutex::new).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(job) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Ok(mut job) = job.lock() {
                    job.work(deadline);
                }
                if Instant::now() >= deadline {
                    break;
                }
            }
        };
        match &self.pool {
            Some(pool) => pool.install(|| (0..self.num_threads).into_par_iter().for_each(|_| work())),
            None => work(),
        }
        drop(open);
        jobs.iter().all(Job::is_done)
    }
}

/// Set when there is nothing to stay awake for any more, a panic included.
struct Done(Arc<AtomicBool>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Does what the pool has to do until `done`, and looks for more without falling asleep.
fn watch(done: &AtomicBool) {
    let mut idle = 0;
    while !done.load(Ordering::Acquire) {
        if rayon::yield_now() == Some(rayon::Yield::Executed) {
            idle = 0;
        } else if idle < SPINS {
            idle += 1;
            std::hint::spin_loop();
        } else {
            // Others may want this core.
            std::thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Workers;
    use rayon::prelude::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn threads_are_kept_awake_and_let_go() {
        for num_threads in 1..4 {
            let (workers, count) = (Workers::new(num_threads, 8), AtomicUsize::new(0));
            for _ in 0..3 {
                workers.awake(|| {
                    for _ in 0..100 {
                        let add = |_| count.fetch_add(1, Ordering::Relaxed);
                        (0..8).into_par_iter().map(add).count();
                    }
                });
            }
            assert_eq!(count.into_inner(), 2400);
        }
    }

    #[test]
    fn a_panic_lets_them_go_too() {
        let workers = Workers::new(2, 2);
        let work = std::panic::AssertUnwindSafe(|| workers.awake(|| panic!("as told")));
        assert!(std::panic::catch_unwind(work).is_err());
        workers.awake(|| {});
    }

    #[test]
    fn no_pool_is_one_thread() {
        assert_eq!(Workers::of(None).num_threads, 1);
        assert_eq!(Workers::new(3, 2).num_threads, 2);
    }
}
