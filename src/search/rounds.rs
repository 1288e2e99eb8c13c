//! What a search does next, and what it has done.

use super::replicas::LEG;
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

/// Sweeps of a round of tempering.
const TEMPER: u64 = 2500;

/// How many times more sweeps the kind of epoch gets that has found the lower energy.
const FAVOUR: u64 = 3;

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
    /// Replaces a part of it by states of the cold rungs of two ladders, which exchange replicas.
    Temper,
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
            "temper" => Ok(Self::Temper),
            "breed" => Ok(Self::Breed),
            _ => invalid(format!(
                "step must be 'anneal', 'temper' or 'breed', got '{name}'"
            )),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anneal => "anneal",
            Self::Temper => "temper",
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
    /// Sweeps of each member.
    pub sweeps: u64,
    /// Inverse temperature at which they began; that of the hottest rung.
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
    /// Rounds of tempering that this epoch has had.
    pub tempered: u64,
    /// Idle rounds in a row.
    pub idle: u64,
    /// How many times the anneals of this epoch have been lengthened.
    pub lengthened: u64,
}

impl Place {
    /// The beginning.
    pub const START: Self = Self {
        round: 0,
        epoch: 0,
        step: Step::Anneal,
        tempered: 0,
        idle: 0,
        lengthened: 0,
    };

    /// Sweeps of a member of `num_sites` in the next round.
    #[must_use]
    pub fn sweeps(&self, num_sites: usize) -> u64 {
        let (first, rounds) = match self.step {
            Step::Anneal => (FIRST_ANNEAL, 1),
            Step::Temper => (TEMPER, LEG),
            Step::Breed => (FIRST_REHEAT, 1),
        };
        let most = (MOST_UPDATES / num_sites.max(1) as u64).max(LEAST_SWEEPS) / rounds;
        first
            .min(most)
            .saturating_mul(GROWTH.saturating_pow(self.lengthened as u32))
    }

    /// What follows the last of `rounds`, which improved so many members.
    #[must_use]
    pub fn next(mut self, improved: usize, rounds: &[Round]) -> Self {
        self.round += 1;
        match self.step {
            Step::Anneal => self.step = Step::Breed,
            Step::Temper => {
                self.tempered += 1;
                if self.tempered == LEG {
                    self.step = Step::Breed;
                }
            }
            Step::Breed => {
                self.idle = if improved <= FEW { self.idle + 1 } else { 0 };
                if self.idle == PATIENCE {
                    return self.new_epoch(rounds);
                }
            }
        }
        self
    }

    /// The beginning of another epoch, of the kind that has had less than its share of sweeps.
    fn new_epoch(self, rounds: &[Round]) -> Self {
        let [anneal, temper] = [Step::Anneal, Step::Temper].map(|kind| Kind::of(rounds, kind));
        let favour = |this: &Kind, other: &Kind| if this.best < other.best { FAVOUR } else { 1 };
        let is_behind = temper.sweeps * favour(&anneal, &temper) < anneal.sweeps * favour(&temper, &anneal);
        let (step, lengthened) = if is_behind {
            (Step::Temper, 0)
        } else {
            (Step::Anneal, anneal.epochs)
        };
        Self {
            round: self.round,
            epoch: self.epoch + 1,
            step,
            lengthened,
            ..Self::START
        }
    }
}

/// What epochs that begin with the same step have come to.
#[derive(Default)]
struct Kind {
    epochs: u64,
    sweeps: u64,
    /// Lowest energy of their populations.
    best: f64,
}

impl Kind {
    fn of(rounds: &[Round], first: Step) -> Self {
        let mut kind = Self {
            best: f64::INFINITY,
            ..Self::default()
        };
        for epoch in rounds.chunk_by(|a, b| a.epoch == b.epoch) {
            if epoch[0].step == first {
                kind.epochs += 1;
                for round in epoch {
                    kind.sweeps += round.sweeps;
                    kind.best = kind.best.min(round.best_energy);
                }
            }
        }
        kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(place: &Place, best_energy: f64) -> Round {
        Round {
            step: place.step,
            epoch: place.epoch,
            sweeps: place.sweeps(1000),
            first_beta: 1.0,
            clusters: 0.0,
            recombined: 0,
            reheated: 0,
            best_energy,
            mean_energy: best_energy,
        }
    }

    /// The first steps of epochs, of which those that begin with annealing and tempering reach these energies.
    fn epochs(count: usize, annealed: f64, tempered: f64) -> Vec<(Step, u64)> {
        let (mut place, mut rounds, mut firsts) = (Place::START, vec![], vec![]);
        while firsts.len() < count {
            if rounds.last().is_none_or(|last: &Round| last.epoch != place.epoch) {
                firsts.push((place.step, place.lengthened));
            }
            let of_tempering = firsts[firsts.len() - 1].0 == Step::Temper;
            rounds.push(round(&place, if of_tempering { tempered } else { annealed }));
            place = place.next(0, &rounds);
        }
        firsts
    }

    #[test]
    fn an_epoch_ends_after_idle_rounds() {
        let (mut place, mut steps) = (Place::START, vec![]);
        for improved in [0, 9, 0, 0, 9, 0, 0, 0] {
            steps.push(place.step);
            place = place.next(improved, &[round(&Place::START, 0.0)]);
        }
        assert!(steps[0] == Step::Anneal && steps[1..].iter().all(|&step| step == Step::Breed));
        assert_eq!((place.step, place.epoch, place.round), (Step::Temper, 1, 8));
    }

    #[test]
    fn tempering_makes_a_population_in_several_rounds() {
        let mut place = Place {
            step: Step::Temper,
            ..Place::START
        };
        for _ in 0..LEG {
            assert_eq!((place.step, place.epoch), (Step::Temper, 0));
            place = place.next(0, &[]);
        }
        assert_eq!((place.step, place.epoch), (Step::Breed, 0));
    }

    #[test]
    fn what_finds_more_gets_more() {
        let count = |firsts: &[(Step, u64)]| firsts.iter().filter(|first| first.0 == Step::Temper).count();
        let even = epochs(12, -1.0, -1.0);
        assert!(even[0].0 == Step::Anneal && even[1].0 == Step::Temper);
        assert!(count(&epochs(12, -2.0, -1.0)) < count(&even));
        assert!(count(&epochs(12, -1.0, -2.0)) > count(&even));
        // Anneals get longer every time; tempering goes on where it stood.
        let lengths: Vec<u64> = even.iter().filter(|f| f.0 == Step::Anneal).map(|f| f.1).collect();
        assert_eq!(lengths, (0..lengths.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn large_problems_get_few_sweeps() {
        assert_eq!(Place::START.sweeps(10_000_000), LEAST_SWEEPS);
        let tempering = Place {
            step: Step::Temper,
            ..Place::START
        };
        assert_eq!(tempering.sweeps(10_000_000), LEAST_SWEEPS / LEG);
        assert_eq!(tempering.sweeps(1000), TEMPER);
    }
}
