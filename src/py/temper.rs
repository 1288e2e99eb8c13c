//! `magnetite._core.TemperRun`.

use super::arrays::{ChainArguments, entry, from_dict, lock, matrix, to_dict};
use super::model::Ising;
use crate::error::{Error, Result, invalid};
use crate::model;
use crate::run::{Archive, ClusterMoves, MOMENT_PARTS, PAIR, PARTS, SINGLE, Swaps, Temper, TemperOptions};
use ndarray::{Array3, Array4};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArray3, PyArray4, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::{Arc, Mutex};

/// A run of ladders of replicas.
#[pyclass(frozen, module = "magnetite._core")]
pub struct TemperRun {
    run: Mutex<Temper>,
    model: Arc<model::Ising>,
    num_ladders: usize,
    num_rungs: usize,
    num_threads: usize,
}

/// Two histograms, a rung a row.
type Histograms<'py> = (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<i64>>);

/// Tried, accepted, from the hot end, from the cold end, round trips.
type FlowArrays<'py> = (
    Bound<'py, PyArray2<i64>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray2<i64>>,
    Bound<'py, PyArray2<i64>>,
    Bound<'py, PyArray1<i64>>,
);

#[pymethods]
impl TemperRun {
    #[new]
    #[pyo3(signature = (model, *, seed, first_chain, num_ladders, betas, num_sweeps, warmup, thin, first_sweep, swaps,
                        swap_interval, cluster_interval, cluster_rungs, observe_interval, links, moments, store_states, kernel, scan,
                        initial_states, clamped, clamped_values, num_threads))]
    #[allow(clippy::too_many_arguments, reason = "keywords of the Python constructor")]
    fn new(
        py: Python<'_>,
        model: &Ising,
        seed: u64,
        first_chain: u64,
        num_ladders: usize,
        betas: PyReadonlyArray1<'_, f64>,
        num_sweeps: u64,
        warmup: u64,
        thin: u64,
        first_sweep: u64,
        swaps: &str,
        swap_interval: u64,
        cluster_interval: u64,
        cluster_rungs: PyReadonlyArray1<'_, bool>,
        observe_interval: u64,
        links: bool,
        moments: bool,
        store_states: bool,
        kernel: &str,
        scan: &str,
        initial_states: Option<PyReadonlyArray2<'_, i8>>,
        clamped: PyReadonlyArray1<'_, i64>,
        clamped_values: PyReadonlyArray1<'_, i8>,
        num_threads: usize,
    ) -> PyResult<Self> {
        let betas = betas.as_slice()?.to_vec();
        let num_rungs = betas.len();
        let arguments = ChainArguments {
            model,
            seed,
            first_chain,
            count: num_ladders.saturating_mul(num_rungs), // refused where it does not fit in memory
            kernel,
            scan,
            initial_states,
            clamped,
            clamped_values,
            num_threads,
        };
        let options = TemperOptions {
            chains: arguments.chains()?,
            num_ladders,
            betas,
            num_sweeps,
            warmup,
            thin,
            first_sweep,
            swaps: swaps_called(swaps)?,
            swap_interval,
            clusters: ClusterMoves {
                interval: cluster_interval,
                rungs: cluster_rungs.as_slice()?.to_vec(),
            },
            observe_interval,
            links,
            moments,
            store_states,
        };
        let run = Mutex::new(py.detach(|| Temper::new(options))?);
        Ok(Self {
            run,
            model: model.inner.clone(),
            num_ladders,
            num_rungs,
            num_threads,
        })
    }

    fn advance(&self, py: Python<'_>, seconds: f64) -> bool {
        py.detach(|| lock(&self.run).advance(seconds))
    }

    fn progress(&self, py: Python<'_>) -> (u64, u64, f64) {
        py.detach(|| {
            let run = lock(&self.run);
            let chains = (self.num_ladders * self.num_rungs) as u64;
            let total = run.options().total_sweeps().saturating_mul(chains);
            (run.sweeps_done() * chains, total, run.best_energy())
        })
    }

    fn states<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<i8>>> {
        let states = py.detach(|| lock(&self.run).states());
        let shape = (self.num_ladders, self.num_rungs, self.model.num_sites());
        shaped3(py, shape, states)
    }

    fn energies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<f64>>> {
        let run = lock(&self.run);
        let shape = (self.num_ladders, self.num_rungs, run.options().num_draws());
        shaped3(py, shape, run.energies().to_vec())
    }

    fn draws<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray4<i8>>> {
        let run = lock(&self.run);
        let draws = run.draws().to_vec();
        let num_draws = if draws.is_empty() {
            0
        } else {
            run.options().num_draws()
        };
        let shape = (
            self.num_ladders,
            self.num_rungs,
            num_draws,
            self.model.num_sites(),
        );
        shaped4(py, shape, draws)
    }

    fn best<'py>(&self, py: Python<'py>) -> (Bound<'py, PyArray1<i8>>, f64) {
        let (state, energy) = py.detach(|| {
            let run = lock(&self.run);
            (run.best_state().unwrap_or_default(), run.best_energy())
        });
        (state.into_pyarray(py), energy)
    }

    fn flows<'py>(&self, py: Python<'py>) -> PyResult<FlowArrays<'py>> {
        let run = lock(&self.run);
        let (ladders, rungs) = (self.num_ladders, self.num_rungs);
        let collect = |part: fn(&crate::run::Flow) -> &[u64]| -> Vec<i64> {
            run.flows()
                .flat_map(|flow| part(flow).iter().map(|&x| x as i64))
                .collect()
        };
        let accepted: Vec<f64> = run
            .flows()
            .flat_map(|flow| flow.accepted.iter().copied())
            .collect();
        let trips: Vec<i64> = run.flows().map(|flow| flow.round_trips as i64).collect();
        Ok((
            matrix(py, collect(|flow| &flow.tried), ladders, rungs - 1)?,
            matrix(py, accepted, ladders, rungs - 1)?,
            matrix(py, collect(|flow| &flow.from_hot), ladders, rungs)?,
            matrix(py, collect(|flow| &flow.from_cold), ladders, rungs)?,
            trips.into_pyarray(py),
        ))
    }

    fn clusters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i64>>> {
        let counts = lock(&self.run).cluster_counts().to_vec();
        let counts = counts.as_flattened().iter().map(|&x| x as i64).collect();
        matrix(py, counts, self.num_rungs, 3)
    }

    fn counts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        let counts: Vec<i64> = lock(&self.run).counts().iter().map(|&x| x as i64).collect();
        counts.into_pyarray(py)
    }

    fn single_sums<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray4<f64>>> {
        let sums = lock(&self.run).single_sums().to_vec();
        sums_by_part(py, (self.num_ladders, self.num_rungs, PARTS, SINGLE), sums)
    }

    fn pair_sums<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray4<f64>>> {
        let sums = lock(&self.run).pair_sums().to_vec();
        sums_by_part(py, (self.num_ladders / 2, self.num_rungs, PARTS, PAIR), sums)
    }

    fn histograms<'py>(&self, py: Python<'py>) -> PyResult<Histograms<'py>> {
        let run = lock(&self.run);
        let ([overlaps, links], [q_bins, l_bins]) = run.histograms();
        let signed = |counts: &[u64]| counts.iter().map(|&x| x as i64).collect();
        Ok((
            matrix(py, signed(overlaps), self.num_rungs, q_bins)?,
            matrix(py, signed(links), self.num_rungs, l_bins)?,
        ))
    }

    fn moments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<i64>>> {
        let sums = lock(&self.run).moments().to_vec();
        let columns = sums.len() / (MOMENT_PARTS * self.num_rungs);
        shaped3(py, (MOMENT_PARTS, self.num_rungs, columns), sums)
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

    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (checkpoint, archive) = py.detach(|| lock(&self.run).checkpoint());
        let dict = to_dict(py, checkpoint)?;
        let integers: Vec<i64> = archive.integers.into_iter().map(|x| x as i64).collect();
        dict.set_item("integers", integers.into_pyarray(py))?;
        dict.set_item("reals", archive.reals.into_pyarray(py))?;
        Ok(dict)
    }

    fn restore(&self, py: Python<'_>, snapshot: &Bound<'_, PyDict>) -> PyResult<()> {
        let checkpoint = from_dict(snapshot)?;
        let integers: Vec<i64> = entry(snapshot, "integers")?;
        let archive = Archive {
            integers: integers.into_iter().map(|x| x as u64).collect(),
            reals: entry(snapshot, "reals")?,
        };
        Ok(py.detach(|| lock(&self.run).restore(&checkpoint, &archive))?)
    }
}

