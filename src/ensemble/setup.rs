//! What every ensemble is made from.

use super::{Level, Plan};
use crate::kernel::{Kernel, Scan};
use crate::model::{Grid, Ising};
use crate::rng::{Purpose, Stream, word};
use std::sync::Arc;

/// A model, how it is quantised and visited, and under which rule.
#[derive(Clone)]
pub struct Setup {
    /// The model.
    pub model: Arc<Ising>,
    /// Its coefficients' unit.
    pub grid: Grid,
    /// Order of visits and rows.
    pub plan: Arc<Plan>,
    /// Transition rule.
    pub kernel: Kernel,
    /// Order of a sweep.
    pub scan: Scan,
    /// Seed of all streams.
    pub seed: u64,
}

/// What a block is made from: chains `first_chain ..` of a setup in given states, one after the other, by site.
pub(super) struct Start<'a> {
    pub setup: Setup,
    pub level: Level,
    pub first_chain: u64,
    pub num_lanes: usize,
    pub states: &'a [i8],
}

impl Setup {
    /// Visits of a sweep, those of gaps in a sequential plan included.
    #[must_use]
    pub fn sweep_length(&self) -> usize {
        if self.scan == Scan::Sequential {
            self.plan.visits.len()
        } else {
            self.plan.free.len()
        }
    }

    /// The stream of acceptance draws of a chain.
    pub(super) fn stream(&self, chain: u64) -> Stream {
        Stream::new(self.seed, Purpose::Sweep, chain)
    }

    /// The random state in which `chain` starts: a function of seed, chain and site only.
    #[must_use]
    pub fn random_state(&self, chain: u64) -> Vec<i8> {
        let key = Stream::new(self.seed, Purpose::Start, chain).key(0);
        let mut state = vec![0; self.model.num_sites()];
        for (quad, sites) in state.chunks_mut(4).enumerate() {
            for (site, lead) in sites.iter_mut().zip(word(key, quad as u32).to_le_bytes()) {
                *site = if lead < 128 { -1 } else { 1 };
            }
        }
        state
    }

    /// Energies of states (one after the other, by site) in grid units, without offset; exact.
    #[must_use]
    pub fn energies_units(&self, states: &[i8], num_states: usize) -> Vec<f64> {
        self.model.sums(states, num_states, |w| self.grid.quantise(w))
    }

    /// Energy of one state in grid units.
    #[must_use]
    pub fn energy_units(&self, state: &[i8]) -> f64 {
        self.energies_units(state, 1)[0]
    }

    /// True for a site with neither coupling nor field.
    pub(super) fn is_isolated(&self, site: usize) -> bool {
        self.model.degree(site) == 0 && self.model.fields()[site] == 0.0
    }
}
