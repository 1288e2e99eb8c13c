//! Cheap estimates with a proven error, which settle most draws by their leading byte: of the probability of a field
//! ([`Bounds`]), or of the fields that a draw accepts ([`Cuts`]).

use super::Rule;
use std::sync::LazyLock;

/// Relative error that [`two_to`] stays below, with everything that rounds before it (tested).
const MARGIN: f32 = 1.0 / 1024.0;

/// Exponents (base 2) past which a threshold of 2^32 steps is zero for certain.
const NEVER: f32 = 32.5;

/// Between which leading bytes the threshold lies: a draw with `lead + 1 <= lower` is below it, one with
/// `lead >= upper` is not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    /// Lower bound of threshold / 2^24.
    pub lower: f32,
    /// Upper bound of threshold / 2^24.
    pub upper: f32,
}

impl Bounds {
    /// Bounds for the threshold of a site that costs `octaves >= 0` (base 2): the probability is `w / (1 + gibbs w)`,
    /// `w = 2^-octaves`, with `gibbs` 1 for that rule and 0 for Metropolis. Without branches: lanes run side by side.
    #[inline(always)]
    #[must_use]
    pub fn new(octaves: f32, gibbs: f32) -> Self {
        let x = if octaves < 64.0 { octaves } else { 64.0 };
        let w = two_to(-x);
        let value = 256.0 * w / (1.0 + gibbs * w);
        let upper = if x > NEVER { 0.0 } else { value * (1.0 + MARGIN) };
        Self {
            lower: value * (1.0 - MARGIN),
            upper,
        }
    }
}

/// `2^x` for -65 <= x <= 0 with a relative error below 6e-5.
#[inline(always)]
fn two_to(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low mantissa bits.
    const ROUND: f32 = 12_582_912.0;
    let rounded = x + ROUND;
    let r = x - (rounded - ROUND);
    let series =
        1.0 + r * (std::f32::consts::LN_2 + r * (0.240_226_5 + r * (0.055_504_1 + r * 0.009_618_13)));
    f32::from_bits(series.to_bits().wrapping_add(rounded.to_bits() << 23))
}

/// For every leading byte of a draw, the exponents `x = 2 beta unit k` that are accepted for certain and those that are
/// not: with `x <= sure` the draw is below the threshold of k, with `x > never` it is not. k is the level of
/// [`super::Acceptance::threshold`]; under the Metropolis rule negative ones are accepted too, as they should be.
///
/// Fields do not enter, so a whole window of draws is turned into cuts once, whatever flips in it afterwards. Scaled by
/// 1 / (2 beta unit) a cut may become infinite or NaN; every comparison that is false leaves the decision to the exact
/// rule, or is a true refusal.
pub struct Cuts {
    /// Up to here the draw is below the threshold.
    pub sure: [f32; 256],
    /// Above it the draw is not below the threshold.
    pub never: [f32; 256],
}

/// Relative error that cuts, and their products with f32 numbers, stay below.
const CUT_MARGIN: f64 = 1e-5;

/// `-ln 2^-32` with something to spare: smaller probabilities have threshold zero.
const LEAST: f64 = 22.2;

impl Cuts {
    /// The cuts of a rule.
    #[must_use]
    pub fn of(rule: Rule) -> &'static Self {
        static METROPOLIS: LazyLock<Cuts> = LazyLock::new(|| Cuts::new(|u| -u.ln()));
        static GIBBS: LazyLock<Cuts> = LazyLock::new(|| {
            Cuts::new(|u| {
                if u > 0.5 {
                    f64::NEG_INFINITY
                } else {
                    (1.0 / u - 1.0).ln()
                }
            })
        });
        match rule {
            Rule::Metropolis => &METROPOLIS,
            Rule::Gibbs => &GIBBS,
        }
    }

    /// Cuts where `exponent(p)` is the x of probability p.
    fn new(exponent: impl Fn(f64) -> f64) -> Self {
        let at = |steps: usize| exponent(steps as f64 / 256.0);
        Self {
            sure: std::array::from_fn(|lead| (at(lead + 1) * (1.0 - CUT_MARGIN)) as f32),
            never: std::array::from_fn(|lead| {
                let most = if lead == 0 { LEAST } else { at(lead) };
                (most * (1.0 + CUT_MARGIN)) as f32
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Acceptance, Rule};
    use crate::rng::Key;
    use proptest::prelude::*;

    #[test]
    fn two_to_is_within_its_bound() {
        for i in 0..=1_000_000 {
            let x = -65.0 * i as f32 / 1e6;
            assert!(
                (f64::from(two_to(x)) / f64::from(x).exp2() - 1.0).abs() < 6e-5,
                "at {x}"
            );
        }
    }

    proptest! {
        /// The bounds enclose the exact threshold for any beta, unit and field.
        #[test]
        fn bounds_enclose_the_threshold(
            beta in 0.0..50.0_f64, unit in 1e-7..2.0_f64, k in 1u32..16_777_216, gibbs in any::<bool>()
        ) {
            let rule = if gibbs { Rule::Gibbs } else { Rule::Metropolis };
            let acceptance = Acceptance::new(rule, beta, unit);
            let exact = f64::from(acceptance.threshold(f64::from(k))) / 16_777_216.0;
            let octaves = acceptance.octaves_per_unit() * k as f32;
            let bounds = Bounds::new(octaves, f32::from(u8::from(gibbs)));
            prop_assert!(f64::from(bounds.lower) <= exact + 1e-7);
            prop_assert!(f64::from(bounds.upper) >= exact);
        }

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
            let cuts = Cuts::of(rule);
            let sure = level as f32 <= cuts.sure[lead] * inverse;
            let open = level as f32 <= cuts.never[lead] * inverse;
            prop_assert!(!sure || below);
            prop_assert!(sure || open || !below);
        }
    }
}
