//! `magnetite._core.Phase`.

use super::arrays::matrix;
use crate::error::{Error, Result};
use crate::kernel::{Kernel, Scan};
use crate::run;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

/// Chains on a graph whose weights are being learnt, with some sites held.
#[pyclass(frozen, module = "magnetite._core")]
pub struct Phase {
    inner: run::Phase,
}

#[pymethods]
impl Phase {
    #[new]
    #[pyo3(signature = (num_sites, *, rows, cols, held, kernel, scan, seed, num_threads))]
    #[allow(clippy::too_many_arguments, reason = "keywords of the Python constructor")]
    fn new(
        py: Python<'_>,
        num_sites: usize,
        rows: PyReadonlyArray1<'_, i64>,
        cols: PyReadonlyArray1<'_, i64>,
        held: PyReadonlyArray1<'_, i64>,
        kernel: &str,
        scan: &str,
        seed: u64,
        num_threads: usize,
    ) -> PyResult<Self> {
        let rule = run::Rule {
            kernel: Kernel::parse(kernel)?,
            scan: Scan::parse(scan)?,
            seed,
            num_threads,
        };
        let ends = rows
            .as_slice()?
            .iter()
            .copied()
            .zip(cols.as_slice()?.iter().copied());
        let edges: Vec<(i64, i64)> = ends.collect();
        let held = held.as_slice()?;
        let inner = py.detach(|| run::Phase::new(num_sites, &edges, held, &rule))?;
        Ok(Self { inner })
    }

    #[pyo3(signature = (couplings, fields, states, *, shares, betas, num_collected, first_sweep))]
    #[allow(clippy::too_many_arguments, reason = "keywords of the Python method")]
    #[allow(clippy::type_complexity, reason = "a pair of arrays")]
    fn advance<'py>(
        &self,
        py: Python<'py>,
        couplings: PyReadonlyArray1<'py, f64>,
        fields: PyReadonlyArray1<'py, f64>,
        states: PyReadonlyArray2<'py, i8>,
        shares: PyReadonlyArray1<'py, f64>,
        betas: PyReadonlyArray1<'py, f64>,
        num_collected: usize,
        first_sweep: u64,
    ) -> PyResult<(Bound<'py, PyArray2<i8>>, Bound<'py, PyArray1<f64>>)> {
        let (count, n) = (states.shape()[0], states.shape()[1]);
        let mut spins = states.as_slice()?.to_vec();
        let (couplings, fields) = (couplings.as_slice()?, fields.as_slice()?);
        let course = run::Course {
            betas: betas.as_slice()?,
            num_collected,
            first_sweep,
            shares: shares.as_slice()?,
        };
        if course.shares.len() != count {
            let message = format!("shares must be as many as chains ({count}), got {}", shares.len());
            return Err(Error::Value(message).into());
        }
        let moved =
            |spins: &mut [i8]| -> Result<Vec<f64>> { self.inner.advance(couplings, fields, spins, &course) };
        let means = py.detach(|| moved(&mut spins))?;
        Ok((matrix(py, spins, count, n)?, means.into_pyarray(py)))
    }
}
