//! What annealing and sampling share: blocks of chains, carried on by threads, put aside and taken up again.

use super::block::{Block, Recorder, Schedule, States};
use super::chains::{Chains, Checkpoint};
use super::{Job, Workers};
use crate::ensemble::Factory;
use crate::error::{Result, invalid};
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

    /// The state of lowest energy seen so far, if the run has begun.
    pub fn best_state(&self) -> Option<Vec<i8>> {
        let lanes = |b: usize| {
            self.blocks[b]
                .best
                .iter()
                .enumerate()
                .map(move |(lane, &energy)| (energy, b, lane))
        };
        let (_, b, lane) = (0..self.blocks.len())
            .flat_map(lanes)
            .min_by(|x, y| x.0.total_cmp(&y.0))?;
        Some(self.blocks[b].best_state(lane))
    }

    /// Its energy, from the f64 coefficients; infinity before the start.
    pub fn best_energy(&self) -> f64 {
        self.best_state()
            .map_or(f64::INFINITY, |state| self.chains.model.energy(&state))
    }

    /// Present and best states of all chains.
    pub fn states(&self) -> States {
        let mut all = States::default();
        for states in self.blocks.iter().map(Block::states) {
            all.present.extend(states.present);
            all.best.extend(states.best);
        }
        all
    }

    /// A checkpoint without what recorders hold.
    pub fn checkpoint(&self) -> Checkpoint {
        let states = self.states();
        Checkpoint {
            block_starts: self.starts.clone(),
            sweeps: self.blocks.iter().map(|b| b.sweeps).collect(),
            visits: self.blocks.iter().map(Block::visits).collect(),
            states: states.present,
            best_states: states.best,
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
        checkpoint.check(self.chains.count, n)?;
        if checkpoint.sweeps.iter().any(|&s| s > self.schedule.num_sweeps()) {
            return invalid("snapshot does not belong to a run with these arguments");
        }
        let width = checkpoint.width(self.chains.count);
        let mut run = Self::new(self.chains.clone(), self.schedule.clone(), Some(width), recorder)?;
        for (index, block) in run.blocks.iter_mut().enumerate() {
            let range = block.range.start * n..block.range.end * n;
            let states = States {
                present: checkpoint.states[range.clone()].to_vec(),
                best: checkpoint.best_states[range].to_vec(),
            };
            block.restore(checkpoint.sweeps[index], checkpoint.visits[index], states);
        }
        Ok(run)
    }
}

/// A block width of at most `most` that cuts `count` chains into blocks of about equal size, a multiple of the threads
/// where that is possible.
fn even_width(count: usize, num_threads: usize, most: usize) -> usize {
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
