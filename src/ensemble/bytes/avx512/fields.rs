//! Local fields with AVX-512: rows are summed at their own width and joined at the end.

#![allow(clippy::wildcard_imports, reason = "intrinsics")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "one argument covers the file: see `quad_fields`"
)]

use super::super::Frame;
use super::Vectors;
use crate::ensemble::plan::QUAD;
use std::arch::x86_64::*;

/// Local fields of the sites of a light quad.
///
/// # Safety
/// The offsets of a layout lie inside the spins of the block it was made for: they are row numbers of the plan times W.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
pub(super) unsafe fn quad_fields<const W: usize>(frame: &Frame<W>, number: usize, spins: &[i8]) -> Vectors {
    let layout = frame.layout;
    let quad = &layout.quads[number];
    let entries = unsafe { layout.offsets.as_ptr().add(quad.start as usize) };
    let groups = [quad.positive as usize, quad.negative as usize];
    let mut sum = if W == 32 {
        unsafe { sums_32(spins.as_ptr(), entries, groups) }
    } else {
        unsafe { sums_16(spins.as_ptr(), entries, groups) }
    };
    if layout.has_fields {
        let four = unsafe {
            layout
                .fields
                .as_ptr()
                .add(number * QUAD)
                .cast::<i32>()
                .read_unaligned()
        };
        for (v, sum) in sum.iter_mut().enumerate().take(W / 16) {
            let row_of_byte: [i8; 64] = std::array::from_fn(|at| ((64 * v + at) / W) as i8);
            let row_of_byte = unsafe { _mm512_loadu_si512(row_of_byte.as_ptr().cast()) };
            let fields = _mm512_permutexvar_epi8(row_of_byte, _mm512_set1_epi32(four));
            *sum = _mm512_add_epi8(*sum, fields);
        }
    }
    sum
}

/// Sums of groups of four rows of 32, less those of a second run of groups.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn sums_32(spins: *const i8, mut entry: *const u32, [positive, negative]: [usize; 2]) -> Vectors {
    let mut rows = [_mm256_setzero_si256(); QUAD];
    let row =
        |entry: *const u32, t: usize| unsafe { _mm256_loadu_si256(spins.add(*entry.add(t) as usize).cast()) };
    for _ in 0..positive {
        rows = std::array::from_fn(|t| _mm256_add_epi8(rows[t], row(entry, t)));
        entry = unsafe { entry.add(QUAD) };
    }
    for _ in 0..negative {
        rows = std::array::from_fn(|t| _mm256_sub_epi8(rows[t], row(entry, t)));
        entry = unsafe { entry.add(QUAD) };
    }
    let pair = |a, b| _mm512_inserti64x4::<1>(_mm512_castsi256_si512(a), b);
    [pair(rows[0], rows[1]), pair(rows[2], rows[3])]
}

/// The same for rows of 16.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn sums_16(spins: *const i8, mut entry: *const u32, [positive, negative]: [usize; 2]) -> Vectors {
    let mut rows = [_mm_setzero_si128(); QUAD];
    let row =
        |entry: *const u32, t: usize| unsafe { _mm_loadu_si128(spins.add(*entry.add(t) as usize).cast()) };
    for _ in 0..positive {
        rows = std::array::from_fn(|t| _mm_add_epi8(rows[t], row(entry, t)));
        entry = unsafe { entry.add(QUAD) };
    }
    for _ in 0..negative {
        rows = std::array::from_fn(|t| _mm_sub_epi8(rows[t], row(entry, t)));
        entry = unsafe { entry.add(QUAD) };
    }
    let pair = |a, b| _mm256_set_m128i(b, a);
    let low = _mm512_castsi256_si512(pair(rows[0], rows[1]));
    let four = _mm512_inserti64x4::<1>(low, pair(rows[2], rows[3]));
    [four, _mm512_setzero_si512()]
}
