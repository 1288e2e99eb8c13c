//! Eight chains that stand side by side, word by word: fields, draws and decisions are vectors of eight.

#![allow(clippy::wildcard_imports, reason = "intrinsics")]

use super::count::{Avx2, Avx512, Count};
use super::{Group, Layout, WORD};
use crate::ensemble::decide::Decider;
use crate::ensemble::plan::{EMPTY, QUAD};
use crate::ensemble::simd::Level;
use crate::ensemble::x86::words;
use crate::kernel::Rule;
use crate::rng::tail;
use std::arch::x86_64::*;
use std::ops::Range;

/// Visits `range` of `order` (at most 2^7 visits).
pub(super) fn sweep(
    level: Level,
    layout: &Layout,
    deciders: &[Decider],
    order: &[u32],
    range: Range<usize>,
    group: &mut Group<8>,
) {
    #[target_feature(enable = "avx2")]
    fn avx2(l: &Layout, d: &[Decider], o: &[u32], r: Range<usize>, g: &mut Group<8>) {
        // SAFETY: the features of this function.
        unsafe { visits::<Avx2>(l, d, o, r, g) }
    }
    #[target_feature(enable = "avx2,avx512f,avx512vl,avx512bw,avx512dq,avx512vpopcntdq")]
    fn avx512(l: &Layout, d: &[Decider], o: &[u32], r: Range<usize>, g: &mut Group<8>) {
        // SAFETY: the features of this function.
        unsafe { visits::<Avx512>(l, d, o, r, g) }
    }
    // SAFETY: eight chains stand side by side only where the level is at least AVX2.
    unsafe {
        if level == Level::Avx512 {
            avx512(layout, deciders, order, range, group);
        } else {
            avx2(layout, deciders, order, range, group);
        }
    }
}

/// Eight 64-bit numbers as 32-bit ones.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn narrow([low, high]: [__m256i; 2]) -> __m256i {
    let (low, high) = (_mm256_castsi256_ps(low), _mm256_castsi256_ps(high));
    let mixed = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(low, high));
    _mm256_permute4x64_epi64::<0b11_01_10_00>(mixed)
}

/// The words of eight chains.
#[inline]
#[target_feature(enable = "avx2")]
fn load(words: &[u64; 8]) -> [__m256i; 2] {
    // SAFETY: eight words are two vectors.
    unsafe { [0, 4].map(|at| _mm256_loadu_si256(words.as_ptr().add(at).cast())) }
}

/// # Safety
/// The CPU has AVX2 and the instructions of `C`.
#[inline(always)]
unsafe fn visits<C: Count>(
    layout: &Layout,
    deciders: &[Decider],
    order: &[u32],
    range: Range<usize>,
    group: &mut Group<8>,
) {
    // SAFETY: as the caller says.
    unsafe {
        let panel = Panel::new(deciders);
        let mut gains = _mm256_setzero_si256();
        let mut draws = panel.draws(range.start);
        for visit in range {
            if visit % QUAD == 0 {
                draws = panel.draws(visit);
            }
            if order[visit] == EMPTY {
                continue;
            }
            let row = order[visit] as usize;
            let (signs, present) = layout.row(row);
            let count = C::differing(group.words(), signs, present);
            let old = load(&group.words()[row / WORD]);
            let bit = _mm_cvtsi32_si128((row % WORD) as i32);
            let down = narrow(old.map(|old| _mm256_srl_epi64(old, bit)));
            let down = _mm256_and_si256(down, _mm256_set1_epi32(1));
            // In a complete row the site's own bit was counted as if it were a neighbour with a positive coupling.
            let own = if present.is_empty() {
                down
            } else {
                _mm256_setzero_si256()
            };
            let pull = _mm256_slli_epi32::<1>(_mm256_sub_epi32(count, own));
            let field = _mm256_sub_epi32(_mm256_set1_epi32(layout.top(row)), pull);
            // k is minus spin times field.
            let minus_spin = _mm256_sub_epi32(_mm256_slli_epi32::<1>(down), _mm256_set1_epi32(1));
            let k = _mm256_sign_epi32(field, minus_spin);
            let leads = _mm256_srl_epi32(draws, _mm_cvtsi32_si128(8 * (visit % QUAD) as i32));
            let leads = _mm256_and_si256(leads, _mm256_set1_epi32(255));
            let flips = panel.flips(k, minus_spin, visit as u32, leads, layout.is_isolated(row));
            gains = _mm256_add_epi32(gains, _mm256_and_si256(k, flips));
            let halves = [
                _mm256_cvtepi32_epi64(_mm256_castsi256_si128(flips)),
                _mm256_cvtepi32_epi64(_mm256_extracti128_si256::<1>(flips)),
            ];
            let bit = _mm256_set1_epi64x(1 << (row % WORD));
            let target = group.spins[row / WORD * 8..][..8].as_mut_ptr();
            for (half, flips) in halves.into_iter().enumerate() {
                let new = _mm256_xor_si256(old[half], _mm256_and_si256(flips, bit));
                _mm256_storeu_si256(target.add(4 * half).cast(), new);
            }
        }
        let mut sums = [0i32; 8];
        _mm256_storeu_si256(sums.as_mut_ptr().cast(), gains);
        for (energy, sum) in group.energies.iter_mut().zip(sums) {
            *energy += 2 * i64::from(sum);
        }
    }
}

