//! Resampling: which replicas of a population live on at a colder beta, and what that says of the partition function.
//!
//! All of it is a function of energies and one uniform number a population, by + - x / and [`crate::math`] alone.

use crate::math::{exp, ln};

/// How far from the asked share of replicas that die a step may be, relative to it.
const TOLERANCE: f64 = 0.05;

/// Boltzmann factors `exp(-step (E - lowest))` of the replicas of a population.
pub(super) struct Weights {
    values: Vec<f64>,
    sum: f64,
    lowest: f64,
    step: f64,
}

impl Weights {
    /// The factors of a step of `step` in beta; there must be an energy.
    pub fn new(energies: &[f64], step: f64) -> Self {
        let lowest = energies.iter().copied().fold(f64::INFINITY, f64::min);
        let values: Vec<f64> = energies.iter().map(|e| exp(-step * (e - lowest))).collect();
        Self {
            sum: values.iter().sum(),
            values,
            lowest,
            step,
        }
    }

    fn mean(&self) -> f64 {
        self.sum / self.values.len() as f64
    }

    /// The share of replicas that can be expected to die: one minus the overlap of the two distributions.
    fn culled(&self) -> f64 {
        let mean = self.mean();
        let live: f64 = self.values.iter().map(|w| (w / mean).min(1.0)).sum();
        1.0 - live / self.values.len() as f64
    }

    /// The logarithm of the mean of `exp(-step E)`: what the step adds to log Z.
    pub fn log_mean(&self) -> f64 {
        ln(self.mean()) - self.step * self.lowest
    }

    /// The variance of the factors relative to the square of their mean.
    pub fn spread(&self) -> f64 {
        let mean = self.mean();
        let squares: f64 = self
            .values
            .iter()
            .map(|w| (w / mean - 1.0) * (w / mean - 1.0))
            .sum();
        squares / self.values.len() as f64
    }

    /// Expected numbers of copies, summed up to and including each replica; the last sum is the number of replicas.
    fn sums(&self) -> Vec<f64> {
        let mean = self.mean();
        let mut sum = 0.0;
        let mut sums: Vec<f64> = self
            .values
            .iter()
            .map(|w| {
                sum += w / mean;
                sum
            })
            .collect();
        if let Some(last) = sums.last_mut() {
            *last = self.values.len() as f64;
        }
        sums
    }

    /// How many copies of each replica live on, as many as there are: the teeth `start`, `start + 1`, ... of a comb that
    /// fall into its part of the sums (systematic resampling: Carpenter, Clifford and Fearnhead 1999). `start` is in 0..1.
    pub fn offspring(&self, start: f64) -> Vec<u32> {
        let mut before = 0u64;
        let teeth = |sum: f64| {
            let upto = (sum + (1.0 - start)) as u64;
            upto.min(self.values.len() as u64)
        };
        let count = |sum: f64| {
            let upto = teeth(sum).max(before);
            let copies = upto - before;
            before = upto;
            copies as u32
        };
        self.sums().into_iter().map(count).collect()
    }

    /// The variance that rounding to whole copies gives the sizes of families, summed over runs of neighbours of one
    /// family: a run whose expected number of copies has the fraction f gets one copy more with probability f.
    pub fn rounding(&self, families: &[u32]) -> f64 {
        let sums = self.sums();
        let mut begin = 0.0;
        let mut total = 0.0;
        for (at, sum) in sums.iter().enumerate() {
            if families.get(at + 1) != Some(&families[at]) {
                let expected = sum - begin;
                let fraction = expected - (expected as u64) as f64;
                total += fraction * (1.0 - fraction);
                begin = *sum;
            }
        }
        total
    }
}

/// The largest step in beta, up to `longest`, at which about the share `culling` of the replicas of populations of
/// `size` dies (Amey and Machta 2018; Barash et al. 2017 ask for the overlap, one minus that share).
pub(super) fn next_step(energies: &[f64], size: usize, longest: f64, culling: f64) -> f64 {
    let mean_of = |of: &dyn Fn(&[f64]) -> f64| {
        let sum: f64 = energies.chunks(size).map(of).sum();
        sum / energies.chunks(size).len() as f64
    };
    let culled = |step: f64| mean_of(&|energies| Weights::new(energies, step).culled());
    if culled(longest) <= culling {
        return longest;
    }
    let (mut low, mut high) = (0.0, longest);
    // Of normal energies a share of step * deviation / sqrt(2 pi) dies.
    let deviation = mean_of(&|energies| moments(energies).1.sqrt());
    let mut step = (2.5 * culling / deviation).min(0.5 * longest);
    for round in 0..100 {
        let share = culled(step);
        if (share - culling).abs() <= TOLERANCE * culling {
            break;
        }
        if share > culling {
            high = step;
        } else {
            low = step;
        }
        // The share is nearly proportional to a small step; where it is not, halving finds the place.
        let proportional = step * (culling / share);
        step = if round < 8 && low < proportional && proportional < high {
            proportional
        } else {
            f64::midpoint(low, high)
        };
    }
    step
}

