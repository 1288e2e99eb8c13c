//! What annealing and sampling share: blocks of chains, carried on by threads, put aside and taken up again.

use super::block::{Block, Recorder, Schedule, Which};
use super::chains::{Chains, Checkpoint, foreign};
use super::lowest::{BestEnergy, Lowest, lowest};
use super::{Job, Workers};
use crate::ensemble::Factory;
use crate::error::Result;
use std::ops::Range;
use std::sync::Arc;

/// A run of chains through a schedule, with a recorder of kind `R` a block.
pub(super) struct Engine<R> {
    pub chains: Arc<Chains>,
    pub schedule: Schedule,
    pub factory: Arc<Factory>,
    pub blocks: Vec<Block<R>>,
    starts: Vec<u64>,
    workers: Workers,
    best_energy: BestEnergy,
}

impl<R: Recorder> Engine<R> {
    /// Cuts the chains into blocks (of `width`, where that is given) and gives each a recorder.
    pub fn new(
        chains: Arc<Chains>,
        schedule: Schedule,
        width: Option<usize>,
        recorder: impl Fn(&Arc<Factory>, Range<usize>) -> R,
    ) -> Result<Self> {
        chains.check()?;
        let factory = Arc::new(chains.factory(schedule.coldest(), width)?);
        let width = width.unwrap_or_else(|| even_width(chains.count, chains.num_threads, factory.width()));
        let starts = chains.block_starts(width);
        let block = |index: usize| {
            let range = chains.block_range(&starts, index);
            let recorder = recorder(&factory, range.clone());
            Block::new(factory.clone(), schedule.clone(), chains.clone(), range, recorder)
        };
        let blocks: Vec<_> = (0..starts.len()).map(block).collect();
        let workers = Workers::new(chains.num_threads, blocks.len());
        Ok(Self {
            chains,
            schedule,
            factory,
            blocks,
            starts,
            workers,
            best_energy: BestEnergy::default(),
        })
    }

    /// Works for about `seconds`; true when everything is done.
    pub fn advance(&mut self, seconds: f64) -> bool {
        self.workers.advance(&mut self.blocks, seconds)
    }

    /// Sweeps carried out, a chain each.
    pub fn sweeps(&self) -> Vec<u64> {
        self.blocks
            .iter()
            .flat_map(|b| std::iter::repeat_n(b.sweeps, b.range.len()))
            .collect()
    }

    /// How many of the first chains are done.
    pub fn chains_done(&self) -> usize {
        self.blocks
            .iter()
            .take_while(|b| b.is_done())
            .map(|b| b.range.len())
            .sum()
    }

    /// The lowest energy seen so far, in block and lane, if the run has begun.
    fn lowest(&self) -> Option<Lowest> {
        lowest(self.blocks.iter().map(|block| &block.best[..]))
    }

    /// The state of lowest energy seen so far, if the run has begun.
    pub fn best_state(&self) -> Option<Vec<i8>> {
        let (_, b, lane) = self.lowest()?;
        let mut state = vec![0; self.chains.model.num_sites()];
        self.blocks[b].write(Which::Best, lane, &mut state);
        Some(state)
    }

    /// Its energy, from the f64 coefficients; infinity before the start.
    pub fn best_energy(&self) -> f64 {
        let sum = || {
            let state = self.best_state();
            state.map_or(f64::INFINITY, |state| self.chains.model.energy(&state))
        };
        self.best_energy.get(self.lowest(), sum)
    }

    /// Blocks and lanes of all chains, in order.
    fn lanes(&self) -> impl Iterator<Item = (&Block<R>, usize)> {
        self.blocks
            .iter()
            .flat_map(|block| (0..block.range.len()).map(move |lane| (block, lane)))
    }

    /// One state of every chain, by chain and site.
    pub fn states(&self, which: Which) -> Vec<i8> {
        let n = self.chains.model.num_sites();
        let mut states = vec![0; self.chains.count * n];
        for ((block, lane), state) in self.lanes().zip(states.chunks_exact_mut(n.max(1))) {
            block.write(which, lane, state);
        }
        states
    }

    /// The energies of these states, from the f64 coefficients; the states are made one at a time.
    pub fn energies(&self, which: Which) -> Vec<f64> {
        let mut lanes = self.lanes();
        let next = |state: &mut [i8]| {
            if let Some((block, lane)) = lanes.next() {
                block.write(which, lane, state);
            }
        };
        self.chains.model.energies_of(self.chains.count, next)
    }

    /// What the recorders hold, one after the other.
    pub fn recorded<T: Copy>(&self, part: impl Fn(&R) -> &[T]) -> Vec<T> {
        let parts: Vec<&[T]> = self.blocks.iter().map(|block| part(&block.recorder)).collect();
        parts.concat()
    }

    /// A checkpoint without what recorders hold.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            block_starts: self.starts.clone(),
            sweeps: self.blocks.iter().map(|b| b.sweeps).collect(),
            visits: self.blocks.iter().map(Block::visits).collect(),
            states: self.states(Which::Present),
            best_states: self.states(Which::Best),
            ..Checkpoint::default()
        }
    }

    /// A run that stands where `checkpoint` was made, with blocks cut as they were then.
    pub fn restored(
        &self,
        checkpoint: &Checkpoint,
        recorder: impl Fn(&Arc<Factory>, Range<usize>) -> R,
    ) -> Result<Self> {
        let n = self.chains.model.num_sites();
        checkpoint.check(&self.chains, self.factory.setup())?;
        if checkpoint.sweeps.iter().any(|&s| s > self.schedule.num_sweeps()) {
            return foreign();
        }
        let width = checkpoint.width(self.chains.count);
        let mut run = Self::new(self.chains.clone(), self.schedule.clone(), Some(width), recorder)?;
        for (index, block) in run.blocks.iter_mut().enumerate() {
            let range = block.range.start * n..block.range.end * n;
            let (present, best) = (&checkpoint.states[range.clone()], &checkpoint.best_states[range]);
            block.restore(checkpoint.sweeps[index], checkpoint.visits[index], present, best);
        }
        Ok(run)
    }
}

/// A block width of at most `most` that cuts `count` chains into blocks of about equal size, a multiple of the threads
/// where that is possible.
pub(super) fn even_width(count: usize, num_threads: usize, most: usize) -> usize {
    let blocks = count.div_ceil(most).next_multiple_of(num_threads.max(1)).max(1);
    count.div_ceil(blocks).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::even_width;

    #[test]
    fn blocks_are_even_and_fill_the_threads() {
        assert_eq!(even_width(64, 2, 32), 32);
        assert_eq!(even_width(65, 1, 32), 22);
        assert_eq!(even_width(100, 2, 32), 25);
        assert_eq!(even_width(1, 8, 32), 1);
        assert_eq!(even_width(0, 1, 32), 1);
    }
}
