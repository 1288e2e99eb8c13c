//! Sixty-four thresholds at once: from one table by byte shuffle, or from a table a lane by a tree of blends.

#![allow(clippy::wildcard_imports, reason = "intrinsics")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "arrays and rows are as long as the vectors that are loaded from them"
)]

use super::super::tables::{Row, Tables};
use std::arch::x86_64::*;

/// Leading bytes of thresholds. `KIND` 0 and 1: one table for all lanes, of 64 or 128 entries; from 2 on, 2^KIND rows of
/// a byte a lane.
pub(super) struct Lookup<'a, const KIND: usize> {
    tables: [__m512i; 2],
    lens: __m512i,
    rows: &'a [Row],
    /// The lowest bit of an index that tells rows apart.
    low_bit: usize,
    /// Lanes at beta = 0 in a run under the Metropolis rule.
    pub hot: u64,
}

/// The kind that tables need.
pub(super) fn kind_of<const W: usize>(tables: &Tables<W>) -> usize {
    if tables.uniform {
        usize::from(tables.shared.len() > 64 + tables.base())
    } else {
        tables.rows.leads.len().trailing_zeros() as usize
    }
}

impl<'a, const KIND: usize> Lookup<'a, KIND> {
    pub const BY_LANE: bool = KIND > 1;

    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn new<const W: usize>(tables: &'a Tables<W>) -> Self {
        let row = |row: &[u8; 64]| unsafe { _mm512_loadu_si512(row.as_ptr().cast()) };
        let shared = tables.shared.get(tables.base()..).unwrap_or_default();
        let mut bytes = [[0u8; 64]; 2];
        for (byte, threshold) in bytes.as_flattened_mut().iter_mut().zip(shared) {
            *byte = (threshold >> 24) as u8;
        }
        let lens = if Self::BY_LANE {
            row(&tables.rows.lens.0)
        } else {
            _mm512_set1_epi8(shared.len().min(128) as i8)
        };
        Self {
            tables: [row(&bytes[0]), row(&bytes[1])],
            lens,
            rows: &tables.rows.leads,
            low_bit: usize::from(tables.rows.halved),
            hot: _mm512_test_epi8_mask(row(&tables.rows.hot.0), _mm512_set1_epi8(-1)),
        }
    }

    /// Masks: leading byte below the threshold's; leading bytes equal. Indices past the table (as unsigned bytes) have
    /// threshold zero: neither.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub fn compare(&self, index: __m512i, leads: __m512i) -> (u64, u64) {
        let known = _mm512_cmplt_epu8_mask(index, self.lens);
        let bytes = match KIND {
            0 => _mm512_permutexvar_epi8(index, self.tables[0]),
            1 => _mm512_permutex2var_epi8(self.tables[0], index, self.tables[1]),
            _ => self.blend(index),
        };
        (
            _mm512_mask_cmplt_epu8_mask(known, leads, bytes),
            _mm512_mask_cmpeq_epu8_mask(known, leads, bytes),
        )
    }

    /// Every lane's row at its index: neighbouring rows are blended by the lowest bit, pairs of these by the next ..
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn blend(&self, index: __m512i) -> __m512i {
        const MOST: usize = 128;
        debug_assert_eq!(self.rows.len(), 1 << KIND);
        let mut rows = [_mm512_setzero_si512(); MOST / 2];
        let set =
            |bit: usize| _mm512_test_epi8_mask(index, _mm512_set1_epi8((1i32 << (self.low_bit + bit)) as i8));
        let first = set(0);
        for pair in 0..1 << (KIND - 1) {
            let [low, high] = [2 * pair, 2 * pair + 1]
                .map(|row| unsafe { _mm512_load_si512(self.rows.as_ptr().add(row).cast()) });
            rows[pair] = _mm512_mask_blend_epi8(first, low, high);
        }
        for bit in 1..KIND {
            let mask = set(bit);
            for pair in 0..1 << (KIND - 1 - bit) {
                rows[pair] = _mm512_mask_blend_epi8(mask, rows[2 * pair], rows[2 * pair + 1]);
            }
        }
        rows[0]
    }
}
