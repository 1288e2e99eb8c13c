//! A step of the weights, and what it does to biases whose layer is centred.

use super::Layers;
use super::kernel::Number;
use super::product::Grid;
use super::side::check_len;
use super::tier::vectorised;
use crate::error::Result;

/// Rows of weights that a task moves; sums over rows are made in blocks of as many.
const BLOCK: usize = 64;

/// Products of a step of the weights with the offsets of the layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Products<T> {
    /// `S lambda`, a number for each visible unit.
    pub visible: Vec<T>,
    /// `S^T mu`, a number for each hidden unit.
    pub hidden: Vec<T>,
}

impl Layers {
    /// Adds a step S to the weights; returns its products with the offsets mu and lambda.
    ///
    /// # Errors
    /// Arrays that do not fit.
    pub fn ascend<T: Number>(
        &self,
        weights: &mut [T],
        step: &[T],
        offsets: [&[T]; 2],
    ) -> Result<Products<T>> {
        let (n_v, n_h) = (self.visible.num_columns(), self.hidden.num_columns());
        check_len("weights", weights.len(), n_v * n_h)?;
        check_len("step", step.len(), n_v * n_h)?;
        check_len("visible_offset", offsets[0].len(), n_v)?;
        check_len("hidden_offset", offsets[1].len(), n_h)?;
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
                let step = &step[row * n_h..(row + 1) * n_h];
                add_row(
                    self.tier,
                    weights,
                    step,
                    offsets[1],
                    offsets[0][row],
                    sum,
                    &mut visible[0],
                );
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

vectorised! {
    fn add_row<T: Number>(
        weights: &mut [T],
        step: &[T],
        lambda: &[T],
        mu: T,
        sum: &mut [T],
        visible: &mut T,
    ) = add_row_with;
}

#[inline(always)]
fn add_row_with<T: Number>(
    weights: &mut [T],
    step: &[T],
    lambda: &[T],
    mu: T,
    sum: &mut [T],
    visible: &mut T,
) {
    const LANES: usize = 16;
    let mut lanes = [T::ZERO; LANES];
    let whole = step.len() / LANES * LANES;
    let blocks = weights[..whole]
        .chunks_exact_mut(LANES)
        .zip(step.chunks_exact(LANES));
    let sums = sum[..whole]
        .chunks_exact_mut(LANES)
        .zip(lambda.chunks_exact(LANES));
    for ((weights, step), (sum, lambda)) in blocks.zip(sums) {
        for l in 0..LANES {
            weights[l] = weights[l] + step[l];
            sum[l] = sum[l] + mu * step[l];
            lanes[l] = lanes[l] + step[l] * lambda[l];
        }
    }
    let mut total = lanes.into_iter().fold(T::ZERO, |a, b| a + b);
    for j in whole..step.len() {
        weights[j] = weights[j] + step[j];
        sum[j] = sum[j] + mu * step[j];
        total = total + step[j] * lambda[j];
    }
    *visible = total;
}
