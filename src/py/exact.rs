//! `magnetite._core.EnumerationRun`, `EliminationTree` and `EliminationRun`.

use super::arrays::{clamps, lock, matrix};
use super::model::Ising;
use crate::error::Error;
use crate::exact::{Asked, Elimination, Enumeration, Moments, Need, Order, Part, Tree};
use crate::model;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1};
use pyo3::prelude::*;
use std::sync::{Arc, Mutex};

type Levels<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<i64>>);
type Means<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>);

/// States of a part as states of the model, one a row.
fn states<'py>(py: Python<'py>, part: &Part, found: &[Vec<i8>]) -> PyResult<Bound<'py, PyArray2<i8>>> {
    let all = found.iter().flat_map(|state| part.state(state)).collect();
    matrix(py, all, found.len(), part.spins.len())
}

/// Means of spins and of products of coupled spins, a beta a row.
fn means<'py>(
    py: Python<'py>,
    model: &model::Ising,
    part: &Part,
    moments: &[Moments],
) -> PyResult<Means<'py>> {
    let all: Vec<Moments> = moments.iter().map(|m| m.of_model(model, part)).collect();
    let spins = all.iter().flat_map(|m| m.spins.iter().copied()).collect();
    let products = all.iter().flat_map(|m| m.products.iter().copied()).collect();
    Ok((
        matrix(py, spins, all.len(), model.num_sites())?,
        matrix(py, products, all.len(), model.num_couplings())?,
    ))
}

/// Log weights, mean energies and standard deviations, a beta a row.
fn weights(py: Python<'_>, rows: Vec<[f64; 3]>) -> PyResult<Bound<'_, PyArray2<f64>>> {
    let count = rows.len();
    matrix(py, rows.into_iter().flatten().collect(), count, 3)
}

/// An energy of the model from the height of a state of its part.
fn energy(model: &model::Ising, part: &Part, height: f64) -> f64 {
    part.scale.unit * (height + part.given) + model.offset()
}

/// A walk through all states.
#[pyclass(frozen, module = "magnetite._core")]
pub struct EnumerationRun {
    run: Mutex<Enumeration>,
    model: Arc<model::Ising>,
    num_threads: usize,
}

#[pymethods]
impl EnumerationRun {
    #[new]
    #[pyo3(signature = (model, *, betas, moments, num_states, clamped, clamped_values, num_threads))]
    #[allow(clippy::too_many_arguments, reason = "keywords of the Python constructor")]
    fn new(
        py: Python<'_>,
        model: &Ising,
        betas: PyReadonlyArray1<'_, f64>,
        moments: bool,
        num_states: usize,
        clamped: PyReadonlyArray1<'_, i64>,
        clamped_values: PyReadonlyArray1<'_, i8>,
        num_threads: usize,
    ) -> PyResult<Self> {
        let held = clamps(&clamped, &clamped_values)?;
        let asked = Asked {
            betas: betas.as_slice()?.to_vec(),
            moments,
            num_states,
        };
        let inner = model.inner.clone();
        let run = py.detach(|| Enumeration::new(Part::free(&inner, &held)?, &asked, num_threads))?;
        Ok(Self {
            run: Mutex::new(run),
            model: inner,
            num_threads,
        })
    }

    fn advance(&self, py: Python<'_>, seconds: f64) -> bool {
        py.detach(|| lock(&self.run).advance(seconds))
    }

    fn progress(&self) -> (f64, f64) {
        let run = lock(&self.run);
        (run.progress(), energy(&self.model, run.part(), run.low()))
    }

    fn ground_states<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i8>>> {
        let run = lock(&self.run);
        states(py, run.part(), &run.ground_states())
    }

    fn residues(&self) -> Vec<(u64, u64)> {
        vec![(lock(&self.run).degeneracy(), 1 << 62)]
    }

    fn weights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        weights(py, lock(&self.run).weights().to_vec())
    }

    fn means<'py>(&self, py: Python<'py>) -> PyResult<Means<'py>> {
        let run = lock(&self.run);
        means(py, &self.model, run.part(), run.moments())
    }

    fn levels<'py>(&self, py: Python<'py>) -> Option<Levels<'py>> {
        let run = lock(&self.run);
        let (heights, counts) = run.levels()?.clone();
        let part = run.part();
        let energies: Vec<f64> = heights
            .into_iter()
            .map(|h| energy(&self.model, part, h))
            .collect();
        let counts: Vec<i64> = counts.into_iter().map(|count| count as i64).collect();
        Some((energies.into_pyarray(py), counts.into_pyarray(py)))
    }

    #[getter]
    fn num_threads(&self) -> usize {
        self.num_threads
    }
}

