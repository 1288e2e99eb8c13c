//! The best child of some parents: a job of its own for a thread.

use super::bonds::Bonds;
use super::population::Member;
use super::recombine::Clusters;
use super::reduce::Reduced;
use crate::error::Result;
use crate::kernel::{Kernel, Scan};
use crate::model::Ising;
use crate::run::{Anneal, AnnealOptions, Chains, Job, Keep};
use crate::schedule::{Betas, Shape};
use std::sync::Arc;
use std::time::Instant;

/// Reads and sweeps of the annealing that looks for the best child where exact reduction leaves something to look
/// for.
pub(super) const READS: usize = 8;
const SWEEPS: u64 = 100;

/// The annealing of what is left of the parents' clusters.
struct Search {
    labels: Vec<u32>,
    reduced: Reduced,
    run: Anneal,
}

/// A child on its way.
pub(super) struct Child {
    model: Arc<Ising>,
    bonds: Arc<Bonds>,
    parents: Vec<Member>,
    seed: u64,
    first_chain: u64,
    search: Option<Search>,
    found: Option<Member>,
    /// Clusters that the parents fall into.
    pub num_clusters: usize,
}

impl Child {
    /// The child of `parents`, looked for by [`READS`] chains of `seed` from `first_chain` on.
    pub fn new(
        model: Arc<Ising>,
        bonds: Arc<Bonds>,
        parents: Vec<Member>,
        seed: u64,
        first_chain: u64,
    ) -> Self {
        Self {
            model,
            bonds,
            parents,
            seed,
            first_chain,
            search: None,
            found: None,
            num_clusters: 0,
        }
    }

    /// The child, once it is found: never above its lowest parent.
    pub fn found(&self) -> Option<&Member> {
        self.found.as_ref()
    }

    /// Finds the child by exact reduction alone, or prepares the annealing.
    fn begin(&mut self) -> Result<()> {
        if self.bonds.are_dense() {
            self.num_clusters = 1;
            self.found = Some(self.lowest_parent().clone());
            return Ok(());
        }
        let parents: Vec<&[i8]> = self.parents.iter().map(|parent| &*parent.state).collect();
        let clusters = Clusters::new(&self.model, &self.bonds, &parents);
        self.num_clusters = clusters.len();
        let reduced = Reduced::of(clusters.network(), &[])?;
        let labels = clusters.into_labels();
        if reduced.kept().is_empty() {
            self.take(&labels, &reduced.lift(&[]));
            return Ok(());
        }
        let (first, last) = reduced.model.annealing_range().unwrap_or((1.0, 1.0));
        let chains = Chains {
            first_chain: self.first_chain,
            ..plain_chains(reduced.model.clone(), self.seed, READS, 1)
        };
        let run = Anneal::new(AnnealOptions {
            chains,
            betas: Betas::new(Shape::Geometric, first, last, SWEEPS)?,
            keep: Keep::Best,
            num_best: 0,
            trajectory: 0,
        })?;
        self.search = Some(Search { labels, reduced, run });
        Ok(())
    }

    /// Takes the state in which clusters have the given spins, or the lowest parent where that is lower.
    fn take(&mut self, labels: &[u32], spins: &[i8]) {
        let state: Arc<[i8]> = Clusters::expand(&self.parents[0].state, labels, spins).into();
        let energy = self.model.energy(&state);
        let parent = self.lowest_parent();
        self.found = Some(if parent.energy < energy {
            parent.clone()
        } else {
            Member { state, energy }
        });
    }

    fn lowest_parent(&self) -> &Member {
        let lowest = |a: &usize, b: &usize| self.parents[*a].energy.total_cmp(&self.parents[*b].energy);
        &self.parents[(0..self.parents.len()).min_by(lowest).unwrap_or(0)]
    }
}

impl Job for Child {
    fn is_done(&self) -> bool {
        self.found.is_some()
    }

    fn work(&mut self, deadline: Instant) {
        if self.search.is_none() && self.begin().is_err() {
            // Sums of coefficients near the largest there are overflow: the lowest parent will do.
            self.found = Some(self.lowest_parent().clone());
        }
        let Some(mut search) = self.search.take() else {
            return;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if search.run.advance(left.as_secs_f64()) {
            let spins = search.reduced.lift(&search.run.best_state().unwrap_or_default());
            self.take(&search.labels, &spins);
        } else {
            self.search = Some(search);
        }
    }
}

/// Chains as a search has them: Metropolis, in sequential order, from random states.
pub(super) fn plain_chains(
    model: impl Into<Arc<Ising>>,
    seed: u64,
    count: usize,
    num_threads: usize,
) -> Chains {
    Chains {
        model: model.into(),
        seed,
        first_chain: 0,
        count,
        kernel: Kernel::Metropolis,
        scan: Scan::Sequential,
        initial_states: None,
        clamped: Vec::new(),
        num_threads,
    }
}
