//! Population annealing: replicas that are cooled together and resampled at every step (Hukushima and Iba 2003; Machta
//! 2010).

use super::Workers;
use super::chains::{Chains, Checkpoint, foreign};
use super::cooling::{Cooling, PopulationOptions};
use super::distinct::{Distinct, Entry};
use super::engine::even_width;
use super::lowest::BestEnergy;
use super::replicas::{Mail, Replicas};
use super::resample::{Weights, copies, family_sizes, moments, next_step};
use super::tally::{Step, Tally};
use crate::ensemble::Factory;
use crate::error::Result;
use crate::rng::{Purpose, Stream, below};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Everything a bit-exact continuation needs beside the arguments of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct PopulationCheckpoint {
    /// Blocks, places, present states and the best state.
    pub chains: Checkpoint,
    /// The family of each replica: the number within its population of the replica at beta = 0 that it descends from.
    pub families: Vec<u64>,
    /// Steps so far, each its beta and what is known of each population.
    pub steps: Vec<f64>,
}

/// A run of population annealing that can be advanced, looked at, put aside and restored.
pub struct Population {
    options: Arc<PopulationOptions>,
    chains: Arc<Chains>,
    factory: Arc<Factory>,
    blocks: Vec<Replicas>,
    starts: Vec<u64>,
    workers: Workers,
    /// Of each replica, within its population.
    families: Vec<u32>,
    steps: Vec<Step>,
    best_energy: BestEnergy,
}

impl Population {
    /// Prepares a run; nothing is carried out yet.
    ///
    /// # Errors
    /// Betas that do not ascend from 0, a population of fewer than 2, and what [`Chains::check`] refuses.
    pub fn new(options: PopulationOptions) -> Result<Self> {
        options.check()?;
        options.chains.check()?;
        Self::cut(Arc::new(options), None)
    }

    /// Cuts the replicas into blocks (of `width`, where that is given).
    fn cut(options: Arc<PopulationOptions>, width: Option<usize>) -> Result<Self> {
        let chains = Arc::new(options.chains.clone());
        let factory = Arc::new(chains.factory(options.cooling.coldest(), width)?);
        let width = width.unwrap_or_else(|| even_width(chains.count, chains.num_threads, factory.width()));
        let starts = chains.block_starts(width);
        let block = |index: usize| {
            let range = chains.block_range(&starts, index);
            Replicas::new(factory.clone(), chains.clone(), range)
        };
        let blocks: Vec<_> = (0..starts.len()).map(block).collect();
        let first = Tally::at_infinite_temperature(factory.setup().plan.free.len(), options.size);
        let steps = vec![Step {
            beta: 0.0,
            tallies: vec![first; chains.count / options.size],
        }];
        Ok(Self {
            families: (0..chains.count).map(|at| (at % options.size) as u32).collect(),
            workers: Workers::new(chains.num_threads, blocks.len()),
            chains,
            factory,
            blocks,
            starts,
            steps,
            options,
            best_energy: BestEnergy::default(),
        })
    }

