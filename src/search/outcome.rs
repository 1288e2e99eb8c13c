//! What a search has found, and how it is put aside and taken up again.

use super::checkpoint::SolveCheckpoint;
use super::population::Member;
use super::rounds::Round;
use super::solve::Solve;
use crate::error::Result;
use crate::model::Ising;

impl Solve {
    /// The lowest energy seen so far, of the kernel; infinite of a search that has not begun.
    fn lowest_energy(&self) -> f64 {
        let known = self.lowest.entries().first();
        self.stage
            .best_energy()
            .min(known.map_or(f64::INFINITY, |known| known.energy))
    }

    /// The best state that is known, as a state of the kernel; of a search that has not begun, any.
    fn best(&self) -> Member {
        match self.lowest.entries().first() {
            Some(known) if known.energy <= self.stage.best_energy() => Member {
                state: known.state.clone().into(),
                energy: known.energy,
            },
            _ => {
                let any = || vec![1; self.kernel.num_sites()];
                self.member(&self.stage.best_state().unwrap_or_else(any))
            }
        }
    }

    /// The state of lowest energy seen so far.
    #[must_use]
    pub fn best_state(&self) -> Vec<i8> {
        self.reduced.lift(&self.best().state)
    }

    /// Its energy, from the coefficients of the model as it was given; summed when there is a new one.
    #[must_use]
    pub fn best_energy(&self) -> f64 {
        let lowest = self.lowest_energy();
        match self.best_energy.get() {
            Some((known, energy)) if known == lowest => energy,
            _ => {
                let energy = self.options.model.energy(&self.best_state());
                self.best_energy.set(Some((lowest, energy)));
                energy
            }
        }
    }

    /// The lowest distinct states, one after the other, lowest first; and how many.
    #[must_use]
    pub fn states(&self) -> (Vec<i8>, usize) {
        let mut lowest = self.lowest.clone();
        let best = self.best();
        lowest.offer(best.energy, (u64::MAX, 0), &best.state);
        let states = lowest
            .entries()
            .iter()
            .map(|entry| self.reduced.lift(&entry.state));
        (states.flatten().collect(), lowest.entries().len())
    }

    /// Everything a continuation needs: it goes on from the beginning of the round under way.
    #[must_use]
    pub fn checkpoint(&self) -> SolveCheckpoint {
        let states = |members: &[Member]| members.iter().flat_map(|m| m.state.iter().copied()).collect();
        let lowest = self.lowest.entries();
        SolveCheckpoint {
            place: self.place,
            population: states(&self.population.members),
            replicas: self.replicas.clone(),
            lowest: lowest.iter().flat_map(|e| e.state.iter().copied()).collect(),
            met: lowest.iter().flat_map(|e| [e.met.0, e.met.1]).collect(),
            rounds: self.rounds.clone(),
            sweeps: self.sweeps,
        }
    }

    /// Continues from a checkpoint of a search with the same options (but for the number of threads).
    ///
    /// # Errors
    /// A checkpoint that does not fit the options.
    pub fn restore(&mut self, checkpoint: &SolveCheckpoint) -> Result<()> {
        let n = self.kernel.num_sites();
        checkpoint.check(n, self.options.num_best.max(1))?;
        let members = checkpoint
            .population
            .chunks_exact(n.max(1))
            .map(|state| self.member(state));
        self.population.members = members.collect();
        self.replicas.clone_from(&checkpoint.replicas);
        let states = checkpoint.lowest.chunks_exact(n.max(1));
        for (state, met) in states.zip(checkpoint.met.chunks_exact(2)) {
            self.lowest
                .offer(self.kernel.energy(state), (met[0], met[1]), state);
        }
        self.place = checkpoint.place;
        self.rounds.clone_from(&checkpoint.rounds);
        self.sweeps = checkpoint.sweeps;
        if self.is_solved() {
            Ok(())
        } else {
            self.begin_round()
        }
    }

    /// Sweeps so far, summed over the members; those within recombination are not counted.
    #[must_use]
    pub fn sweeps_done(&self) -> u64 {
        self.sweeps + self.stage.sweeps_done()
    }

    /// The model that is left to search, after exact reduction.
    #[must_use]
    pub fn kernel(&self) -> &Ising {
        &self.kernel
    }

    /// The rounds done.
    #[must_use]
    pub fn rounds(&self) -> &[Round] {
        &self.rounds
    }
}
