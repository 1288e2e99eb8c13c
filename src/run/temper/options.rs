//! What a replica-exchange run is asked for.

use super::ladder::Swaps;
use crate::error::{Result, invalid};
use crate::run::Chains;

/// Which rungs make cluster moves, and how often.
#[derive(Clone, Debug, Default)]
pub struct ClusterMoves {
    /// Sweeps from one move to the next; 0 for none.
    pub interval: u64,
    /// By rung.
    pub rungs: Vec<bool>,
}

/// What a replica-exchange run is asked for.
#[derive(Clone)]
pub struct TemperOptions {
    /// The replicas, ladder by ladder, rung by rung.
    pub chains: Chains,
    /// How many ladders.
    pub num_ladders: usize,
    /// Inverse temperatures of the rungs, ascending.
    pub betas: Vec<f64>,
    /// Sweeps after warm-up.
    pub num_sweeps: u64,
    /// Sweeps before the first draw.
    pub warmup: u64,
    /// Sweeps from draw to draw, at least 1.
    pub thin: u64,
    /// Number of the first sweep: a run that goes on where another stopped draws other random numbers.
    pub first_sweep: u64,
    /// Which rungs try to change places.
    pub swaps: Swaps,
    /// Sweeps from one exchange to the next, at least 1.
    pub swap_interval: u64,
    /// Cluster moves between pairs of ladders.
    pub clusters: ClusterMoves,
    /// Draws from one measurement of observables to the next; 0 for none.
    pub observe_interval: u64,
    /// Measure link overlaps too.
    pub links: bool,
    /// Add up spins and products of coupled spins.
    pub moments: bool,
    /// Keep the state of every draw.
    pub store_states: bool,
}

impl TemperOptions {
    /// Refuses what cannot be carried out.
    ///
    /// # Errors
    /// Betas that are not finite, not ascending or negative; counts that do not fit; what [`Chains::check`] refuses.
    pub fn check(&self) -> Result<()> {
        let betas = &self.betas;
        if let Some(at) = betas.iter().position(|b| !b.is_finite() || *b < 0.0) {
            return invalid(format!(
                "betas must be finite and not negative, got {} at index {at}",
                betas[at]
            ));
        }
        if let Some(at) = betas.windows(2).position(|pair| pair[0] >= pair[1]) {
            let next = betas[at + 1];
            return invalid(format!(
                "betas must ascend, got {} before {next} at index {at}",
                betas[at]
            ));
        }
        if betas.is_empty() || self.chains.count != self.num_ladders.saturating_mul(betas.len()) {
            return invalid(format!(
                "num_ladders x betas must be the number of replicas, at least 1, got {} x {}",
                self.num_ladders,
                betas.len()
            ));
        }
        if self.thin == 0 || self.swap_interval == 0 {
            return invalid("thin and swap_interval must be at least 1, got 0");
        }
        if self.clusters.interval > 0 && self.clusters.rungs.len() != betas.len() {
            return invalid("cluster moves must be chosen for every rung");
        }
        self.chains.check()
    }

    pub(super) fn coldest(&self) -> f64 {
        self.betas.last().copied().unwrap_or(0.0)
    }

    /// Sweeps of the whole run.
    #[must_use]
    pub fn total_sweeps(&self) -> u64 {
        self.warmup + self.num_sweeps
    }

    /// Draws of the whole run.
    #[must_use]
    pub fn num_draws(&self) -> usize {
        (self.num_sweeps / self.thin) as usize
    }

    /// The next sweep after which something is to be done; none when the run is over.
    pub(super) fn next_stop(&self, sweeps: u64) -> Option<u64> {
        let total = self.total_sweeps();
        if sweeps >= total {
            return None;
        }
        let next = |interval: u64| (sweeps + 1).next_multiple_of(interval);
        let mut stop = total.min(next(self.swap_interval));
        if self.clusters.interval > 0 {
            stop = stop.min(next(self.clusters.interval));
        }
        let next_draw = match sweeps.checked_sub(self.warmup) {
            None => self.warmup,
            Some(since) => self.warmup + since / self.thin * self.thin + self.thin,
        };
        Some(stop.min(next_draw))
    }

    /// True where something is to be done after `sweeps` sweeps, or the run begins.
    pub(super) fn stops_at(&self, sweeps: u64) -> bool {
        sweeps
            .checked_sub(1)
            .is_none_or(|before| self.next_stop(before) == Some(sweeps))
    }

    pub(super) fn exchanges_at(&self, sweeps: u64) -> bool {
        sweeps.is_multiple_of(self.swap_interval)
    }

    pub(super) fn moves_clusters_at(&self, sweeps: u64) -> bool {
        self.clusters.interval > 0 && sweeps.is_multiple_of(self.clusters.interval)
    }

    /// The number of the draw that `sweeps` complete sweeps end in, if they do.
    pub(super) fn draw_at(&self, sweeps: u64) -> Option<usize> {
        let since = sweeps.checked_sub(self.warmup)?;
        let draw = (since / self.thin) as usize;
        (since > 0 && since.is_multiple_of(self.thin) && draw <= self.num_draws()).then(|| draw - 1)
    }

    /// True where observables are measured at all.
    pub(super) fn observes(&self) -> bool {
        self.observe_interval > 0 && self.observe_interval <= self.num_draws() as u64
    }

    pub(super) fn observes_at(&self, draw: usize) -> bool {
        self.observe_interval > 0 && (draw as u64 + 1).is_multiple_of(self.observe_interval)
    }
}