    /// Works for about `seconds`; true when the last beta is reached.
    pub fn advance(&mut self, seconds: f64) -> bool {
        let deadline = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e6));
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if !self.workers.advance(&mut self.blocks, left.as_secs_f64()) {
                return false;
            }
            let energies = self.energies_now();
            self.measure(&energies);
            if self.is_complete() {
                return true;
            }
            self.step(&energies);
            if Instant::now() >= deadline {
                return false;
            }
        }
    }

    fn is_complete(&self) -> bool {
        let last = &self.steps[self.steps.len() - 1];
        last.beta >= self.options.cooling.coldest() && last.is_measured()
    }

    /// Energies of all replicas, exact sums without offset.
    fn energies_now(&self) -> Vec<f64> {
        self.blocks.iter().flat_map(Replicas::energies).collect()
    }

    /// Writes down the energies at the beta where all replicas now are.
    fn measure(&mut self, energies: &[f64]) {
        let offset = self.chains.model.offset();
        let at = self.steps.len() - 1;
        let tallies = &mut self.steps[at].tallies;
        for (tally, energies) in tallies.iter_mut().zip(energies.chunks(self.options.size)) {
            let (mean, variance) = moments(energies);
            (tally.mean_energy, tally.energy_variance) = (mean + offset, variance);
        }
    }

    /// The beta after the present one.
    fn next_beta(&self, energies: &[f64]) -> f64 {
        let beta = self.steps[self.steps.len() - 1].beta;
        match &self.options.cooling {
            Cooling::Given(betas) => betas[self.steps.len()],
            Cooling::Adaptive { beta: last, culling } => {
                let longest = last - beta;
                let step = next_step(energies, self.options.size, longest, *culling);
                // A step too small to be seen in beta would go on for ever.
                let least = beta * 1e-12;
                if step >= longest {
                    *last
                } else {
                    (beta + step.max(least)).min(*last)
                }
            }
        }
    }

    /// Resamples all populations for the next beta, and sets the replicas on their way there.
    fn step(&mut self, energies: &[f64]) {
        let size = self.options.size;
        let number = self.steps.len() as u64;
        let before = self.steps[self.steps.len() - 1].clone();
        let beta = self.next_beta(energies);
        let mut tallies = Vec::with_capacity(before.tallies.len());
        let mut moved = Vec::new();
        for (index, tally) in before.tallies.iter().enumerate() {
            let first = index * size;
            let weights = Weights::new(&energies[first..first + size], beta - before.beta);
            let stream = Stream::new(
                self.chains.seed,
                Purpose::Resample,
                self.chains.first_chain + first as u64,
            );
            let start = below(&stream, number, 0, 1 << 53) as f64 / (1u64 << 53) as f64;
            let families = &mut self.families[first..first + size];
            let rounding = weights.rounding(families);
            let copies = copies(&weights.offspring(start));
            for &(from, to) in &copies {
                families[to] = families[from];
            }
            let offset = self.chains.model.offset() * (beta - before.beta);
            tallies.push(tally.after(
                weights.log_mean() - offset,
                weights.spread(),
                rounding,
                copies.len(),
                family_sizes(families),
                size,
            ));
            moved.extend(copies.into_iter().map(|(from, to)| (first + from, first + to)));
        }
        self.steps.push(Step { beta, tallies });
        self.copy(&moved);
        self.go();
    }

    /// Copies states from replica to replica.
    fn copy(&mut self, copies: &[(usize, usize)]) {
        const ALL: f64 = 1e6;
        let mut mail = Mail::new(copies, &self.starts);
        self.workers.advance(&mut mail.collecting(&mut self.blocks), ALL);
        self.workers.advance(&mut mail.delivering(&mut self.blocks), ALL);
    }

    fn go(&mut self) {
        let beta = self.steps[self.steps.len() - 1].beta;
        let until = (self.steps.len() as u64 - 1) * self.options.sweeps_per_step;
        for block in &mut self.blocks {
            block.go(beta, until);
        }
    }

    /// What the replicas are made of.
    #[must_use]
    pub fn factory(&self) -> &Factory {
        &self.factory
    }

    /// The betas so far, with what is known of each population at each.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Sweeps carried out, over all replicas.
    #[must_use]
    pub fn sweeps_done(&self) -> u64 {
        self.blocks.iter().map(|b| b.sweeps * b.range.len() as u64).sum()
    }

    /// Sweeps in all, over all replicas; where the betas are not given, a guess from those so far.
    #[must_use]
    pub fn num_sweeps(&self) -> u64 {
        let made = self.steps.len() as u64 - 1;
        let beta = self.steps[self.steps.len() - 1].beta;
        let steps = match &self.options.cooling {
            Cooling::Given(betas) => betas.len() as u64 - 1,
            Cooling::Adaptive { beta: last, .. } if beta > 0.0 => (made as f64 * (last / beta)) as u64,
            Cooling::Adaptive { beta: last, .. } => u64::from(*last > 0.0),
        };
        let sweeps = steps.max(made).saturating_mul(self.options.sweeps_per_step);
        sweeps.saturating_mul(self.chains.count as u64)
    }

    /// The lowest state seen so far, if the run has begun.
    fn lowest(&self) -> Option<Entry> {
        let mut merged = Distinct::new(1);
        for entry in self.blocks.iter().flat_map(|b| b.lowest.entries()) {
            merged.offer(entry.energy, entry.met, &entry.state);
        }
        merged.entries().first().cloned()
    }

    /// The state of lowest energy seen so far, if the run has begun.
    #[must_use]
    pub fn best_state(&self) -> Option<Vec<i8>> {
        self.lowest().map(|entry| entry.state.into())
    }

    /// Its energy, from the f64 coefficients; infinity before the start.
    #[must_use]
    pub fn best_energy(&self) -> f64 {
        let lowest = self.lowest();
        let place = lowest
            .as_ref()
            .map(|e| (e.energy, e.met.0 as usize, e.met.1 as usize));
        let sum = || lowest.map_or(f64::INFINITY, |e| self.chains.model.energy(&e.state));
        self.best_energy.get(place, sum)
    }

    /// Present states, by replica and site.
    #[must_use]
    pub fn states(&self) -> Vec<i8> {
        let n = self.chains.model.num_sites();
        let mut states = vec![0; self.chains.count * n];
        let lanes = self
            .blocks
            .iter()
            .flat_map(|block| (0..block.range.len()).map(move |lane| (block, lane)));
        for ((block, lane), state) in lanes.zip(states.chunks_exact_mut(n.max(1))) {
            block.write(lane, state);
        }
        states
    }

    /// The family of each replica, a number within its population.
    #[must_use]
    pub fn families(&self) -> &[u32] {
        &self.families
    }

    /// Everything a continuation needs.
    #[must_use]
    pub fn checkpoint(&self) -> PopulationCheckpoint {
        let lowest = self.lowest();
        let chains = Checkpoint {
            block_starts: self.starts.clone(),
            sweeps: self.blocks.iter().map(|b| b.sweeps).collect(),
            visits: self.blocks.iter().map(Replicas::visits).collect(),
            states: self.states(),
            distinct_states: lowest.iter().flat_map(|e| e.state.iter().copied()).collect(),
            distinct_met: lowest.iter().flat_map(|e| [e.met.0, e.met.1]).collect(),
            ..Checkpoint::default()
        };
        PopulationCheckpoint {
            chains,
            families: self.families.iter().map(|&f| f.into()).collect(),
            steps: self.steps.iter().flat_map(Step::numbers).collect(),
        }
    }

    /// Continues from a checkpoint of a run with the same options (but for the number of threads).
    ///
    /// # Errors
    /// A checkpoint that does not fit the options.
    pub fn restore(&mut self, checkpoint: &PopulationCheckpoint) -> Result<()> {
        let Some(steps) = self.steps_of(checkpoint) else {
            return foreign();
        };
        let n = self.chains.model.num_sites();
        let chains = &checkpoint.chains;
        let mut run = Self::cut(self.options.clone(), Some(chains.width(self.chains.count)))?;
        run.steps = steps;
        run.families = checkpoint.families.iter().map(|&f| f as u32).collect();
        for (index, block) in run.blocks.iter_mut().enumerate() {
            let states = &chains.states[block.range.start * n..block.range.end * n];
            block.restore(chains.sweeps[index], chains.visits[index], states);
            // Some blocks may not have begun, let alone looked at their starts.
            if run.steps.len() == 1 {
                block.look();
            }
        }
        run.go();
        if let (Some(block), [sweep, chain]) = (run.blocks.first_mut(), &chains.distinct_met[..]) {
            let setup = self.factory.setup();
            let energy = setup.energy_units(&chains.distinct_states) * setup.grid.unit;
            block
                .lowest
                .offer(energy, (*sweep, *chain), &chains.distinct_states);
        }
        *self = run;
        Ok(())
    }

    /// The steps of a checkpoint, if it may be one of this run.
    fn steps_of(&self, checkpoint: &PopulationCheckpoint) -> Option<Vec<Step>> {
        let (chains, size) = (&checkpoint.chains, self.options.size);
        let n = self.chains.model.num_sites();
        let steps = Step::from_numbers(&checkpoint.steps, self.chains.count / size)?;
        let until = (steps.len() as u64)
            .checked_sub(1)?
            .checked_mul(self.options.sweeps_per_step)?;
        let since = until.saturating_sub(self.options.sweeps_per_step);
        let ascends = steps[0].beta == 0.0 && steps.windows(2).all(|pair| pair[0].beta < pair[1].beta);
        let betas = match &self.options.cooling {
            Cooling::Given(betas) => steps.iter().map(|s| &s.beta).eq(betas.iter().take(steps.len())),
            Cooling::Adaptive { beta, .. } => ascends && steps.iter().all(|s| s.beta <= *beta),
        };
        let in_step = |sweeps: &u64| (since..=until).contains(sweeps);
        let lowest = chains.distinct_met.len() / 2;
        let fits = chains.fits(&self.chains, self.factory.setup())
            && betas
            && chains.sweeps.iter().all(in_step)
            && checkpoint.families.len() == self.chains.count
            && checkpoint.families.iter().all(|&f| f < size as u64)
            && lowest <= 1
            && chains.distinct_met.len() == 2 * lowest
            && chains.distinct_states.len() == lowest * n
            && chains.distinct_states.iter().all(|s| s.abs() == 1);
        fits.then_some(steps)
    }
}
