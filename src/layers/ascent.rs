//! A step of the weights, and what it does to biases whose layer is centred.

use super::Layers;
use super::kernel::Number;
use super::product::Grid;
use super::side::check_len;
use super::tier::vectorised;
use crate::error::Result;

/// Rows of weights that a task moves; sums over rows are made in blocks of as many.
const BLOCK: usize = 64;

/// Numbers of a row that are worked together.
const LANES: usize = 16;

/// Products of a step of the weights with the offsets of the layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Products<T> {
    /// `S lambda`, a number for each visible unit.
    pub visible: Vec<T>,
    /// `S^T mu`, a number for each hidden unit.
    pub hidden: Vec<T>,
}

/// A step of the weights, `rate` times a direction, and the offsets mu and lambda.
#[derive(Clone, Copy, Debug)]
pub struct Ascent<'a, T> {
    /// Of the shape of the weights.
    pub direction: &'a [T],
    /// What the direction is multiplied by.
    pub rate: f64,
    /// Offsets of the visible and of the hidden units.
    pub offsets: [&'a [T]; 2],
}

impl Layers {
    /// Adds a step S to the weights; returns its products with the offsets mu and lambda.
    ///
    /// # Errors
    /// Arrays that do not fit.
    pub fn ascend<T: Number>(&self, weights: &mut [T], ascent: Ascent<'_, T>) -> Result<Products<T>> {
        let (n_v, n_h) = (self.visible.num_columns(), self.hidden.num_columns());
        check_len("weights", weights.len(), n_v * n_h)?;
        check_len("direction", ascent.direction.len(), n_v * n_h)?;
        check_len("visible_offset", ascent.offsets[0].len(), n_v)?;
        check_len("hidden_offset", ascent.offsets[1].len(), n_h)?;
        let mut visible = vec![T::ZERO; n_v];
        let count = n_v.div_ceil(BLOCK);
        let mut parts = vec![T::ZERO; count * n_h];
        let (to, out, sums) = (
            Grid::new(weights, n_h),
            Grid::new(&mut visible, 1),
            Grid::new(&mut parts, n_h),
        );
        let task = |block: usize| {
            // SAFETY: every block has one thread, and its own rows and sums.
            let sum = unsafe { sums.part(block, 0..n_h) };
            for row in block * BLOCK..n_v.min((block + 1) * BLOCK) {
                // SAFETY: as above.
                let (weights, visible) = unsafe { (to.part(row, 0..n_h), out.part(row, 0..1)) };
                let line = Line {
                    weights,
                    direction: &ascent.direction[row * n_h..(row + 1) * n_h],
                    mu: ascent.offsets[0][row],
                    lambda: ascent.offsets[1],
                    hidden: &mut *sum,
                    visible: &mut visible[0],
                };
                move_line(self.tier, line, T::of(ascent.rate));
            }
        };
        if n_v * n_h < super::ALONE {
            (0..count).for_each(task);
        } else {
            self.crew.spread(count, task);
        }
        let mut hidden = vec![T::ZERO; n_h];
        for part in parts.chunks_exact(n_h) {
            for (sum, &x) in hidden.iter_mut().zip(part) {
                *sum = *sum + x;
            }
        }
        Ok(Products { visible, hidden })
    }
}

/// A row of weights.
struct Line<'a, T> {
    weights: &'a mut [T],
    direction: &'a [T],
    mu: T,
    lambda: &'a [T],
    /// Sums over rows so far.
    hidden: &'a mut [T],
    /// Takes the sum over the row.
    visible: &'a mut T,
}

vectorised! {
    fn move_line<T: Number>(line: Line<'_, T>, rate: T) = move_line_with;
}

#[inline(always)]
fn move_line_with<T: Number>(line: Line<'_, T>, rate: T) {
    let Line {
        weights,
        direction,
        mu,
        lambda,
        hidden,
        visible,
    } = line;
    let (weights, weights_rest) = weights.as_chunks_mut::<LANES>();
    let (direction, direction_rest) = direction.as_chunks::<LANES>();
    let (hidden, hidden_rest) = hidden.as_chunks_mut::<LANES>();
    let (lambda, lambda_rest) = lambda.as_chunks::<LANES>();
    let mut lanes = [T::ZERO; LANES];
    let blocks = weights.iter_mut().zip(direction);
    for ((weights, direction), (sum, lambda)) in blocks.zip(hidden.iter_mut().zip(lambda)) {
        let step = direction.map(|x| rate * x);
        add(weights, step);
        add(sum, step.map(|s| mu * s));
        add(&mut lanes, std::array::from_fn(|l| step[l] * lambda[l]));
    }
    let mut total = lanes.into_iter().fold(T::ZERO, |a, b| a + b);
    let blocks = weights_rest.iter_mut().zip(direction_rest);
    for ((weight, &direction), (sum, &lambda)) in blocks.zip(hidden_rest.iter_mut().zip(lambda_rest)) {
        let step = rate * direction;
        *weight = *weight + step;
        *sum = *sum + mu * step;
        total = total + step * lambda;
    }
    *visible = total;
}

#[inline(always)]
fn add<T: Number>(to: &mut [T; LANES], what: [T; LANES]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to = *to + what;
    }
}
