//! The laws of single units: mean, logarithm of the normaliser and sample as functions of input, precision, uniform.

use super::normal::{excess_quantile, ln_erfcx, mean_excess};
use super::real::Real;
use crate::math::{decay, ln, ln_1_plus};
use std::f64::consts::{FRAC_PI_2, PI};

/// Probability that a binary unit with input `x` is 1.
#[inline(always)]
#[must_use]
pub fn sigmoid<T: Real>(x: T) -> T {
    let e = (-x.abs()).decay();
    let top = if x < T::ZERO { e } else { T::ONE };
    top / (T::ONE + e)
}

/// Mean of a spin with input `x`: `tanh x`.
#[inline(always)]
#[must_use]
pub fn spin_mean<T: Real>(x: T) -> T {
    let e = (-(x.abs() + x.abs())).decay();
    let size = (T::ONE - e) / (T::ONE + e);
    if x < T::ZERO { -size } else { size }
}

/// `ln(1 + e^x)`.
#[inline(always)]
#[must_use]
pub fn softplus(x: f64) -> f64 {
    let rest = ln_1_plus(decay(-x.abs()));
    if x > 0.0 { x + rest } else { rest }
}

/// `ln(2 cosh x)`.
#[inline(always)]
#[must_use]
pub fn ln_2_cosh(x: f64) -> f64 {
    x.abs() + ln_1_plus(decay(-2.0 * x.abs()))
}

/// Logarithm of the normaliser of a Gaussian unit: `x^2 / 2q + ln(2 pi / q) / 2`.
#[must_use]
pub fn gaussian_log_norm(x: f64, q: f64) -> f64 {
    x * (x / q) * 0.5 + 0.5 * ln(2.0 * PI / q)
}

/// Sample of a Gaussian unit: `x / q + quantile(u) / sqrt q`.
#[inline(always)]
#[must_use]
pub fn gaussian_sample<T: Real>(x: T, q: T, u: T) -> T {
    x / q + u.normal_quantile() / q.sqrt()
}

/// Mean of a rectified unit, a Gaussian truncated to what is not negative.
#[must_use]
pub fn rectified_mean(x: f64, q: f64) -> f64 {
    let root = q.sqrt();
    mean_excess(-x / root) / root
}

/// Logarithm of the normaliser of a rectified unit: `ln(pi / 2q) / 2 + ln erfcx(-x / sqrt(2q))`.
#[must_use]
pub fn rectified_log_norm(x: f64, q: f64) -> f64 {
    0.5 * ln(FRAC_PI_2 / q) + ln_erfcx(-x / (2.0 * q).sqrt())
}

/// Sample of a rectified unit by inversion of its distribution function.
#[must_use]
pub fn rectified_sample(x: f64, q: f64, u: f64) -> f64 {
    let root = q.sqrt();
    excess_quantile(-x / root, u) / root
}

/// Turns inputs of the states of a categorical unit into their probabilities.
#[inline(always)]
pub fn softmax<T: Real>(x: &mut [T]) {
    let top = largest(x);
    let mut sum = T::ZERO;
    for value in x.iter_mut() {
        *value = (*value - top).decay();
        sum = sum + *value;
    }
    for value in x {
        *value = *value / sum;
    }
}

/// The state of a categorical unit that inversion of the cumulative sum of its probabilities gives for `u`.
#[inline(always)]
#[must_use]
pub fn categorical_sample<T: Real>(probabilities: &[T], u: T) -> usize {
    let mut sum = T::ZERO;
    for (state, &p) in probabilities.iter().enumerate() {
        sum = sum + p;
        if u < sum {
            return state;
        }
    }
    probabilities.len() - 1
}

/// Logarithm of the sum of the exponentials.
#[must_use]
pub fn log_sum_exp<T: Real>(x: &[T]) -> f64 {
    let top = largest(x).wide();
    let sum: f64 = x.iter().map(|v| decay(v.wide() - top)).sum();
    top + ln(sum)
}

fn largest<T: Real>(x: &[T]) -> T {
    x.iter()
        .skip(1)
        .fold(x[0], |most, &v| if v > most { v } else { most })
}
