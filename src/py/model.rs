//! `magnetite._core.Ising`.

use crate::error::Error;
use crate::kernel::{Kernel, Scan};
use crate::model;
use crate::run::Chains;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use std::sync::Arc;

type Edges<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<f64>>,
);

/// The pairwise energy over spins -1/+1.
#[pyclass(frozen, module = "magnetite._core")]
pub struct Ising {
    pub(super) inner: Arc<model::Ising>,
}

impl Ising {
    fn wrap(inner: model::Ising) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }
}

fn check_length(num_sites: usize, fields: &PyReadonlyArray1<'_, f64>) -> Result<(), Error> {
    if fields.len() == num_sites {
        return Ok(());
    }
    Err(Error::Value(format!(
        "h must have one value a site ({num_sites}), got {}",
        fields.len()
    )))
}

#[pymethods]
impl Ising {
    #[staticmethod]
    fn from_edges(
        py: Python<'_>,
        num_sites: usize,
        rows: PyReadonlyArray1<'_, i64>,
        cols: PyReadonlyArray1<'_, i64>,
        weights: PyReadonlyArray1<'_, f64>,
        fields: PyReadonlyArray1<'_, f64>,
        offset: f64,
    ) -> PyResult<Self> {
        check_length(num_sites, &fields)?;
        let (rows, cols, weights) = (rows.as_slice()?, cols.as_slice()?, weights.as_slice()?);
        let fields = fields.as_slice()?.to_vec();
        Ok(Self::wrap(py.detach(|| {
            model::Ising::from_edges(rows, cols, weights, fields, offset)
        })?))
    }

    #[staticmethod]
    fn from_matrix(
        py: Python<'_>,
        num_sites: usize,
        rows: PyReadonlyArray1<'_, i64>,
        cols: PyReadonlyArray1<'_, i64>,
        weights: PyReadonlyArray1<'_, f64>,
        fields: PyReadonlyArray1<'_, f64>,
        offset: f64,
    ) -> PyResult<Self> {
        check_length(num_sites, &fields)?;
        let (rows, cols, weights) = (rows.as_slice()?, cols.as_slice()?, weights.as_slice()?);
        let fields = fields.as_slice()?.to_vec();
        Ok(Self::wrap(py.detach(|| {
            model::Ising::from_matrix(rows, cols, weights, fields, offset)
        })?))
    }

    #[staticmethod]
    fn from_dense(
        py: Python<'_>,
        matrix: PyReadonlyArray2<'_, f64>,
        fields: PyReadonlyArray1<'_, f64>,
        offset: f64,
    ) -> PyResult<Self> {
        let matrix = matrix.as_slice()?;
        let fields = fields.as_slice()?.to_vec();
        Ok(Self::wrap(
            py.detach(|| model::Ising::from_dense(matrix, fields, offset))?,
        ))
    }

    #[getter]
    fn num_sites(&self) -> usize {
        self.inner.num_sites()
    }

    #[getter]
    fn num_couplings(&self) -> usize {
        self.inner.num_couplings()
    }

    #[getter]
    fn offset(&self) -> f64 {
        self.inner.offset()
    }

    fn fields<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_slice(py, self.inner.fields())
    }

    fn edges<'py>(&self, py: Python<'py>) -> Edges<'py> {
        let model = &self.inner;
        let count = model.num_couplings();
        let mut rows = Vec::with_capacity(count);
        let mut cols = Vec::with_capacity(count);
        let mut weights = Vec::with_capacity(count);
        for i in 0..model.num_sites() {
            for (j, w) in model.upper_row(i) {
                rows.push(i as i64);
                cols.push(j as i64);
                weights.push(w);
            }
        }
        (
            rows.into_pyarray(py),
            cols.into_pyarray(py),
            weights.into_pyarray(py),
        )
    }

    fn degrees<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        let degrees: Vec<i64> = (0..self.inner.num_sites())
            .map(|i| self.inner.degree(i) as i64)
            .collect();
        degrees.into_pyarray(py)
    }

    fn energies<'py>(
        &self,
        py: Python<'py>,
        states: PyReadonlyArray2<'_, i8>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (k, n) = (states.shape()[0], states.shape()[1]);
        if n != self.inner.num_sites() {
            let message = format!("states must have {} columns, got {n}", self.inner.num_sites());
            return Err(Error::Value(message).into());
        }
        let states = states.as_slice()?;
        Ok(py.detach(|| self.inner.energies(states, k))?.into_pyarray(py))
    }

    fn beta_range(&self) -> (f64, f64) {
        self.inner.beta_range().unwrap_or((0.1, 1.0))
    }

    fn annealing_range(&self) -> (f64, f64) {
        self.inner.annealing_range().unwrap_or((0.1, 1.0))
    }

    /// The path that an annealing run of so many reads on so many threads would take.
    fn path(&self, py: Python<'_>, num_chains: usize, num_threads: usize) -> PyResult<String> {
        let chains = Chains {
            model: self.inner.clone(),
            seed: 0,
            first_chain: 0,
            count: num_chains,
            kernel: Kernel::Metropolis,
            scan: Scan::Sequential,
            initial_states: None,
            clamped: Vec::new(),
            num_threads,
        };
        let coldest = self.annealing_range().1;
        Ok(py.detach(|| chains.factory(coldest, None))?.name().to_owned())
    }

    fn is_bipartite(&self) -> bool {
        self.inner.is_bipartite()
    }
}
