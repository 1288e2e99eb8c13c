//! Replica exchange: ladders of replicas at fixed betas that change places.
//!
//! A replica is a lane with its own beta; an exchange moves betas, not spins. Ladders are independent but for cluster
//! moves between the first and the second, the third and the fourth .., which need two replicas at the same beta.

mod archive;
mod cluster;
mod ladder;
mod lanes;
mod measure;
mod moves;
mod options;
mod restore;

pub use archive::Writer as Archive;
pub use cluster::Clusters;
pub use ladder::{Flow, Ladder, Swaps};
pub use measure::{MOMENT_PARTS, PAIR, PARTS, SINGLE};
pub use options::{ClusterMoves, TemperOptions};

use super::Workers;
use super::engine::even_width;
use super::lowest::BestEnergy;
use crate::ensemble::{Factory, differing, ones};
use crate::error::Result;
use lanes::Lanes;
use measure::Measure;
use moves::ClusterMove;
use rayon::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A replica-exchange run that can be advanced, looked at, put aside and restored.
pub struct Temper {
    options: TemperOptions,
    factory: Arc<Factory>,
    workers: Workers,
    /// Empty before the start.
    blocks: Vec<Lanes>,
    /// Blocks made so far, until all are.
    begun: Vec<Lanes>,
    width: usize,
    ladders: Vec<Ladder>,
    /// Cluster moves at work, a few at a time.
    moves: Vec<ClusterMove>,
    /// How many of the cluster moves of the next stop are made.
    moved: usize,
    /// True where the states that clusters are found from have been read off.
    packed: bool,
    /// What cluster moves did, by rung: moves, sites of clusters, sites that differed.
    cluster_counts: Vec<[u64; 3]>,
    /// By ladder, rung and draw; NaN where not reached.
    energies: Vec<f64>,
    /// By ladder, rung, draw and site, where states are kept.
    states: Vec<i8>,
    measure: Measure,
    edges: Vec<(u32, u32)>,
    best_energy: BestEnergy,
    /// Sweeps done, warm-up included.
    sweeps: u64,
}

impl Temper {
    /// Prepares a run; nothing is carried out yet.
    ///
    /// # Errors
    /// What [`TemperOptions::check`] refuses, and a vector level that this CPU lacks.
    pub fn new(options: TemperOptions) -> Result<Self> {
        options.check()?;
        let chains = &options.chains;
        let factory = Arc::new(chains.factory(options.coldest(), None)?);
        let width = even_width(chains.count, chains.num_threads, factory.width());
        Ok(Self::with_width(options, factory, width))
    }

    fn with_width(options: TemperOptions, factory: Arc<Factory>, width: usize) -> Self {
        let (chains, rungs) = (&options.chains, options.betas.len());
        let model = &chains.model;
        let ladder = |l: usize| {
            let first_chain = chains.first_chain + (l * rungs) as u64;
            Ladder::new(rungs, options.swaps, chains.seed, first_chain)
        };
        let row = |i: usize| model.upper_row(i).map(move |(j, _)| (i as u32, j as u32));
        let stored = if options.store_states {
            chains.count * options.num_draws() * model.num_sites()
        } else {
            0
        };
        let measured = if options.links || options.moments {
            model.num_sites()
        } else {
            0
        };
        Self {
            workers: Workers::new(chains.num_threads, chains.count.div_ceil(width)),
            blocks: Vec::new(),
            begun: Vec::new(),
            width,
            ladders: (0..options.num_ladders).map(ladder).collect(),
            moves: Vec::new(),
            moved: 0,
            packed: false,
            cluster_counts: vec![[0; 3]; rungs],
            energies: vec![f64::NAN; chains.count * options.num_draws()],
            states: vec![0; stored],
            measure: Measure::new(&options),
            edges: (0..measured).flat_map(row).collect(),
            best_energy: BestEnergy::default(),
            sweeps: 0,
            factory,
            options,
        }
    }

    /// What the replicas are made of.
    #[must_use]
    pub fn factory(&self) -> &Factory {
        &self.factory
    }

    /// What was asked for.
    #[must_use]
    pub fn options(&self) -> &TemperOptions {
        &self.options
    }

    /// Sweeps carried out by every replica, warm-up included; where replicas are within one, it does not count.
    #[must_use]
    pub fn sweeps_done(&self) -> u64 {
        self.sweeps
    }

