//! Which fields a draw accepts, told from its leading byte: settles most decisions without the exact rule.

use super::Rule;
use crate::math::ln;
use std::sync::LazyLock;

/// For every rule and leading byte of a draw, the exponents `x = 2 beta unit k` that are accepted for certain and those
/// that are not: with `x <= sure` the draw is below the threshold of k, with `x > never` it is not. k is the level of
/// [`super::Acceptance::threshold`]; under the Metropolis rule negative ones are accepted too, as they should be.
///
/// Fields do not enter, so a whole window of draws is turned into cuts once, whatever flips in it afterwards. Scaled by
/// 1 / (2 beta unit) a cut may become infinite or NaN; every comparison that is false leaves the decision to the exact
/// rule, or is a true refusal.
pub struct Cuts {
    /// Up to here the draw is below the threshold.
    pub sure: [f32; 512],
    /// Above it the draw is not below the threshold.
    pub never: [f32; 512],
}

/// Relative error that cuts, and their products with f32 numbers, stay below.
const MARGIN: f64 = 1e-5;

/// `-ln 2^-32` with something to spare: smaller probabilities have threshold zero.
const LEAST: f64 = 22.2;

impl Cuts {
    /// The cuts of all rules.
    #[must_use]
    pub fn get() -> &'static Self {
        static CUTS: LazyLock<Cuts> = LazyLock::new(Cuts::new);
        &CUTS
    }

    /// Where the cuts of a rule begin.
    #[must_use]
    pub fn place(rule: Rule) -> usize {
        match rule {
            Rule::Metropolis => 0,
            Rule::Gibbs => 256,
        }
    }

    fn new() -> Self {
        let exponent = |at: usize, steps: usize| {
            let u = steps as f64 / 256.0;
            match at {
                0..256 => -ln(u),
                _ if u > 0.5 => f64::NEG_INFINITY,
                _ => ln(1.0 / u - 1.0),
            }
        };
        let never = |at: usize| match at % 256 {
            0 => LEAST,
            lead => exponent(at, lead),
        };
        Self {
            sure: std::array::from_fn(|at| (exponent(at, at % 256 + 1) * (1.0 - MARGIN)) as f32),
            never: std::array::from_fn(|at| (never(at) * (1.0 + MARGIN)) as f32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Acceptance;
    use crate::rng::Key;
    use proptest::prelude::*;

    proptest! {
        /// Where cuts decide, they decide as the exact rule does.
        #[test]
        fn cuts_agree_with_the_exact_rule(
            beta in prop_oneof![Just(0.0), Just(f64::INFINITY), 1e-9..50.0_f64],
            unit in 1e-7..2.0_f64, k in -50i32..2000, first in any::<u32>(), gibbs in any::<bool>()
        ) {
            let rule = if gibbs { Rule::Gibbs } else { Rule::Metropolis };
            let acceptance = Acceptance::new(rule, beta, unit);
            let inverse = (1.0 / acceptance.exponent_per_unit()) as f32;
            let key = Key { first, second: 17 };
            let lead = usize::from(crate::rng::lead(key, 3));
            let level = if gibbs { k.abs() } else { k };
            let below = (!gibbs && k <= 0)
                || crate::rng::draw(key, 3) < acceptance.threshold(f64::from(level));
            let (cuts, at) = (Cuts::get(), Cuts::place(rule) + lead);
            let sure = level as f32 <= cuts.sure[at] * inverse;
            let open = level as f32 <= cuts.never[at] * inverse;
            prop_assert!(!sure || below);
            prop_assert!(sure || open || !below);
        }
    }
}
