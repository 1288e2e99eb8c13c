//! Thirty-two thresholds at once, by byte shuffle.

#![allow(clippy::wildcard_imports, reason = "intrinsics")]

use std::arch::x86_64::*;

/// Leading bytes of the thresholds of k = 0 .. 16 CHUNKS, as shuffle tables.
pub(in crate::ensemble) struct Lookup<const CHUNKS: usize> {
    tables: [__m256i; CHUNKS],
    last: __m256i,
}

impl<const CHUNKS: usize> Lookup<CHUNKS> {
    #[target_feature(enable = "avx2")]
    pub fn new(thresholds: &[u32]) -> Self {
        let leads = |chunk: usize| {
            let mut bytes = [0u8; 16];
            for (i, byte) in bytes.iter_mut().enumerate() {
                *byte = thresholds.get(16 * chunk + i).map_or(0, |t| (t >> 24) as u8);
            }
            // SAFETY: the array is 16 bytes long.
            let half = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
            _mm256_set_m128i(half, half)
        };
        Self {
            tables: std::array::from_fn(leads),
            last: _mm256_set1_epi8((thresholds.len() as i32 - 1).min(127) as i8),
        }
    }

    /// Masks: leading byte below the threshold's; leading bytes equal and the threshold not zero.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn compare(&self, level: __m256i, leads: __m256i) -> (__m256i, __m256i) {
        // Levels past the table have threshold zero, like its last entry (or there are none).
        let index = _mm256_min_epi8(level, _mm256_set1_epi8((16 * CHUNKS - 1) as i8));
        let mut bytes = _mm256_shuffle_epi8(self.tables[0], index);
        for chunk in 1..CHUNKS {
            let beyond = _mm256_cmpgt_epi8(index, _mm256_set1_epi8((16 * chunk - 1) as i8));
            bytes = _mm256_blendv_epi8(bytes, _mm256_shuffle_epi8(self.tables[chunk], index), beyond);
        }
        let equal = _mm256_cmpeq_epi8(leads, bytes);
        let not_below = _mm256_cmpeq_epi8(_mm256_max_epu8(leads, bytes), leads);
        let below = _mm256_xor_si256(not_below, _mm256_set1_epi8(-1));
        (
            below,
            _mm256_andnot_si256(_mm256_cmpgt_epi8(level, self.last), equal),
        )
    }
}
