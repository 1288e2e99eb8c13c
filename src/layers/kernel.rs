//! Products of rows with a chunk of a panel of columns: the innermost loops.
//!
//! Every sum runs over the inner index in order, in chunks of [`CHUNK`]: a chunk is summed from zero in one register,
//! then added to what stood there. Rows that are worked densely, several at a time, and rows of which only the nonzero
//! entries are looked at get the same bits thereby (what is left out would have added zero), so that a row's result
//! does not depend on the company it is worked in.

use super::shape::Shape;
use super::tier::Tier;
use super::vector::{Plain, Vector};
use crate::units::Real;

/// Inner indices that are summed in one register: half a chunk of a panel stays in the nearest cache.
pub(super) const CHUNK: usize = 128;

/// Bytes that widths of panels are multiples of: those of the widest register.
pub(super) const CELL_BYTES: usize = 64;

/// Cells of half a panel.
pub(super) const HALF: usize = 4;

/// A chunk of a packed panel, whose halves stand one after the other.
#[derive(Clone, Copy)]
pub struct Chunk<'a, T> {
    /// Rows of each half, one after the other; as many in both.
    pub halves: [&'a [T]; 2],
    /// Columns of each half, multiples of a cell. The second may have none.
    pub widths: [usize; 2],
}

impl<T> Chunk<'_, T> {
    fn depth(&self) -> usize {
        self.halves[0].len() / self.widths[0]
    }

    fn width(&self) -> usize {
        self.widths[0] + self.widths[1]
    }
}

/// Rows of the left factor that are looked at whole.
#[derive(Clone, Copy)]
pub struct Dense<'a, T> {
    /// All of the left factor.
    pub data: &'a [T],
    /// Where the chunk begins, in each row.
    pub starts: &'a [usize],
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
pub trait Number: Shape {
    /// Adds the products of dense rows with a chunk to their lines of `out`, which is as wide as the chunk.
    #[doc(hidden)]
    fn add_dense(tier: Tier, left: Dense<'_, Self>, right: Chunk<'_, Self>, out: &mut [Self]);

    /// Adds the product of the entries of a row with a chunk to `line`, which is as wide as the chunk.
    #[doc(hidden)]
    fn add_entries(tier: Tier, left: Entries<'_, Self>, right: Chunk<'_, Self>, line: &mut [Self]);
}

/// Works dense rows, all columns, `N` registers of columns at a time.
///
/// # Safety
/// The CPU must have the instructions of `V`, and [`check_dense`] (or [`check_entries`]) must have passed.
#[inline(always)]
unsafe fn dense<V: Vector, const N: usize>(
    left: Dense<'_, V::Item>,
    right: Chunk<'_, V::Item>,
    out: *mut V::Item,
) {
    for half in 0..2 {
        let mut column = 0;
        while column < right.widths[half] {
            let registers = ((right.widths[half] - column) / V::LANES).min(N);
            let place = Place { half, column };
            // SAFETY: the caller's promise.
            unsafe {
                match registers {
                    4 => rows::<V, 4>(left, right, out, place),
                    3 => rows::<V, 3>(left, right, out, place),
                    2 => rows::<V, 2>(left, right, out, place),
                    _ => rows::<V, 1>(left, right, out, place),
                }
            }
            column += registers.clamp(1, 4) * V::LANES;
        }
    }
}

/// Columns of a chunk.
#[derive(Clone, Copy)]
struct Place {
    half: usize,
    column: usize,
}

/// Works dense rows, six at a time, then the rest fewer at a time; `N` registers of columns.
///
/// # Safety
/// As [`dense`].
#[inline(always)]
unsafe fn rows<V: Vector, const N: usize>(
    left: Dense<'_, V::Item>,
    right: Chunk<'_, V::Item>,
    out: *mut V::Item,
    place: Place,
) {
    let (mut at, count) = (0, left.starts.len());
    // SAFETY: the caller's promise.
    unsafe {
        while at + 6 <= count {
            tile::<V, 6, N>(left, right, out, at, place);
            at += 6;
        }
        if at + 4 <= count {
            tile::<V, 4, N>(left, right, out, at, place);
            at += 4;
        }
        if at + 2 <= count {
            tile::<V, 2, N>(left, right, out, at, place);
            at += 2;
        }
        if at < count {
            tile::<V, 1, N>(left, right, out, at, place);
        }
    }
}

