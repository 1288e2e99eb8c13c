//! One ladder: which replica stands on which rung, how they change places, and how they travel.

use super::archive::{Reader, Writer};
use crate::error::Result;
use crate::math::exp;
use crate::rng::{Purpose, Stream, below, uniform};

/// Which neighbouring rungs try to change places at an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swaps {
    /// Pairs that begin at an even rung and pairs that begin at an odd one, in turn: replicas keep their direction, and
    /// cross the ladder in a time linear in its length (Okabe et al. 2001; Syed et al. 2022).
    EvenOdd,
    /// One of the two kinds of pairs, drawn afresh every time: replicas diffuse.
    Stochastic,
}

/// The end of the ladder that a replica has visited last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Neither,
    Hot,
    Cold,
}

/// A ladder of replicas and what was counted of it.
pub struct Ladder {
    swaps: Swaps,
    stream: Stream,
    rung_of: Vec<usize>,
    replica_at: Vec<usize>,
    last: Vec<Last>,
    /// What the exchanges since the last [`Ladder::forget`] did.
    pub flow: Flow,
}

/// Counts of exchanges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// Exchanges tried, by lower rung of the pair.
    pub tried: Vec<u64>,
    /// Sum of their probabilities of acceptance: the mean of these varies less than that of what came of them.
    pub accepted: Vec<f64>,
    /// Replicas that came to a rung from the hot end, counted after every exchange.
    pub from_hot: Vec<u64>,
    /// The same from the cold end.
    pub from_cold: Vec<u64>,
    /// Journeys from the hot end to the cold one and back, of all replicas together.
    pub round_trips: u64,
}

impl Flow {
    fn new(num_rungs: usize) -> Self {
        Self {
            tried: vec![0; num_rungs.saturating_sub(1)],
            accepted: vec![0.0; num_rungs.saturating_sub(1)],
            from_hot: vec![0; num_rungs],
            from_cold: vec![0; num_rungs],
            round_trips: 0,
        }
    }

    /// Adds the counts of another ladder with the same rungs.
    pub fn add(&mut self, other: &Self) {
        let add = |sums: &mut [u64], terms: &[u64]| sums.iter_mut().zip(terms).for_each(|(s, t)| *s += t);
        add(&mut self.tried, &other.tried);
        add(&mut self.from_hot, &other.from_hot);
        add(&mut self.from_cold, &other.from_cold);
        for (sum, term) in self.accepted.iter_mut().zip(&other.accepted) {
            *sum += term;
        }
        self.round_trips += other.round_trips;
    }
}

impl Ladder {
    /// Replica r on rung r; `first_chain` is the number of the first replica's chain.
    #[must_use]
    pub fn new(num_rungs: usize, swaps: Swaps, seed: u64, first_chain: u64) -> Self {
        let mut ladder = Self {
            swaps,
            stream: Stream::new(seed, Purpose::Exchange, first_chain),
            rung_of: (0..num_rungs).collect(),
            replica_at: (0..num_rungs).collect(),
            last: vec![Last::Neither; num_rungs],
            flow: Flow::new(num_rungs),
        };
        ladder.look_at_the_ends();
        ladder
    }

    /// The rung of every replica.
    #[must_use]
    pub fn rungs(&self) -> &[usize] {
        &self.rung_of
    }

    /// The replica of every rung.
    #[must_use]
    pub fn replicas(&self) -> &[usize] {
        &self.replica_at
    }

    /// Exchange number `number` at these betas by rung; energies by replica. Neighbours of betas b < c and energies
    /// `E_b`, `E_c` change places with probability `min(1, exp((c - b)(E_c - E_b)))`.
    pub fn exchange(&mut self, number: u64, betas: &[f64], energies: &[f64]) {
        let parity = match self.swaps {
            Swaps::EvenOdd => number % 2,
            Swaps::Stochastic => below(&self.stream, number, u64::MAX, 2),
        };
        for lower in (parity as usize..betas.len().saturating_sub(1)).step_by(2) {
            let (hot, cold) = (self.replica_at[lower], self.replica_at[lower + 1]);
            let exponent = (betas[lower + 1] - betas[lower]) * (energies[cold] - energies[hot]);
            let probability = if exponent >= 0.0 { 1.0 } else { exp(exponent) };
            self.flow.tried[lower] += 1;
            self.flow.accepted[lower] += probability;
            if uniform(&self.stream, number, lower as u64) < probability {
                self.replica_at.swap(lower, lower + 1);
                (self.rung_of[hot], self.rung_of[cold]) = (lower + 1, lower);
            }
        }
        self.look_at_the_ends();
        for (rung, &replica) in self.replica_at.iter().enumerate() {
            match self.last[replica] {
                Last::Hot => self.flow.from_hot[rung] += 1,
                Last::Cold => self.flow.from_cold[rung] += 1,
                Last::Neither => {}
            }
        }
    }

