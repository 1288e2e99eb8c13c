//! The binding: translates arguments, arrays and errors between Python and the core, and decides nothing.

#![allow(
    clippy::needless_pass_by_value,
    reason = "arguments arrive from Python by value"
)]

mod ais;
mod anneal;
mod arrays;
mod error;
mod exact;
mod layers;
mod learning;
mod model;
mod parameters;
mod phase;
mod population;
mod sample;
mod solve;
mod temper;
mod units;
mod views;

use pyo3::prelude::*;

/// The compiled core of magnetite.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::ais::AisRun;
    #[pymodule_export]
    use super::anneal::AnnealRun;
    #[pymodule_export]
    use super::exact::{EliminationRun, EliminationTree, EnumerationRun};
    #[pymodule_export]
    use super::layers::Layers;
    #[pymodule_export]
    use super::model::Ising;
    #[pymodule_export]
    use super::phase::Phase;
    #[pymodule_export]
    use super::population::PopulationRun;
    #[pymodule_export]
    use super::sample::SampleRun;
    #[pymodule_export]
    use super::solve::SolveRun;
    #[pymodule_export]
    use super::temper::TemperRun;
    #[pymodule_export]
    use super::units::{adam_step, layer_uniforms, log_normal_cdf, normal_quantile, sgd_step, weighted_sum};
    use pyo3::prelude::*;

    /// The vector level that runs made now would use.
    #[pyfunction]
    fn simd_level() -> PyResult<&'static str> {
        Ok(crate::ensemble::Level::chosen()?.name())
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