fn swaps_called(name: &str) -> Result<Swaps> {
    match name {
        "even-odd" => Ok(Swaps::EvenOdd),
        "stochastic" => Ok(Swaps::Stochastic),
        _ => invalid(format!("swaps must be 'even-odd' or 'stochastic', got '{name}'")),
    }
}

fn shaped3<T: numpy::Element>(
    py: Python<'_>,
    shape: (usize, usize, usize),
    values: Vec<T>,
) -> PyResult<Bound<'_, PyArray3<T>>> {
    let shaped = Array3::from_shape_vec(shape, values).map_err(|e| Error::Value(e.to_string()))?;
    Ok(shaped.into_pyarray(py))
}

fn shaped4<T: numpy::Element>(
    py: Python<'_>,
    shape: (usize, usize, usize, usize),
    values: Vec<T>,
) -> PyResult<Bound<'_, PyArray4<T>>> {
    let shaped = Array4::from_shape_vec(shape, values).map_err(|e| Error::Value(e.to_string()))?;
    Ok(shaped.into_pyarray(py))
}

/// Sums in their shape; zeros where nothing was measured, which take no memory until they are written to.
fn sums_by_part(
    py: Python<'_>,
    shape: (usize, usize, usize, usize),
    sums: Vec<f64>,
) -> PyResult<Bound<'_, PyArray4<f64>>> {
    if sums.is_empty() {
        return Ok(PyArray4::zeros(py, shape, false));
    }
    shaped4(py, shape, sums)
}
