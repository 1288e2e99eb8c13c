//! `magnetite._core.AisRun`.

use super::arrays::{ChainArguments, lock};
use super::model::Ising;
use crate::run::Ais;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use std::sync::Mutex;

/// A run of annealed importance sampling.
#[pyclass(frozen, module = "magnetite._core")]
pub struct AisRun {
    run: Mutex<Ais>,
}

#[pymethods]
impl AisRun {
    #[new]
    #[pyo3(signature = (model, *, seed, first_chain, num_chains, betas, kernel, scan, initial_states, clamped,
                        clamped_values, num_threads))]
    #[allow(clippy::too_many_arguments, reason = "keywords of the Python constructor")]
    fn new(
        py: Python<'_>,
        model: &Ising,
        seed: u64,
        first_chain: u64,
        num_chains: usize,
        betas: PyReadonlyArray1<'_, f64>,
        kernel: &str,
        scan: &str,
        initial_states: Option<PyReadonlyArray2<'_, i8>>,
        clamped: PyReadonlyArray1<'_, i64>,
        clamped_values: PyReadonlyArray1<'_, i8>,
        num_threads: usize,
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
        let betas = betas.as_slice()?.to_vec();
        let run = Mutex::new(py.detach(|| Ais::new(chains, &betas))?);
        Ok(Self { run })
    }

    fn advance(&self, py: Python<'_>, seconds: f64) -> bool {
        py.detach(|| lock(&self.run).advance(seconds))
    }

    fn log_weights<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        lock(&self.run).log_weights().into_pyarray(py)
    }
}
