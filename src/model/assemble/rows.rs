//! A matrix in compressed rows, on its way to a model.

use crate::error::{Error, Result, invalid};
use std::cmp::Ordering;

/// Two matrix entries that must be equal may differ by this much, relative to the larger.
const SYMMETRY_TOLERANCE: f64 = 1e-12;

/// A matrix in compressed rows.
pub(super) struct Rows {
    pub starts: Vec<usize>,
    pub columns: Vec<u32>,
    pub weights: Vec<f64>,
}

impl Rows {
    /// Entries sorted into rows by counting; within a row in order of appearance.
    pub fn bucket(n: usize, entries: impl Iterator<Item = (u32, u32, f64)> + Clone) -> Result<Self> {
        // Counted two places up and filled one place up, the starts end where they belong.
        let mut starts = filled(n + 2, 0usize)?;
        entries.clone().for_each(|(i, _, _)| starts[i as usize + 2] += 1);
        for i in 0..n {
            starts[i + 2] += starts[i + 1];
        }
        let mut columns = filled(starts[n + 1], 0u32)?;
        let mut weights = filled(starts[n + 1], 0.0)?;
        entries.for_each(|(i, j, w)| {
            let next = &mut starts[i as usize + 1];
            columns[*next] = j;
            weights[*next] = w;
            *next += 1;
        });
        starts.truncate(n + 1);
        Ok(Self {
            starts,
            columns,
            weights,
        })
    }

    /// The entries of a dense matrix that are not zero.
    pub fn compressed(n: usize, matrix: &[f64]) -> Result<Self> {
        let count = matrix.iter().filter(|w| **w != 0.0).count();
        let mut rows = Self {
            starts: filled(1, 0)?,
            columns: reserve(count)?,
            weights: reserve(count)?,
        };
        for row in matrix.chunks_exact(n.max(1)) {
            let entries = || row.iter().enumerate().filter(|e| *e.1 != 0.0);
            rows.columns.extend(entries().map(|e| e.0 as u32));
            rows.weights.extend(entries().map(|e| e.1));
            rows.starts.push(rows.columns.len());
        }
        Ok(rows)
    }

    fn num_rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// All entries, row by row.
    pub fn entries(&self) -> impl Iterator<Item = (u32, u32, f64)> + Clone + '_ {
        let row = |i: usize| (self.starts[i]..self.starts[i + 1]).map(move |at| (i, at));
        (0..self.num_rows())
            .flat_map(row)
            .map(|(i, at)| (i as u32, self.columns[at], self.weights[at]))
    }

    /// Sorts every row by column; entries of equal column keep their order.
    pub fn sorted(mut self) -> Self {
        let mut row = Vec::new();
        for i in 0..self.num_rows() {
            let range = self.starts[i]..self.starts[i + 1];
            let (columns, weights) = (&mut self.columns[range.clone()], &mut self.weights[range]);
            if columns.is_sorted() {
                continue;
            }
            row.clear();
            row.extend(columns.iter().copied().zip(weights.iter().copied()));
            row.sort_by_key(|e| e.0);
            for (at, &(j, w)) in row.iter().enumerate() {
                (columns[at], weights[at]) = (j, w);
            }
        }
        self
    }

    /// Adds up entries of equal row and column (rows must be sorted) and drops sums of zero.
    pub fn merged(mut self) -> Self {
        let n = self.num_rows();
        let (mut read, mut write) = (0, 0);
        for i in 0..n {
            let end = self.starts[i + 1];
            self.starts[i] = write;
            while read < end {
                let column = self.columns[read];
                let mut sum = 0.0;
                while read < end && self.columns[read] == column {
                    sum += self.weights[read];
                    read += 1;
                }
                if sum != 0.0 {
                    self.columns[write] = column;
                    self.weights[write] = sum;
                    write += 1;
                }
            }
        }
        self.starts[n] = write;
        self.columns.truncate(write);
        self.weights.truncate(write);
        self.columns.shrink_to_fit();
        self.weights.shrink_to_fit();
        self
    }

    /// Gives both entries of every pair the upper one's weight; refuses pairs whose weights differ. Rows must be sorted.
    pub fn symmetrised(mut self) -> Result<Self> {
        // In every row, the first entry that has not met its mirror image.
        let mut unmet = self.starts.clone();
        for i in 0..self.num_rows() {
            for at in unmet[i]..self.starts[i + 1] {
                let (j, w) = (self.columns[at] as usize, self.weights[at]);
                let mirror = unmet[j];
                if j < i {
                    return refuse_asymmetry(j, i, 0.0, w);
                }
                let left = if mirror < self.starts[j + 1] {
                    self.columns[mirror] as usize
                } else {
                    j
                };
                match left.cmp(&i) {
                    Ordering::Less => return refuse_asymmetry(left, j, 0.0, self.weights[mirror]),
                    Ordering::Greater => return refuse_asymmetry(i, j, w, 0.0),
                    Ordering::Equal => {}
                }
                let other = std::mem::replace(&mut self.weights[mirror], w);
                if (w - other).abs() > SYMMETRY_TOLERANCE * w.abs().max(other.abs()) {
                    return refuse_asymmetry(i, j, w, other);
                }
                unmet[j] += 1;
            }
        }
        Ok(self)
    }
}

fn refuse_asymmetry<T>(i: usize, j: usize, upper: f64, lower: f64) -> Result<T> {
    invalid(format!(
        "J must be symmetric or triangular, got J[{i}, {j}] = {upper} but J[{j}, {i}] = {lower}; \
         pass (J + J.T) / 2, or J + J.T if each pair is split over both entries"
    ))
}

fn reserve<T>(len: usize) -> Result<Vec<T>> {
    let mut v = Vec::new();
    v.try_reserve_exact(len).map_err(|_| {
        Error::Memory(format!(
            "a model with {len} matrix entries does not fit in memory"
        ))
    })?;
    Ok(v)
}

fn filled<T: Clone>(len: usize, value: T) -> Result<Vec<T>> {
    let mut v = reserve(len)?;
    v.resize(len, value);
    Ok(v)
}
