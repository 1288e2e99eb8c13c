//! The k lowest distinct states seen.

use std::cmp::Ordering;

/// Where a state was met: after so many sweeps, in this chain of the run.
pub type Met = (u64, u64);

/// One of the lowest states.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its energy.
    pub energy: f64,
    /// Where it was met first.
    pub met: Met,
    /// Its spins, by site.
    pub state: Box<[i8]>,
}

impl Entry {
    /// Lowest energy first; of equals, the one met first. So what is kept is a matter of the run, not of how it was cut
    /// into blocks.
    fn order(&self, energy: f64, met: Met) -> Ordering {
        self.energy.total_cmp(&energy).then(self.met.cmp(&met))
    }
}

/// A bounded collection of distinct states, lowest first.
#[derive(Clone)]
pub(crate) struct Distinct {
    capacity: usize,
    entries: Vec<Entry>,
}

impl Distinct {
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Vec::new(),
        }
    }

    /// True if a state of this energy, met there, would be taken in (unless it is known).
    pub fn wants(&self, energy: f64, met: Met) -> bool {
        self.entries.len() < self.capacity
            || self
                .entries
                .last()
                .is_some_and(|worst| worst.order(energy, met).is_gt())
    }

    /// Takes a state in if it is wanted and new, or was met earlier than was known.
    pub fn offer(&mut self, energy: f64, met: Met, state: &[i8]) {
        if !self.wants(energy, met) {
            return;
        }
        if let Some(known) = self.position(energy, state) {
            if self.entries[known].met <= met {
                return;
            }
            self.entries.remove(known);
        } else if self.entries.len() == self.capacity {
            self.entries.pop();
        }
        let at = self
            .entries
            .partition_point(|entry| entry.order(energy, met).is_lt());
        let state = state.into();
        self.entries.insert(at, Entry { energy, met, state });
    }

    fn position(&self, energy: f64, state: &[i8]) -> Option<usize> {
        let first = self.entries.partition_point(|entry| entry.energy < energy);
        let equals = self.entries[first..].iter().take_while(|e| e.energy == energy);
        let at = equals.into_iter().position(|entry| *entry.state == *state)?;
        Some(first + at)
    }

    /// The states, lowest energy first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(d: &Distinct) -> Vec<(f64, Met)> {
        d.entries().iter().map(|e| (e.energy, e.met)).collect()
    }

    #[test]
    fn keeps_the_lowest_distinct() {
        let mut d = Distinct::new(2);
        let offers = [
            (3.0, [1, 1]),
            (1.0, [1, -1]),
            (1.0, [1, -1]),
            (2.0, [-1, 1]),
            (5.0, [-1, -1]),
        ];
        for (sweep, (e, s)) in (0..).zip(offers) {
            d.offer(e, (sweep, 0), &s);
        }
        assert_eq!(kept(&d), [(1.0, (1, 0)), (2.0, (3, 0))]);
        d.offer(0.0, (9, 0), &[1, 1]);
        assert_eq!(kept(&d), [(0.0, (9, 0)), (1.0, (1, 0))]);
        assert!(!Distinct::new(0).wants(-1.0, (0, 0)));
    }

    #[test]
    fn of_equals_the_first_met_are_kept_in_whatever_order_they_come() {
        let states = [[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]];
        let mut offers: Vec<(Met, [i8; 3])> = (0..8u64)
            .map(|i| ((i / 2, i % 2), states[(i % 5) as usize % 4]))
            .collect();
        let of = |offers: &[(Met, [i8; 3])]| {
            let mut d = Distinct::new(3);
            for (met, state) in offers {
                d.offer(2.0, *met, state);
            }
            kept(&d)
        };
        let forward = of(&offers);
        assert_eq!(forward, [(2.0, (0, 0)), (2.0, (0, 1)), (2.0, (1, 0))]);
        offers.reverse();
        assert_eq!(of(&offers), forward);
        offers.swap(1, 6);
        assert_eq!(of(&offers), forward);
    }
}
