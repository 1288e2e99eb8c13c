//! Numbers put aside one after the other, and read back in the same order.

use crate::error::{Result, invalid};

/// Collects what a continuation needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writer {
    /// Whole numbers.
    pub integers: Vec<u64>,
    /// Reals.
    pub reals: Vec<f64>,
}

impl Writer {
    pub(super) fn integers(&mut self, values: impl IntoIterator<Item = u64>) {
        self.integers.extend(values);
    }

    pub(super) fn reals(&mut self, values: &[f64]) {
        self.reals.extend_from_slice(values);
    }
}

/// Reads it back.
pub(super) struct Reader<'a> {
    integers: &'a [u64],
    reals: &'a [f64],
}

impl<'a> Reader<'a> {
    pub fn new(archive: &'a Writer) -> Self {
        Self {
            integers: &archive.integers,
            reals: &archive.reals,
        }
    }

    pub fn integers(&mut self, count: usize) -> Result<&'a [u64]> {
        let Some((part, rest)) = self.integers.split_at_checked(count) else {
            return self.wrong();
        };
        self.integers = rest;
        Ok(part)
    }

    pub fn reals(&mut self, count: usize) -> Result<&'a [f64]> {
        let Some((part, rest)) = self.reals.split_at_checked(count) else {
            return self.wrong();
        };
        self.reals = rest;
        Ok(part)
    }

    /// The archive belongs to another run, or is damaged.
    #[allow(clippy::unused_self, reason = "reads as a verdict on what was read")]
    pub fn wrong<T>(&self) -> Result<T> {
        invalid("snapshot does not belong to a run with these arguments")
    }

    /// Refuses an archive with something left in it.
    pub fn end(&self) -> Result<()> {
        if self.integers.is_empty() && self.reals.is_empty() {
            return Ok(());
        }
        self.wrong()
    }
}
