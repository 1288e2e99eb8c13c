//! Cheap estimates of acceptance probabilities with a proven error, to settle most draws by their leading byte.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Acceptance, Rule};
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
    }
}
