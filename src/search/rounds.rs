//! What a search does next, and what it has done.

use crate::error::{Result, invalid};

/// Members of a population.
pub(super) const MEMBERS: usize = 64;

/// Sweeps of the first epoch, of fresh anneals and of reheated ones. (With 100 and 100, 1,000 and 1,000, or 1,000
/// and 300, G37, G42, G54, G55 and sg3dl148000 are solved about as often in the same time.)
const FIRST_ANNEAL: u64 = 300;
const FIRST_REHEAT: u64 = 1000;

/// Updates of a member in a round of the first epoch, at most, and the sweeps it makes all the same: large
/// problems are to get to recombination, which is what they need most.
const MOST_UPDATES: u64 = 60_000_000;
const LEAST_SWEEPS: u64 = 50;

/// How many times longer anneals get from epoch to epoch.
const GROWTH: u64 = 2;

/// A round in which no more members than this improve is idle, and so many idle rounds in a row end an epoch.
const FEW: usize = 1;
const PATIENCE: u64 = 3;

/// What a round does to the population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Replaces it by states annealed from random ones.
    Anneal,
    /// Replaces members by better children of theirs, recombined and reheated.
    Breed,
}

impl Step {
    /// The step called `name`.
    ///
    /// # Errors
    /// An unknown name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "anneal" => Ok(Self::Anneal),
            "breed" => Ok(Self::Breed),
            _ => invalid(format!("step must be 'anneal' or 'breed', got '{name}'")),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anneal => "anneal",
            Self::Breed => "breed",
        }
    }
}

/// A round and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// What it did.
    pub step: Step,
    /// Number of the population it worked on.
    pub epoch: u64,
    /// Sweeps of each anneal.
    pub sweeps: u64,
    /// Inverse temperature at which they began.
    pub first_beta: f64,
    /// Mean number of clusters that a child was put together from.
    pub clusters: f64,
    /// Members that gave way to a better child as recombination made it.
    pub recombined: u64,
    /// Members that gave way to a better child that reheating improved further.
    pub reheated: u64,
    /// Lowest energy of the population after it.
    pub best_energy: f64,
    /// Its mean.
    pub mean_energy: f64,
}

/// Where a search stands in its plan: enough, with the population, to go on from the beginning of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Rounds done.
    pub round: u64,
    /// Number of the population.
    pub epoch: u64,
    /// What the next round does.
    pub step: Step,
    /// Idle rounds in a row.
    pub idle: u64,
}

impl Place {
    /// The beginning.
    pub const START: Self = Self {
        round: 0,
        epoch: 0,
        step: Step::Anneal,
        idle: 0,
    };

    /// Sweeps of an anneal of `num_sites` in the next round.
    #[must_use]
    pub fn sweeps(&self, num_sites: usize) -> u64 {
        let first = match self.step {
            Step::Anneal => FIRST_ANNEAL,
            Step::Breed => FIRST_REHEAT,
        };
        let most = (MOST_UPDATES / num_sites.max(1) as u64).max(LEAST_SWEEPS);
        first
            .min(most)
            .saturating_mul(GROWTH.saturating_pow(self.epoch as u32))
    }

    /// The round after one that improved so many members.
    #[must_use]
    pub fn next(mut self, improved: usize) -> Self {
        self.round += 1;
        let idle = self.step == Step::Breed && improved <= FEW;
        self.idle = if idle { self.idle + 1 } else { 0 };
        self.step = Step::Breed;
        if self.idle == PATIENCE {
            (self.idle, self.step) = (0, Step::Anneal);
            self.epoch += 1;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_ends_after_idle_rounds() {
        let mut place = Place::START;
        let mut steps = Vec::new();
        for improved in [0, 9, 0, 0, 9, 0, 0, 0, 0, 9] {
            steps.push((place.step, place.epoch));
            place = place.next(improved);
        }
        let anneals: Vec<_> = (0..10).filter(|&r| steps[r].0 == Step::Anneal).collect();
        assert_eq!(anneals, [0, 8]);
        assert_eq!((steps[7].1, steps[8].1, place.epoch), (0, 1, 1));
        assert_eq!(place.sweeps(1000), GROWTH * FIRST_REHEAT);
        assert_eq!(Place::START.sweeps(10_000_000), LEAST_SWEEPS);
    }
}
