//! Arrays of float32 or float64 as the core's slices: checked for type, shape and layout, copied never.

use crate::error::{Error, Result as CoreResult};
use crate::layers::Number;
use numpy::{
    Element, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyReadwriteArrayDyn, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;

/// An error about an argument.
fn wrong(message: String) -> PyErr {
    Error::Value(message).into()
}

/// Whether an array, the name of which is for messages, is of float64 (or else of float32).
pub(super) fn is_double(value: &Bound<'_, PyAny>, name: &str) -> PyResult<bool> {
    if value.cast::<PyArrayDyn<f32>>().is_ok() {
        return Ok(false);
    }
    if value.cast::<PyArrayDyn<f64>>().is_ok() {
        return Ok(true);
    }
    let kind = name_of(value, name)?;
    Err(wrong(format!("{name} must be of float32 or float64, got {kind}")))
}

fn name_of(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    let Ok(array) = value.cast::<PyUntypedArray>() else {
        return Err(wrong(format!(
            "{name} must be an array, got {}",
            value.get_type().name()?
        )));
    };
    Ok(array.dtype().str()?.to_string())
}

fn shape_text(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!(
        "({}{})",
        sizes.join(", "),
        if shape.len() == 1 { "," } else { "" }
    )
}

/// An array of type `T` that is C-contiguous.
fn plain<'py, T: Element>(
    value: &Bound<'py, PyAny>,
    name: &str,
    kind: &str,
) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
    let Ok(array) = value.cast::<PyArrayDyn<T>>() else {
        return Err(wrong(format!(
            "{name} must be of {kind}, got {}",
            name_of(value, name)?
        )));
    };
    if !array.is_c_contiguous() {
        return Err(wrong(format!("{name} must be C-contiguous, got other strides")));
    }
    Ok(array.clone())
}

fn check_shape(name: &str, got: &[usize], expected: &[usize]) -> CoreResult<()> {
    if got == expected {
        return Ok(());
    }
    let (expected, got) = (shape_text(expected), shape_text(got));
    Err(Error::Value(format!(
        "{name} must have shape {expected}, got {got}"
    )))
}

/// An array to read, of a shape.
pub(super) fn read<'py, T: Element>(
    value: &Bound<'py, PyAny>,
    name: &str,
    kind: &str,
    shape: &[usize],
) -> PyResult<PyReadonlyArrayDyn<'py, T>> {
    let array = plain::<T>(value, name, kind)?;
    check_shape(name, array.shape(), shape)?;
    array.try_readonly().map_err(|e| wrong(format!("{name}: {e}")))
}

/// A matrix to read, of any shape.
pub(super) fn read_matrix<'py, T: Number + Element>(
    value: &Bound<'py, PyAny>,
    name: &str,
) -> PyResult<PyReadonlyArrayDyn<'py, T>> {
    let array = plain::<T>(value, name, T::NAME)?;
    let columns = array.shape().get(1).copied().unwrap_or(0);
    read_rows(value, name, columns)
}

/// A matrix to read, of so many columns.
pub(super) fn read_rows<'py, T: Number + Element>(
    value: &Bound<'py, PyAny>,
    name: &str,
    columns: usize,
) -> PyResult<PyReadonlyArrayDyn<'py, T>> {
    let array = plain::<T>(value, name, T::NAME)?;
    let rows = array.shape().first().copied().unwrap_or(0);
    check_shape(name, array.shape(), &[rows, columns])?;
    array.try_readonly().map_err(|e| wrong(format!("{name}: {e}")))
}

/// An array to change in place, of a shape, or of any.
pub(super) fn write<'py, T: Number + Element>(
    value: &Bound<'py, PyAny>,
    name: &str,
    shape: Option<&[usize]>,
) -> PyResult<PyReadwriteArrayDyn<'py, T>> {
    let array = plain::<T>(value, name, T::NAME)?;
    if let Some(shape) = shape {
        check_shape(name, array.shape(), shape)?;
    }
    array
        .try_readwrite()
        .map_err(|e| wrong(format!("{name} must be writable and no other argument: {e}")))
}
