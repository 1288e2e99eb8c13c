//! Products of rows with a chunk of a panel of columns: the innermost loops.
//!
//! Every sum runs over the inner index in order, in chunks of [`CHUNK`]: a chunk is summed from zero in one register,
//! then added to what stood there. Rows that are worked densely, several at a time, and rows of which only the nonzero
//! entries are looked at get the same bits thereby (what is left out would have added zero), so that a row's result
//! does not depend on the company it is worked in.

use super::tier::Tier;
use super::vector::{Plain, Vector};
use crate::units::Real;

/// Inner indices that are summed in one register: a panel's chunk stays in the near caches.
pub(super) const CHUNK: usize = 256;

/// Bytes of a row of a panel, at most: eight of the widest registers.
pub(super) const PANEL_BYTES: usize = 512;

/// Bytes that widths of panels are multiples of.
pub(super) const CELL_BYTES: usize = 64;

/// A chunk of a packed panel.
#[derive(Clone, Copy)]
pub struct Chunk<'a, T> {
    /// So many rows of `width` numbers, one after the other.
    pub values: &'a [T],
    /// Columns, a multiple of a cell.
    pub width: usize,
}

/// Rows of the left factor that are looked at whole.
#[derive(Clone, Copy)]
pub struct Dense<'a, T> {
    /// All of the left factor.
    pub data: &'a [T],
    /// Where the chunk begins, in each row.
    pub starts: &'a [usize],
    /// From one inner index to the next.
    pub step: usize,
    /// Lines of the result, for each row.
    pub lines: &'a [usize],
}

/// Nonzero entries of a row of the left factor within a chunk.
#[derive(Clone, Copy)]
pub struct Entries<'a, T> {
    /// Inner indices from the start of the chunk.
    pub places: &'a [u32],
    /// The values there, if any is not 1.
    pub values: Option<&'a [T]>,
}

/// A number that layers are worked in.
pub trait Number: Real {
    /// Adds the products of dense rows with a chunk to their lines of `out`, which is as wide as the chunk.
    #[doc(hidden)]
    fn add_dense(tier: Tier, left: Dense<'_, Self>, right: Chunk<'_, Self>, out: &mut [Self]);

    /// Adds the product of the entries of a row with a chunk to `line`, which is as wide as the chunk.
    #[doc(hidden)]
    fn add_entries(tier: Tier, left: Entries<'_, Self>, right: Chunk<'_, Self>, line: &mut [Self]);
}

/// Works dense rows, six at a time; the rest fewer at a time.
///
/// # Safety
/// The CPU must have the instructions of `V`, and [`check_dense`] (or [`check_entries`]) must have passed.
#[inline(always)]
unsafe fn dense<V: Vector, const N: usize>(
    left: Dense<'_, V::Item>,
    right: Chunk<'_, V::Item>,
    out: *mut V::Item,
) {
    let (mut at, rows) = (0, left.starts.len());
    // SAFETY: the caller's promise.
    unsafe {
        while at + 6 <= rows {
            columns::<V, 6, N>(left, right, out, at);
            at += 6;
        }
        if at + 4 <= rows {
            columns::<V, 4, N>(left, right, out, at);
            at += 4;
        }
        if at + 2 <= rows {
            columns::<V, 2, N>(left, right, out, at);
            at += 2;
        }
        if at < rows {
            columns::<V, 1, N>(left, right, out, at);
        }
    }
}

/// `M` rows from the `at`-th on, all columns, `N` registers at a time.
///
/// # Safety
/// As [`dense`].
#[inline(always)]
unsafe fn columns<V: Vector, const M: usize, const N: usize>(
    left: Dense<'_, V::Item>,
    right: Chunk<'_, V::Item>,
    out: *mut V::Item,
    at: usize,
) {
    let mut column = 0;
    // SAFETY: the caller's promise.
    unsafe {
        while column + N * V::LANES <= right.width {
            tile::<V, M, N>(left, right, out, at, column);
            column += N * V::LANES;
        }
        while column < right.width {
            tile::<V, M, 1>(left, right, out, at, column);
            column += V::LANES;
        }
    }
}

