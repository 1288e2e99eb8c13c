//! The two sides of a machine: their units, and the parameters that act on these.

use super::stock::Label;
use crate::error::{Result, invalid};
use crate::units::{Kind, Real};
use std::ops::Range;

/// A layer: groups of units of one kind each, one after the other.
#[derive(Clone, Debug)]
pub struct Side {
    groups: Vec<(Kind, Range<usize>)>,
    len: usize,
}

impl Side {
    /// A layer of groups, each of a kind and so many columns.
    ///
    /// # Errors
    /// No units; a group of none; columns of categorical units that are not a multiple of the states.
    pub fn new(name: &str, groups: &[(Kind, usize)]) -> Result<Self> {
        let mut side = Self {
            groups: Vec::with_capacity(groups.len()),
            len: 0,
        };
        for (at, &(kind, size)) in groups.iter().enumerate() {
            if size == 0 {
                return invalid(format!(
                    "{name} must have groups of at least one unit, got 0 at index {at}"
                ));
            }
            match kind {
                Kind::Categorical(states) if states == 0 || size % states != 0 => {
                    return invalid(format!(
                        "size of categorical units must be a multiple of their {states} states, got {size} at index {at} of {name}"
                    ));
                }
                _ => {}
            }
            side.groups.push((kind, side.len..side.len + size));
            side.len += size;
        }
        // Places of units are counted in 32 bits.
        if side.len == 0 || u32::try_from(side.len).is_err() {
            return invalid(format!("{name} must have 1 to 2^32 - 1 units, got {}", side.len));
        }
        Ok(side)
    }

    /// Number of columns.
    #[must_use]
    pub fn num_columns(&self) -> usize {
        self.len
    }

    /// Groups within a range of columns.
    pub(super) fn within(&self, columns: &Range<usize>) -> impl Iterator<Item = (Kind, Range<usize>)> {
        let columns = columns.clone();
        self.groups.iter().filter_map(move |(kind, range)| {
            let part = range.start.max(columns.start)..range.end.min(columns.end);
            (part.start < part.end).then_some((*kind, part))
        })
    }

    pub(super) fn has_categorical(&self) -> bool {
        self.groups
            .iter()
            .any(|(kind, _)| matches!(kind, Kind::Categorical(_)))
    }
}

/// What acts on the units of a side beside the weights: an input and a precision that beta scales, and such that it
/// does not.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a, T> {
    /// Input at beta = 1.
    pub bias: &'a [T],
    /// Input at any beta.
    pub base_bias: &'a [T],
    /// Precision at beta = 1.
    pub precision: &'a [T],
    /// Precision at any beta.
    pub base_precision: &'a [T],
}

impl<T: Real> Terms<'_, T> {
    /// Input of a unit at `beta` to which the other side adds `sum`.
    #[inline(always)]
    pub(super) fn input(&self, unit: usize, beta: T, sum: T) -> T {
        beta * (sum + self.bias[unit]) + self.base_bias[unit]
    }

    /// Precision of a unit at `beta`.
    #[inline(always)]
    pub(super) fn precision(&self, unit: usize, beta: T) -> T {
        beta * self.precision[unit] + self.base_precision[unit]
    }

    pub(super) fn check(&self, name: &str, side: &Side) -> Result<()> {
        for (what, values) in [
            ("bias", self.bias),
            ("base_bias", self.base_bias),
            ("precision", self.precision),
            ("base_precision", self.base_precision),
        ] {
            check_len(&format!("{what} of {name}"), values.len(), side.num_columns())?;
        }
        Ok(())
    }
}

/// The parameters of a machine: weights (visible x hidden), and what acts on each side.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a, T> {
    /// Weights, a row each visible column.
    pub weights: &'a [T],
    /// What acts on visible units.
    pub visible: Terms<'a, T>,
    /// What acts on hidden units.
    pub hidden: Terms<'a, T>,
    /// A number that weights of other values never have: what products made of them for themselves is used again.
    pub version: Option<u64>,
}

impl<T> Pair<'_, T> {
    /// The label of panels of the weights (0) or of their transpose (1).
    pub(super) fn label(&self, way: usize) -> Option<Label> {
        self.version.map(|version| (way, version))
    }
}

/// Which uniforms are drawn: those of so many chains from the first on, at a step.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    /// The seed.
    pub seed: u64,
    /// The chain of the first row.
    pub first_chain: u64,
    /// The step.
    pub step: u64,
}

/// Refuses an array of another length than expected.
pub(super) fn check_len(name: &str, got: usize, expected: usize) -> Result<()> {
    if got == expected {
        return Ok(());
    }
    invalid(format!("{name} must have {expected} numbers, got {got}"))
}
