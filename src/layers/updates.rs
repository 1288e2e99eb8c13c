//! The steps of optimisers, element by element: of ascent.

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

/// `velocity = momentum velocity + rate gradient`, which is the step; Nesterov's, where it is asked for, looks as far
/// ahead again: `momentum velocity + rate gradient` with the new velocity.
///
/// # Errors
/// Arrays of different sizes.
pub fn sgd_step<T: Number>(
    velocity: &mut [T],
    gradient: &[T],
    options: Momentum,
    ahead: Option<&mut [T]>,
) -> Result<()> {
    check_len("gradient", gradient.len(), velocity.len())?;
    let tier = Tier::chosen()?;
    mix(tier, velocity, gradient, options);
    if let Some(ahead) = ahead {
        check_len("ahead", ahead.len(), velocity.len())?;
        ahead.copy_from_slice(velocity);
        mix(tier, ahead, gradient, options);
    }
    Ok(())
}

vectorised! {
    fn mix<T: Number>(velocity: &mut [T], gradient: &[T], options: Momentum) = mix_with;
}

#[inline(always)]
fn mix_with<T: Number>(velocity: &mut [T], gradient: &[T], options: Momentum) {
    let (rate, momentum) = (T::of(options.rate), T::of(options.momentum));
    for (v, &g) in velocity.iter_mut().zip(gradient) {
        *v = momentum * *v + rate * g;
    }
}

/// The step of algorithm 1 of Kingma and Ba (2015), upwards, written over what `step` held.
///
/// # Errors
/// Arrays of different sizes; step 0.
pub fn adam_step<T: Number>(
    step: &mut [T],
    first: &mut [T],
    second: &mut [T],
    gradient: &[T],
    options: Adam,
) -> Result<()> {
    check_len("first", first.len(), step.len())?;
    check_len("second", second.len(), step.len())?;
    check_len("gradient", gradient.len(), step.len())?;
    if options.step == 0 {
        return invalid("step must be positive, got 0");
    }
    adam(Tier::chosen()?, step, first, second, gradient, options);
    Ok(())
}

vectorised! {
    fn adam<T: Number>(
        step: &mut [T],
        first: &mut [T],
        second: &mut [T],
        gradient: &[T],
        options: Adam,
    ) = adam_with;
}

#[inline(always)]
fn adam_with<T: Number>(step: &mut [T], first: &mut [T], second: &mut [T], gradient: &[T], options: Adam) {
    let correction = |beta: f64| 1.0 / (1.0 - power(beta, options.step));
    let (beta1, beta2) = (T::of(options.beta1), T::of(options.beta2));
    let (rest1, rest2) = (T::of(1.0 - options.beta1), T::of(1.0 - options.beta2));
    let (whole1, whole2) = (T::of(correction(options.beta1)), T::of(correction(options.beta2)));
    let (rate, epsilon) = (T::of(options.rate), T::of(options.epsilon));
    let all = step.iter_mut().zip(first).zip(second).zip(gradient);
    for (((p, m), v), &g) in all {
        *m = beta1 * *m + rest1 * g;
        *v = beta2 * *v + rest2 * (g * g);
        *p = rate * (*m * whole1) / ((*v * whole2).sqrt() + epsilon);
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
