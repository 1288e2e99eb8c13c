//! How many bits of eight chains differ from a row: the inner loop of this path.
//!
//! Written out because the compiler turns the words of eight chains, which stand side by side, into gathers (measured:
//! a fifth of the speed).

#![allow(clippy::wildcard_imports, reason = "intrinsics")]

use std::arch::x86_64::*;

/// A way to count.
pub(super) trait Count {
    /// Chain by chain, how many bits of `spins` differ from `signs` (where `present` is set, unless it is empty).
    ///
    /// # Safety
    /// The CPU has the instructions of this way.
    unsafe fn differing(spins: &[[u64; 8]], signs: &[u64], present: &[u64]) -> __m256i;
}

/// Two vectors of four chains; bits are counted by a table of four bits (Muła 2008).
pub(super) struct Avx2;

impl Count for Avx2 {
    #[inline(always)]
    unsafe fn differing(spins: &[[u64; 8]], signs: &[u64], present: &[u64]) -> __m256i {
        // SAFETY: the caller vouches for AVX2.
        unsafe { differing_avx2(spins, signs, present) }
    }
}

/// Words whose counts by byte, at most 8 each, fit a byte.
const WORDS_PER_BYTE: usize = 31;

#[inline]
#[target_feature(enable = "avx2")]
fn differing_avx2(spins: &[[u64; 8]], signs: &[u64], present: &[u64]) -> __m256i {
    let zero = _mm256_setzero_si256();
    let mut sums = [zero; 2];
    for first in (0..spins.len()).step_by(WORDS_PER_BYTE) {
        let end = spins.len().min(first + WORDS_PER_BYTE);
        let mut bytes = [zero; 2];
        for w in first..end {
            let sign = _mm256_set1_epi64x(signs[w] as i64);
            let present = _mm256_set1_epi64x(present.get(w).map_or(-1, |p| *p as i64));
            for (half, bytes) in bytes.iter_mut().enumerate() {
                // SAFETY: eight words are two vectors.
                let spins = unsafe { _mm256_loadu_si256(spins[w].as_ptr().add(4 * half).cast()) };
                let bits = _mm256_and_si256(_mm256_xor_si256(spins, sign), present);
                *bytes = _mm256_add_epi8(*bytes, ones_by_byte(bits));
            }
        }
        for (sum, bytes) in sums.iter_mut().zip(bytes) {
            *sum = _mm256_add_epi64(*sum, _mm256_sad_epu8(bytes, zero));
        }
    }
    super::avx::narrow(sums)
}

/// Number of bits set in every byte.
#[inline]
#[target_feature(enable = "avx2")]
fn ones_by_byte(bits: __m256i) -> __m256i {
    let half = _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    let table = _mm256_set_m128i(half, half);
    let low = _mm256_set1_epi8(15);
    let high = _mm256_and_si256(_mm256_srli_epi16(bits, 4), low);
    _mm256_add_epi8(
        _mm256_shuffle_epi8(table, _mm256_and_si256(bits, low)),
        _mm256_shuffle_epi8(table, high),
    )
}

/// One vector of eight chains, which counts by itself.
pub(super) struct Avx512;

impl Count for Avx512 {
    #[inline(always)]
    unsafe fn differing(spins: &[[u64; 8]], signs: &[u64], present: &[u64]) -> __m256i {
        // SAFETY: the caller vouches for these instructions.
        unsafe { differing_avx512(spins, signs, present) }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn differing_avx512(spins: &[[u64; 8]], signs: &[u64], present: &[u64]) -> __m256i {
    let differ = |chains: &[u64; 8], sign: u64| {
        // SAFETY: eight words are a vector.
        let chains = unsafe { _mm512_loadu_si512(chains.as_ptr().cast()) };
        _mm512_xor_si512(chains, _mm512_set1_epi64(sign as i64))
    };
    let mut sum = _mm512_setzero_si512();
    let words = spins.iter().zip(signs);
    if present.is_empty() {
        for (chains, &sign) in words {
            sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(differ(chains, sign)));
        }
    } else {
        for ((chains, &sign), &present) in words.zip(present) {
            let bits = _mm512_and_si512(differ(chains, sign), _mm512_set1_epi64(present as i64));
            sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(bits));
        }
    }
    _mm512_cvtepi64_epi32(sum)
}
