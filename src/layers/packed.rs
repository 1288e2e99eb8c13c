//! The right factor of a product, cut into panels of columns whose rows stand one after the other.

use super::kernel::{CELL_BYTES, CHUNK, Chunk, HALF, Number};
use super::shape::transpose;
use super::stock::{Label, Panels, Stock};
use super::tier::Tier;
use std::ops::Range;
use std::sync::Arc;

/// Where the numbers of a right factor come from.
pub(super) enum Source<'a, T> {
    /// A matrix as it stands.
    Rows(&'a [T]),
    /// The transpose of a matrix.
    Columns(&'a [T]),
    /// Rows of matrices one after the other, each times its weight.
    Weighted(Vec<&'a [T]>, &'a [T]),
}

/// A right factor of `depth` rows; a panel is packed when it is first looked at.
pub(super) struct Packed<'a, T: Number> {
    tier: Tier,
    source: Source<'a, T>,
    depth: usize,
    columns: usize,
    panels: Arc<Panels<T>>,
    stock: &'a Stock<T>,
}

impl<'a, T: Number> Packed<'a, T> {
    /// The number of panels is a multiple of `parts` where there are enough columns. Those of a label are looked up.
    pub fn new(
        tier: Tier,
        stock: &'a Stock<T>,
        source: Source<'a, T>,
        [depth, columns]: [usize; 2],
        parts: usize,
        label: Option<Label>,
    ) -> Self {
        let cells = columns.div_ceil(cell::<T>());
        let least = cells.div_ceil(2 * HALF);
        let count = least.next_multiple_of(parts).min(cells.div_ceil(HALF)).max(least);
        Self {
            tier,
            source,
            depth,
            columns,
            panels: stock.panels(count, label),
            stock,
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

    /// Columns of the halves of a panel, with what fills up the last cell.
    fn widths(&self, panel: usize) -> [usize; 2] {
        let width = self.columns(panel).len().next_multiple_of(cell::<T>());
        let first = width.min(HALF * cell::<T>());
        [first, width - first]
    }

    /// Columns of a panel with what fills up the last cell.
    pub fn width(&self, panel: usize) -> usize {
        self.widths(panel).iter().sum()
    }

    /// The chunks of a panel.
    pub fn chunks(&self, panel: usize) -> impl Iterator<Item = Chunk<'_, T>> {
        let (depth, widths) = (self.depth, self.widths(panel));
        let size = depth * (widths[0] + widths[1]);
        let pack = |values: &mut [T]| self.pack(panel, values);
        let values = self.stock.panel(&self.panels[panel], size, pack);
        let halves: [&[T]; 2] = values.split_at(depth * widths[0]).into();
        (0..depth).step_by(CHUNK).map(move |from| {
            let to = (from + CHUNK).min(depth);
            let part = |half: usize| &halves[half][from * widths[half]..to * widths[half]];
            Chunk {
                halves: [part(0), part(1)],
                widths,
            }
        })
    }

    fn pack(&self, panel: usize, values: &mut [T]) {
        let (columns, widths) = (self.columns(panel), self.widths(panel));
        let (first, second) = values.split_at_mut(self.depth * widths[0]);
        let middle = (columns.start + widths[0]).min(columns.end);
        self.pack_half(columns.start..middle, first, widths[0]);
        if widths[1] > 0 {
            self.pack_half(middle..columns.end, second, widths[1]);
        }
    }

    fn pack_half(&self, columns: Range<usize>, half: &mut [T], width: usize) {
        if columns.len() < width {
            half.fill(T::ZERO);
        }
        match &self.source {
            Source::Rows(data) => {
                for (to, from) in half.chunks_exact_mut(width).zip(data.chunks_exact(self.columns)) {
                    to[..columns.len()].copy_from_slice(&from[columns.clone()]);
                }
            }
            Source::Columns(data) => {
                let data = &data[columns.start * self.depth..columns.end * self.depth];
                transpose(
                    self.tier,
                    data,
                    self.depth,
                    [columns.len(), self.depth],
                    half,
                    width,
                );
            }
            Source::Weighted(parts, weights) => {
                let rows = parts.iter().flat_map(|part| part.chunks_exact(self.columns));
                for ((to, from), &weight) in half.chunks_exact_mut(width).zip(rows).zip(*weights) {
                    for (to, &from) in to.iter_mut().zip(&from[columns.clone()]) {
                        *to = from * weight;
                    }
                }
            }
        }
    }
}

impl<T: Number> Drop for Packed<'_, T> {
    fn drop(&mut self) {
        self.stock.give_back(std::mem::take(&mut self.panels));
    }
}

/// Numbers of a cell.
fn cell<T>() -> usize {
    CELL_BYTES / size_of::<T>()
}
