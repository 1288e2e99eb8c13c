//! From products to means and samples, while a block is in the nearest caches.

use super::kernel::Number;
use super::product::{Grid, Sink};
use super::side::{Side, Terms};
use super::tier::{Tier, vectorised};
use crate::rng::{Key, word};
use crate::units::{
    Kind, categorical_sample, gaussian_sample, rectified_mean, rectified_sample, sigmoid, softmax, spin_mean,
};
use std::ops::Range;

/// What every unit of a side is worked with.
pub(super) struct Unit<'a, T> {
    pub side: &'a Side,
    pub terms: Terms<'a, T>,
    /// A row each.
    pub betas: &'a [T],
    /// A row each, or none where nothing is drawn.
    pub keys: &'a [Key],
    pub tier: Tier,
}

/// Writes means and samples.
pub(super) struct Finish<'a, T> {
    pub unit: Unit<'a, T>,
    /// Takes the means, and meanwhile the products of categorical units.
    pub means: Option<Grid<'a, T>>,
    pub samples: Option<Grid<'a, T>>,
    /// Entries whose samples stay as they are.
    pub held: Option<&'a [bool]>,
}

/// A stretch of units of one kind in one row.
struct Stretch<'a, T> {
    kind: Kind,
    terms: Terms<'a, T>,
    beta: T,
    key: Key,
    first: u32,
    /// Products, then means.
    values: &'a mut [T],
    /// None, or as many as values.
    samples: &'a mut [T],
}

impl<T: Number> Sink<T> for Finish<'_, T> {
    fn take(&self, rows: Range<usize>, columns: Range<usize>, products: &mut [T], width: usize) {
        let mut drawn = vec![T::ZERO; if self.samples.is_some() { width } else { 0 }];
        for (row, line) in rows.zip(products.chunks_exact_mut(width)) {
            for (kind, range) in self.unit.side.within(&columns) {
                let local = range.start - columns.start..range.end - columns.start;
                let drawn = &mut drawn[if self.samples.is_some() {
                    local.clone()
                } else {
                    0..0
                }];
                let values = &mut line[local];
                if !matches!(kind, Kind::Categorical(_)) {
                    settle(
                        self.unit.tier,
                        self.unit.stretch(kind, row, &range, values, drawn),
                    );
                    if let Some(grid) = &self.samples {
                        // SAFETY: blocks do not overlap.
                        self.keep(row, &range, drawn, unsafe { grid.part(row, range.clone()) });
                    }
                }
                if let Some(grid) = &self.means {
                    // SAFETY: as above.
                    unsafe { grid.part(row, range) }.copy_from_slice(values);
                }
            }
        }
    }
}

impl<T: Number> Finish<'_, T> {
    /// Writes samples but where they are held.
    fn keep(&self, row: usize, range: &Range<usize>, drawn: &[T], samples: &mut [T]) {
        match self.held {
            None => samples.copy_from_slice(drawn),
            Some(held) => {
                let held = &held[row * self.unit.side.num_columns()..][range.clone()];
                for ((to, &new), &held) in samples.iter_mut().zip(drawn).zip(held) {
                    *to = if held { *to } else { new };
                }
            }
        }
    }

    /// Finishes the categorical units of a row, whose groups panels may have cut.
    pub fn categorical(&self, row: usize) {
        let all = 0..self.unit.side.num_columns();
        let Some(means) = &self.means else { return };
        for (kind, range) in self.unit.side.within(&all) {
            let Kind::Categorical(states) = kind else { continue };
            for first in range.step_by(states) {
                let group = first..first + states;
                // SAFETY: every row is finished by one thread, after all products.
                let values = unsafe { means.part(row, group.clone()) };
                for (unit, value) in group.clone().zip(values.iter_mut()) {
                    *value = self.unit.terms.input(unit, self.unit.betas[row], *value);
                }
                softmax(values);
                let held = self.held.is_some_and(|held| held[row * all.end + first]);
                if let (Some(samples), false) = (&self.samples, held) {
                    let u = T::uniform(word(self.unit.keys[row], first as u32));
                    let state = categorical_sample(values, u);
                    // SAFETY: as above.
                    let samples = unsafe { samples.part(row, group) };
                    samples.fill(T::ZERO);
                    samples[state] = T::ONE;
                }
            }
        }
    }
}

