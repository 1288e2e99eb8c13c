//! What is summed when a site is eliminated, and how.
//!
//! One walk over the tables gives the lowest energy, a log partition function, moments of the energy or a number of
//! ground states, by what an entry is and what "plus" and "times" mean (the "generalised distributive law": IEEE
//! Trans. Inf. Theory 46 (2000) 325). Every entry carries the lowest energy of its states, and all else
//! is relative to that: nothing overflows or vanishes at any beta, infinity included.

use crate::math::{decay, ln_1_plus};

/// A commutative semiring over sets of states.
pub trait Algebra: Copy + Send + Sync {
    /// What a table knows of the states behind one entry.
    type Entry: Copy + Send + Sync;

    /// A single state of this energy.
    fn term(&self, energy: f64) -> Self::Entry;

    /// The states of two separate parts together.
    fn times(&self, a: Self::Entry, b: Self::Entry) -> Self::Entry;

    /// The states of two alternatives.
    fn plus(&self, a: Self::Entry, b: Self::Entry) -> Self::Entry;

    /// The lowest energy.
    fn low(&self, entry: Self::Entry) -> f64;
}

/// Lowest energies alone.
#[derive(Clone, Copy, Debug)]
pub struct Lowest;

impl Algebra for Lowest {
    type Entry = f64;

    #[inline(always)]
    fn term(&self, energy: f64) -> f64 {
        energy
    }

    #[inline(always)]
    fn times(&self, a: f64, b: f64) -> f64 {
        a + b
    }

    #[inline(always)]
    fn plus(&self, a: f64, b: f64) -> f64 {
        if b < a { b } else { a }
    }

    fn low(&self, entry: f64) -> f64 {
        entry
    }
}

/// A beta in the unit of the energies, and when two energies count as equal.
#[derive(Clone, Copy, Debug)]
pub struct Heat {
    /// Inverse temperature; 0 and infinity allowed.
    pub beta: f64,
    /// Used at infinite beta only.
    pub tolerance: f64,
}

impl Heat {
    /// `beta * gap` for a gap that is not negative.
    #[inline(always)]
    pub fn exponent(&self, gap: f64) -> f64 {
        if self.beta < f64::INFINITY {
            self.beta * gap
        } else if gap <= self.tolerance {
            0.0
        } else {
            f64::INFINITY
        }
    }

    /// `exp(-beta gap)` for a gap that is not negative.
    pub fn factor(&self, gap: f64) -> f64 {
        decay(-self.exponent(gap))
    }
}

/// `low` and `ln sum exp(-beta (E - low))`.
#[derive(Clone, Copy, Debug)]
pub struct Weight {
    /// Lowest energy.
    pub low: f64,
    /// Log weight relative to it; at infinite beta the log of a number of states.
    pub log: f64,
}

/// Log partition functions; at infinite beta, logs of numbers of ground states.
#[derive(Clone, Copy, Debug)]
pub struct Weighed(pub Heat);

impl Weighed {
    /// `ln p_b - ln p_a` of two alternatives.
    #[inline(always)]
    pub fn log_odds(&self, a: Weight, b: Weight) -> f64 {
        let penalty = self.0.exponent((b.low - a.low).abs());
        let logs = b.log - a.log;
        if b.low >= a.low {
            logs - penalty
        } else {
            logs + penalty
        }
    }
}

impl Algebra for Weighed {
    type Entry = Weight;

    #[inline(always)]
    fn term(&self, energy: f64) -> Weight {
        Weight {
            low: energy,
            log: 0.0,
        }
    }

    #[inline(always)]
    fn times(&self, a: Weight, b: Weight) -> Weight {
        Weight {
            low: a.low + b.low,
            log: a.log + b.log,
        }
    }