/// Up to eight deciders side by side.
struct Panel<'a> {
    deciders: &'a [Decider],
    first: __m256i,
    second: __m256i,
    /// Thresholds and rule, if all chains share them and all thresholds are known.
    shared: Option<(&'a [u32], Rule)>,
}

impl<'a> Panel<'a> {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(deciders: &'a [Decider]) -> Self {
        let key = |l: usize| deciders.get(l).map(Decider::key).unwrap_or_default();
        let first: [u32; 8] = std::array::from_fn(|l| key(l).first);
        let second: [u32; 8] = std::array::from_fn(|l| key(l).second);
        let alike = deciders.iter().all(|d| d.has_law_of(&deciders[0]));
        // SAFETY: eight numbers of 32 bits are a vector.
        let [first, second] =
            [first, second].map(|numbers| unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) });
        Self {
            deciders,
            first,
            second,
            shared: deciders[0].table().filter(|_| alike),
        }
    }

    /// Draws (leading bytes) of the four visits around `visit`.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn draws(&self, visit: usize) -> __m256i {
        words(self.first, self.second, _mm256_set1_epi32((visit / QUAD) as i32))
    }

    /// All ones in chains whose spin flips.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn flips(&self, k: __m256i, minus_spin: __m256i, visit: u32, leads: __m256i, isolated: bool) -> __m256i {
        let Some((table, rule)) = self.shared.filter(|_| !isolated) else {
            return self.one_by_one(k, minus_spin, visit, leads, isolated);
        };
        let zero = _mm256_setzero_si256();
        let gibbs = rule == Rule::Gibbs;
        let level = if gibbs {
            _mm256_abs_epi32(k)
        } else {
            _mm256_max_epi32(k, zero)
        };
        let known = _mm256_cmpgt_epi32(_mm256_set1_epi32(table.len() as i32), level);
        // SAFETY: levels are not negative, and those past the table are masked.
        let thresholds =
            unsafe { _mm256_mask_i32gather_epi32::<4>(zero, table.as_ptr().cast(), level, known) };
        let byte = _mm256_srli_epi32::<24>(thresholds);
        let mut below = _mm256_cmpgt_epi32(byte, leads);
        let tied = _mm256_and_si256(_mm256_cmpeq_epi32(byte, leads), known);
        if _mm256_testz_si256(tied, tied) == 0 {
            self.settle_ties(thresholds, tied, visit, &mut below);
        }
        let uphill = _mm256_cmpgt_epi32(k, zero);
        let ones = _mm256_set1_epi32(-1);
        if gibbs {
            // The favoured spin at k = 0 is +1.
            let level_up = _mm256_and_si256(_mm256_cmpeq_epi32(k, zero), minus_spin);
            let favoured = _mm256_or_si256(uphill, _mm256_srai_epi32::<31>(level_up));
            _mm256_cmpeq_epi32(below, favoured)
        } else {
            _mm256_or_si256(_mm256_xor_si256(uphill, ones), below)
        }
    }

    /// Decides chains whose leading byte ties by the other 24 bits of the draw.
    #[cold]
    #[inline(never)]
    #[target_feature(enable = "avx2")]
    fn settle_ties(&self, thresholds: __m256i, tied: __m256i, visit: u32, below: &mut __m256i) {
        let thresholds = lanes(thresholds);
        let mut settled = lanes(*below);
        for (l, decider) in self.deciders.iter().enumerate() {
            if lanes(tied)[l] != 0 {
                settled[l] = -i32::from(tail(decider.key(), visit) < thresholds[l] as u32 & 0xFF_FFFF);
            }
        }
        *below = vector(settled);
    }

    /// The same for chains of different betas, isolated sites and thresholds that must be computed.
    #[cold]
    #[inline(never)]
    #[target_feature(enable = "avx2")]
    fn one_by_one(
        &self,
        k: __m256i,
        minus_spin: __m256i,
        visit: u32,
        leads: __m256i,
        isolated: bool,
    ) -> __m256i {
        let (k, minus_spin, leads) = (lanes(k), lanes(minus_spin), lanes(leads));
        let mut flips = [0; 8];
        for (l, decider) in self.deciders.iter().enumerate() {
            let spin = -minus_spin[l] as i8;
            flips[l] = -i32::from(decider.flips_whole(k[l], spin, visit, leads[l] as u8, isolated));
        }
        vector(flips)
    }
}

#[target_feature(enable = "avx2")]
fn lanes(vector: __m256i) -> [i32; 8] {
    let mut lanes = [0; 8];
    // SAFETY: eight numbers of 32 bits are a vector.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), vector) };
    lanes
}

#[target_feature(enable = "avx2")]
fn vector(lanes: [i32; 8]) -> __m256i {
    // SAFETY: eight numbers of 32 bits are a vector.
    unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
}