/// `M` rows from the `at`-th on, `N` registers of columns.
///
/// # Safety
/// As [`dense`].
#[inline(always)]
unsafe fn tile<V: Vector, const M: usize, const N: usize>(
    left: Dense<'_, V::Item>,
    right: Chunk<'_, V::Item>,
    out: *mut V::Item,
    at: usize,
    place: Place,
) {
    let width = right.widths[place.half];
    // SAFETY: the caller's promise.
    unsafe {
        let rows: [*const V::Item; M] = std::array::from_fn(|m| left.data.as_ptr().add(left.starts[at + m]));
        let mut sums = [[V::splat(V::Item::ZERO); N]; M];
        let mut from = right.halves[place.half].as_ptr().add(place.column);
        for k in 0..right.depth() {
            let weights: [V; N] = std::array::from_fn(|n| V::load(from.add(n * V::LANES)));
            for m in 0..M {
                let x = V::splat(*rows[m].add(k));
                for n in 0..N {
                    sums[m][n] = sums[m][n].add_product(x, weights[n]);
                }
            }
            from = from.wrapping_add(width);
        }
        for m in 0..M {
            let column = place.half * right.widths[0] + place.column;
            let to = out.add(left.lines[at + m] * right.width() + column);
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
    let registers = right.widths.map(|width| width / V::LANES);
    // SAFETY: the caller's promise.
    unsafe {
        match registers {
            // One walk over the entries of a row serves both halves where that many registers are to be had.
            [4, 4] => sum::<V, 4, 4>(left, right, line, 0),
            [4, 3] => sum::<V, 4, 3>(left, right, line, 0),
            [4, 2] => sum::<V, 4, 2>(left, right, line, 0),
            [4, 1] => sum::<V, 4, 1>(left, right, line, 0),
            _ => {
                for half in 0..2 {
                    let mut done = 0;
                    while done < registers[half] {
                        let place = Place {
                            half,
                            column: done * V::LANES,
                        };
                        done += some::<V>(left, right, line, place, registers[half] - done);
                    }
                }
            }
        }
    }
}

/// The entries of a row, as many registers of columns as there are, up to eight.
///
/// # Safety
/// As [`dense`].
#[inline(always)]
unsafe fn some<V: Vector>(
    left: Entries<'_, V::Item>,
    right: Chunk<'_, V::Item>,
    line: *mut V::Item,
    place: Place,
    registers: usize,
) -> usize {
    let Place { half, column } = place;
    let width = right.widths[half];
    let part = Chunk {
        halves: [right.halves[half], &[]],
        widths: [width, 0],
    };
    // SAFETY: the caller's promise.
    unsafe {
        let line = line.add(half * right.widths[0]);
        match registers {
            1 => sum::<V, 1, 0>(left, part, line, column),
            2 | 3 => sum::<V, 2, 0>(left, part, line, column),
            4..8 => sum::<V, 4, 0>(left, part, line, column),
            _ => sum::<V, 8, 0>(left, part, line, column),
        }
    }
    1 << registers.min(8).ilog2()
}

/// The entries of a row, `N` registers of columns of the first half from one on, the first `M` of the second half.
///
/// # Safety
/// As [`dense`].
#[inline(always)]
unsafe fn sum<V: Vector, const N: usize, const M: usize>(
    left: Entries<'_, V::Item>,
    right: Chunk<'_, V::Item>,
    line: *mut V::Item,
    column: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [V::splat(V::Item::ZERO); N];
        let mut more = [V::splat(V::Item::ZERO); M];
        let (first, second) = (right.halves[0].as_ptr().add(column), right.halves[1].as_ptr());
        let row = |place: u32| {
            let place = place as usize;
            (
                first.add(place * right.widths[0]),
                second.wrapping_add(place * right.widths[1]),
            )
        };
        match left.values {
            None => {
                for &place in left.places {
                    let (first, second) = row(place);
                    for n in 0..N {
                        sums[n] = sums[n].add(V::load(first.add(n * V::LANES)));
                    }
                    for m in 0..M {
                        more[m] = more[m].add(V::load(second.add(m * V::LANES)));
                    }
                }
            }
            Some(values) => {
                for (&place, &value) in left.places.iter().zip(values) {
                    let ((first, second), x) = (row(place), V::splat(value));
                    for n in 0..N {
                        sums[n] = sums[n].add_product(x, V::load(first.add(n * V::LANES)));
                    }
                    for m in 0..M {
                        more[m] = more[m].add_product(x, V::load(second.add(m * V::LANES)));
                    }
                }
            }
        }
        for (n, sum) in sums.into_iter().chain(more).enumerate() {
            let to = line.add(column + n * V::LANES);
            V::load(to).add(sum).store(to);
        }
    }
}

/// Panics where a kernel would leave its arrays.
fn check_chunk<T>(right: &Chunk<'_, T>) {
    let depth = right.depth();
    assert!(depth > 0 && right.widths[0] > 0);
    for half in 0..2 {
        assert!(right.widths[half].is_multiple_of(CELL_BYTES / size_of::<T>()));
        assert!(right.halves[half].len() == depth * right.widths[half]);
    }
}

/// As [`check_chunk`].
fn check_dense<T: Real>(left: &Dense<'_, T>, right: &Chunk<'_, T>, out: &[T]) {
    check_chunk(right);
    assert!(left.lines.len() == left.starts.len());
    assert!(
        left.starts
            .iter()
            .all(|start| start + right.depth() <= left.data.len())
    );
    assert!(
        left.lines
            .iter()
            .all(|line| (line + 1) * right.width() <= out.len())
    );
}

/// As [`check_chunk`].
fn check_entries<T: Real>(left: &Entries<'_, T>, right: &Chunk<'_, T>, line: &[T]) {
    check_chunk(right);
    assert!(line.len() == right.width());
    // Places ascend.
    debug_assert!(left.places.is_sorted());
    assert!(
        left.places
            .last()
            .is_none_or(|&last| (last as usize) < right.depth())
    );
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
                    #[target_feature(enable = "avx512f,avx512vl,fma")]
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
                    #[target_feature(enable = "avx512f,avx512vl,fma")]
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