    #[inline(always)]
    fn plus(&self, a: Weight, b: Weight) -> Weight {
        let (low, high) = if b.low < a.low { (b, a) } else { (a, b) };
        let log = high.log - self.0.exponent(high.low - low.low);
        let largest = if log > low.log { log } else { low.log };
        Weight {
            low: low.low,
            log: largest + ln_1_plus(decay(-(log - low.log).abs())),
        }
    }

    fn low(&self, entry: Weight) -> f64 {
        entry.low
    }
}

/// A weight with the mean and the variance of the energy.
#[derive(Clone, Copy, Debug)]
pub struct Heated {
    /// Lowest energy and log weight.
    pub weight: Weight,
    /// Mean energy above the lowest.
    pub excess: f64,
    /// Variance of the energy.
    pub variance: f64,
}

/// Log partition functions with their first two derivatives.
#[derive(Clone, Copy, Debug)]
pub struct Thermal(pub Weighed);

impl Algebra for Thermal {
    type Entry = Heated;

    #[inline(always)]
    fn term(&self, energy: f64) -> Heated {
        Heated {
            weight: self.0.term(energy),
            excess: 0.0,
            variance: 0.0,
        }
    }

    #[inline(always)]
    fn times(&self, a: Heated, b: Heated) -> Heated {
        Heated {
            weight: self.0.times(a.weight, b.weight),
            excess: a.excess + b.excess,
            variance: a.variance + b.variance,
        }
    }

    #[inline(always)]
    fn plus(&self, a: Heated, b: Heated) -> Heated {
        let (low, high) = if b.weight.low < a.weight.low {
            (b, a)
        } else {
            (a, b)
        };
        let (p_low, p_high) = shares(self.0.log_odds(low.weight, high.weight));
        // At a share of nothing the gap may be infinite in effect: 0, not NaN.
        let far = high.excess + (high.weight.low - low.weight.low);
        let between = (p_high * (far - low.excess)) * (p_low * (far - low.excess));
        Heated {
            weight: self.0.plus(a.weight, b.weight),
            excess: p_low * low.excess + p_high * far,
            variance: p_low * low.variance + p_high * high.variance + between,
        }
    }

    fn low(&self, entry: Heated) -> f64 {
        entry.weight.low
    }
}

/// The probabilities `(p_a, p_b)` of two alternatives from `ln p_b - ln p_a`.
#[inline(always)]
pub fn shares(log_odds: f64) -> (f64, f64) {
    let ratio = decay(-log_odds.abs());
    let (large, small) = (1.0 / (1.0 + ratio), ratio / (1.0 + ratio));
    if log_odds > 0.0 {
        (small, large)
    } else {
        (large, small)
    }
}

/// A lowest energy and how many states have it, modulo another.
#[derive(Clone, Copy, Debug)]
pub struct Residue {
    /// Lowest energy.
    pub low: f64,
    /// Number of states that have it, modulo another.
    pub count: u64,
}

/// Numbers of ground states modulo another.
#[derive(Clone, Copy, Debug)]
pub struct Counting {
    /// The modulus, below 2^62.
    pub modulus: u64,
    /// Energies that differ by no more than this count as equal.
    pub tolerance: f64,
}

impl Algebra for Counting {
    type Entry = Residue;

    fn term(&self, energy: f64) -> Residue {
        Residue {
            low: energy,
            count: 1,
        }
    }

    fn times(&self, a: Residue, b: Residue) -> Residue {
        let product = u128::from(a.count) * u128::from(b.count);
        Residue {
            low: a.low + b.low,
            count: (product % u128::from(self.modulus)) as u64,
        }
    }

    fn plus(&self, a: Residue, b: Residue) -> Residue {
        let (low, high) = if b.low < a.low { (b, a) } else { (a, b) };
        let equal = high.low - low.low <= self.tolerance;
        Residue {
            low: low.low,
            count: (low.count + if equal { high.count } else { 0 }) % self.modulus,
        }
    }

    fn low(&self, entry: Residue) -> f64 {
        entry.low
    }
}
