//! Products of many rows with a packed right factor, by all threads.

use super::crew::Crew;
use super::kernel::{CHUNK, Dense, Number};
use super::packed::Packed;
use super::rows::Rows;
use super::tier::Tier;
use crate::ensemble::Aligned;
use std::marker::PhantomData;
use std::ops::Range;

/// Multiplications below which one thread is quicker than waking others.
const ALONE: usize = 200_000;

/// Blocks of rows that a task takes, at most.
const BLOCKS: usize = 16;

/// What becomes of the products.
pub(super) trait Sink<T>: Sync {
    /// Takes the products of a block: `width` numbers a row, of which as many count as there are columns.
    fn take(&self, rows: Range<usize>, columns: Range<usize>, products: &mut [T], width: usize);
}

/// Hands the product of `left` with `right` to the sink, a block at a time, in any order.
pub(super) fn multiply<T: Number>(
    crew: &Crew,
    tier: Tier,
    left: &Rows<'_, T>,
    right: &Packed<'_, T>,
    sink: &impl Sink<T>,
) {
    let (panels, blocks) = (right.num_panels(), left.num_blocks());
    if blocks == 0 {
        return;
    }
    let groups = blocks.div_ceil(BLOCKS);
    let task = |at: usize| {
        // Where many rows are worked, a thread has rows of its own, as it has when weights are moved.
        let group = at / panels;
        // Groups begin at different panels, so that no thread waits for another that packs the same one.
        let panel = (at + group * panels / groups) % panels;
        let members = group * blocks / groups..(group + 1) * blocks / groups;
        // Panels begin at different blocks, so that no thread waits for another that looks through the same one.
        let first = panel * members.len() / panels;
        let mut room = Aligned::new(T::ZERO, left.rows(0).len() * right.width(panel));
        for k in 0..members.len() {
            let block = members.start + (first + k) % members.len();
            let rows = left.rows(block);
            let products = &mut room[..rows.len() * right.width(panel)];
            products.fill(T::ZERO);
            work(tier, left, block, right, panel, products);
            sink.take(rows, right.columns(panel), products, right.width(panel));
        }
    };
    let size = (left.count() * left.depth()).saturating_mul(right.num_columns());
    if size < ALONE {
        (0..panels * groups).for_each(task);
    } else {
        crew.spread(panels * groups, task);
    }
}

/// Adds the products of a block with a panel to `out`.
fn work<T: Number>(
    tier: Tier,
    left: &Rows<'_, T>,
    block: usize,
    right: &Packed<'_, T>,
    panel: usize,
    out: &mut [T],
) {
    let width = right.width(panel);
    let (numbers, found) = left.block(block);
    let lines: Vec<usize> = found.dense().collect();
    let mut starts: Vec<usize> = lines.iter().map(|line| line * left.depth()).collect();
    for (at, chunk) in right.chunks(panel).enumerate() {
        if !lines.is_empty() {
            let dense = Dense {
                data: numbers,
                starts: &starts,
                lines: &lines,
            };
            T::add_dense(tier, dense, chunk, out);
            for start in &mut starts {
                *start += CHUNK;
            }
        }
        for (line, entries) in found.sparse(at) {
            T::add_entries(tier, entries, chunk, &mut out[line * width..][..width]);
        }
    }
}

/// A matrix that threads write different parts of.
pub(super) struct Grid<'a, T> {
    start: *mut T,
    len: usize,
    columns: usize,
    life: PhantomData<&'a mut [T]>,
}

// SAFETY: threads get at the numbers by `Grid::part` alone, whose caller promises that parts do not overlap.
unsafe impl<T: Send> Sync for Grid<'_, T> {}

impl<'a, T> Grid<'a, T> {
    pub fn new(values: &'a mut [T], columns: usize) -> Self {
        Self {
            start: values.as_mut_ptr(),
            len: values.len(),
            columns,
            life: PhantomData,
        }
    }

    /// Part of a row.
    ///
    /// # Safety
    /// No part that overlaps may be alive.
    #[allow(clippy::mut_from_ref, reason = "the caller's promise")]
    pub unsafe fn part(&self, row: usize, columns: Range<usize>) -> &mut [T] {
        assert!(columns.start <= columns.end && columns.end <= self.columns);
        assert!((row + 1) * self.columns <= self.len);
        // SAFETY: inside, as was just checked; not shared, as the caller promises.
        unsafe {
            std::slice::from_raw_parts_mut(self.start.add(row * self.columns + columns.start), columns.len())
        }
    }
}
