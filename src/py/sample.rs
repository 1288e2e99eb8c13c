//! `magnetite._core.SampleRun`.

use super::arrays::{ChainArguments, from_dict, lock, matrix, to_dict};
use super::model::Ising;
use crate::error::Error;
use crate::model;
use crate::run::{Sample, SampleOptions};
use ndarray::Array3;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArray3, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::{Arc, Mutex};

/// A run of chains at a fixed beta.
#[pyclass(frozen, module = "magnetite._core")]
pub struct SampleRun {
    run: Mutex<Sample>,
    model: Arc<model::Ising>,
    num_chains: usize,
    num_threads: usize,
}

#[pymethods]
impl SampleRun {
    #[new]
    #[pyo3(signature = (model, *, seed, first_chain, num_chains, beta, num_sweeps, warmup, thin, kernel, scan,
                        initial_states, clamped, clamped_values, num_threads, store_states, moments))]
    #[allow(clippy::too_many_arguments, reason = "keywords of the Python constructor")]
    fn new(
        py: Python<'_>,
        model: &Ising,
        seed: u64,
        first_chain: u64,
        num_chains: usize,
        beta: f64,
        num_sweeps: u64,
        warmup: u64,
        thin: u64,
        kernel: &str,
        scan: &str,
        initial_states: Option<PyReadonlyArray2<'_, i8>>,
        clamped: PyReadonlyArray1<'_, i64>,
        clamped_values: PyReadonlyArray1<'_, i8>,
        num_threads: usize,
        store_states: bool,
        moments: bool,
    ) -> PyResult<Self> {
        let arguments = ChainArguments {
            model,
            seed,
            first_chain,
            count: num_chains,
            kernel,
            scan,
            initial_states,
            clamped,
            clamped_values,
            num_threads,
        };
        let chains = arguments.chains()?;
        let options = SampleOptions {
            chains,
            beta,
            num_sweeps,
            warmup,
            thin,
            store_states,
            moments,
        };
        let run = Mutex::new(py.detach(|| Sample::new(options))?);
        Ok(Self {
            run,
            model: model.inner.clone(),
            num_chains,
            num_threads,
        })
    }

    fn advance(&self, py: Python<'_>, seconds: f64) -> bool {
        py.detach(|| lock(&self.run).advance(seconds))
    }

    fn progress(&self, py: Python<'_>) -> (u64, u64, f64) {
        py.detach(|| {
            let run = lock(&self.run);
            (
                run.sweeps_done().iter().sum(),
                run.num_sweeps().saturating_mul(self.num_chains as u64),
                run.best_energy(),
            )
        })
    }

    fn chains_done(&self) -> usize {
        lock(&self.run).chains_done()
    }

    fn states<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i8>>> {
        let states = py.detach(|| lock(&self.run).states());
        matrix(py, states, self.num_chains, self.model.num_sites())
    }

    fn energies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let run = lock(&self.run);
        matrix(py, run.energies(), self.num_chains, run.num_draws())
    }

    fn draws<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<i8>>> {
        let run = lock(&self.run);
        let draws = run.draws();
        let n = self.model.num_sites();
        let num_draws = if draws.is_empty() && n > 0 {
            0
        } else {
            run.num_draws()
        };
        let shaped = Array3::from_shape_vec((self.num_chains, num_draws, n), draws);
        Ok(shaped.map_err(|e| Error::Value(e.to_string()))?.into_pyarray(py))
    }

    fn mean<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.moments(|n| 0..n).into_pyarray(py)
    }

    fn correlations<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        let couplings = self.model.num_couplings();
        self.moments(|n| n..n + couplings).into_pyarray(py)
    }

    fn best<'py>(&self, py: Python<'py>) -> (Bound<'py, PyArray1<i8>>, f64) {
        let (state, energy) = py.detach(|| {
            let run = lock(&self.run);
            (run.best_state().unwrap_or_default(), run.best_energy())
        });
        (state.into_pyarray(py), energy)
    }

    #[getter]
    fn path(&self) -> String {
        lock(&self.run).factory().name().to_owned()
    }

    #[getter]
    fn simd(&self) -> &'static str {
        lock(&self.run).factory().level().name()
    }

    #[getter]
    fn num_threads(&self) -> usize {
        self.num_threads
    }

    #[getter]
    fn precision(&self) -> i32 {
        lock(&self.run).factory().setup().grid.precision.bits()
    }

    #[getter]
    fn block_width(&self) -> usize {
        lock(&self.run).factory().width()
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let checkpoint = py.detach(|| lock(&self.run).checkpoint());
        to_dict(py, checkpoint)
    }

    fn restore(&self, py: Python<'_>, snapshot: &Bound<'_, PyDict>) -> PyResult<()> {
        let checkpoint = from_dict(snapshot)?;
        Ok(py.detach(|| lock(&self.run).restore(&checkpoint))?)
    }
}

impl SampleRun {
    /// Means of the moments in a range that depends on the number of sites; empty when they are not recorded.
    fn moments(&self, range: impl Fn(usize) -> std::ops::Range<usize>) -> Vec<f64> {
        let (sums, count) = lock(&self.run).moments();
        let part = sums.get(range(self.model.num_sites())).unwrap_or_default();
        part.iter().map(|&sum| sum as f64 / count as f64).collect()
    }
}
