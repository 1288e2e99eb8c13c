//! Leading bytes of a quad's draws: eight lanes hashed a vector, their bytes transposed into rows.

#![allow(clippy::wildcard_imports, reason = "intrinsics")]

use super::Frame;
use super::avx2::{MOST, Vectors};
use crate::ensemble::x86::words;
use std::arch::x86_64::*;

/// Keys of the lanes, in the order in which the hashes are transposed into rows.
pub(super) struct Random<const W: usize> {
    first: Vectors,
    second: Vectors,
}

impl<const W: usize> Random<W> {
    /// The lane whose key stands in slot `slot` (8 slots a vector).
    fn lane_of_slot(slot: usize) -> usize {
        let (vector, half, dword) = (slot / 8, slot / 4 % 2, slot % 4);
        match W {
            32 => 4 * (slot % 8) + vector,
            16 => 4 * (2 * half + vector) + dword,
            _ => slot,
        }
    }

    #[target_feature(enable = "avx2")]
    pub fn new(frame: &Frame<W>) -> Self {
        let mut slots = [[0u32; 8 * MOST]; 2];
        for slot in 0..W {
            let key = frame.keys[Self::lane_of_slot(slot)];
            slots[0][slot] = key.first;
            slots[1][slot] = key.second;
        }
        let vectors = |slots: &[u32; 8 * MOST]| {
            // SAFETY: the array holds `MOST` vectors.
            std::array::from_fn(|v| unsafe { _mm256_loadu_si256(slots.as_ptr().add(8 * v).cast()) })
        };
        Self {
            first: vectors(&slots[0]),
            second: vectors(&slots[1]),
        }
    }

    /// [`crate::rng::word`] of eight lanes.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn words(&self, v: usize, quad: __m256i) -> __m256i {
        words(self.first[v], self.second[v], quad)
    }

    /// Leading bytes of the four visits of a quad, in the order of the rows.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn leads(&self, number: usize) -> Vectors {
        let quad = _mm256_set1_epi32(number as i32);
        let zero = _mm256_setzero_si256();
        match W {
            32 => transpose_bytes(std::array::from_fn(|v| self.words(v, quad))),
            16 => {
                let by_visit = bytes_by_visit();
                let a = _mm256_shuffle_epi8(self.words(0, quad), by_visit);
                let b = _mm256_shuffle_epi8(self.words(1, quad), by_visit);
                let low = _mm256_permute4x64_epi64(_mm256_unpacklo_epi32(a, b), 0b11_01_10_00);
                let high = _mm256_permute4x64_epi64(_mm256_unpackhi_epi32(a, b), 0b11_01_10_00);
                [low, high, zero, zero]
            }
            _ => {
                let a = _mm256_shuffle_epi8(self.words(0, quad), bytes_by_visit());
                let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
                [_mm256_permutevar8x32_epi32(a, order), zero, zero, zero]
            }
        }
    }
}

/// Within each half: byte t of the four dwords side by side, t = 0, 1, 2, 3.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes_by_visit() -> __m256i {
    let half = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm256_set_m128i(half, half)
}

/// Byte j of dword d of result t is byte t of dword d of input j.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose_bytes(words: Vectors) -> Vectors {
    let even = _mm256_set1_epi32(0x00FF_00FF);
    let [a, b, c, d] = words;
    let low = |x, y| _mm256_or_si256(_mm256_and_si256(x, even), _mm256_slli_epi16(y, 8));
    let high = |x, y| _mm256_or_si256(_mm256_srli_epi16(x, 8), _mm256_andnot_si256(even, y));
    let (ab0, cd0, ab1, cd1) = (low(a, b), low(c, d), high(a, b), high(c, d));
    let first = |x, y| _mm256_blend_epi16(x, _mm256_slli_epi32(y, 16), 0xAA);
    let second = |x, y| _mm256_blend_epi16(_mm256_srli_epi32(x, 16), y, 0xAA);
    [
        first(ab0, cd0),
        first(ab1, cd1),
        second(ab0, cd0),
        second(ab1, cd1),
    ]
}
