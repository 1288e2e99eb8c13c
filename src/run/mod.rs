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
pub use population::{Population, PopulationCheckpoint};
pub use sample::{Sample, SampleOptions};
pub use tally::{Step, Tally};
pub use temper::{
    Archive, ClusterMoves, Clusters, Flow, Ladder, MOMENT_PARTS, PAIR, PARTS, SINGLE, Swaps, Temper,
    TemperOptions,
};

use rayon::prelude::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A part of a run that one thread at a time can carry on.
pub(crate) trait Job: Send {
    /// True when nothing is left to do.
    fn is_done(&self) -> bool;

    /// Works until `deadline` or the end.
    fn work(&mut self, deadline: Instant);
}

/// The threads of a run: its own pool, made with the run, so that it survives a fork between runs.
pub(crate) struct Workers {
    pool: Option<rayon::ThreadPool>,
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
            pool,
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

#[cfg(test)]
mod tests {
    use super::Workers;

    #[test]
    fn no_pool_is_one_thread() {
        assert_eq!(Workers::of(None).num_threads, 1);
        assert_eq!(Workers::new(3, 2).num_threads, 2);
    }
}
