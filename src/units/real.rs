//! The numbers that layers of units are worked in: f32 and f64, with what their laws need from + - x / only.

use super::normal::normal_quantile;
use crate::math::decay;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A floating-point number that units are worked in.
pub trait Real:
    Copy
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// Name of the type as `NumPy` has it.
    const NAME: &'static str;

    /// The nearest number to `x`.
    fn of(x: f64) -> Self;

    /// As f64, exactly.
    fn wide(self) -> f64;

    /// `(w + 1/2) / 2^32`, above 0 and below 1.
    fn uniform(word: u32) -> Self;

    /// `e^x` of a number that is not positive, without a branch; 0 where that is not a normal number.
    #[must_use]
    fn decay(self) -> Self;

    /// The number that a standard normal one is below with probability `self`, which is above 0 and below 1.
    #[must_use]
    fn normal_quantile(self) -> Self;

    /// Absolute value.
    #[must_use]
    fn abs(self) -> Self;

    /// Square root, correctly rounded.
    #[must_use]
    fn sqrt(self) -> Self;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAME: &'static str = "float32";

    #[inline(always)]
    fn of(x: f64) -> Self {
        x as Self
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn uniform(word: u32) -> Self {
        // Both halves are exact: their sum is rounded once. (A Gibbs step is 4 % quicker than by way of f64.)
        let (high, low) = ((word >> 16) as i32 as Self, (word & 0xFFFF) as i32 as Self);
        let rounded = (high * 65_536.0 + (low + 0.5)) * (1.0 / 4_294_967_296.0);
        // The largest number below 1; rounding upwards would give 1.
        let most = 1.0 - Self::EPSILON / 2.0;
        if rounded < most { rounded } else { most }
    }

    #[inline(always)]
    fn decay(self) -> Self {
        const LN2_HIGH: f32 = 0.693_359_4;
        const LN2_LOW: f32 = -2.121_944_4e-4;
        const ROUND: f32 = 12_582_912.0;
        const LEAST: f32 = -87.0;
        let x = if self < LEAST { LEAST } else { self };
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let octaves = shifted - ROUND;
        let r = (x - octaves * LN2_HIGH) - octaves * LN2_LOW;
        // 1/k!: the term of order 8 is below 6e-9.
        let series = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0]
            .iter()
            .fold(1.0 / 5_040.0, |sum, c| sum * r + c);
        let value = series * Self::from_bits(shifted.to_bits().wrapping_add(127) << 23);
        if self < LEAST { 0.0 } else { value }
    }

    #[inline(always)]
    fn normal_quantile(self) -> Self {
        // sqrt 2 times the inverse error function of 2 u - 1 by Giles (GPU Computing Gems, Jade edition, 2011), both
        // branches at once: a loop over it is vectorised, which the fractions in f64 are not. Good to some 1e-6,
        // below u = 2^-24 to 5e-4 of it.
        const MIDDLE: [f32; 9] = [
            2.810_226_4e-8,
            3.432_739_4e-7,
            -3.523_387_7e-6,
            -4.391_506_5e-6,
            2.185_808_7e-4,
            -1.253_725e-3,
            -4.177_681_6e-3,
            0.246_640_73,
            1.501_409_4,
        ];
        const TAIL: [f32; 9] = [
            -2.002_142_6e-4,
            1.009_505_6e-4,
            1.349_343_2e-3,
            -3.673_428_4e-3,
            5.739_507_7e-3,
            -7.622_461_3e-3,
            9.438_870_5e-3,
            1.001_674,
            2.832_976_8,
        ];
        let w = -single_ln(4.0 * self * (1.0 - self));
        let polynomial = |c: &[f32; 9], x: f32| c.iter().fold(0.0, |sum, c| sum * x + c);
        let middle = polynomial(&MIDDLE, w - 2.5);
        let tail = polynomial(&TAIL, w.sqrt() - 3.0);
        let ratio = if w < 5.0 { middle } else { tail };
        ratio * (2.0 * self - 1.0) * std::f32::consts::SQRT_2
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
}

/// Natural logarithm of a positive, normal number up to 1 (a little above counts as 1), without a branch.
#[inline(always)]
fn single_ln(x: f32) -> f32 {
    let x = if x < 1.0 { x } else { 1.0 };
    // Mantissa from sqrt(1/2) up: ln m = 2 artanh((m - 1) / (m + 1)), the term of order 11 is below 1e-9.
    let shifted = x.to_bits().wrapping_sub(0x3F35_04F3);
    let exponent = (shifted as i32 >> 23) as f32;
    let mantissa = f32::from_bits((shifted & 0x007F_FFFF).wrapping_add(0x3F35_04F3));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let s2 = s * s;
    let tail = [1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0]
        .iter()
        .fold(1.0 / 9.0, |sum, c| sum * s2 + c)
        * s2;
    exponent * std::f32::consts::LN_2 + 2.0 * (s + s * tail)
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAME: &'static str = "float64";

    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn uniform(word: u32) -> Self {
        (Self::from(word) + 0.5) * (1.0 / 4_294_967_296.0)
    }

    #[inline(always)]
    fn decay(self) -> Self {
        decay(self)
    }

    #[inline(always)]
    fn normal_quantile(self) -> Self {
        normal_quantile(self)
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn single_decay_is_exp(x in -87.0..0.0_f32) {
            prop_assert!((Real::decay(x).wide() / x.wide().exp() - 1.0).abs() < 4e-7);
        }

        #[test]
        fn single_quantile_is_that_of_doubles(word in 0..u32::MAX, shift in 0..32u32) {
            // Both tails, the last of them too.
            let low = f32::uniform(word >> shift);
            for u in [low, 1.0 - low] {
                if u < 1.0 {
                    let exact = normal_quantile(u.wide());
                    let got = Real::normal_quantile(u).wide();
                    let relative = if u < 6e-8 { 5e-4 } else { 2e-6 };
                    prop_assert!((got - exact).abs() < relative * exact.abs() + 1e-7, "{u}: {got} {exact}");
                }
            }
        }

        #[test]
        fn uniforms_are_inside(word in 0..u32::MAX) {
            let (single, double) = (f32::uniform(word), f64::uniform(word));
            prop_assert!(single > 0.0 && single < 1.0 && double > 0.0 && double < 1.0);
            prop_assert_eq!(single, (double as f32).min(1.0 - f32::EPSILON / 2.0));
            let (low, tie) = (word >> 9, word & !0x7F | 0x80);
            prop_assert_eq!(f32::uniform(low), f64::uniform(low) as f32);
            prop_assert!(f32::uniform(tie) == 1.0 - f32::EPSILON / 2.0 || f32::uniform(tie) == f64::uniform(tie) as f32);
        }
    }

    #[test]
    fn edges() {
        assert_eq!(f32::uniform(u32::MAX), 1.0 - 2.0_f32.powi(-24));
        assert_eq!(f32::uniform(0).wide(), 0.5 / 4_294_967_296.0);
        assert_eq!(Real::decay(0.0_f32), 1.0);
        assert_eq!(Real::decay(f32::NEG_INFINITY), 0.0);
        assert!(Real::decay(f32::NAN).is_nan());
    }
}
