//! Means and samples of a side given the other, and block Gibbs steps.

use super::finish::{Finish, Unit};
use super::kernel::Number;
use super::packed::{Packed, Source};
use super::product::{Grid, multiply};
use super::rows::{Left, Rows};
use super::side::{Draws, Pair, Side, Terms, check_len};
use super::stock::Label;
use super::{Layers, check_rows};
use crate::error::{Result, invalid};
use crate::rng::{Key, Purpose, Stream};

/// Rows whose categorical units a task finishes.
const CATEGORICAL_ROWS: usize = 32;

/// One side to be worked given the other, whose weights are packed.
pub(super) struct Onward<'a, T: Number> {
    pub side: &'a Side,
    pub purpose: Purpose,
    pub terms: Terms<'a, T>,
    pub packed: Packed<'a, T>,
}

/// Where means and samples go, and which samples stay.
pub(super) struct Goal<'a, T> {
    pub means: Option<&'a mut [T]>,
    pub samples: Option<&'a mut [T]>,
    pub held: Option<&'a [bool]>,
}

impl Layers {
    /// A right factor of such a shape, and of a label if it is to be found again.
    pub(super) fn packed<'a, T: Number>(
        &'a self,
        source: Source<'a, T>,
        shape: [usize; 2],
        label: Option<Label>,
    ) -> Packed<'a, T> {
        Packed::new(
            self.tier,
            T::stock(&self.stocks),
            source,
            shape,
            self.crew.num_threads(),
            label,
        )
    }

    /// A left factor of so many rows.
    pub(super) fn rows<'a, T: Number>(&'a self, from: &'a [T], count: usize) -> Rows<'a, T> {
        let shape = [count, from.len() / count.max(1)];
        Rows::new(self.tier, &self.stocks, Left::Rows(from), shape)
    }

    /// The way from visible to hidden units.
    pub(super) fn up<'a, T: Number>(&'a self, pair: &Pair<'a, T>) -> Onward<'a, T> {
        let (depth, columns) = (self.visible.num_columns(), self.hidden.num_columns());
        Onward {
            side: &self.hidden,
            purpose: Purpose::Hidden,
            terms: pair.hidden,
            packed: self.packed(Source::Rows(pair.weights), [depth, columns], pair.label(0)),
        }
    }

    /// The way from hidden to visible units.
    pub(super) fn down<'a, T: Number>(&'a self, pair: &Pair<'a, T>) -> Onward<'a, T> {
        let (depth, columns) = (self.hidden.num_columns(), self.visible.num_columns());
        Onward {
            side: &self.visible,
            purpose: Purpose::Visible,
            terms: pair.visible,
            packed: self.packed(Source::Columns(pair.weights), [depth, columns], pair.label(1)),
        }
    }

    /// Means of the hidden units given rows of visible ones, and with `draws` samples.
    ///
    /// # Errors
    /// Arrays that do not fit; a precision that is not positive where it must be.
    pub fn hidden<T: Number>(
        &self,
        v: &[T],
        pair: &Pair<'_, T>,
        betas: &[f64],
        draws: Option<Draws>,
    ) -> Result<(Vec<T>, Option<Vec<T>>)> {
        check_rows("v", v.len(), betas, &self.visible)?;
        self.check_pair(pair, betas)?;
        Ok(self.given(&self.up(pair), v, betas, draws))
    }

    /// Means of the visible units given rows of hidden ones, and with `draws` samples.
    ///
    /// # Errors
    /// As [`Layers::hidden`].
    pub fn visible<T: Number>(
        &self,
        h: &[T],
        pair: &Pair<'_, T>,
        betas: &[f64],
        draws: Option<Draws>,
    ) -> Result<(Vec<T>, Option<Vec<T>>)> {
        check_rows("h", h.len(), betas, &self.hidden)?;
        self.check_pair(pair, betas)?;
        Ok(self.given(&self.down(pair), h, betas, draws))
    }

    fn given<T: Number>(
        &self,
        way: &Onward<'_, T>,
        from: &[T],
        betas: &[f64],
        draws: Option<Draws>,
    ) -> (Vec<T>, Option<Vec<T>>) {
        let size = betas.len() * way.side.num_columns();
        let mut means = vec![T::ZERO; size];
        let mut samples = draws.map(|_| vec![T::ZERO; size]);
        let goal = Goal {
            means: Some(&mut means),
            samples: samples.as_deref_mut(),
            held: None,
        };
        self.go(way, from, &narrow(betas), draws, goal);
        (means, samples)
    }

    /// Block Gibbs steps of chains `v`, `h` in place: each draws the visible units, but those held, given the hidden
    /// ones, then these given those. Returns the means of the hidden units given the last visible ones.
    ///
    /// # Errors
    /// As [`Layers::hidden`]; no steps.
    #[allow(clippy::too_many_arguments, reason = "a chain's state, its law, its draws")]
    pub fn gibbs<T: Number>(
        &self,
        v: &mut [T],
        h: &mut [T],
        pair: &Pair<'_, T>,
        betas: &[f64],
        draws: Draws,
        num_steps: u64,
        held: Option<&[bool]>,
    ) -> Result<Vec<T>> {
        check_rows("v", v.len(), betas, &self.visible)?;
        check_rows("h", h.len(), betas, &self.hidden)?;
        self.check_pair(pair, betas)?;
        if let Some(held) = held {
            check_len("held", held.len(), v.len())?;
        }
        if num_steps == 0 {
            return invalid("num_steps must be positive, got 0");
        }
        let (up, down) = (self.up(pair), self.down(pair));
        let betas: Vec<T> = narrow(betas);
        let mut means = vec![T::ZERO; h.len()];
        let mut room = room(&self.visible, v.len());
        for step in 0..num_steps {
            let draws = Some(Draws {
                step: draws.step.wrapping_add(step),
                ..draws
            });
            let goal = Goal {
                means: room.as_deref_mut(),
                samples: Some(&mut *v),
                held,
            };
            self.go(&down, h, &betas, draws, goal);
            let goal = Goal {
                means: (step + 1 == num_steps || self.hidden.has_categorical()).then_some(&mut means[..]),
                samples: Some(&mut *h),
                held: None,
            };
            self.go(&up, v, &betas, draws, goal);
        }
        Ok(means)
    }

    pub(super) fn go<T: Number>(
        &self,
        way: &Onward<'_, T>,
        from: &[T],
        betas: &[T],
        draws: Option<Draws>,
        goal: Goal<'_, T>,
    ) {
        let columns = way.side.num_columns();
        let keys = draws.map_or_else(Vec::new, |draws| keys(way.purpose, draws, betas.len()));
        let finish = Finish {
            unit: Unit {
                side: way.side,
                terms: way.terms,
                betas,
                keys: &keys,
                tier: self.tier,
            },
            means: goal.means.map(|values| Grid::new(values, columns)),
            samples: goal.samples.map(|values| Grid::new(values, columns)),
            held: goal.held,
        };
        let rows = self.rows(from, betas.len());
        multiply(&self.crew, self.tier, &rows, &way.packed, &finish);
        if way.side.has_categorical() {
            self.by_rows(betas.len(), columns, CATEGORICAL_ROWS, |row| {
                finish.categorical(row);
            });
        }
    }
}

/// Where products of categorical units wait until a row of them is complete.
pub(super) fn room<T: Number>(side: &Side, len: usize) -> Option<Vec<T>> {
    side.has_categorical().then(|| vec![T::ZERO; len])
}

/// The keys of a step of the chains.
pub(super) fn keys(purpose: Purpose, draws: Draws, rows: usize) -> Vec<Key> {
    (0..rows as u64)
        .map(|row| Stream::new(draws.seed, purpose, draws.first_chain.wrapping_add(row)).key(draws.step))
        .collect()
}

/// Betas in the work's number.
pub(super) fn narrow<T: Number>(betas: &[f64]) -> Vec<T> {
    betas.iter().map(|&beta| T::of(beta)).collect()
}
