//! The steps of optimisers, element by element and in place: of ascent.

use super::kernel::Number;
use super::tier::{Tier, vectorised};
use crate::error::{Result, invalid};
use crate::layers::side::check_len;

/// Options of [`sgd_step`].
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// Step size.
    pub rate: f64,
    /// Share of the velocity that is kept.
    pub momentum: f64,
    /// Whether the step looks ahead, as Nesterov's does.
    pub nesterov: bool,
}

/// Options of [`adam_step`].
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Step size.
    pub rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// What is added to the root of the second moment.
    pub epsilon: f64,
    /// Number of this step, from 1.
    pub step: u64,
}

/// `velocity = momentum velocity + rate gradient; parameters += velocity`, or with Nesterov's look ahead
/// `parameters += momentum velocity + rate gradient`.
///
/// # Errors
/// Arrays of different sizes.
pub fn sgd_step<T: Number>(
    parameters: &mut [T],
    velocity: &mut [T],
    gradient: &[T],
    options: Momentum,
) -> Result<()> {
    check_len("velocity", velocity.len(), parameters.len())?;
    check_len("gradient", gradient.len(), parameters.len())?;
    sgd(Tier::chosen()?, parameters, velocity, gradient, options);
    Ok(())
}

vectorised! {
    fn sgd<T: Number>(parameters: &mut [T], velocity: &mut [T], gradient: &[T], options: Momentum) = sgd_with;
}

#[inline(always)]
fn sgd_with<T: Number>(parameters: &mut [T], velocity: &mut [T], gradient: &[T], options: Momentum) {
    let (rate, momentum) = (T::of(options.rate), T::of(options.momentum));
    let all = parameters.iter_mut().zip(velocity).zip(gradient);
    if options.nesterov {
        for ((p, v), &g) in all {
            *v = momentum * *v + rate * g;
            *p = *p + (momentum * *v + rate * g);
        }
    } else {
        for ((p, v), &g) in all {
            *v = momentum * *v + rate * g;
            *p = *p + *v;
        }
    }
}

/// Algorithm 1 of Kingma and Ba (2015), upwards.
///
/// # Errors
/// Arrays of different sizes; step 0.
pub fn adam_step<T: Number>(
    parameters: &mut [T],
    first: &mut [T],
    second: &mut [T],
    gradient: &[T],
    options: Adam,
) -> Result<()> {
    check_len("first", first.len(), parameters.len())?;
    check_len("second", second.len(), parameters.len())?;
    check_len("gradient", gradient.len(), parameters.len())?;
    if options.step == 0 {
        return invalid("step must be positive, got 0");
    }
    adam(Tier::chosen()?, parameters, first, second, gradient, options);
    Ok(())
}

vectorised! {
    fn adam<T: Number>(
        parameters: &mut [T],
        first: &mut [T],
        second: &mut [T],
        gradient: &[T],
        options: Adam,
    ) = adam_with;
}

#[inline(always)]
fn adam_with<T: Number>(
    parameters: &mut [T],
    first: &mut [T],
    second: &mut [T],
    gradient: &[T],
    options: Adam,
) {
    let correction = |beta: f64| 1.0 / (1.0 - power(beta, options.step));
    let (beta1, beta2) = (T::of(options.beta1), T::of(options.beta2));
    let (rest1, rest2) = (T::of(1.0 - options.beta1), T::of(1.0 - options.beta2));
    let (whole1, whole2) = (T::of(correction(options.beta1)), T::of(correction(options.beta2)));
    let (rate, epsilon) = (T::of(options.rate), T::of(options.epsilon));
    let all = parameters.iter_mut().zip(first).zip(second).zip(gradient);
    for (((p, m), v), &g) in all {
        *m = beta1 * *m + rest1 * g;
        *v = beta2 * *v + rest2 * (g * g);
        *p = *p + rate * (*m * whole1) / ((*v * whole2).sqrt() + epsilon);
    }
}

/// `base^exponent` by squaring.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut product = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    product
}