/// `M` rows, `N` registers of columns.
///
/// # Safety
/// As [`dense`].
#[inline(always)]
unsafe fn tile<V: Vector, const M: usize, const N: usize>(
    left: Dense<'_, V::Item>,
    right: Chunk<'_, V::Item>,
    out: *mut V::Item,
    at: usize,
    column: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let rows: [*const V::Item; M] = std::array::from_fn(|m| left.data.as_ptr().add(left.starts[at + m]));
        let mut sums = [[V::splat(V::Item::ZERO); N]; M];
        let mut from = right.values.as_ptr().add(column);
        for k in 0..right.values.len() / right.width {
            let weights: [V; N] = std::array::from_fn(|n| V::load(from.add(n * V::LANES)));
            for m in 0..M {
                let x = V::splat(*rows[m].add(k * left.step));
                for n in 0..N {
                    sums[m][n] = sums[m][n].add_product(x, weights[n]);
                }
            }
            from = from.wrapping_add(right.width);
        }
        for m in 0..M {
            let to = out.add(left.lines[at + m] * right.width + column);
            for n in 0..N {
                let to = to.add(n * V::LANES);
                V::load(to).add(sums[m][n]).store(to);
            }
        }
    }
}

/// The entries of a row, all columns.
///
/// # Safety
/// As [`dense`].
#[inline(always)]
unsafe fn entries<V: Vector>(left: Entries<'_, V::Item>, right: Chunk<'_, V::Item>, line: *mut V::Item) {
    let mut column = 0;
    // SAFETY: the caller's promise.
    unsafe {
        while column < right.width {
            let registers = ((right.width - column) / V::LANES).min(8);
            match registers {
                8 => sum::<V, 8>(left, right, line, column),
                7 => sum::<V, 7>(left, right, line, column),
                6 => sum::<V, 6>(left, right, line, column),
                5 => sum::<V, 5>(left, right, line, column),
                4 => sum::<V, 4>(left, right, line, column),
                3 => sum::<V, 3>(left, right, line, column),
                2 => sum::<V, 2>(left, right, line, column),
                _ => sum::<V, 1>(left, right, line, column),
            }
            column += registers * V::LANES;
        }
    }
}

/// The entries of a row, `N` registers of columns.
///
/// # Safety
/// As [`dense`].
#[inline(always)]
unsafe fn sum<V: Vector, const N: usize>(
    left: Entries<'_, V::Item>,
    right: Chunk<'_, V::Item>,
    line: *mut V::Item,
    column: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [V::splat(V::Item::ZERO); N];
        let from = right.values.as_ptr().add(column);
        match left.values {
            None => {
                for &place in left.places {
                    let from = from.add(place as usize * right.width);
                    for n in 0..N {
                        sums[n] = sums[n].add(V::load(from.add(n * V::LANES)));
                    }
                }
            }
            Some(values) => {
                for (&place, &value) in left.places.iter().zip(values) {
                    let (from, x) = (from.add(place as usize * right.width), V::splat(value));
                    for n in 0..N {
                        sums[n] = sums[n].add_product(x, V::load(from.add(n * V::LANES)));
                    }
                }
            }
        }
        for n in 0..N {
            let to = line.add(column + n * V::LANES);
            V::load(to).add(sums[n]).store(to);
        }
    }
}

/// Panics where a kernel would leave its arrays.
fn check_dense<T: Real>(left: &Dense<'_, T>, right: &Chunk<'_, T>, out: &[T]) {
    let depth = right.values.len() / right.width;
    assert!(
        right.width.is_multiple_of(CELL_BYTES / size_of::<T>()) && right.values.len() == depth * right.width
    );
    assert!(left.lines.len() == left.starts.len() && depth > 0);
    let reach = (depth - 1) * left.step;
    assert!(left.starts.iter().all(|start| start + reach < left.data.len()));
    assert!(
        left.lines
            .iter()
            .all(|line| (line + 1) * right.width <= out.len())
    );
}

