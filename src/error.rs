//! The one error type of the core; messages name argument, value and rule.

use thiserror::Error;

/// What can be wrong with a request to the core.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum Error {
    /// An argument has a value that the rule forbids.
    #[error("{0}")]
    Value(String),
    /// The request needs more memory than can be had.
    #[error("{0}")]
    Memory(String),
}

/// Result of a fallible core function.
pub type Result<T> = std::result::Result<T, Error>;

/// An [`Error::Value`] with a formatted message.
pub(crate) fn invalid<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::Value(message.into()))
}
