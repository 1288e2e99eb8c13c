//! What a replica-exchange run has to show, and how it is put aside and taken up again.

use super::archive::{Reader, Writer};
use super::lanes::Lanes;
use super::{Flow, Temper};
use crate::error::Result;
use crate::run::Checkpoint;
use crate::run::lowest::Lowest;
use std::sync::Arc;

impl Temper {
    fn lowest(&self) -> Option<Lowest> {
        let of_block = |(number, block): (usize, &Lanes)| {
            let lanes = block.best.iter().zip(&block.met).enumerate();
            let places = lanes.map(move |(lane, (&energy, &met))| (energy, met, number, lane));
            places.collect::<Vec<_>>()
        };
        let places = self.blocks.iter().enumerate().flat_map(of_block);
        // Blocks and lanes ascend with the chains: of equals the first is taken, whatever the blocks are.
        let first = places.min_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)))?;
        Some((first.0, first.2, first.3))
    }

    /// The state of lowest energy seen so far, if the run has begun.
    #[must_use]
    pub fn best_state(&self) -> Option<Vec<i8>> {
        let (_, block, lane) = self.lowest()?;
        let mut state = vec![0; self.options.chains.model.num_sites()];
        self.blocks[block].ensemble.kept(lane, &mut state);
        Some(state)
    }

    /// Its energy, from the f64 coefficients; infinity before the start.
    #[must_use]
    pub fn best_energy(&self) -> f64 {
        let sum = || {
            let state = self.best_state();
            state.map_or(f64::INFINITY, |state| self.options.chains.model.energy(&state))
        };
        self.best_energy.get(self.lowest(), sum)
    }

    /// Present states by ladder, rung and site.
    #[must_use]
    pub fn states(&self) -> Vec<i8> {
        let by_chain = self.chain_states(false);
        let n = self.options.chains.model.num_sites();
        let rungs = self.options.betas.len();
        let of_ladder = |(l, ladder): (usize, &super::Ladder)| {
            let chains = ladder
                .replicas()
                .iter()
                .map(|replica| l * rungs + replica)
                .collect::<Vec<_>>();
            chains
                .into_iter()
                .flat_map(|chain| by_chain[chain * n..(chain + 1) * n].to_vec())
                .collect::<Vec<_>>()
        };
        self.ladders.iter().enumerate().flat_map(of_ladder).collect()
    }

    /// Present or best states, by chain and site.
    fn chain_states(&self, best: bool) -> Vec<i8> {
        let (chains, n) = (&self.options.chains, self.options.chains.model.num_sites());
        if self.blocks.is_empty() {
            return (0..chains.count)
                .flat_map(|chain| chains.start(self.factory.setup(), chain))
                .collect();
        }
        let mut states = vec![0; chains.count * n];
        for block in &self.blocks {
            for (lane, chain) in block.range.clone().enumerate() {
                let state = &mut states[chain * n..(chain + 1) * n];
                if best {
                    block.ensemble.kept(lane, state);
                } else {
                    block.ensemble.state(lane, state);
                }
            }
        }
        states
    }

    /// Energies by ladder, rung and draw (NaN where not reached).
    #[must_use]
    pub fn energies(&self) -> &[f64] {
        &self.energies
    }

    /// States by ladder, rung, draw and site; empty unless stored (0 where not reached).
    #[must_use]
    pub fn draws(&self) -> &[i8] {
        &self.states
    }

    /// Counts of exchanges since the end of the warm-up, of each ladder.
    pub fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.ladders.iter().map(|ladder| &ladder.flow)
    }

    /// What cluster moves did since the end of the warm-up, by rung: moves, sites of clusters, sites that differed.
    #[must_use]
    pub fn cluster_counts(&self) -> &[[u64; 3]] {
        &self.cluster_counts
    }

    /// Measurements made in each part of time.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.measure.counts
    }

    /// Sums by ladder, rung, part of time and quantity ([`super::SINGLE`] of them); empty where nothing is measured.
    #[must_use]
    pub fn single_sums(&self) -> &[f64] {
        &self.measure.single
    }

    /// Sums by pair of ladders, rung, part of time and quantity ([`super::PAIR`] of them); empty where nothing is measured.
    #[must_use]
    pub fn pair_sums(&self) -> &[f64] {
        &self.measure.pairs
    }

    /// Histograms of overlaps and of link overlaps, by rung and bin, and their numbers of bins.
    #[must_use]
    pub fn histograms(&self) -> ([&[u64]; 2], [usize; 2]) {
        ([&self.measure.overlaps, &self.measure.links], self.measure.bins)
    }

    /// Sums over ladders by part of time ([`super::MOMENT_PARTS`] of them) and rung: of spins by site, then of products
    /// by coupling; empty unless asked for.
    #[must_use]
    pub fn moments(&self) -> &[i64] {
        &self.measure.moments
    }

    /// Everything a continuation needs.
    #[must_use]
    pub fn checkpoint(&self) -> (Checkpoint, Writer) {
        let starts = self.options.chains.block_starts(self.width);
        let positions = self.blocks.iter().map(|block| block.ensemble.position());
        let mut positions: Vec<(u64, u64)> = positions
            .map(|(sweep, visits)| (sweep - self.options.first_sweep, visits as u64))
            .collect();
        positions.resize(starts.len(), (0, 0));
        let mut archive = Writer::default();
        archive.integers([self.sweeps, self.moved as u64]);
        archive.integers(self.cluster_counts.as_flattened().iter().copied());
        if self.blocks.is_empty() {
            archive.integers(std::iter::repeat_n(0, self.options.chains.count));
        }
        archive.integers(self.blocks.iter().flat_map(|block| block.met.iter().copied()));
        self.ladders.iter().for_each(|ladder| ladder.write(&mut archive));
        self.measure.write(&mut archive);
        let checkpoint = Checkpoint {
            block_starts: starts,
            sweeps: positions.iter().map(|p| p.0).collect(),
            visits: positions.iter().map(|p| p.1).collect(),
            states: self.chain_states(false),
            best_states: self.chain_states(true),
            energies: self.energies.clone(),
            draws: self.states.clone(),
            ..Checkpoint::default()
        };
        (checkpoint, archive)
    }

    /// Continues from a checkpoint of a run with the same options (but for the number of threads).
    ///
    /// # Errors
    /// A checkpoint that does not fit the options.
    pub fn restore(&mut self, checkpoint: &Checkpoint, archive: &Writer) -> Result<()> {
        let chains = &self.options.chains;
        checkpoint.check(chains, self.factory.setup())?;
        let mut reader = Reader::new(archive);
        let place = reader.integers(2)?;
        let (sweeps, moved) = (place[0], place[1] as usize);
        if checkpoint.energies.len() != self.energies.len()
            || checkpoint.draws.len() != self.states.len()
            || !self.may_stand(checkpoint, sweeps, moved)
        {
            return reader.wrong();
        }
        let width = checkpoint.width(chains.count);
        // The factory of this run may be one of narrower blocks: it was made for other threads.
        let factory = Arc::new(chains.factory(self.options.coldest(), Some(width))?);
        let mut run = Self::with_width(self.options.clone(), factory, width);
        (run.sweeps, run.moved) = (sweeps, moved);
        for (counts, read) in run
            .cluster_counts
            .iter_mut()
            .zip(reader.integers(3 * self.cluster_counts.len())?.chunks(3))
        {
            counts.copy_from_slice(read);
        }
        let met = reader.integers(chains.count)?;
        for ladder in &mut run.ladders {
            ladder.read(&mut reader)?;
        }
        run.measure.read(&mut reader)?;
        reader.end()?;
        run.energies.clone_from(&checkpoint.energies);
        run.states.clone_from(&checkpoint.draws);
        run.blocks = (0..checkpoint.block_starts.len())
            .map(|index| run.block_at(checkpoint, index))
            .collect();
        for block in &mut run.blocks {
            block.met.copy_from_slice(&met[block.range.clone()]);
        }
        run.set_betas();
        *self = run;
        Ok(())
    }

    /// True if blocks may stand as in `checkpoint` when all have carried out `sweeps` sweeps and what is due then, and
    /// `moved` of the cluster moves of the next stop are made.
    fn may_stand(&self, checkpoint: &Checkpoint, sweeps: u64, moved: usize) -> bool {
        let options = &self.options;
        if sweeps > options.total_sweeps() || !options.stops_at(sweeps) {
            return false;
        }
        let stop = options.next_stop(sweeps).unwrap_or(sweeps);
        let moves = moved < self.num_moves() && stop > sweeps && options.moves_clusters_at(stop);
        let on_the_way = |at: u64| moved == 0 && (sweeps..stop).contains(&at);
        let mut places = checkpoint.sweeps.iter().zip(&checkpoint.visits);
        (moved == 0 || moves) && places.all(|(&at, &visits)| on_the_way(at) || (at, visits) == (stop, 0))
    }

    /// A block where `checkpoint` left it.
    fn block_at(&self, checkpoint: &Checkpoint, index: usize) -> Lanes {
        let (chains, n) = (&self.options.chains, self.options.chains.model.num_sites());
        let range = chains.block_range(&checkpoint.block_starts, index);
        let states = range.start * n..range.end * n;
        let best = &checkpoint.best_states[states.clone()];
        let mut lanes = Lanes::new(&self.factory, chains.first_chain, range, best);
        for (lane, state) in checkpoint.states[states].chunks_exact(n.max(1)).enumerate() {
            lanes.ensemble.set_state(lane, state);
            lanes.energies[lane] = lanes.ensemble.energy(lane);
        }
        let sweep = self.options.first_sweep + checkpoint.sweeps[index];
        lanes
            .ensemble
            .set_position((sweep, checkpoint.visits[index] as usize));
        lanes
    }
}
