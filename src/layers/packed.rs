//! The right factor of a product, cut into panels of columns whose rows stand one after the other.

use super::kernel::{CELL_BYTES, CHUNK, Chunk, Number, PANEL_BYTES};
use crate::ensemble::Aligned;
use std::ops::Range;
use std::sync::OnceLock;

/// Where the numbers of a right factor come from.
pub(super) enum Source<'a, T> {
    /// A matrix of `columns` columns as it stands.
    Rows(&'a [T]),
    /// The transpose of a matrix of `depth` columns.
    Columns(&'a [T]),
    /// Rows of two matrices one after the other, each times its weight.
    Weighted([&'a [T]; 2], &'a [T]),
}

/// A right factor of `depth` rows; a panel is packed when it is first looked at.
pub(super) struct Packed<'a, T> {
    source: Source<'a, T>,
    depth: usize,
    columns: usize,
    panels: Vec<OnceLock<Aligned<T>>>,
}

impl<'a, T: Number> Packed<'a, T> {
    /// `parts` is what the number of panels is a multiple of, where there are enough columns.
    pub fn new(source: Source<'a, T>, depth: usize, columns: usize, parts: usize) -> Self {
        let cells = columns.div_ceil(cell::<T>());
        let least = cells.div_ceil(PANEL_BYTES / CELL_BYTES);
        let count = least.next_multiple_of(parts).min(cells.div_ceil(2)).max(least);
        Self {
            source,
            depth,
            columns,
            panels: (0..count).map(|_| OnceLock::new()).collect(),
        }
    }

    pub fn num_panels(&self) -> usize {
        self.panels.len()
    }

    pub fn num_columns(&self) -> usize {
        self.columns
    }

    /// The columns of a panel.
    pub fn columns(&self, panel: usize) -> Range<usize> {
        let cells = self.columns.div_ceil(cell::<T>());
        let start = |p: usize| (p * cells / self.panels.len() * cell::<T>()).min(self.columns);
        start(panel)..start(panel + 1)
    }

    /// Columns of a panel with what fills up the last cell.
    pub fn width(&self, panel: usize) -> usize {
        self.columns(panel).len().next_multiple_of(cell::<T>())
    }

    /// The chunks of a panel.
    pub fn chunks(&self, panel: usize) -> impl Iterator<Item = Chunk<'_, T>> {
        let width = self.width(panel);
        let values = self.panels[panel].get_or_init(|| self.pack(panel));
        values
            .chunks(CHUNK * width)
            .map(move |values| Chunk { values, width })
    }

    fn pack(&self, panel: usize) -> Aligned<T> {
        let (columns, width) = (self.columns(panel), self.width(panel));
        let mut values = Aligned::new(T::ZERO, self.depth * width);
        match self.source {
            Source::Rows(data) => {
                for (to, from) in values
                    .chunks_exact_mut(width)
                    .zip(data.chunks_exact(self.columns))
                {
                    to[..columns.len()].copy_from_slice(&from[columns.clone()]);
                }
            }
            Source::Columns(data) => {
                let data = &data[columns.start * self.depth..columns.end * self.depth];
                transpose(data, columns.len(), self.depth, &mut values, width);
            }
            Source::Weighted([first, second], weights) => {
                let rows = first
                    .chunks_exact(self.columns)
                    .chain(second.chunks_exact(self.columns));
                for ((to, from), &weight) in values.chunks_exact_mut(width).zip(rows).zip(weights) {
                    for (to, &from) in to.iter_mut().zip(&from[columns.clone()]) {
                        *to = from * weight;
                    }
                }
            }
        }
        values
    }
}

/// Numbers of a cell.
fn cell<T>() -> usize {
    CELL_BYTES / size_of::<T>()
}

/// Writes the transpose of `rows` x `columns` numbers; rows of the result are `stride` numbers apart.
pub(super) fn transpose<T: Copy>(from: &[T], rows: usize, columns: usize, to: &mut [T], stride: usize) {
    const SIDE: usize = 16;
    for left in (0..columns).step_by(SIDE) {
        let right = (left + SIDE).min(columns);
        for row in 0..rows {
            for (k, &x) in from[row * columns + left..row * columns + right]
                .iter()
                .enumerate()
            {
                to[(left + k) * stride + row] = x;
            }
        }
    }
}
