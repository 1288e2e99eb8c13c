//! What a search is doing.

use super::child::Child;
use crate::run::{Anneal, Temper};

/// What is under way.
pub(super) enum Stage {
    Anneal(Anneal),
    Temper(Box<Temper>),
    Recombine(Vec<Child>),
    Reheat(Anneal, Vec<Child>),
    Done,
}

impl Stage {
    /// Lowest energy that it has seen; infinite where it sees none.
    pub fn best_energy(&self) -> f64 {
        match self {
            Self::Anneal(run) | Self::Reheat(run, _) => run.best_energy(),
            Self::Temper(run) => run.best_energy(),
            Self::Recombine(_) | Self::Done => f64::INFINITY,
        }
    }

    /// A state of that energy.
    pub fn best_state(&self) -> Option<Vec<i8>> {
        match self {
            Self::Anneal(run) | Self::Reheat(run, _) => run.best_state(),
            Self::Temper(run) => run.best_state(),
            Self::Recombine(_) | Self::Done => None,
        }
    }

    /// Sweeps so far, summed over its chains.
    pub fn sweeps_done(&self) -> u64 {
        match self {
            Self::Anneal(run) | Self::Reheat(run, _) => run.sweeps_done().iter().sum(),
            Self::Temper(run) => run.sweeps_done() * run.options().chains.count as u64,
            Self::Recombine(_) | Self::Done => 0,
        }
    }
}
