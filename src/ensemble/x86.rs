//! Vector forms of what [`crate::rng`] defines.

#![allow(clippy::wildcard_imports, reason = "intrinsics")]

use crate::rng::ROUNDS;
use std::arch::x86_64::*;

/// [`crate::rng::word`] of eight keys.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn words(first: __m256i, second: __m256i, quad: __m256i) -> __m256i {
    let [one, two, three] = ROUNDS;
    let times = |x, m: u32| _mm256_mullo_epi32(x, _mm256_set1_epi32(m as i32));
    let x = times(_mm256_xor_si256(quad, first), one.0);
    let x = _mm256_xor_si256(x, _mm256_srli_epi32::<{ ROUNDS[0].1 as i32 }>(x));
    let x = times(_mm256_add_epi32(x, second), two.0);
    let x = _mm256_xor_si256(x, _mm256_srli_epi32::<{ ROUNDS[1].1 as i32 }>(x));
    let x = times(x, three.0);
    _mm256_xor_si256(x, _mm256_srli_epi32::<{ ROUNDS[2].1 as i32 }>(x))
}

/// [`crate::rng::word`] of sixteen keys.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn words_16(first: __m512i, second: __m512i, quad: __m512i) -> __m512i {
    let [one, two, three] = ROUNDS;
    let times = |x, m: u32| _mm512_mullo_epi32(x, _mm512_set1_epi32(m as i32));
    let x = times(_mm512_xor_si512(quad, first), one.0);
    let x = _mm512_xor_si512(x, _mm512_srli_epi32::<{ ROUNDS[0].1 }>(x));
    let x = times(_mm512_add_epi32(x, second), two.0);
    let x = _mm512_xor_si512(x, _mm512_srli_epi32::<{ ROUNDS[1].1 }>(x));
    let x = times(x, three.0);
    _mm512_xor_si512(x, _mm512_srli_epi32::<{ ROUNDS[2].1 }>(x))
}

/// Bytes of 0 and 1 as bits.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn bits(bytes: &[u8; 32]) -> u32 {
    // SAFETY: the array is a vector long.
    let bytes = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
    _mm256_movemask_epi8(_mm256_slli_epi16::<7>(bytes)) as u32
}
