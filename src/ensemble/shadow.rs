//! Reading site-major blocks, and their shadow states: one bit a spin, a 32-bit row a site.
//!
//! Copying a block's best lanes aside costs a bit row a site instead of a byte row, which is what keeps looking for the
//! best state after every sweep cheap.

use super::Plan;
use super::simd::Level;

/// Copies the signs of the lanes in `mask` from rows of `W` spins to bit rows (bit set = spin -1).
pub(super) fn keep<const W: usize>(level: Level, spins: &[i8], mask: u32, shadows: &mut [u32]) {
    #[cfg(target_arch = "x86_64")]
    if level == Level::Avx512 && W == 32 {
        // SAFETY: the level says that this CPU has these instructions.
        return unsafe { keep_avx512(spins, mask, shadows) };
    }
    #[cfg(target_arch = "x86_64")]
    if level >= Level::Avx2 {
        // SAFETY: the level says that this CPU has AVX2.
        return unsafe { keep_avx2::<W>(spins, mask, shadows) };
    }
    let _ = level;
    for (shadow, row) in shadows.iter_mut().zip(spins.chunks_exact(W)) {
        let bits = row
            .iter()
            .enumerate()
            .fold(0u32, |bits, (l, &s)| bits | u32::from(s < 0) << l);
        *shadow = (*shadow & !mask) | (bits & mask);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn keep_avx2<const W: usize>(spins: &[i8], mask: u32, shadows: &mut [u32]) {
    use std::arch::x86_64::{_mm256_loadu_si256, _mm256_movemask_epi8};
    // Two passes over a small buffer: the second, a blend, is left to the compiler's vectors.
    const ROWS: usize = 64;
    let per_vector = 32 / W;
    let mut fresh = [0u32; ROWS];
    for (shadows, rows) in shadows.chunks_mut(ROWS).zip(spins.chunks(ROWS * W)) {
        for (fresh, rows) in fresh.chunks_exact_mut(per_vector).zip(rows.chunks_exact(32)) {
            // SAFETY: `rows` is 32 bytes long.
            let signs = _mm256_movemask_epi8(unsafe { _mm256_loadu_si256(rows.as_ptr().cast()) }) as u32;
            for (t, bits) in fresh.iter_mut().enumerate() {
                *bits = signs >> (t * W);
            }
        }
        for (shadow, bits) in shadows.iter_mut().zip(&fresh) {
            *shadow = (*shadow & !mask) | (bits & mask);
        }
    }
}

/// Rows of 32: a vector is two of them, and its signs are two bit rows.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn keep_avx512(spins: &[i8], mask: u32, shadows: &mut [u32]) {
    use std::arch::x86_64::{_mm512_loadu_si512, _mm512_movepi8_mask};
    const ROWS: usize = 64;
    let mut fresh = [0u32; ROWS];
    for (shadows, rows) in shadows.chunks_mut(ROWS).zip(spins.chunks(ROWS * 32)) {
        for (fresh, rows) in fresh.chunks_exact_mut(2).zip(rows.chunks_exact(64)) {
            // SAFETY: `rows` is 64 bytes long.
            let signs = _mm512_movepi8_mask(unsafe { _mm512_loadu_si512(rows.as_ptr().cast()) });
            (fresh[0], fresh[1]) = (signs as u32, (signs >> 32) as u32);
        }
        for (shadow, bits) in shadows.iter_mut().zip(&fresh) {
            *shadow = (*shadow & !mask) | (bits & mask);
        }
    }
}

/// Bit rows of the spins, by site.
pub(super) fn bit_rows<const W: usize>(level: Level, plan: &Plan, spins: &[i8], out: &mut [u64]) {
    let mut rows = vec![0; plan.num_rows()];
    keep::<W>(level, spins, u32::MAX, &mut rows);
    for (bits, &row) in out.iter_mut().zip(&plan.row_of) {
        *bits = rows[row as usize].into();
    }
}

/// The spins of a lane, by site, from rows of `W`.
pub(super) fn state<const W: usize>(plan: &Plan, spins: &[i8], lane: usize, out: &mut [i8]) {
    for (s, &row) in out.iter_mut().zip(&plan.row_of) {
        *s = spins[row as usize * W + lane];
    }
}

/// The same from bit rows.
pub(super) fn kept(plan: &Plan, shadows: &[u32], lane: usize, out: &mut [i8]) {
    for (s, &row) in out.iter_mut().zip(&plan.row_of) {
        *s = if shadows[row as usize] >> lane & 1 == 1 {
            -1
        } else {
            1
        };
    }
}
