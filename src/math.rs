//! Exponential and logarithm from + - x / only, so that every CPU computes the same bits.
//!
//! The library functions of different platforms differ in the last bit; a threshold or a beta that differs in the
//! last bit would, sooner or later, send a chain elsewhere. Both functions here are accurate to a few ulp (tested
//! against the standard library) and use no fused multiply-add.

const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

const ROUND: f64 = 6_755_399_441_055_744.0;

/// Coefficients 1/k! of the exponential series, k = 0..=13.
const INVERSE_FACTORIALS: [f64; 14] = [
    1.0,
    1.0,
    0.5,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5_040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
];

/// `e^x`; 0 below the normal range, infinity above it, NaN for NaN.
#[must_use]
pub fn exp(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x > 709.0 {
        return f64::INFINITY;
    }
    if x < -708.0 {
        return 0.0;
    }
    exp_in_range(x)
}

/// [`exp`] of a number that is not positive, without a branch: a loop over it is vectorised.
#[inline(always)]
#[must_use]
pub(crate) fn decay(x: f64) -> f64 {
    let in_range = exp_in_range(if x < -708.0 { -708.0 } else { x });
    if x < -708.0 { 0.0 } else { in_range }
}

#[inline(always)]
fn exp_in_range(x: f64) -> f64 {
    // Adding 1.5 * 2^52 rounds to a whole number (`round` would be a library call on old CPUs), which then stands in
    // the lowest bits.
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let octaves = shifted - ROUND;
    let r = (x - octaves * LN2_HIGH) - octaves * LN2_LOW;
    let series = INVERSE_FACTORIALS.iter().rev().fold(0.0, |sum, c| sum * r + c);
    series * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// Natural logarithm of a positive, finite number.
#[must_use]
pub fn ln(x: f64) -> f64 {
    const SCALE: f64 = (1u64 << 54) as f64;
    if x > 0.0 && x < f64::MIN_POSITIVE {
        return ln(x * SCALE) - 54.0 * std::f64::consts::LN_2;
    }
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) as i64 - 1023) as f64;
    let mut mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        exponent += 1.0;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)), |argument| < 0.172: the term of order 23 is below 1e-18.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let s2 = s * s;
    let tail = (1..=11)
        .rev()
        .fold(0.0, |sum, k| (sum + 1.0 / f64::from(2 * k + 1)) * s2);
    exponent * LN2_HIGH + (2.0 * s + (2.0 * s * tail + exponent * LN2_LOW))
}

/// `ln(1 + x)` for x from 0 to 1, without a branch: a loop over it is vectorised.
#[inline(always)]
#[must_use]
pub(crate) fn ln_1_plus(x: f64) -> f64 {
    // 2 artanh(x / (2 + x)), argument at most 1/3: the term of order 33 is below 1e-17.
    let s = x / (2.0 + x);
    let s2 = s * s;
    let tail = (1..=16)
        .rev()
        .fold(0.0, |sum, k| (sum + 1.0 / f64::from(2 * k + 1)) * s2);
    2.0 * s + 2.0 * s * tail
}

/// Greatest common divisor.
pub(crate) fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exp_agrees_with_the_standard_library(x in -700.0..700.0_f64) {
            prop_assert!((exp(x) / x.exp() - 1.0).abs() < 1e-15);
        }

        #[test]
        fn decay_is_exp(x in -1000.0..0.0_f64) {
            prop_assert_eq!(decay(x).to_bits(), exp(x).to_bits());
        }

        #[test]
        fn ln_1_plus_agrees_too(e in -300.0..0.0_f64) {
            let x = 10f64.powf(e);
            prop_assert!((ln_1_plus(x) / x.ln_1p() - 1.0).abs() <= 1e-15);
        }

        #[test]
        fn ln_agrees_with_the_standard_library(e in -300.0..300.0_f64) {
            let x = 10f64.powf(e);
            prop_assert!((ln(x) - x.ln()).abs() <= 4e-16 * x.ln().abs().max(1.0));
        }

        #[test]
        fn ln_of_a_subnormal_number_agrees_too(bits in 1..1u64 << 52) {
            let x = f64::from_bits(bits);
            prop_assert!((ln(x) / x.ln() - 1.0).abs() <= 1e-15);
        }
    }

    #[test]
    fn edges_are_exact() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
        assert_eq!(exp(f64::INFINITY), f64::INFINITY);
        assert!(exp(f64::NAN).is_nan());
        assert_eq!(decay(f64::NEG_INFINITY), 0.0);
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn golden_bits() {
        assert_eq!(exp(-1.0).to_bits(), 0x3fd7_8b56_362c_ef38);
        assert_eq!(ln(10.0).to_bits(), 0x4002_6bb1_bbb5_5516);
    }
}
