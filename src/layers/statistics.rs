//! Sums over units: log norms, interactions.

use super::gibbs::{Onward, narrow};
use super::kernel::Number;
use super::product::{Grid, Sink, multiply};
use super::side::{Pair, Side, Terms, check_len};
use super::tier::vectorised;
use super::{Layers, check_rows};
use crate::error::{Result, invalid};
use crate::units::{Kind, gaussian_log_norm, ln_2_cosh, log_sum_exp, rectified_log_norm, softplus};
use std::ops::Range;

/// Rows whose sums a task makes.
pub(super) const SUM_ROWS: usize = 16;

/// Parts of a sum that a vector keeps.
const LANES: usize = 8;

/// Stores products as they are.
pub(super) struct Store<'a, T>(pub Grid<'a, T>);

impl<T: Number> Sink<T> for Store<'_, T> {
    fn take(&self, rows: Range<usize>, columns: Range<usize>, products: &mut [T], width: usize) {
        for (row, line) in rows.zip(products.chunks_exact(width)) {
            // SAFETY: blocks do not overlap.
            let to = unsafe { self.0.part(row, columns.clone()) };
            to.copy_from_slice(&line[..columns.len()]);
        }
    }
}

impl Layers {
    /// `sum_j ln` of the normalisers of the hidden units given each row of visible ones.
    ///
    /// # Errors
    /// As [`Layers::hidden`].
    pub fn hidden_log_norms<T: Number>(
        &self,
        v: &[T],
        pair: &Pair<'_, T>,
        betas: &[f64],
    ) -> Result<Vec<f64>> {
        check_rows("v", v.len(), betas, &self.visible)?;
        self.check_pair(pair, betas)?;
        Ok(self.log_norms(&self.up(pair), v, betas))
    }

    /// `sum_i ln` of the normalisers of the visible units given each row of hidden ones.
    ///
    /// # Errors
    /// As [`Layers::hidden`].
    pub fn visible_log_norms<T: Number>(
        &self,
        h: &[T],
        pair: &Pair<'_, T>,
        betas: &[f64],
    ) -> Result<Vec<f64>> {
        check_rows("h", h.len(), betas, &self.hidden)?;
        self.check_pair(pair, betas)?;
        Ok(self.log_norms(&self.down(pair), h, betas))
    }

    fn log_norms<T: Number>(&self, way: &Onward<'_, T>, from: &[T], betas: &[f64]) -> Vec<f64> {
        let columns = way.side.num_columns();
        let mut inputs = self.products(way, from, betas.len());
        let mut sums = vec![0.0; betas.len()];
        let betas: Vec<T> = narrow(betas);
        let (inputs, out) = (Grid::new(&mut inputs, columns), Grid::new(&mut sums, 1));
        self.by_rows(betas.len(), columns, SUM_ROWS, |row| {
            // SAFETY: every row has one thread.
            let (inputs, out) = unsafe { (inputs.part(row, 0..columns), out.part(row, 0..1)) };
            log_norm(self.tier, way.side, &way.terms, betas[row], inputs, &mut out[0]);
        });
        sums
    }

    /// `v_r^T W h_r` of each row.
    ///
    /// # Errors
    /// Arrays that do not fit.
    pub fn interactions<T: Number>(&self, v: &[T], h: &[T], pair: &Pair<'_, T>) -> Result<Vec<f64>> {
        let (visible, columns) = (self.visible.num_columns(), self.hidden.num_columns());
        let rows = v.len() / visible;
        check_len("v", v.len(), rows * visible)?;
        check_len("h", h.len(), rows * columns)?;
        self.check_pair(pair, &[])?;
        let mut products = self.products(&self.up(pair), v, rows);
        let mut sums = vec![0.0; rows];
        let (lines, out) = (Grid::new(&mut products, columns), Grid::new(&mut sums, 1));
        self.by_rows(rows, columns, SUM_ROWS, |row| {
            // SAFETY: every row has one thread.
            let (line, out) = unsafe { (lines.part(row, 0..columns), out.part(row, 0..1)) };
            let line = line.iter().zip(&h[row * columns..]);
            out[0] = line.map(|(&a, &b)| a.wide() * b.wide()).sum();
        });
        Ok(sums)
    }

