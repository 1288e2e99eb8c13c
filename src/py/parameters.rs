//! Parameters of two layers, as Python passes them.

use super::views::read;
use crate::layers::{Number, Pair, Terms};
use numpy::{Element, PyReadonlyArrayDyn};
use pyo3::prelude::*;

type Any<'py> = Bound<'py, PyAny>;
type SideArgument<'py> = (Any<'py>, Any<'py>, Any<'py>, Any<'py>);

/// Weights, the two sides, and the version of the weights.
pub(super) type PairArgument<'py> = (Any<'py>, SideArgument<'py>, SideArgument<'py>, Option<u64>);

/// An array that is read.
pub(super) type Reading<'py, T> = PyReadonlyArrayDyn<'py, T>;

/// Arrays of parameters, held while they are read.
pub(super) struct Parameters<'py, T: Element> {
    weights: Reading<'py, T>,
    visible: [Reading<'py, T>; 4],
    hidden: [Reading<'py, T>; 4],
    version: Option<u64>,
}

impl<'py, T: Number + Element> Parameters<'py, T> {
    pub fn new(pair: &PairArgument<'py>, sizes: [usize; 2]) -> PyResult<Self> {
        Ok(Self {
            weights: read(&pair.0, "weights", T::NAME, &sizes)?,
            visible: side_arrays(&pair.1, "visible", sizes[0])?,
            hidden: side_arrays(&pair.2, "hidden", sizes[1])?,
            version: pair.3,
        })
    }

    pub fn pair(&self) -> PyResult<Pair<'_, T>> {
        Ok(Pair {
            weights: self.weights.as_slice()?,
            visible: terms(&self.visible)?,
            hidden: terms(&self.hidden)?,
            version: self.version,
        })
    }
}

fn side_arrays<'py, T: Number + Element>(
    side: &SideArgument<'py>,
    name: &str,
    size: usize,
) -> PyResult<[Reading<'py, T>; 4]> {
    let take = |value, what: &str| read(value, &format!("{what} of {name}"), T::NAME, &[size]);
    Ok([
        take(&side.0, "bias")?,
        take(&side.1, "base_bias")?,
        take(&side.2, "precision")?,
        take(&side.3, "base_precision")?,
    ])
}

fn terms<'a, T: Element>(arrays: &'a [Reading<'_, T>; 4]) -> PyResult<Terms<'a, T>> {
    Ok(Terms {
        bias: arrays[0].as_slice()?,
        base_bias: arrays[1].as_slice()?,
        precision: arrays[2].as_slice()?,
        base_precision: arrays[3].as_slice()?,
    })
}