/// An order of elimination and what its tables take.
#[pyclass(frozen, module = "magnetite._core")]
pub struct EliminationTree {
    model: Arc<model::Ising>,
    part: Part,
    /// None where a table would be wider than anything could hold.
    tree: Option<Tree>,
    need: Need,
}

#[pymethods]
impl EliminationTree {
    #[new]
    #[pyo3(signature = (model, *, clamped, clamped_values))]
    fn new(
        py: Python<'_>,
        model: &Ising,
        clamped: PyReadonlyArray1<'_, i64>,
        clamped_values: PyReadonlyArray1<'_, i8>,
    ) -> PyResult<Self> {
        let held = clamps(&clamped, &clamped_values)?;
        let inner = model.inner.clone();
        let (part, found) = py.detach(|| {
            let part = Part::free(&inner, &held)?;
            let found = Order::find(&part).map(|order| Tree::new(&part, &order));
            Ok::<_, Error>((part, found))
        })?;
        let need = match &found {
            Ok(tree) => Need::new(tree),
            Err(wide) => Need::of_width(wide.0 + 1),
        };
        Ok(Self {
            model: inner,
            part,
            tree: found.ok(),
            need,
        })
    }

    #[getter]
    fn num_free(&self) -> usize {
        self.part.len()
    }

    #[getter]
    fn width(&self) -> usize {
        self.need.width
    }

    #[getter]
    fn entries(&self) -> f64 {
        self.need.entries
    }

    #[getter]
    fn num_bytes(&self) -> f64 {
        self.need.bytes
    }

    #[pyo3(signature = (*, betas, moments, num_states, num_threads))]
    fn run(
        &self,
        betas: PyReadonlyArray1<'_, f64>,
        moments: bool,
        num_states: usize,
        num_threads: usize,
    ) -> PyResult<EliminationRun> {
        let Some(tree) = &self.tree else {
            let message = format!("elimination needs tables of {} sites", self.need.width);
            return Err(Error::Memory(message).into());
        };
        let asked = Asked {
            betas: betas.as_slice()?.to_vec(),
            moments,
            num_states,
        };
        let run = Elimination::new(self.part.clone(), tree.clone(), asked, num_threads)?;
        Ok(EliminationRun {
            run: Mutex::new(run),
            model: self.model.clone(),
            num_threads,
        })
    }
}

/// An elimination of all sites.
#[pyclass(frozen, module = "magnetite._core")]
pub struct EliminationRun {
    run: Mutex<Elimination>,
    model: Arc<model::Ising>,
    num_threads: usize,
}

#[pymethods]
impl EliminationRun {
    fn advance(&self, py: Python<'_>, seconds: f64) -> bool {
        py.detach(|| lock(&self.run).advance(seconds))
    }

    fn progress(&self) -> (f64, f64) {
        let run = lock(&self.run);
        (run.progress(), energy(&self.model, run.part(), run.low()))
    }

    fn ground_states<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i8>>> {
        let run = lock(&self.run);
        states(py, run.part(), run.ground_states())
    }

    fn residues(&self) -> Vec<(u64, u64)> {
        lock(&self.run).residues().to_vec()
    }

    fn weights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        weights(py, lock(&self.run).weights())
    }

    fn means<'py>(&self, py: Python<'py>) -> PyResult<Means<'py>> {
        let run = lock(&self.run);
        means(py, &self.model, run.part(), run.moments())
    }

    #[getter]
    fn num_threads(&self) -> usize {
        self.num_threads
    }
}
