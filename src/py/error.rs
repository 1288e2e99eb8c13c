//! Core errors as Python exceptions: the one place where they are mapped.

use crate::error::Error;
use pyo3::PyErr;
use pyo3::exceptions::{PyMemoryError, PyValueError};

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Value(message) => PyValueError::new_err(message),
            Error::Memory(message) => PyMemoryError::new_err(message),
        }
    }
}
