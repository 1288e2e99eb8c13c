//! Dense couplings: flips of a window change its own fields at once and all others together.
//!
//! Walking the matrix once a window instead of once a flip, in pieces that stay in the nearest cache for all chains,
//! is what makes a flip cost arithmetic and not memory traffic.

use super::super::decide::WINDOW;
use super::super::rows::{Number, Rows};
use super::super::simd::Level;
use super::Chain;

/// Columns of the matrix added at a time: as many fields as the vector registers hold.
const PIECE: usize = WINDOW;

/// Twice the couplings between positions, rows padded to whole windows.
pub(in super::super) struct Matrix<T> {
    stride: usize,
    entries: Vec<T>,
}

impl<T: Number> Matrix<T> {
    pub fn new(rows: &Rows<T>, positions: usize) -> Self {
        let stride = positions.next_multiple_of(WINDOW);
        let mut entries = vec![T::ZERO; positions * stride];
        for row in 0..positions {
            let (neighbours, weights) = rows.row(row);
            for (&j, &w) in neighbours
                .iter()
                .zip(weights)
                .filter(|(j, _)| (**j as usize) < positions)
            {
                entries[row * stride + j as usize] = w.plus(w);
            }
        }
        Self { stride, entries }
    }

    #[inline(always)]
    pub fn row(&self, row: usize) -> &[T] {
        &self.entries[row * self.stride..(row + 1) * self.stride]
    }
}

/// Adds a row to the fields of one piece, or subtracts it.
#[inline(always)]
pub(super) fn add_row<T: Number>(fields: &mut [T; PIECE], row: &[T; PIECE], up: bool) {
    let old = *fields;
    if up {
        *fields = std::array::from_fn(|t| old[t].plus(row[t]));
    } else {
        *fields = std::array::from_fn(|t| old[t].minus(row[t]));
    }
}

/// Lets the flips of the window that begins at `window` act on the fields outside it.
pub(super) fn apply_pending<T: Number>(
    level: Level,
    matrix: &Matrix<T>,
    window: usize,
    chains: Vec<&mut Chain<T>>,
) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<T: Number>(m: &Matrix<T>, window: usize, c: Vec<&mut Chain<T>>) {
            apply(m, window, c);
        }
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn avx512<T: Number>(m: &Matrix<T>, window: usize, c: Vec<&mut Chain<T>>) {
            apply(m, window, c);
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
    apply(matrix, window, chains);
}

#[inline(always)]
fn apply<T: Number>(matrix: &Matrix<T>, window: usize, mut chains: Vec<&mut Chain<T>>) {
    for piece in (0..matrix.stride).step_by(PIECE).filter(|&piece| piece != window) {
        for chain in &mut chains {
            let Some(fields) = chain.fields[piece..].first_chunk_mut::<PIECE>() else {
                continue;
            };
            let mut sum = *fields;
            for (rows, up) in [(&chain.ups, true), (&chain.downs, false)] {
                for &row in rows {
                    if let Some(row) = matrix.row(row as usize)[piece..].first_chunk() {
                        add_row(&mut sum, row, up);
                    }
                }
            }
            *fields = sum;
        }
    }
    for chain in chains {
        chain.ups.clear();
        chain.downs.clear();
    }
}