/// As [`check_dense`]; places are checked where they are made.
fn check_entries<T: Real>(left: &Entries<'_, T>, right: &Chunk<'_, T>, line: &[T]) {
    let depth = right.values.len() / right.width;
    assert!(right.width.is_multiple_of(CELL_BYTES / size_of::<T>()) && line.len() == right.width);
    // Places ascend.
    assert!(left.places.last().is_none_or(|&last| (last as usize) < depth));
    debug_assert!(left.places.is_sorted());
    assert!(left.values.is_none_or(|values| values.len() == left.places.len()));
}

macro_rules! number {
    ($float:ident, $plain:ty, $half:ident, $full:ident) => {
        impl Number for $float {
            fn add_dense(tier: Tier, left: Dense<'_, Self>, right: Chunk<'_, Self>, out: &mut [Self]) {
                check_dense(&left, &right, out);
                let out = out.as_mut_ptr();
                #[cfg(target_arch = "x86_64")]
                {
                    use std::arch::x86_64::{$full, $half};
                    #[target_feature(enable = "avx2,fma")]
                    unsafe fn half(left: Dense<'_, $float>, right: Chunk<'_, $float>, out: *mut $float) {
                        // SAFETY: the caller's promise.
                        unsafe { dense::<$half, 2>(left, right, out) }
                    }
                    #[target_feature(enable = "avx512f,fma")]
                    unsafe fn full(left: Dense<'_, $float>, right: Chunk<'_, $float>, out: *mut $float) {
                        // SAFETY: the caller's promise.
                        unsafe { dense::<$full, 4>(left, right, out) }
                    }
                    match tier {
                        Tier::Plain => {}
                        // SAFETY: the tier says that this CPU has these instructions; bounds are checked above.
                        Tier::Half => return unsafe { half(left, right, out) },
                        // SAFETY: as above.
                        Tier::Full => return unsafe { full(left, right, out) },
                    }
                }
                let _ = tier;
                // SAFETY: every CPU has what is plain; bounds are checked above.
                unsafe { dense::<$plain, 2>(left, right, out) }
            }

            fn add_entries(tier: Tier, left: Entries<'_, Self>, right: Chunk<'_, Self>, line: &mut [Self]) {
                check_entries(&left, &right, line);
                let line = line.as_mut_ptr();
                #[cfg(target_arch = "x86_64")]
                {
                    use std::arch::x86_64::{$full, $half};
                    #[target_feature(enable = "avx2,fma")]
                    unsafe fn half(left: Entries<'_, $float>, right: Chunk<'_, $float>, line: *mut $float) {
                        // SAFETY: the caller's promise.
                        unsafe { entries::<$half>(left, right, line) }
                    }
                    #[target_feature(enable = "avx512f,fma")]
                    unsafe fn full(left: Entries<'_, $float>, right: Chunk<'_, $float>, line: *mut $float) {
                        // SAFETY: the caller's promise.
                        unsafe { entries::<$full>(left, right, line) }
                    }
                    match tier {
                        Tier::Plain => {}
                        // SAFETY: the tier says that this CPU has these instructions; bounds are checked above.
                        Tier::Half => return unsafe { half(left, right, line) },
                        // SAFETY: as above.
                        Tier::Full => return unsafe { full(left, right, line) },
                    }
                }
                let _ = tier;
                // SAFETY: every CPU has what is plain; bounds are checked above.
                unsafe { entries::<$plain>(left, right, line) }
            }
        }
    };
}
number!(f32, Plain<f32, 4>, __m256, __m512);
number!(f64, Plain<f64, 2>, __m256d, __m512d);