impl<T: Number> Unit<'_, T> {
    fn stretch<'a>(
        &'a self,
        kind: Kind,
        row: usize,
        range: &Range<usize>,
        values: &'a mut [T],
        samples: &'a mut [T],
    ) -> Stretch<'a, T> {
        let part = |terms: &'a [T]| &terms[range.clone()];
        Stretch {
            kind,
            terms: Terms {
                bias: part(self.terms.bias),
                base_bias: part(self.terms.base_bias),
                precision: part(self.terms.precision),
                base_precision: part(self.terms.base_precision),
            },
            beta: self.betas[row],
            key: self.keys.get(row).copied().unwrap_or_default(),
            first: range.start as u32,
            values,
            samples,
        }
    }
}

vectorised! {
    /// Turns products into means, and draws.
    fn settle<T: Number>(stretch: Stretch<'_, T>) = settle_with;
}

#[inline(always)]
fn settle_with<T: Number>(mut stretch: Stretch<'_, T>) {
    let stretch = &mut stretch;
    match stretch.kind {
        Kind::Binary => two_valued(stretch, T::ZERO, sigmoid, |p, _| p),
        Kind::Spin => two_valued(stretch, -T::ONE, spin_mean, |_, x| sigmoid(x + x)),
        Kind::Gaussian => real(stretch, |x, q| x / q, gaussian_sample),
        Kind::Rectified => real(
            stretch,
            |x, q| T::of(rectified_mean(x.wide(), q.wide())),
            |x, q, u| T::of(rectified_sample(x.wide(), q.wide(), u.wide())),
        ),
        Kind::Categorical(_) => {}
    }
}

/// Units that are 1 with the probability `chance(mean, input)` and else `low`.
#[inline(always)]
fn two_valued<T: Number>(s: &mut Stretch<'_, T>, low: T, mean: impl Fn(T) -> T, chance: impl Fn(T, T) -> T) {
    let (beta, key, first) = (s.beta, s.key, s.first);
    let inputs = |values: &mut [T], bias: &[T], base: &[T]| {
        for ((value, &bias), &base) in values.iter_mut().zip(bias).zip(base) {
            *value = beta * (*value + bias) + base;
        }
    };
    inputs(s.values, s.terms.bias, s.terms.base_bias);
    if s.samples.is_empty() {
        for value in s.values.iter_mut() {
            *value = mean(*value);
        }
        return;
    }
    draw(s.values, s.samples, |j, x| {
        let m = mean(x);
        let u = T::uniform(word(key, first.wrapping_add(j)));
        (m, if u < chance(m, x) { T::ONE } else { low })
    });
}

/// Puts means in the place of inputs, and samples where they belong.
#[inline(always)]
fn draw<T: Copy>(values: &mut [T], samples: &mut [T], law: impl Fn(u32, T) -> (T, T)) {
    for (j, (value, sample)) in (0u32..).zip(values.iter_mut().zip(samples)) {
        (*value, *sample) = law(j, *value);
    }
}

/// Units of real values.
#[inline(always)]
fn real<T: Number>(s: &mut Stretch<'_, T>, mean: impl Fn(T, T) -> T, sample: impl Fn(T, T, T) -> T) {
    let (beta, key, first, terms) = (s.beta, s.key, s.first, s.terms);
    if s.samples.is_empty() {
        for (j, value) in s.values.iter_mut().enumerate() {
            *value = mean(terms.input(j, beta, *value), terms.precision(j, beta));
        }
        return;
    }
    let len = s.values.len();
    let (bias, base) = (&terms.bias[..len], &terms.base_bias[..len]);
    let (precision, base_precision) = (&terms.precision[..len], &terms.base_precision[..len]);
    draw(s.values, s.samples, |j, sum| {
        let k = j as usize;
        let x = beta * (sum + bias[k]) + base[k];
        let q = beta * precision[k] + base_precision[k];
        let u = T::uniform(word(key, first.wrapping_add(j)));
        (mean(x, q), sample(x, q, u))
    });
}