    fn look_at_the_ends(&mut self) {
        let (Some(&hot), Some(&cold)) = (self.replica_at.first(), self.replica_at.last()) else {
            return;
        };
        if hot == cold {
            return;
        }
        self.flow.round_trips += u64::from(self.last[hot] == Last::Cold);
        self.last[hot] = Last::Hot;
        // A journey begins at the hot end: one that starts at the cold end is only half of it.
        if self.last[cold] == Last::Hot {
            self.last[cold] = Last::Cold;
        }
    }

    /// Starts counting anew.
    pub fn forget(&mut self) {
        self.flow = Flow::new(self.rung_of.len());
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.integers(self.rung_of.iter().map(|&r| r as u64));
        out.integers(self.last.iter().map(|&last| last as u64));
        out.integers(self.flow.tried.iter().copied());
        out.integers(self.flow.from_hot.iter().copied());
        out.integers(self.flow.from_cold.iter().copied());
        out.integers([self.flow.round_trips]);
        out.reals(&self.flow.accepted);
    }

    pub(super) fn read(&mut self, from: &mut Reader) -> Result<()> {
        let rungs = self.rung_of.len();
        let rung_of: Vec<usize> = from.integers(rungs)?.iter().map(|&r| r as usize).collect();
        let mut replica_at = vec![usize::MAX; rungs];
        for (replica, &rung) in rung_of.iter().enumerate() {
            if rung >= rungs || replica_at[rung] != usize::MAX {
                return from.wrong();
            }
            replica_at[rung] = replica;
        }
        (self.rung_of, self.replica_at) = (rung_of, replica_at);
        for (last, &number) in self.last.iter_mut().zip(from.integers(rungs)?) {
            *last = match number {
                0 => Last::Neither,
                1 => Last::Hot,
                2 => Last::Cold,
                _ => return from.wrong(),
            };
        }
        self.flow.tried = from.integers(rungs.saturating_sub(1))?.to_vec();
        self.flow.from_hot = from.integers(rungs)?.to_vec();
        self.flow.from_cold = from.integers(rungs)?.to_vec();
        self.flow.round_trips = from.integers(1)?[0];
        self.flow.accepted = from.reals(rungs.saturating_sub(1))?.to_vec();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn replicas_and_rungs_stay_a_permutation(
            energies in prop::collection::vec(-5.0..5.0f64, 1..12), stochastic in any::<bool>(), seed in any::<u64>()
        ) {
            let swaps = if stochastic { Swaps::Stochastic } else { Swaps::EvenOdd };
            let betas: Vec<f64> = (0..energies.len()).map(|r| 0.1 * r as f64).collect();
            let mut ladder = Ladder::new(energies.len(), swaps, seed, 0);
            for number in 0..20 {
                ladder.exchange(number, &betas, &energies);
                for (replica, &rung) in ladder.rungs().iter().enumerate() {
                    prop_assert_eq!(ladder.replicas()[rung], replica);
                }
            }
            let (mut out, mut copy) = (Writer::default(), Ladder::new(energies.len(), swaps, seed, 0));
            ladder.write(&mut out);
            copy.read(&mut Reader::new(&out)).expect("its own archive");
            prop_assert_eq!(copy.rungs(), ladder.rungs());
            prop_assert_eq!(&copy.flow, &ladder.flow);
            prop_assert_eq!(&copy.last, &ladder.last);
        }
    }

    /// With equal energies every exchange happens: replicas go straight up and down.
    #[test]
    fn free_replicas_make_a_round_trip_in_twice_the_rungs() {
        let mut ladder = Ladder::new(4, Swaps::EvenOdd, 1, 0);
        for number in 0..8 {
            ladder.exchange(number, &[0.1, 0.2, 0.3, 0.4], &[0.0; 4]);
        }
        assert_eq!(ladder.rungs(), [0, 1, 2, 3]);
        assert_eq!(ladder.flow.accepted, [4.0, 4.0, 4.0]);
        assert!(ladder.flow.round_trips >= 1);
    }
}
