//! The binding: translates arguments, arrays and errors between Python and the core, and decides nothing.

#![allow(
    clippy::needless_pass_by_value,
    reason = "arguments arrive from Python by value"
)]

mod anneal;
mod arrays;
mod error;
mod model;
mod sample;

use pyo3::prelude::*;

/// The compiled core of magnetite.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::anneal::AnnealRun;
    #[pymodule_export]
    use super::model::Ising;
    #[pymodule_export]
    use super::sample::SampleRun;
    use numpy::{IntoPyArray, PyArray1};
    use pyo3::prelude::*;

    /// Betas of a named schedule, one a sweep.
    #[pyfunction]
    fn schedule<'py>(
        py: Python<'py>,
        kind: &str,
        beta_min: f64,
        beta_max: f64,
        num_sweeps: usize,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let shape = crate::schedule::Shape::parse(kind)?;
        Ok(crate::schedule::betas(shape, beta_min, beta_max, num_sweeps)?.into_pyarray(py))
    }

    /// Vector levels that this CPU has, lowest first.
    #[pyfunction]
    fn simd_levels() -> Vec<&'static str> {
        crate::ensemble::Level::available()
            .into_iter()
            .map(crate::ensemble::Level::name)
            .collect()
    }

    /// Version of the core.
    #[pyfunction]
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
