//! Cluster moves of all pairs of ladders: clusters are found on all threads, a few at a time, then turned over block by
//! block. Each move has its own two replicas, so that it does not matter which are made first.

use super::cluster::Clusters;
use super::ladder::Ladder;
use super::lanes::Lanes;
use super::measure::Packed;
use super::{Temper, TemperOptions};
use crate::model::Grid;
use crate::rng::{Purpose, Stream, below};
use rayon::prelude::*;
use std::time::Instant;

/// Sites that clusters are looked for among before the clock is looked at: some milliseconds.
const ABREAST: usize = 1 << 17;

/// A cluster move of two replicas.
#[derive(Clone, Default)]
pub(super) struct ClusterMove {
    made: bool,
    clusters: Clusters,
    differing: usize,
    /// In the energy of the first replica, in units of the grid; the second changes by as much the other way.
    change: f64,
}

/// What clusters are found from.
struct Finder<'a> {
    options: &'a TemperOptions,
    grid: &'a Grid,
    ladders: &'a [Ladder],
    /// States of all blocks, of `width` replicas each.
    sites: Vec<&'a Packed>,
    width: usize,
    /// Number of the sweep after which they are made.
    sweep: u64,
    /// True where turning a whole replica over is free: nothing holds it.
    either: bool,
}

impl Finder<'_> {
    /// The state of the replica on a rung.
    fn state(&self, ladder: usize, rung: usize) -> &[u64] {
        let chain = ladder * self.options.betas.len() + self.ladders[ladder].replicas()[rung];
        self.sites[chain / self.width].lane(chain % self.width)
    }

    /// Finds the cluster that the replicas of a rung of a pair of ladders turn over.
    fn find(&self, pair: usize, rung: usize, found: &mut ClusterMove) {
        found.made = self.options.clusters.rungs[rung];
        if !found.made {
            return;
        }
        let (chains, rungs) = (&self.options.chains, self.options.betas.len());
        let [first, second] = [2 * pair, 2 * pair + 1].map(|ladder| self.state(ladder, rung));
        let clusters = &mut found.clusters;
        found.differing = clusters.compare(first, second, chains.model.num_sites(), self.either);
        let first_chain = chains.first_chain + (2 * pair * rungs) as u64;
        let stream = Stream::new(chains.seed, Purpose::Cluster, first_chain);
        let number = below(&stream, self.sweep, rung as u64, found.differing as u64);
        clusters.take(&chains.model, number as usize);
        found.change = clusters.change(&chains.model, self.grid, first);
    }
}

impl Temper {
    /// Cluster moves between the two replicas of every rung of a pair of ladders.
    pub(super) fn num_moves(&self) -> usize {
        self.options.num_ladders / 2 * self.options.betas.len()
    }

    /// Makes the cluster moves after `stop` sweeps that are not made yet; true when all are.
    pub(super) fn move_clusters(&mut self, stop: u64, deadline: Instant) -> bool {
        if !self.packed {
            self.for_all_blocks(Lanes::pack_sites);
            self.packed = true;
        }
        while self.moved < self.num_moves() {
            let many = (ABREAST / self.options.chains.model.num_sites().max(1)).max(self.workers.num_threads);
            let abreast = many.min(self.num_moves() - self.moved);
            self.find_clusters(stop, abreast);
            self.turn_over();
            self.moved += abreast;
            if self.moved < self.num_moves() && Instant::now() >= deadline {
                return false;
            }
        }
        (self.moved, self.packed) = (0, false);
        // Only now: which of several best states a block keeps must not hang on where it was interrupted.
        let now = 2 * (self.options.first_sweep + stop) + 1;
        self.for_all_blocks(|block| block.look(now));
        true
    }

    /// Finds the clusters of the next moves.
    fn find_clusters(&mut self, stop: u64, abreast: usize) {
        let (rungs, first) = (self.options.betas.len(), self.moved);
        let mut moves = std::mem::take(&mut self.moves);
        moves.resize_with(abreast, ClusterMove::default);
        let chains = &self.options.chains;
        let finder = Finder {
            options: &self.options,
            grid: &self.factory.setup().grid,
            ladders: &self.ladders,
            sites: self.blocks.iter().map(|block| &block.sites).collect(),
            width: self.width,
            sweep: self.options.first_sweep + stop,
            either: chains.clamped.is_empty() && chains.model.fields().iter().all(|&h| h == 0.0),
        };
        let find = |(at, found): (usize, &mut ClusterMove)| {
            finder.find((first + at) / rungs, (first + at) % rungs, found);
        };
        if self.is_parallel() {
            moves.par_iter_mut().enumerate().for_each(find);
        } else {
            moves.iter_mut().enumerate().for_each(find);
        }
        self.moves = moves;
    }

    /// Turns the clusters over that have been found.
    fn turn_over(&mut self) {
        let (rungs, first) = (self.options.betas.len(), self.moved);
        let moves = std::mem::take(&mut self.moves);
        for (at, found) in moves.iter().enumerate().filter(|(_, found)| found.made) {
            let counts = &mut self.cluster_counts[(first + at) % rungs];
            counts[0] += 1;
            counts[1] += found.clusters.sites().len() as u64;
            counts[2] += found.differing as u64;
        }
        let ladders = std::mem::take(&mut self.ladders);
        self.for_all_blocks(|block| {
            for (lane, chain) in block.range.clone().enumerate() {
                let (ladder, replica) = (chain / rungs, chain % rungs);
                let number = ladder / 2 * rungs + ladders[ladder].rungs()[replica];
                let found = number.checked_sub(first).and_then(|at| moves.get(at));
                if let Some(found) = found.filter(|found| found.made) {
                    let sign = if ladder % 2 == 0 { 1.0 } else { -1.0 };
                    let sites = found.clusters.sites();
                    block.ensemble.flip(lane, sites, sign * found.change);
                }
            }
        });
        (self.ladders, self.moves) = (ladders, moves);
    }
}
