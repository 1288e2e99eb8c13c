//! Thirty-two thresholds at once: from one table by byte shuffle, or from a table a lane by a tree of blends.

#![allow(clippy::wildcard_imports, reason = "intrinsics")]

use super::tables::{Row, Tables};
use std::arch::x86_64::*;

/// Leading bytes of thresholds. `KIND` up to 8: one table for all lanes, of so many shuffles of 16 entries; from
/// [`BY_LANE`] on, `2^(KIND - BY_LANE)` rows of a byte a lane.
pub(in crate::ensemble) struct Lookup<'a, const KIND: usize> {
    tables: [__m256i; 8],
    /// The last index with a threshold that is not zero, by lane.
    last: __m256i,
    /// What indices count from, as a level.
    base: __m256i,
    rows: &'a [Row],
    /// The lowest bit of an index that tells rows apart.
    low_bit: i32,
    /// All ones in lanes at beta = 0 in a run under the Metropolis rule.
    pub hot: __m256i,
}

/// Kinds from here on look up by lane.
pub(super) const BY_LANE: usize = 16;

/// The kind that tables for fields up to `bound` need.
pub(super) fn kind_of<const W: usize>(tables: &Tables<W>, bound: usize) -> usize {
    if tables.uniform {
        (tables.shared.len() / 16 + 1)
            .min(bound / 16 + 1)
            .next_power_of_two()
    } else {
        BY_LANE + tables.rows.leads.len().trailing_zeros() as usize
    }
}

#[target_feature(enable = "avx2")]
fn load(row: &Row) -> __m256i {
    // SAFETY: a row is 64 bytes long, and its lanes repeat after 32 at most.
    unsafe { _mm256_loadu_si256(row.0.as_ptr().cast()) }
}

impl<'a, const KIND: usize> Lookup<'a, KIND> {
    pub const BY_LANE: bool = KIND >= BY_LANE;

    /// The lookup of a block's tables.
    #[target_feature(enable = "avx2")]
    pub(in crate::ensemble::bytes) fn new<const W: usize>(tables: &'a Tables<W>) -> Self {
        let one = _mm256_set1_epi8(1);
        let mut lookup = Self::of(&tables.shared);
        if Self::BY_LANE {
            lookup.rows = &tables.rows.leads;
            lookup.last = _mm256_sub_epi8(load(&tables.rows.lens), one);
            lookup.base = _mm256_set1_epi8(tables.base() as i8);
            lookup.low_bit = i32::from(tables.rows.halved);
            lookup.hot = load(&tables.rows.hot);
        }
        lookup
    }

    /// The lookup of one table.
    #[target_feature(enable = "avx2")]
    pub fn of(thresholds: &[u32]) -> Self {
        let leads = |chunk: usize| {
            let mut bytes = [0u8; 16];
            for (i, byte) in bytes.iter_mut().enumerate() {
                *byte = thresholds.get(16 * chunk + i).map_or(0, |t| (t >> 24) as u8);
            }
            // SAFETY: the array is 16 bytes long.
            let half = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
            _mm256_set_m128i(half, half)
        };
        let zero = _mm256_setzero_si256();
        Self {
            tables: std::array::from_fn(|chunk| if chunk < KIND { leads(chunk) } else { zero }),
            last: _mm256_set1_epi8((thresholds.len() as i32 - 1).min(127) as i8),
            base: zero,
            rows: &[],
            low_bit: 0,
            hot: zero,
        }
    }

    /// Masks: leading byte below the threshold's; leading bytes equal and the threshold not zero. Levels below those that
    /// the rule draws for may give anything.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn compare(&self, level: __m256i, leads: __m256i) -> (__m256i, __m256i) {
        let (bytes, past) = if Self::BY_LANE {
            let index = _mm256_sub_epi8(level, self.base);
            let past = _mm256_cmpgt_epi8(index, self.last);
            (_mm256_andnot_si256(past, self.blend(index)), past)
        } else {
            (self.shuffle(level), _mm256_cmpgt_epi8(level, self.last))
        };
        let equal = _mm256_cmpeq_epi8(leads, bytes);
        let not_below = _mm256_cmpeq_epi8(_mm256_max_epu8(leads, bytes), leads);
        let below = _mm256_xor_si256(not_below, _mm256_set1_epi8(-1));
        (below, _mm256_andnot_si256(past, equal))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn shuffle(&self, level: __m256i) -> __m256i {
        // Levels past the table have threshold zero, like its last entry (or there are none).
        let index = _mm256_min_epi8(level, _mm256_set1_epi8((16 * KIND.min(8) - 1) as i8));
        let mut bytes = _mm256_shuffle_epi8(self.tables[0], index);
        for chunk in 1..KIND {
            let beyond = _mm256_cmpgt_epi8(index, _mm256_set1_epi8((16 * chunk - 1) as i8));
            bytes = _mm256_blendv_epi8(bytes, _mm256_shuffle_epi8(self.tables[chunk], index), beyond);
        }
        bytes
    }

    /// Every lane's row at its index: neighbouring rows are blended by the lowest bit, pairs of these by the next ..
    #[inline]
    #[target_feature(enable = "avx2")]
    fn blend(&self, index: __m256i) -> __m256i {
        const MOST: usize = 128;
        let log = KIND - BY_LANE;
        debug_assert_eq!(self.rows.len(), 1 << log);
        let mut rows = [_mm256_setzero_si256(); MOST / 2];
        // The bit that tells rows apart goes to the sign of its byte; what comes from the byte below stays under it.
        let set = |bit: usize| _mm256_sll_epi16(index, _mm_cvtsi32_si128(7 - self.low_bit - bit as i32));
        let first = set(0);
        for pair in 0..1 << (log - 1) {
            let [low, high] = [2 * pair, 2 * pair + 1].map(|row| load(&self.rows[row]));
            rows[pair] = _mm256_blendv_epi8(low, high, first);
        }
        for bit in 1..log {
            let mask = set(bit);
            for pair in 0..1 << (log - 1 - bit) {
                rows[pair] = _mm256_blendv_epi8(rows[2 * pair], rows[2 * pair + 1], mask);
            }
        }
        rows[0]
    }
}
