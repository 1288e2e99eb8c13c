//! Arguments that several run classes share: chains, states, snapshots.

use super::model::Ising;
use crate::error::{Error, Result};
use crate::kernel::{Kernel, Scan};
use crate::run::{Chains, Checkpoint};
use ndarray::Array2;
use numpy::PyUntypedArrayMethods;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The arguments that say which chains a run has.
pub(super) struct ChainArguments<'a, 'py> {
    pub model: &'a Ising,
    pub seed: u64,
    pub first_chain: u64,
    pub count: usize,
    pub kernel: &'a str,
    pub scan: &'a str,
    pub initial_states: Option<PyReadonlyArray2<'py, i8>>,
    pub clamped: PyReadonlyArray1<'py, i64>,
    pub clamped_values: PyReadonlyArray1<'py, i8>,
    pub num_threads: usize,
}

impl ChainArguments<'_, '_> {
    pub fn chains(self) -> PyResult<Chains> {
        let n = self.model.inner.num_sites();
        let initial_states = match &self.initial_states {
            None => None,
            Some(states) if states.shape() == [self.count, n] => Some(states.as_slice()?.to_vec()),
            Some(states) => {
                let [k, m] = [states.shape()[0], states.shape()[1]];
                let message = format!(
                    "initial_states must have shape ({}, {n}), got ({k}, {m})",
                    self.count
                );
                return Err(Error::Value(message).into());
            }
        };
        Ok(Chains {
            model: self.model.inner.clone(),
            seed: self.seed,
            first_chain: self.first_chain,
            count: self.count,
            kernel: Kernel::parse(self.kernel)?,
            scan: Scan::parse(self.scan)?,
            initial_states,
            clamped: clamps(&self.clamped, &self.clamped_values)?,
            num_threads: self.num_threads,
        })
    }
}

/// Sites and the spins that they are held at.
pub(super) fn clamps(
    sites: &PyReadonlyArray1<'_, i64>,
    spins: &PyReadonlyArray1<'_, i8>,
) -> PyResult<Vec<(usize, i8)>> {
    let (sites, spins) = (sites.as_slice()?, spins.as_slice()?);
    if sites.len() != spins.len() {
        let message = format!(
            "clamp must have one value a site, got {} for {}",
            spins.len(),
            sites.len()
        );
        return Err(Error::Value(message).into());
    }
    let clamp = |(&site, &spin): (&i64, &i8)| (usize::try_from(site).unwrap_or(usize::MAX), spin);
    Ok(sites.iter().zip(spins).map(clamp).collect())
}

/// The run behind a lock; a panic in another thread leaves it usable.
pub(super) fn lock<T>(run: &Mutex<T>) -> MutexGuard<'_, T> {
    run.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A vector as a matrix with `columns` columns.
pub(super) fn matrix<T: numpy::Element>(
    py: Python<'_>,
    values: Vec<T>,
    rows: usize,
    columns: usize,
) -> PyResult<Bound<'_, PyArray2<T>>> {
    let shaped = Array2::from_shape_vec((rows, columns), values).map_err(|e| Error::Value(e.to_string()))?;
    Ok(shaped.into_pyarray(py))
}

/// A checkpoint as a dict of arrays.
pub(super) fn to_dict(py: Python<'_>, checkpoint: Checkpoint) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    let signed = |v: Vec<u64>| {
        v.into_iter()
            .map(|x| x as i64)
            .collect::<Vec<_>>()
            .into_pyarray(py)
    };
    dict.set_item("block_starts", signed(checkpoint.block_starts))?;
    dict.set_item("sweeps", signed(checkpoint.sweeps))?;
    dict.set_item("visits", signed(checkpoint.visits))?;
    dict.set_item("states", checkpoint.states.into_pyarray(py))?;
    dict.set_item("best_states", checkpoint.best_states.into_pyarray(py))?;
    dict.set_item("energies", checkpoint.energies.into_pyarray(py))?;
    dict.set_item("distinct_states", checkpoint.distinct_states.into_pyarray(py))?;
    dict.set_item("distinct_met", signed(checkpoint.distinct_met))?;
    dict.set_item("draws", checkpoint.draws.into_pyarray(py))?;
    dict.set_item("moments", checkpoint.moments.into_pyarray(py))?;
    Ok(dict)
}

/// A dict of arrays as a checkpoint.
pub(super) fn from_dict(dict: &Bound<'_, PyDict>) -> PyResult<Checkpoint> {
    Ok(Checkpoint {
        block_starts: unsigned(dict, "block_starts")?,
        sweeps: unsigned(dict, "sweeps")?,
        visits: unsigned(dict, "visits")?,
        states: entry(dict, "states")?,
        best_states: entry(dict, "best_states")?,
        energies: entry(dict, "energies")?,
        distinct_states: entry(dict, "distinct_states")?,
        distinct_met: unsigned(dict, "distinct_met")?,
        draws: entry(dict, "draws")?,
        moments: entry(dict, "moments")?,
    })
}

pub(super) fn entry<T: numpy::Element + Copy>(dict: &Bound<'_, PyDict>, name: &str) -> PyResult<Vec<T>> {
    let missing = || Error::Value(format!("snapshot must have an entry '{name}'"));
    let value = dict.get_item(name)?.ok_or_else(missing)?;
    let wrong = |_| {
        Error::Value(format!(
            "snapshot entry '{name}' must be a one-dimensional array of its own type"
        ))
    };
    let array = value
        .cast_into::<PyArray1<T>>()
        .map_err(|e| wrong(e.to_string()))?;
    Ok(array.readonly().as_slice()?.to_vec())
}

pub(super) fn unsigned(dict: &Bound<'_, PyDict>, name: &str) -> PyResult<Vec<u64>> {
    let negative = || Error::Value(format!("snapshot entry '{name}' must not be negative"));
    let convert = |x: i64| u64::try_from(x).map_err(|_| negative());
    Ok(entry::<i64>(dict, name)?
        .into_iter()
        .map(convert)
        .collect::<Result<_>>()?)
}
