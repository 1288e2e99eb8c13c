//! `magnetite._core.AnnealRun`.

use super::arrays::{ChainArguments, from_dict, lock, matrix, to_dict};
use super::model::Ising;
use crate::model;
use crate::run::{Anneal, AnnealOptions, Keep, Schedule};
use crate::schedule::{Betas, Shape};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::{Arc, Mutex};

type Weighted<'py> = (Bound<'py, PyArray2<i8>>, Bound<'py, PyArray1<f64>>);
type Trajectory<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray2<f64>>);

/// A named shape, its ends and its number of sweeps; or one beta a sweep.
#[derive(FromPyObject)]
enum BetasArgument<'py> {
    Named((String, f64, f64, u64)),
    Each(PyReadonlyArray1<'py, f64>),
}

impl BetasArgument<'_> {
    fn schedule(self) -> PyResult<Schedule> {
        Ok(match self {
            Self::Named((name, first, last, num_sweeps)) => {
                Betas::new(Shape::parse(&name)?, first, last, num_sweeps)?.into()
            }
            Self::Each(betas) => Schedule::Each(betas.as_slice()?.into()),
        })
    }
}

/// A run of simulated annealing.
#[pyclass(frozen, module = "magnetite._core")]
pub struct AnnealRun {
    run: Mutex<Anneal>,
    model: Arc<model::Ising>,
    num_reads: usize,
    num_threads: usize,
}

#[pymethods]
impl AnnealRun {
    #[new]
    #[pyo3(signature = (model, *, seed, first_chain, num_reads, betas, kernel, scan, keep, initial_states, clamped,
                        clamped_values, num_threads, num_best, trajectory))]
    #[allow(clippy::too_many_arguments, reason = "keywords of the Python constructor")]
    fn new(
        py: Python<'_>,
        model: &Ising,
        seed: u64,
        first_chain: u64,
        num_reads: usize,
        betas: BetasArgument<'_>,
        kernel: &str,
        scan: &str,
        keep: &str,
        initial_states: Option<PyReadonlyArray2<'_, i8>>,
        clamped: PyReadonlyArray1<'_, i64>,
        clamped_values: PyReadonlyArray1<'_, i8>,
        num_threads: usize,
        num_best: usize,
        trajectory: usize,
    ) -> PyResult<Self> {
        let arguments = ChainArguments {
            model,
            seed,
            first_chain,
            count: num_reads,
            kernel,
            scan,
            initial_states,
            clamped,
            clamped_values,
            num_threads,
        };
        let options = AnnealOptions {
            chains: arguments.chains()?,
            betas: betas.schedule()?,
            keep: Keep::parse(keep)?,
            num_best,
            trajectory,
        };
        let run = Mutex::new(py.detach(|| Anneal::new(options))?);
        Ok(Self {
            run,
            model: model.inner.clone(),
            num_reads,
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
                run.num_sweeps().saturating_mul(self.num_reads as u64),
                run.best_energy(),
            )
        })
    }

    fn reads_done(&self) -> usize {
        lock(&self.run).reads_done()
    }

    fn states<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i8>>> {
        let states = py.detach(|| lock(&self.run).states());
        matrix(py, states, self.num_reads, self.model.num_sites())
    }

    fn energies<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        py.detach(|| lock(&self.run).energies()).into_pyarray(py)
    }

    fn sweeps_done<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        let sweeps: Vec<i64> = lock(&self.run)
            .sweeps_done()
            .into_iter()
            .map(|s| s as i64)
            .collect();
        sweeps.into_pyarray(py)
    }

    fn best<'py>(&self, py: Python<'py>) -> (Bound<'py, PyArray1<i8>>, f64) {
        let (state, energy) = py.detach(|| {
            let run = lock(&self.run);
            (run.best_state().unwrap_or_default(), run.best_energy())
        });
        (state.into_pyarray(py), energy)
    }

    fn best_states<'py>(&self, py: Python<'py>) -> PyResult<Weighted<'py>> {
        let (states, count) = py.detach(|| {
            let lowest = lock(&self.run).distinct();
            let states: Vec<i8> = lowest.iter().flat_map(|e| e.state.iter().copied()).collect();
            (states, lowest.len())
        });
        let energies = self.model.energies(&states, count)?;
        Ok((
            matrix(py, states, count, self.model.num_sites())?,
            energies.into_pyarray(py),
        ))
    }

    fn trajectory<'py>(&self, py: Python<'py>) -> PyResult<Trajectory<'py>> {
        let run = lock(&self.run);
        let (sweeps, energies) = run.trajectory();
        let sweeps: Vec<i64> = sweeps.iter().map(|&s| s as i64).collect();
        let points = sweeps.len();
        Ok((
            sweeps.into_pyarray(py),
            matrix(py, energies, self.num_reads, points)?,
        ))
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