/// Mean and variance of a population's energies.
pub(super) fn moments(energies: &[f64]) -> (f64, f64) {
    let count = energies.len() as f64;
    let mean = energies.iter().sum::<f64>() / count;
    let squares: f64 = energies.iter().map(|e| (e - mean) * (e - mean)).sum();
    (mean, squares / count)
}

/// Which replicas to copy where, (from, to): those with copies keep their place, further copies go to the places of the
/// dead, in order.
pub(super) fn copies(offspring: &[u32]) -> Vec<(usize, usize)> {
    let further = |(at, &count): (usize, &u32)| std::iter::repeat_n(at, count.saturating_sub(1) as usize);
    let dead = offspring.iter().enumerate().filter(|o| *o.1 == 0).map(|o| o.0);
    offspring.iter().enumerate().flat_map(further).zip(dead).collect()
}

/// The number of families that live, and the sum of the squares of their sizes.
pub(super) fn family_sizes(families: &[u32]) -> (usize, f64) {
    let mut sizes = vec![0u32; families.len()];
    for &family in families {
        sizes[family as usize] += 1;
    }
    let alive = sizes.iter().filter(|&&size| size > 0).count();
    (
        alive,
        sizes.iter().map(|&size| f64::from(size) * f64::from(size)).sum(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn populations_keep_their_size_and_nobody_is_rounded_by_more_than_one(
            energies in prop::collection::vec(-50.0..50.0_f64, 1..200),
            step in 0.0..2.0_f64,
            start in 0.0..1.0_f64,
        ) {
            let weights = Weights::new(&energies, step);
            let offspring = weights.offspring(start);
            prop_assert_eq!(offspring.iter().map(|&c| c as usize).sum::<usize>(), energies.len());
            for (&copies, w) in offspring.iter().zip(&weights.values) {
                prop_assert!((f64::from(copies) - w / weights.mean()).abs() < 1.0 + 1e-9);
            }
            let moved = copies(&offspring);
            prop_assert_eq!(moved.len(), offspring.iter().filter(|&&c| c == 0).count());
            for (from, to) in moved {
                prop_assert!(offspring[from] > 1 && offspring[to] == 0);
            }
        }

        #[test]
        fn steps_cull_as_many_as_asked(
            energies in prop::collection::vec(-50.0..50.0_f64, 100..200),
            culling in 0.01..0.5_f64,
        ) {
            let step = next_step(&energies, energies.len(), 1e9, culling);
            let culled = Weights::new(&energies, step).culled();
            prop_assert!((culled / culling - 1.0).abs() <= TOLERANCE, "{} for {}", culled, culling);
        }
    }

    #[test]
    fn offspring_are_what_is_expected_on_average() {
        let energies = [0.3, -1.0, 2.5, 0.0, 0.7];
        let weights = Weights::new(&energies, 0.8);
        let mut means = [0.0; 5];
        for k in 0..10_000 {
            for (mean, count) in means
                .iter_mut()
                .zip(weights.offspring((f64::from(k) + 0.5) / 1e4))
            {
                *mean += f64::from(count) / 1e4;
            }
        }
        for (mean, w) in means.iter().zip(&weights.values) {
            assert!((mean - w / weights.mean()).abs() < 2e-4);
        }
    }

    #[test]
    fn a_step_without_consequences_goes_all_the_way() {
        assert_eq!(next_step(&[1.0; 7], 7, 3.0, 0.1), 3.0);
        assert_eq!(next_step(&[1.0, 2.0, 1.0, 2.0], 2, 1e-3, 0.1), 1e-3);
    }

    #[test]
    fn a_mean_of_factors() {
        let weights = Weights::new(&[1.0, 3.0], 0.5);
        assert!((weights.log_mean() - ((-0.5f64).exp() / 2.0 + (-1.5f64).exp() / 2.0).ln()).abs() < 1e-15);
        assert!((weights.spread() - ((1.0 - (-1f64).exp()) / (1.0 + (-1f64).exp())).powi(2)).abs() < 1e-15);
    }

    #[test]
    fn families_are_counted() {
        assert_eq!(family_sizes(&[0, 3, 3, 0, 0]), (2, 13.0));
        // Half a copy is left over for the first run, and for the second; a single family has nothing to round.
        let weights = Weights::new(&[0.0, ln(3.0)], 1.0);
        assert!((weights.rounding(&[0, 1]) - 0.5).abs() < 1e-12);
        assert_eq!(weights.rounding(&[1, 1]), 0.0);
    }
}
