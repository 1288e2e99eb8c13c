//! What the two phases of learning differ in: means of both layers, and of their products.

use super::Layers;
use super::kernel::{CHUNK, Number};
use super::packed::Source;
use super::product::{Grid, Sink, multiply};
use super::rows::{Left, Rows};
use super::side::check_len;
use super::statistics::Store;
use super::tier::{Tier, vectorised};
use crate::error::Result;
use std::ops::Range;

/// Rows of both phases that are worked together: what is copied of them stays small.
const PHASE_ROWS: usize = 16 * CHUNK;

/// One phase: rows of visible and of hidden values, and a weight each.
#[derive(Clone, Copy, Debug)]
pub struct Phase<'a, T> {
    /// Visible values.
    pub v: &'a [T],
    /// Hidden values.
    pub h: &'a [T],
    /// Weights of the rows.
    pub weights: &'a [f64],
}

/// Differences of moments: those of the positive phase less those of the negative one.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments<T> {
    /// Of the visible values.
    pub visible: Vec<T>,
    /// Of the hidden values.
    pub hidden: Vec<T>,
}

/// Adds products to what is there.
struct Add<'a, T>(Grid<'a, T>);

impl<T: Number> Sink<T> for Add<'_, T> {
    fn take(&self, rows: Range<usize>, columns: Range<usize>, products: &mut [T], width: usize) {
        for (row, line) in rows.zip(products.chunks_exact(width)) {
            // SAFETY: blocks do not overlap.
            let to = unsafe { self.0.part(row, columns.clone()) };
            for (to, &x) in to.iter_mut().zip(line) {
                *to = *to + x;
            }
        }
    }
}

impl Layers {
    /// `sum_r w_r (v_r - mu) (h_r - lambda)^T` of the positive phase less that of the negative one, for two offsets
    /// mu and lambda, put into a matrix of the weights' shape; returns the same of v and of h alone.
    ///
    /// # Errors
    /// Arrays that do not fit.
    pub fn moments<T: Number>(
        &self,
        positive: Phase<'_, T>,
        negative: Phase<'_, T>,
        offsets: [&[T]; 2],
        into: &mut [T],
    ) -> Result<Moments<T>> {
        let (n_v, n_h) = (self.visible.num_columns(), self.hidden.num_columns());
        for (name, phase) in [("pos", &positive), ("neg", &negative)] {
            check_len(&format!("v_{name}"), phase.v.len(), phase.weights.len() * n_v)?;
            check_len(&format!("h_{name}"), phase.h.len(), phase.weights.len() * n_h)?;
        }
        check_len("visible_offset", offsets[0].len(), n_v)?;
        check_len("hidden_offset", offsets[1].len(), n_h)?;
        check_len("into", into.len(), n_v * n_h)?;
        let visible = self.difference([positive, negative].map(|phase| (phase.v, phase.weights)), n_v);
        let hidden = self.difference([positive, negative].map(|phase| (phase.h, phase.weights)), n_h);
        let most = PHASE_ROWS / 2;
        let rounds = positive.weights.len().max(negative.weights.len()).div_ceil(most);
        // Expanded, the offsets are two rows more: mu with the hidden difference (less lambda, should the weights of the
        // phases differ in sum), and the visible difference with lambda.
        let total = [positive, negative].map(|phase| phase.weights.iter().sum::<f64>());
        let excess = T::of(total[0] - total[1]);
        let beside_mu = hidden
            .iter()
            .zip(offsets[1])
            .map(|(&x, &lambda)| x - excess * lambda);
        let h: Vec<T> = beside_mu.chain(offsets[1].iter().copied()).collect();
        let v = [offsets[0], &visible].concat();
        let corrections = Phase {
            v: &v,
            h: &h,
            weights: &[1.0, 1.0],
        };
        if rounds == 0 {
            into.fill(T::ZERO);
        }
        for round in 0..rounds {
            let [positive, negative] =
                [positive, negative].map(|phase| phase.part(round * most, most, n_v, n_h));
            let last = corrections.part(if round == 0 { 0 } else { 2 }, 2, n_v, n_h);
            self.add_phases(
                &[(1.0, positive), (-1.0, negative), (-1.0, last)],
                into,
                round > 0,
            );
        }
        Ok(Moments { visible, hidden })
    }

    /// Puts, or adds, the sum of `sign w v h^T` over rows of phases.
    fn add_phases<T: Number>(&self, phases: &[(f64, Phase<'_, T>)], sum: &mut [T], add: bool) {
        let (n_v, n_h) = (self.visible.num_columns(), self.hidden.num_columns());
        let depth = phases.iter().map(|(_, phase)| phase.weights.len()).sum();
        let signed = |&(sign, phase): &(f64, Phase<'_, T>)| {
            phase
                .weights
                .iter()
                .map(move |&w| T::of(sign * w))
                .collect::<Vec<_>>()
        };
        let weights: Vec<T> = phases.iter().flat_map(signed).collect();
        let source = Source::Weighted(phases.iter().map(|(_, phase)| phase.h).collect(), &weights);
        let packed = self.packed(source, [depth, n_h], None);
        let columns = Left::Columns(phases.iter().map(|(_, phase)| phase.v).collect());
        let rows = Rows::new(self.tier, &self.stocks, columns, [n_v, depth]);
        let grid = Grid::new(sum, n_h);
        if add {
            multiply(&self.crew, self.tier, &rows, &packed, &Add(grid));
        } else {
            multiply(&self.crew, self.tier, &rows, &packed, &Store(grid));
        }
    }

    /// The weighted sum of the rows of one phase less that of another.
    fn difference<T: Number>(&self, phases: [(&[T], &[f64]); 2], columns: usize) -> Vec<T> {
        let mut sum = vec![0.0; columns];
        for ((rows, weights), sign) in phases.into_iter().zip([1.0, -1.0]) {
            add_rows(self.tier, &mut sum, sign, weights, rows);
        }
        sum.into_iter().map(T::of).collect()
    }
}

/// The weighted sum of rows, summed in float64.
///
/// # Errors
/// Numbers that are not a row for each weight.
pub fn weighted_sum<T: Number>(weights: &[f64], rows: &[T], columns: usize) -> Result<Vec<T>> {
    check_len("rows", rows.len(), weights.len() * columns)?;
    let mut sum = vec![0.0; columns];
    add_rows(Tier::chosen()?, &mut sum, 1.0, weights, rows);
    Ok(sum.into_iter().map(T::of).collect())
}

vectorised! {
    fn add_rows<T: Number>(sum: &mut [f64], sign: f64, weights: &[f64], rows: &[T]) = add_rows_with;
}

#[inline(always)]
fn add_rows_with<T: Number>(sum: &mut [f64], sign: f64, weights: &[f64], rows: &[T]) {
    for (row, &weight) in rows.chunks_exact(sum.len().max(1)).zip(weights) {
        for (sum, x) in sum.iter_mut().zip(row) {
            *sum += sign * weight * x.wide();
        }
    }
}

impl<T> Phase<'_, T> {
    /// So many rows from one on, or as many as there are.
    fn part(self, from: usize, count: usize, n_v: usize, n_h: usize) -> Self {
        let rows = self.weights.len();
        let (from, to) = (from.min(rows), (from + count).min(rows));
        Self {
            v: &self.v[from * n_v..to * n_v],
            h: &self.h[from * n_h..to * n_h],
            weights: &self.weights[from..to],
        }
    }
}
