//! A search put aside.

use super::replicas::Replicas;
use super::rounds::{MEMBERS, Place, Round};
use crate::error::{Result, invalid};

/// Everything a continuation of a search needs beside its options.
#[derive(Clone, Debug, PartialEq)]
pub struct SolveCheckpoint {
    /// Where it stands in its plan.
    pub place: Place,
    /// The population, states of the kernel one after the other; empty before the first round is done.
    pub population: Vec<i8>,
    /// The ladders of tempering.
    pub replicas: Replicas,
    /// The lowest distinct states.
    pub lowest: Vec<i8>,
    /// Where each was met first: round and member, a pair each.
    pub met: Vec<u64>,
    /// The rounds done.
    pub rounds: Vec<Round>,
    /// Sweeps in them, over all members.
    pub sweeps: u64,
}

impl SolveCheckpoint {
    /// Checks that this was made by a search for `num_best` states of a kernel of `num_sites`.
    pub(super) fn check(&self, num_sites: usize, num_best: usize) -> Result<()> {
        let members = if self.place.round == 0 { 0 } else { MEMBERS };
        let count = self.met.len() / 2;
        let spins = |states: &[i8]| states.iter().all(|s| s.abs() == 1);
        if self.population.len() == members * num_sites
            && self.replicas.fit(num_sites)
            && self.lowest.len() == count * num_sites
            && self.met.len() == 2 * count
            && count <= num_best
            && self.rounds.len() as u64 == self.place.round
            && spins(&self.population)
            && spins(&self.lowest)
        {
            return Ok(());
        }
        invalid("snapshot does not belong to a run with these arguments")
    }
}