    pub(super) fn products<T: Number>(&self, way: &Onward<'_, T>, from: &[T], rows: usize) -> Vec<T> {
        let columns = way.side.num_columns();
        let mut products = vec![T::ZERO; rows * columns];
        let store = Store(Grid::new(&mut products, columns));
        multiply(&self.crew, self.tier, &self.rows(from, rows), &way.packed, &store);
        products
    }

    pub(super) fn check_pair<T: Number>(&self, pair: &Pair<'_, T>, betas: &[f64]) -> Result<()> {
        let size = self.visible.num_columns() * self.hidden.num_columns();
        check_len("weights", pair.weights.len(), size)?;
        pair.visible.check("visible", &self.visible)?;
        pair.hidden.check("hidden", &self.hidden)?;
        check_precision("visible", &pair.visible, &self.visible, betas)?;
        check_precision("hidden", &pair.hidden, &self.hidden, betas)
    }
}

/// Refuses precisions that are not positive at some beta: they are linear in it.
fn check_precision<T: Number>(name: &str, terms: &Terms<'_, T>, side: &Side, betas: &[f64]) -> Result<()> {
    let ends = [
        betas.iter().copied().fold(f64::INFINITY, f64::min),
        betas.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    ];
    for (kind, range) in side.within(&(0..side.num_columns())) {
        if !kind.has_precision() || betas.is_empty() {
            continue;
        }
        for unit in range {
            for beta in ends {
                let q = terms.precision(unit, T::of(beta)).wide();
                if q.is_nan() || q <= 0.0 {
                    return invalid(format!(
                        "precision of {name} must be positive at every beta, got {q} at index {unit}, beta {beta}"
                    ));
                }
            }
        }
    }
    Ok(())
}

vectorised! {
    /// Sums the log norms of a row of products.
    pub(super) fn log_norm<T: Number>(side: &Side, terms: &Terms<'_, T>, beta: T, products: &mut [T], out: &mut f64) = log_norm_with;
}

#[inline(always)]
fn log_norm_with<T: Number>(side: &Side, terms: &Terms<'_, T>, beta: T, products: &mut [T], out: &mut f64) {
    let mut total = 0.0;
    for (kind, range) in side.within(&(0..side.num_columns())) {
        for unit in range.clone() {
            products[unit] = terms.input(unit, beta, products[unit]);
        }
        let inputs = &products[range.clone()];
        let precision = |k: usize| terms.precision(range.start + k, beta).wide();
        total += match kind {
            Kind::Binary => lanes(inputs, softplus),
            Kind::Spin => lanes(inputs, ln_2_cosh),
            Kind::Gaussian => add(inputs, |k, x| gaussian_log_norm(x, precision(k))),
            Kind::Rectified => add(inputs, |k, x| rectified_log_norm(x, precision(k))),
            Kind::Categorical(states) => inputs.chunks_exact(states).map(log_sum_exp).sum(),
        };
    }
    *out = total;
}

/// The sum of a function, in lanes.
#[inline(always)]
fn lanes<T: Number>(inputs: &[T], term: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let mut blocks = inputs.chunks_exact(LANES);
    for block in &mut blocks {
        for l in 0..LANES {
            sums[l] += term(block[l].wide());
        }
    }
    sums.iter().sum::<f64>() + blocks.remainder().iter().map(|x| term(x.wide())).sum::<f64>()
}

fn add<T: Number>(inputs: &[T], term: impl Fn(usize, f64) -> f64) -> f64 {
    inputs.iter().enumerate().map(|(k, x)| term(k, x.wide())).sum()
}
