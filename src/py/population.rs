//! `magnetite._core.PopulationRun`.

use super::arrays::{ChainArguments, entry, from_dict, lock, matrix, to_dict, unsigned};
use super::model::Ising;
use crate::model;
use crate::run::{Cooling, Population, PopulationCheckpoint, PopulationOptions, Tally};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::{Arc, Mutex};

/// What is told of a population at a beta, and its name.
type Column = (&'static str, fn(&Tally) -> f64);
type Steps<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyDict>);

/// The last beta and the share of replicas that may die in a step; or all betas.
#[derive(FromPyObject)]
enum CoolingArgument<'py> {
    Adaptive((f64, f64)),
    Given(PyReadonlyArray1<'py, f64>),
}

impl CoolingArgument<'_> {
    fn cooling(self) -> PyResult<Cooling> {
        Ok(match self {
            Self::Adaptive((beta, culling)) => Cooling::Adaptive { beta, culling },
            Self::Given(betas) => Cooling::Given(betas.as_slice()?.into()),
        })
    }
}

/// A run of population annealing.
#[pyclass(frozen, module = "magnetite._core")]
pub struct PopulationRun {
    run: Mutex<Population>,
    model: Arc<model::Ising>,
    population: usize,
    num_populations: usize,
    num_threads: usize,
}

#[pymethods]
impl PopulationRun {
    #[new]
    #[pyo3(signature = (model, *, seed, first_chain, population, num_populations, betas, sweeps_per_step, kernel, scan,
                        clamped, clamped_values, num_threads))]
    #[allow(clippy::too_many_arguments, reason = "keywords of the Python constructor")]
    fn new(
        py: Python<'_>,
        model: &Ising,
        seed: u64,
        first_chain: u64,
        population: usize,
        num_populations: usize,
        betas: CoolingArgument<'_>,
        sweeps_per_step: u64,
        kernel: &str,
        scan: &str,
        clamped: PyReadonlyArray1<'_, i64>,
        clamped_values: PyReadonlyArray1<'_, i8>,
        num_threads: usize,
    ) -> PyResult<Self> {
        let arguments = ChainArguments {
            model,
            seed,
            first_chain,
            count: population.saturating_mul(num_populations),
            kernel,
            scan,
            initial_states: None,
            clamped,
            clamped_values,
            num_threads,
        };
        let options = PopulationOptions {
            chains: arguments.chains()?,
            size: population,
            cooling: betas.cooling()?,
            sweeps_per_step,
        };
        let run = Mutex::new(py.detach(|| Population::new(options))?);
        Ok(Self {
            run,
            model: model.inner.clone(),
            population,
            num_populations,
            num_threads,
        })
    }

    fn advance(&self, py: Python<'_>, seconds: f64) -> bool {
        py.detach(|| lock(&self.run).advance(seconds))
    }

    fn progress(&self, py: Python<'_>) -> (u64, u64, f64) {
        py.detach(|| {
            let run = lock(&self.run);
            (run.sweeps_done(), run.num_sweeps(), run.best_energy())
        })
    }

    fn states<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i8>>> {
        let states = py.detach(|| lock(&self.run).states());
        matrix(
            py,
            states,
            self.population * self.num_populations,
            self.model.num_sites(),
        )
    }

    fn best<'py>(&self, py: Python<'py>) -> (Bound<'py, PyArray1<i8>>, f64) {
        let (state, energy) = py.detach(|| {
            let run = lock(&self.run);
            (run.best_state().unwrap_or_default(), run.best_energy())
        });
        (state.into_pyarray(py), energy)
    }

    fn families<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i64>>> {
        let families = lock(&self.run).families().iter().map(|&f| f.into()).collect();
        matrix(py, families, self.num_populations, self.population)
    }

    fn steps<'py>(&self, py: Python<'py>) -> PyResult<Steps<'py>> {
        let run = lock(&self.run);
        let steps = run.steps();
        let columns: [Column; 7] = [
            ("log_z", |t| t.log_z),
            ("log_z_variance", |t| t.variance),
            ("mean_energy", |t| t.mean_energy),
            ("energy_variance", |t| t.energy_variance),
            ("culled", |t| t.culled),
            ("num_families", |t| t.families),
            ("rho_t", |t| t.rho_t),
        ];
        let dict = PyDict::new(py);
        for (name, column) in columns {
            let of_population = |p: usize| steps.iter().map(move |step| column(&step.tallies[p]));
            let values = (0..self.num_populations).flat_map(of_population).collect();
            dict.set_item(name, matrix(py, values, self.num_populations, steps.len())?)?;
        }
        let betas: Vec<f64> = steps.iter().map(|step| step.beta).collect();
        Ok((betas.into_pyarray(py), dict))
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
        let families: Vec<i64> = checkpoint.families.iter().map(|&f| f as i64).collect();
        let dict = to_dict(py, checkpoint.chains)?;
        dict.set_item("families", families.into_pyarray(py))?;
        dict.set_item("steps", checkpoint.steps.into_pyarray(py))?;
        Ok(dict)
    }

    fn restore(&self, py: Python<'_>, snapshot: &Bound<'_, PyDict>) -> PyResult<()> {
        let checkpoint = PopulationCheckpoint {
            chains: from_dict(snapshot)?,
            families: unsigned(snapshot, "families")?,
            steps: entry(snapshot, "steps")?,
        };
        Ok(py.detach(|| lock(&self.run).restore(&checkpoint))?)
    }
}
