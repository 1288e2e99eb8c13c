//! What annealing and sampling share: which chains a run has, where they start, how they are cut into blocks and put
//! aside.

use crate::ensemble::{Factory, Level, MOST_LANES, Plan, QUAD, Setup};
use crate::error::{Error, Result, invalid};
use crate::kernel::{Kernel, Scan};
use crate::model::{Grid, Ising};
use std::sync::Arc;

/// The chains of a run and the rule they move by.
#[derive(Clone)]
pub struct Chains {
    /// The model.
    pub model: Arc<Ising>,
    /// Seed of all streams.
    pub seed: u64,
    /// Number of the first chain.
    pub first_chain: u64,
    /// How many chains.
    pub count: usize,
    /// Transition rule.
    pub kernel: Kernel,
    /// Order of a sweep.
    pub scan: Scan,
    /// States to start from (one after the other, by site); random ones without.
    pub initial_states: Option<Vec<i8>>,
    /// Sites held at given spins.
    pub clamped: Vec<(usize, i8)>,
    /// Threads to use.
    pub num_threads: usize,
}

/// Everything a bit-exact continuation needs beside the arguments of the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// First chain of each block, relative to the run's first; ascending, from 0.
    pub block_starts: Vec<u64>,
    /// Sweeps carried out, a block each.
    pub sweeps: Vec<u64>,
    /// Visits made in the current sweep, a block each.
    pub visits: Vec<u64>,
    /// Present states, a chain each, by site.
    pub states: Vec<i8>,
    /// Best states so far.
    pub best_states: Vec<i8>,
    /// Recorded energies (trajectory or draws), a chain each.
    pub energies: Vec<f64>,
    /// Distinct best states, lowest first.
    pub distinct_states: Vec<i8>,
    /// Where each of them was met first: sweep and chain, a pair each.
    pub distinct_met: Vec<u64>,
    /// Stored draws, a chain each.
    pub draws: Vec<i8>,
    /// Sums of spins by site and of products by coupling, over all chains and draws.
    pub moments: Vec<i64>,
}

/// Checks sites that are held at given spins.
///
/// # Errors
/// A site that does not exist, or a value that is no spin.
pub fn check_clamped(num_sites: usize, clamped: &[(usize, i8)]) -> Result<()> {
    for &(site, spin) in clamped {
        if site >= num_sites || (spin != 1 && spin != -1) {
            return invalid(format!(
                "clamp must map sites 0..{num_sites} to -1 or +1, got {site}: {spin}"
            ));
        }
    }
    Ok(())
}

impl Chains {
    /// Checks what does not depend on the kind of run.
    ///
    /// # Errors
    /// Initial states or clamps of the wrong shape or value, or sizes that do not fit in memory.
    pub fn check(&self) -> Result<()> {
        let n = self.model.num_sites();
        if self
            .count
            .checked_mul(n.max(1))
            .is_none_or(|bytes| bytes > isize::MAX as usize / 16)
        {
            return Err(Error::Memory(format!(
                "{} states of {n} sites do not fit in memory",
                self.count
            )));
        }
        if let Some(states) = &self.initial_states {
            if states.len() != self.count * n {
                return invalid(format!(
                    "initial_states must hold {} states of {n} spins, got {} values",
                    self.count,
                    states.len()
                ));
            }
            if let Some(at) = states.iter().position(|&s| s != 1 && s != -1) {
                return invalid(format!(
                    "initial_states must hold spins -1 and +1, got {}",
                    states[at]
                ));
            }
        }
        check_clamped(n, &self.clamped)
    }

    /// The factory of this run's blocks; `width` forces blocks of that many lanes.
    ///
    /// # Errors
    /// A vector level that this CPU lacks.
    pub fn factory(&self, coldest_beta: f64, width: Option<usize>) -> Result<Factory> {
        let level = Level::chosen()?;
        let mut held = vec![false; self.model.num_sites()];
        for &(site, _) in &self.clamped {
            held[site] = true;
        }
        let free = (0..held.len() as u32).filter(|&i| !held[i as usize]).collect();
        let setup = Setup {
            grid: Grid::new(&self.model, coldest_beta),
            plan: Arc::new(Plan::new(&self.model, free)),
            model: self.model.clone(),
            kernel: self.kernel,
            scan: self.scan,
            seed: self.seed,
        };
        Ok(Factory::new(&setup, level, self.count, self.num_threads, width))
    }

    /// The state in which chain `index` (of this run) starts.
    #[must_use]
    pub fn start(&self, setup: &Setup, index: usize) -> Vec<i8> {
        let n = self.model.num_sites();
        let mut state = match &self.initial_states {
            Some(states) => states[index * n..(index + 1) * n].to_vec(),
            None => setup.random_state(self.first_chain + index as u64),
        };
        for &(site, spin) in &self.clamped {
            state[site] = spin;
        }
        state
    }

    /// True for states of all chains in which the held sites are as they should be.
    fn are_states(&self, states: &[i8]) -> bool {
        let n = self.model.num_sites();
        let held = |state: &[i8]| self.clamped.iter().all(|&(site, spin)| state[site] == spin);
        states.len() == self.count * n
            && states.iter().all(|s| s.abs() == 1)
            && states.chunks_exact(n.max(1)).all(held)
    }

    /// Where blocks of `width` chains begin.
    #[must_use]
    pub fn block_starts(&self, width: usize) -> Vec<u64> {
        (0..self.count as u64).step_by(width.max(1)).collect()
    }

    /// Chains of the block that begins at `starts[index]`.
    #[must_use]
    pub fn block_range(&self, starts: &[u64], index: usize) -> std::ops::Range<usize> {
        let end = starts.get(index + 1).copied().unwrap_or(self.count as u64);
        starts[index] as usize..end as usize
    }
}

impl Checkpoint {
    /// The width of blocks that this checkpoint was made with.
    #[must_use]
    pub fn width(&self, num_chains: usize) -> usize {
        let ends = self
            .block_starts
            .iter()
            .skip(1)
            .copied()
            .chain(std::iter::once(num_chains as u64));
        self.block_starts
            .iter()
            .zip(ends)
            .map(|(start, end)| (end - start) as usize)
            .max()
            .unwrap_or(1)
    }

    /// Checks that this was made by a run of `chains`, whose sweeps `setup` tells.
    ///
    /// # Errors
    /// Arrays of other lengths, blocks, places or spins: the checkpoint belongs to another run, or is damaged.
    pub fn check(&self, chains: &Chains, setup: &Setup) -> Result<()> {
        if self.fits(chains, setup) && chains.are_states(&self.best_states) {
            return Ok(());
        }
        foreign()
    }

    /// True if blocks, places and present states are those of a run of `chains`.
    pub(super) fn fits(&self, chains: &Chains, setup: &Setup) -> bool {
        let width = self.width(chains.count);
        let blocks = self.block_starts.len();
        let cut_alike = width <= MOST_LANES
            && self.block_starts == chains.block_starts(width)
            && self.sweeps.len() == blocks
            && self.visits.len() == blocks;
        let length = setup.sweep_length() as u64;
        let in_sweep = |&visit: &u64| visit == 0 || (visit < length && visit % QUAD as u64 == 0);
        cut_alike && self.visits.iter().all(in_sweep) && chains.are_states(&self.states)
    }
}

/// The refusal of a checkpoint.
pub(super) fn foreign<T>() -> Result<T> {
    invalid("snapshot does not belong to a run with these arguments")
}
