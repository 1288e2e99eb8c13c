//! Functions of `magnetite._core` beside `Layers`: uniforms, the normal distribution, steps of optimisers.

use super::arrays::matrix;
use super::views::{is_double, read, read_matrix, write};
use crate::error::Error;
use crate::layers::{self, Adam, Draws, Momentum, Number};
use crate::rng::Purpose;
use crate::units;
use numpy::{
    Element, IntoPyArray, PyArray2, PyArrayDyn, PyReadonlyArrayDyn, PyUntypedArrayMethods, ToPyArray,
};
use pyo3::prelude::*;

/// The uniforms that units of chains are drawn by.
#[pyfunction]
pub(super) fn layer_uniforms<'py>(
    py: Python<'py>,
    seed: u64,
    purpose: &str,
    first_chain: u64,
    num_chains: usize,
    step: u64,
    num_units: usize,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let purpose = match purpose {
        "visible" => Purpose::Visible,
        "hidden" => Purpose::Hidden,
        _ => {
            let message = format!("purpose must be 'visible' or 'hidden', got '{purpose}'");
            return Err(Error::Value(message).into());
        }
    };
    let draws = Draws {
        seed,
        first_chain,
        step,
    };
    let values = layers::uniforms(purpose, draws, num_chains, num_units);
    matrix(py, values, num_chains, num_units)
}

/// The quantile function of the standard normal distribution.
#[pyfunction]
pub(super) fn normal_quantile(u: PyReadonlyArrayDyn<'_, f64>) -> Bound<'_, PyArrayDyn<f64>> {
    u.as_array().mapv(units::normal_quantile).to_pyarray(u.py())
}

/// Logarithm of the standard normal distribution function.
#[pyfunction]
pub(super) fn log_normal_cdf(x: PyReadonlyArrayDyn<'_, f64>) -> Bound<'_, PyArrayDyn<f64>> {
    x.as_array().mapv(units::log_normal_cdf).to_pyarray(x.py())
}

/// The weighted sum of the rows of a matrix.
#[pyfunction]
pub(super) fn weighted_sum<'py>(
    weights: &Bound<'py, PyAny>,
    rows: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    if is_double(rows, "rows")? {
        sum_of::<f64>(weights, rows)
    } else {
        sum_of::<f32>(weights, rows)
    }
}

fn sum_of<'py, T: Number + Element>(
    weights: &Bound<'py, PyAny>,
    rows: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = rows.py();
    let rows = read_matrix::<T>(rows, "rows")?;
    let weights = read::<f64>(weights, "weights", "float64", &rows.shape()[..1])?;
    let (columns, rows, weights) = (rows.shape()[1], rows.as_slice()?, weights.as_slice()?);
    let sum = py.detach(|| layers::weighted_sum(weights, rows, columns))?;
    Ok(sum.into_pyarray(py).into_any())
}

/// A step of gradient ascent with momentum: the velocity, in place.
#[pyfunction]
#[pyo3(signature = (velocity, gradient, *, rate, momentum, ahead=None))]
pub(super) fn sgd_step(
    velocity: &Bound<'_, PyAny>,
    gradient: &Bound<'_, PyAny>,
    rate: f64,
    momentum: f64,
    ahead: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let options = Momentum { rate, momentum };
    if is_double(velocity, "velocity")? {
        sgd::<f64>(velocity, gradient, options, ahead)
    } else {
        sgd::<f32>(velocity, gradient, options, ahead)
    }
}

fn sgd<T: Number + Element>(
    velocity: &Bound<'_, PyAny>,
    gradient: &Bound<'_, PyAny>,
    options: Momentum,
    ahead: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let py = velocity.py();
    let mut velocity = write::<T>(velocity, "velocity", None)?;
    let shape = velocity.shape().to_vec();
    let gradient = read::<T>(gradient, "gradient", T::NAME, &shape)?;
    let mut ahead = ahead
        .map(|ahead| write::<T>(ahead, "ahead", Some(&shape)))
        .transpose()?;
    let ahead = ahead.as_mut().map(|ahead| ahead.as_slice_mut()).transpose()?;
    let (velocity, gradient) = (velocity.as_slice_mut()?, gradient.as_slice()?);
    Ok(py.detach(|| layers::sgd_step(velocity, gradient, options, ahead))?)
}

/// A step of Adam, upwards, written over what `step` held.
#[pyfunction]
#[pyo3(signature = (step, first, second, gradient, *, rate, beta1, beta2, epsilon, count))]
#[allow(clippy::too_many_arguments, reason = "arguments of the Python function")]
pub(super) fn adam_step(
    step: &Bound<'_, PyAny>,
    first: &Bound<'_, PyAny>,
    second: &Bound<'_, PyAny>,
    gradient: &Bound<'_, PyAny>,
    rate: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    count: u64,
) -> PyResult<()> {
    let options = Adam {
        rate,
        beta1,
        beta2,
        epsilon,
        step: count,
    };
    if is_double(step, "step")? {
        adam::<f64>(step, [first, second], gradient, options)
    } else {
        adam::<f32>(step, [first, second], gradient, options)
    }
}

fn adam<T: Number + Element>(
    step: &Bound<'_, PyAny>,
    moments: [&Bound<'_, PyAny>; 2],
    gradient: &Bound<'_, PyAny>,
    options: Adam,
) -> PyResult<()> {
    let py = step.py();
    let mut step = write::<T>(step, "step", None)?;
    let shape = step.shape().to_vec();
    let mut first = write::<T>(moments[0], "first", Some(&shape))?;
    let mut second = write::<T>(moments[1], "second", Some(&shape))?;
    let gradient = read::<T>(gradient, "gradient", T::NAME, &shape)?;
    let (step, gradient) = (step.as_slice_mut()?, gradient.as_slice()?);
    let (first, second) = (first.as_slice_mut()?, second.as_slice_mut()?);
    Ok(py.detach(|| layers::adam_step(step, first, second, gradient, options))?)
}
