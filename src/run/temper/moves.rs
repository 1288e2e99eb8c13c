//! Cluster moves of all pairs of ladders at once: clusters are found on all threads, then turned over block by block.

use super::cluster::Clusters;
use super::ladder::Ladder;
use super::lanes::Lanes;
use super::measure::Packed;
use super::{Temper, TemperOptions};
use crate::model::Grid;
use crate::rng::{Purpose, Stream, below};
use rayon::prelude::*;

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
    /// Number of the present sweep.
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
    /// One cluster move between the two replicas of every rung that has them.
    pub(super) fn move_clusters(&mut self) {
        self.for_all_blocks(Lanes::pack_sites);
        let rungs = self.options.betas.len();
        let mut moves = std::mem::take(&mut self.moves);
        moves.resize_with(self.ladders.len() / 2 * rungs, ClusterMove::default);
        let chains = &self.options.chains;
        let finder = Finder {
            options: &self.options,
            grid: &self.factory.setup().grid,
            ladders: &self.ladders,
            sites: self.blocks.iter().map(|block| &block.sites).collect(),
            width: self.width,
            sweep: self.options.first_sweep + self.sweeps,
            either: chains.clamped.is_empty() && chains.model.fields().iter().all(|&h| h == 0.0),
        };
        let find =
            |(number, found): (usize, &mut ClusterMove)| finder.find(number / rungs, number % rungs, found);
        if self.is_parallel() {
            moves.par_iter_mut().enumerate().for_each(find);
        } else {
            moves.iter_mut().enumerate().for_each(find);
        }
        self.make_moves(&moves);
        self.moves = moves;
    }

    fn make_moves(&mut self, moves: &[ClusterMove]) {
        let rungs = self.options.betas.len();
        for (number, found) in moves.iter().enumerate().filter(|(_, found)| found.made) {
            let counts = &mut self.cluster_counts[number % rungs];
            counts[0] += 1;
            counts[1] += found.clusters.sites().len() as u64;
            counts[2] += found.differing as u64;
        }
        let ladders = std::mem::take(&mut self.ladders);
        let now = 2 * (self.options.first_sweep + self.sweeps) + 1;
        self.for_all_blocks(|block| {
            for (lane, chain) in block.range.clone().enumerate() {
                let (ladder, replica) = (chain / rungs, chain % rungs);
                let found = moves.get(ladder / 2 * rungs + ladders[ladder].rungs()[replica]);
                if let Some(found) = found.filter(|found| found.made) {
                    let sign = if ladder % 2 == 0 { 1.0 } else { -1.0 };
                    let sites = found.clusters.sites();
                    block.ensemble.flip(lane, sites, sign * found.change);
                }
            }
            block.look(now);
        });
        self.ladders = ladders;
    }
}
