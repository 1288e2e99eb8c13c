//! The one definition of every stochastic decision: a 32-bit draw against a 32-bit threshold.
//!
//! Fields are whole numbers `f` of grid units (see [`crate::model::Grid`]); the cost of flipping spin `s` is
//! `2 k unit` with `k = -s f`. The thresholds below are exact to 2^-32. Fast paths may decide by any cheaper means
//! that provably agrees (leading byte, table, cuts) and fall back to this definition for the rest, so all of them
//! produce the same bits.

use super::Rule;
use crate::math::exp;
use crate::rng::{Key, draw, lead, tail};

const DRAWS: f64 = 4_294_967_296.0;

/// Decisions of one rule at one beta.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acceptance {
    /// The rule.
    pub rule: Rule,
    two_beta: f64,
    unit: f64,
}

impl Acceptance {
    /// Decisions of `rule` at `beta` for fields in units of `unit`.
    #[must_use]
    pub fn new(rule: Rule, beta: f64, unit: f64) -> Self {
        Self {
            rule,
            two_beta: 2.0 * beta,
            unit,
        }
    }

    /// `2 beta unit`: the exponent of one unit of `k`.
    #[must_use]
    pub fn exponent_per_unit(&self) -> f64 {
        self.two_beta * self.unit
    }

    /// Units of `k` in an exponent of one: the scale of [`super::Cuts`].
    #[must_use]
    pub fn units_per_exponent(&self) -> f32 {
        (1.0 / self.exponent_per_unit()) as f32
    }

    /// How many of the 2^32 draws are below the probability that belongs to `k >= 0`: that of an uphill flip of cost
    /// `2 k` (Metropolis), or of the spin that costs `2 k` more than its opposite (Gibbs).
    #[must_use]
    pub fn threshold(&self, k: f64) -> u32 {
        // At beta = infinity and k = 0 the exponent would be NaN; its limit is 0.
        let weight = if k == 0.0 {
            1.0
        } else {
            exp(-(self.two_beta * (k * self.unit)))
        };
        match self.rule {
            Rule::Metropolis => (weight * DRAWS) as u32,
            Rule::Gibbs => (weight / (1.0 + weight) * DRAWS) as u32,
        }
    }

    /// The new spin, given the old one, its field in units and the place of the draw. The plain form of the rule, which
    /// every path must reproduce.
    #[must_use]
    pub fn new_spin(&self, spin: i8, field: f64, key: Key, visit: u32) -> i8 {
        match self.rule {
            Rule::Metropolis => {
                let k = -f64::from(spin) * field;
                if k <= 0.0 || draw(key, visit) < self.threshold(k) {
                    -spin
                } else {
                    spin
                }
            }
            Rule::Gibbs => {
                let favourable = if field > 0.0 { -1 } else { 1 };
                if draw(key, visit) < self.threshold(field.abs()) {
                    -favourable
                } else {
                    favourable
                }
            }
        }
    }

    /// Thresholds of `k = 0, 1, ..` up to the last that is not zero, at most `bound`.
    pub fn fill_table(&self, table: &mut Vec<u32>, bound: usize) {
        table.clear();
        for k in 0..=bound {
            let threshold = self.threshold(k as f64);
            if threshold == 0 {
                break;
            }
            table.push(threshold);
        }
    }

    /// Largest `k` whose threshold may differ from zero: `exp(-x) < 2^-32` beyond it.
    #[must_use]
    pub fn reach(&self) -> f64 {
        let per_unit = self.exponent_per_unit();
        if per_unit == 0.0 {
            f64::INFINITY
        } else {
            22.2 / per_unit
        }
    }
}

/// Compares the draw of `visit` with `threshold`, looking at its tail only when its leading byte ties.
#[inline]
#[must_use]
pub fn is_below(key: Key, visit: u32, threshold: u32) -> bool {
    let (a, b) = (u32::from(lead(key, visit)), threshold >> 24);
    a < b || (a == b && tail(key, visit) < threshold & 0xFF_FFFF)
}
