//! `magnetite._core.SolveRun`.

use super::arrays::{clamps, entry, lock, matrix, unsigned};
use super::model::Ising;
use crate::error::Error;
use crate::model;
use crate::search::{Place, Replicas, Round, Solve, SolveCheckpoint, SolveOptions, Step};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::{Arc, Mutex};

/// A round as a tuple: step, epoch, sweeps, first beta, clusters, members that recombination and reheating made
/// better, best and mean energy.
type RoundTuple = (String, u64, u64, f64, f64, u64, u64, f64, f64);

fn tuple(round: &Round) -> RoundTuple {
    (
        round.step.name().to_owned(),
        round.epoch,
        round.sweeps,
        round.first_beta,
        round.clusters,
        round.recombined,
        round.reheated,
        round.best_energy,
        round.mean_energy,
    )
}

fn round(tuple: RoundTuple) -> PyResult<Round> {
    Ok(Round {
        step: Step::parse(&tuple.0)?,
        epoch: tuple.1,
        sweeps: tuple.2,
        first_beta: tuple.3,
        clusters: tuple.4,
        recombined: tuple.5,
        reheated: tuple.6,
        best_energy: tuple.7,
        mean_energy: tuple.8,
    })
}

/// A search for the best state.
#[pyclass(frozen, module = "magnetite._core")]
pub struct SolveRun {
    run: Mutex<Solve>,
    model: Arc<model::Ising>,
    num_threads: usize,
}

#[pymethods]
impl SolveRun {
    #[new]
    #[pyo3(signature = (model, *, seed, initial_states, clamped, clamped_values, num_rounds, num_best, num_threads))]
    #[allow(clippy::too_many_arguments, reason = "keywords of the Python constructor")]
    fn new(
        py: Python<'_>,
        model: &Ising,
        seed: u64,
        initial_states: Option<PyReadonlyArray2<'_, i8>>,
        clamped: PyReadonlyArray1<'_, i64>,
        clamped_values: PyReadonlyArray1<'_, i8>,
        num_rounds: Option<u64>,
        num_best: usize,
        num_threads: usize,
    ) -> PyResult<Self> {
        let initial_states = match &initial_states {
            None => Vec::new(),
            Some(states) => states.as_slice()?.to_vec(),
        };
        let options = SolveOptions {
            model: model.inner.clone(),
            seed,
            initial_states,
            clamped: clamps(&clamped, &clamped_values)?,
            num_rounds: num_rounds.unwrap_or(u64::MAX),
            num_best,
            num_threads,
        };
        Ok(Self {
            run: Mutex::new(py.detach(|| Solve::new(options))?),
            model: model.inner.clone(),
            num_threads,
        })
    }

    fn advance(&self, py: Python<'_>, seconds: f64) -> PyResult<bool> {
        Ok(py.detach(|| lock(&self.run).advance(seconds))?)
    }

    fn progress(&self, py: Python<'_>) -> (usize, u64, f64) {
        py.detach(|| {
            let run = lock(&self.run);
            (run.rounds().len(), run.sweeps_done(), run.best_energy())
        })
    }

    fn best<'py>(&self, py: Python<'py>) -> (Bound<'py, PyArray1<i8>>, f64) {
        let (state, energy) = py.detach(|| {
            let run = lock(&self.run);
            (run.best_state(), run.best_energy())
        });
        (state.into_pyarray(py), energy)
    }

    fn states<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i8>>> {
        let (states, count) = py.detach(|| lock(&self.run).states());
        matrix(py, states, count, self.model.num_sites())
    }

    fn rounds(&self) -> Vec<RoundTuple> {
        lock(&self.run).rounds().iter().map(tuple).collect()
    }

    #[getter]
    fn is_solved(&self) -> bool {
        lock(&self.run).is_solved()
    }

    #[getter]
    fn kernel(&self) -> (usize, usize) {
        let run = lock(&self.run);
        (run.kernel().num_sites(), run.kernel().num_couplings())
    }

    #[getter]
    fn num_threads(&self) -> usize {
        self.num_threads
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let checkpoint = py.detach(|| lock(&self.run).checkpoint());
        let place = checkpoint.place;
        let replicas = checkpoint.replicas;
        let numbers = [
            place.round,
            place.epoch,
            place.tempered,
            place.idle,
            place.lengthened,
            checkpoint.sweeps,
            replicas.rounds,
        ];
        let dict = PyDict::new(py);
        dict.set_item("place", numbers.map(|x| x as i64).to_vec().into_pyarray(py))?;
        dict.set_item("step", place.step.name())?;
        dict.set_item("betas", replicas.betas.into_pyarray(py))?;
        dict.set_item("replicas", replicas.states.into_pyarray(py))?;
        let clusters: Vec<i8> = replicas.clusters.into_iter().map(i8::from).collect();
        dict.set_item("cluster_rungs", clusters.into_pyarray(py))?;
        dict.set_item("population", checkpoint.population.into_pyarray(py))?;
        dict.set_item("lowest", checkpoint.lowest.into_pyarray(py))?;
        let met: Vec<i64> = checkpoint.met.into_iter().map(|x| x as i64).collect();
        dict.set_item("met", met.into_pyarray(py))?;
        dict.set_item("rounds", checkpoint.rounds.iter().map(tuple).collect::<Vec<_>>())?;
        Ok(dict)
    }

    fn restore(&self, py: Python<'_>, snapshot: &Bound<'_, PyDict>) -> PyResult<()> {
        let wrong = || Error::Value("snapshot does not belong to a run with these arguments".into());
        let [
            round_number,
            epoch,
            tempered,
            idle,
            lengthened,
            sweeps,
            tempering_rounds,
        ] = unsigned(snapshot, "place")?[..]
        else {
            return Err(wrong().into());
        };
        let step: String = snapshot.get_item("step")?.ok_or_else(wrong)?.extract()?;
        let clusters: Vec<i8> = entry(snapshot, "cluster_rungs")?;
        let rounds = snapshot.get_item("rounds")?.ok_or_else(wrong)?;
        let rounds: Vec<RoundTuple> = rounds.extract()?;
        let checkpoint = SolveCheckpoint {
            place: Place {
                round: round_number,
                epoch,
                step: Step::parse(&step)?,
                tempered,
                idle,
                lengthened,
            },
            replicas: Replicas {
                betas: entry(snapshot, "betas")?,
                states: entry(snapshot, "replicas")?,
                clusters: clusters.into_iter().map(|rung| rung != 0).collect(),
                rounds: tempering_rounds,
            },
            sweeps,
            population: entry(snapshot, "population")?,
            lowest: entry(snapshot, "lowest")?,
            met: unsigned(snapshot, "met")?,
            rounds: rounds.into_iter().map(round).collect::<PyResult<_>>()?,
        };
        Ok(py.detach(|| lock(&self.run).restore(&checkpoint))?)
    }
}
