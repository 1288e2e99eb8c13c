//! A block of replicas on its way, with the best state of each.

use super::measure::Packed;
use crate::ensemble::{Ensemble, Factory};
use crate::run::pace::Pace;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// Chains `range` of a run, side by side.
pub(super) struct Lanes {
    pub ensemble: Box<dyn Ensemble>,
    pub range: Range<usize>,
    /// Present energies.
    pub energies: Vec<f64>,
    /// Energies of the states that are kept: of each chain its start, or the lowest of the block where the chain had it.
    pub best: Vec<f64>,
    /// When these were met: which of several states of the lowest energy is the best must not hang on the blocks.
    pub met: Vec<u64>,
    lowest: f64,
    /// Where spins are -1, by lane.
    pub sites: Packed,
    /// Where coupled spins differ, by lane.
    pub links: Packed,
    rows: Vec<u64>,
    length: usize,
    pace: Pace,
}

impl Lanes {
    /// Chains `range` of a run whose first is `first_chain`, in the given states.
    pub fn new(factory: &Arc<Factory>, first_chain: u64, range: Range<usize>, states: &[i8]) -> Self {
        let ensemble = factory.block(first_chain + range.start as u64, range.len(), states);
        let energies: Vec<f64> = (0..range.len()).map(|lane| ensemble.energy(lane)).collect();
        Self {
            ensemble,
            range,
            lowest: energies.iter().copied().fold(f64::INFINITY, f64::min),
            best: energies.clone(),
            met: vec![0; energies.len()],
            energies,
            sites: Packed::default(),
            links: Packed::default(),
            rows: vec![0; factory.setup().model.num_sites()],
            length: factory.setup().plan.visits.len(),
            pace: Pace::default(),
        }
    }

    /// Sweeps on up to sweep number `stop`, but not past the deadline; true when it is there.
    pub fn work(&mut self, stop: u64, deadline: Instant) -> bool {
        self.pace.start();
        while self.ensemble.position().0 < stop {
            if self.ensemble.advance(self.pace.visits()) {
                self.look(2 * self.ensemble.position().0);
            }
            if self.pace.is_over(self.length, deadline) {
                break;
            }
        }
        self.ensemble.position().0 >= stop
    }

    /// Looks at the energies and keeps the best state of the block. (The best of every replica would have to be kept at
    /// almost every sweep: replicas keep coming to colder rungs.) `now` is twice the number of sweeps, and one more after
    /// a cluster move.
    pub fn look(&mut self, now: u64) {
        for (lane, energy) in self.energies.iter_mut().enumerate() {
            *energy = self.ensemble.energy(lane);
            if *energy < self.lowest {
                self.lowest = *energy;
                self.best[lane] = *energy;
                self.met[lane] = now;
                self.ensemble.keep(1 << lane);
            }
        }
    }

    /// Reads the states off.
    pub fn pack_sites(&mut self) {
        self.ensemble.bit_rows(&mut self.rows);
        self.sites.fill(self.rows.iter().copied(), self.range.len());
    }

    /// Reads states and products of coupled spins off.
    pub fn pack_links(&mut self, edges: &[(u32, u32)]) {
        self.pack_sites();
        let rows = &self.rows;
        let products = edges.iter().map(|&(i, j)| rows[i as usize] ^ rows[j as usize]);
        self.links.fill(products, self.range.len());
    }
}
