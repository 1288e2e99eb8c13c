//! Dense couplings: flips of a window change its own fields at once and all others together.
//!
//! Walking the matrix once a window instead of once a flip, in pieces that stay in the nearest cache for all chains,
//! is what makes a flip cost arithmetic and not memory traffic.

use super::super::aligned::Aligned;
use super::super::decide::WINDOW;
use super::super::rows::{Number, Rows};
use super::super::simd::Level;
use super::Chain;

/// Columns of a tile, the most that are added at a time.
pub(super) const PIECE: usize = 128;

/// Twice the couplings between positions, in tiles of a window's rows by a piece's columns: what is added at a time
/// stands together. (Whole rows, a power of two apart, would meet in the same few lines of the cache.)
pub(in super::super) struct Matrix<T> {
    pieces: usize,
    entries: Aligned<T>,
}

impl<T: Number> Matrix<T> {
    pub fn new(rows: &Rows<T>, positions: usize) -> Self {
        let pieces = positions.div_ceil(PIECE);
        let mut matrix = Self {
            pieces,
            entries: Aligned::new(T::ZERO, positions.next_multiple_of(WINDOW) * pieces * PIECE),
        };
        for row in 0..positions {
            let (neighbours, weights) = rows.row(row);
            for (&j, &w) in neighbours.iter().zip(weights) {
                let column = j as usize;
                if column < positions {
                    let at = matrix.offset(row, column);
                    matrix.entries[at] = w.plus(w);
                }
            }
        }
        matrix
    }

    #[inline(always)]
    fn offset(&self, row: usize, column: usize) -> usize {
        let tile = row / WINDOW * self.pieces + column / PIECE;
        (tile * WINDOW + row % WINDOW) * PIECE + column % PIECE
    }

    /// The `N` entries of a row that begin at `column`, both powers of two.
    #[inline(always)]
    pub fn part<const N: usize>(&self, row: usize, column: usize) -> &[T; N] {
        let part = self.entries[self.offset(row, column)..].first_chunk();
        part.expect("a part of a row lies within a tile")
    }
}

/// Adds a part of a row to as many fields, or subtracts it.
#[inline(always)]
pub(super) fn add_row<T: Number, const N: usize>(fields: &mut [T; N], row: &[T; N], up: bool) {
    if up {
        for t in 0..N {
            fields[t] = fields[t].plus(row[t]);
        }
    } else {
        for t in 0..N {
            fields[t] = fields[t].minus(row[t]);
        }
    }
}

/// Lets the flips of the window that begins at `window` act on the fields outside it.
pub(super) fn apply_pending<T: Number>(
    level: Level,
    matrix: &Matrix<T>,
    window: usize,
    chains: &mut [Chain<T>],
) {
    // As many columns at a time as half the vector registers hold: the fewer pieces, the fewer loops over flips, whose
    // lengths no branch predictor knows (128 instead of 32 made a sweep 1.7 times as fast).
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<T: Number>(m: &Matrix<T>, window: usize, c: &mut [Chain<T>]) {
            apply::<T, 64>(m, window, c);
        }
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn avx512<T: Number>(m: &Matrix<T>, window: usize, c: &mut [Chain<T>]) {
            apply::<T, 128>(m, window, c);
        }
        match level {
            Level::Baseline => {}
            // SAFETY: the level says that this CPU has these instructions.
            Level::Avx2 => return unsafe { avx2(matrix, window, chains) },
            // SAFETY: as above.
            Level::Avx512 => return unsafe { avx512(matrix, window, chains) },
        }
    }
    let _ = level;
    apply::<T, 32>(matrix, window, chains);
}

#[inline(always)]
fn apply<T: Number, const N: usize>(matrix: &Matrix<T>, window: usize, chains: &mut [Chain<T>]) {
    for chain in chains.iter_mut() {
        chain.own.copy_from_slice(&chain.fields[window..window + WINDOW]);
    }
    for piece in (0..matrix.pieces * PIECE).step_by(N) {
        for chain in chains.iter_mut() {
            add_flips::<T, N>(matrix, piece, chain);
        }
    }
    for chain in chains {
        // The window has felt its own flips already.
        chain.fields[window..window + WINDOW].copy_from_slice(&chain.own);
        chain.ups.clear();
        chain.downs.clear();
    }
}

/// Adds the rows of a chain's flips to one piece of its fields.
#[inline(always)]
fn add_flips<T: Number, const N: usize>(matrix: &Matrix<T>, piece: usize, chain: &mut Chain<T>) {
    let Some(fields) = chain.fields[piece..].first_chunk_mut::<N>() else {
        return;
    };
    let mut sum = *fields;
    for (rows, up) in [(&chain.ups, true), (&chain.downs, false)] {
        for &row in rows {
            add_row(&mut sum, matrix.part::<N>(row as usize, piece), up);
        }
    }
    *fields = sum;
}