    /// Works for about `seconds`; true when the run is done.
    pub fn advance(&mut self, seconds: f64) -> bool {
        let deadline = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e6));
        let workers = self.workers.clone();
        workers.awake(|| self.work(deadline));
        self.sweeps == self.options.total_sweeps()
    }

    fn work(&mut self, deadline: Instant) {
        if self.blocks.is_empty() && !self.begin(deadline) {
            return;
        }
        while let Some(stop) = self.options.next_stop(self.sweeps) {
            let sweep = self.options.first_sweep + stop;
            self.for_all_blocks(|block| {
                block.work(sweep, deadline);
            });
            if self
                .blocks
                .iter()
                .any(|block| block.ensemble.position().0 < sweep)
            {
                return;
            }
            if self.options.moves_clusters_at(stop) && !self.move_clusters(stop, deadline) {
                return;
            }
            self.sweeps = stop;
            self.pause();
            if Instant::now() >= deadline {
                return;
            }
        }
    }

    /// Makes the blocks, as many at a time as there are threads; true when all are made.
    fn begin(&mut self, deadline: Instant) -> bool {
        let (chains, setup) = (&self.options.chains, self.factory.setup());
        let block = |start: usize| {
            let range = start..(start + self.width).min(chains.count);
            let states: Vec<i8> = range
                .clone()
                .flat_map(|chain| chains.start(setup, chain))
                .collect();
            let mut lanes = Lanes::new(&self.factory, chains.first_chain, range, &states);
            lanes.ensemble.set_position((self.options.first_sweep, 0));
            lanes
        };
        let starts: Vec<usize> = (0..chains.count).step_by(self.width).collect();
        let mut begun = std::mem::take(&mut self.begun);
        let mut late = false;
        while begun.len() < starts.len() && !late {
            let next = starts[begun.len()..].iter().take(self.workers.num_threads);
            if self.is_parallel() {
                begun.par_extend(next.copied().collect::<Vec<_>>().into_par_iter().map(block));
            } else {
                begun.extend(next.copied().map(block));
            }
            late = Instant::now() >= deadline;
        }
        if begun.len() < starts.len() {
            self.begun = begun;
            return false;
        }
        self.blocks = begun;
        self.set_betas();
        true
    }

    fn for_all_blocks(&mut self, work: impl Fn(&mut Lanes) + Sync + Send) {
        if self.is_parallel() {
            self.blocks.par_iter_mut().for_each(work);
        } else {
            self.blocks.iter_mut().for_each(work);
        }
    }

    /// True where there is a pool, in which everything then happens. (Without one, rayon would take all cores.)
    fn is_parallel(&self) -> bool {
        self.workers.num_threads > 1
    }

    /// What happens when all replicas have reached a stop and made their cluster moves.
    fn pause(&mut self) {
        let sweeps = self.sweeps;
        if self.options.exchanges_at(sweeps) {
            self.exchange();
        }
        if sweeps == self.options.warmup {
            self.ladders.iter_mut().for_each(Ladder::forget);
            self.cluster_counts.fill([0; 3]);
        }
        if let Some(draw) = self.options.draw_at(sweeps) {
            self.draw(draw);
        }
    }

    /// Block and lane of a replica.
    fn place(&self, ladder: usize, replica: usize) -> (usize, usize) {
        let chain = ladder * self.options.betas.len() + replica;
        (chain / self.width, chain % self.width)
    }

    fn energy(&self, ladder: usize, replica: usize) -> f64 {
        let (block, lane) = self.place(ladder, replica);
        self.blocks[block].energies[lane]
    }

    /// Tells every lane the beta of its replica's rung.
    fn set_betas(&mut self) {
        let (options, ladders) = (&self.options, &self.ladders);
        let rungs = options.betas.len();
        for block in &mut self.blocks {
            for (lane, chain) in block.range.clone().enumerate() {
                let rung = ladders[chain / rungs].rungs()[chain % rungs];
                block.ensemble.set_beta(lane, options.betas[rung]);
            }
        }
    }

    fn exchange(&mut self) {
        let number = (self.options.first_sweep + self.sweeps) / self.options.swap_interval;
        let mut energies = vec![0.0; self.options.betas.len()];
        for ladder in 0..self.ladders.len() {
            for (replica, energy) in energies.iter_mut().enumerate() {
                *energy = self.energy(ladder, replica);
            }
            self.ladders[ladder].exchange(number, &self.options.betas, &energies);
        }
        self.set_betas();
    }

    fn draw(&mut self, draw: usize) {
        let (rungs, offset) = (self.options.betas.len(), self.options.chains.model.offset());
        let (num_draws, n) = (self.options.num_draws(), self.options.chains.model.num_sites());
        for ladder in 0..self.ladders.len() {
            for (rung, &replica) in self.ladders[ladder].replicas().iter().enumerate() {
                let at = (ladder * rungs + rung) * num_draws + draw;
                self.energies[at] = self.energy(ladder, replica) + offset;
                if self.options.store_states {
                    let (block, lane) = self.place(ladder, replica);
                    let state = &mut self.states[at * n..(at + 1) * n];
                    self.blocks[block].ensemble.state(lane, state);
                }
            }
        }
        if self.options.observes_at(draw) {
            self.observe(draw * PARTS / num_draws);
        }
    }

    /// Adds the present states to what is measured.
    fn observe(&mut self, part: usize) {
        let edges = std::mem::take(&mut self.edges);
        if edges.is_empty() {
            self.for_all_blocks(Lanes::pack_sites);
        } else {
            self.for_all_blocks(|block| block.pack_links(&edges));
        }
        self.edges = edges;
        self.measure.counts[part] += 1;
        let (rungs, offset) = (self.options.betas.len(), self.options.chains.model.offset());
        for ladder in 0..self.ladders.len() {
            for rung in 0..rungs {
                let (block, lane) = self.place(ladder, self.ladders[ladder].replicas()[rung]);
                let block = &self.blocks[block];
                let (sites, energy) = (block.sites.lane(lane), block.energies[lane] + offset);
                self.measure.add_single(ladder, rung, part, energy, ones(sites));
                if self.options.moments {
                    self.measure
                        .add_moments(rung, part, sites, block.links.lane(lane));
                }
                if ladder % 2 == 1 {
                    let (other, other_lane) =
                        self.place(ladder - 1, self.ladders[ladder - 1].replicas()[rung]);
                    let other = &self.blocks[other];
                    let apart = differing(sites, other.sites.lane(other_lane));
                    let links = if self.options.links {
                        differing(block.links.lane(lane), other.links.lane(other_lane))
                    } else {
                        0
                    };
                    let num_links = if self.options.links { self.edges.len() } else { 0 };
                    self.measure
                        .add_pair(ladder / 2, rung, part, apart, (links, num_links));
                }
            }
        }
    }
}
