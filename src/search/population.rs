//! The states that a search works on.

use std::sync::Arc;

/// A state and its energy.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub state: Arc<[i8]>,
    pub energy: f64,
}

/// States of one model, no two alike.
pub(super) struct Population {
    pub members: Vec<Member>,
    /// Without fields a state turned over is the same state.
    turns: bool,
}

impl Population {
    /// An empty population; `turns` says that no spin feels a field.
    pub fn new(turns: bool) -> Self {
        Self {
            members: Vec::new(),
            turns,
        }
    }

    /// True for a state that is here already.
    fn holds(&self, other: &Member) -> bool {
        let alike = |member: &Member| {
            let differ = |(a, b): (&i8, &i8)| a != b;
            let mut pairs = member.state.iter().zip(&*other.state);
            let first = pairs.clone().next().is_some_and(differ);
            (!first || self.turns) && pairs.all(|pair| differ(pair) == first)
        };
        self.members
            .iter()
            .any(|member| member.energy == other.energy && alike(member))
    }

    /// Puts a state in the place of another unless that is lower, or the state is here already; true if it is
    /// lower. (Equals take over, so that a population wanders over its plateau.)
    pub fn challenge(&mut self, slot: usize, challenger: Member) -> bool {
        let energy = self.members[slot].energy;
        if challenger.energy > energy || self.holds(&challenger) {
            return false;
        }
        let lower = challenger.energy < energy;
        self.members[slot] = challenger;
        lower
    }

    /// The lowest energy.
    pub fn best_energy(&self) -> f64 {
        self.members
            .iter()
            .map(|m| m.energy)
            .fold(f64::INFINITY, f64::min)
    }

    /// The mean energy.
    pub fn mean_energy(&self) -> f64 {
        self.members.iter().map(|m| m.energy).sum::<f64>() / self.members.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(state: &[i8], energy: f64) -> Member {
        Member {
            state: state.into(),
            energy,
        }
    }

    fn population(turns: bool) -> Population {
        let mut population = Population::new(turns);
        population.members = vec![member(&[1, 1, -1], -1.0), member(&[1, -1, 1], 2.0)];
        population
    }

    #[test]
    fn lower_and_equal_states_take_over() {
        let mut population = population(true);
        assert!(!population.challenge(1, member(&[1, 1, 1], 3.0)));
        assert_eq!(population.members[1].energy, 2.0);
        assert!(!population.challenge(1, member(&[1, 1, 1], 2.0)));
        assert_eq!(*population.members[1].state, [1, 1, 1]);
        assert!(population.challenge(1, member(&[-1, 1, 1], -2.0)));
        assert_eq!((population.best_energy(), population.mean_energy()), (-2.0, -1.5));
    }

    #[test]
    fn no_state_stands_twice_nor_turned_over_where_that_is_the_same() {
        for (turns, taken) in [(true, false), (false, true)] {
            let mut population = population(turns);
            assert!(!population.challenge(1, member(&[1, 1, -1], -1.0)));
            assert_eq!(population.challenge(1, member(&[-1, -1, 1], -1.0)), taken);
        }
    }
}
