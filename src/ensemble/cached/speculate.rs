//! Fields of a byte: 32 sites of one chain decided at once, as if none of them saw another's flip.
//!
//! Where a flip does change a field of the same window, the rest of the window is decided again. The plan puts uncoupled
//! sites side by side, so that is rare.

use super::super::bytes::lookup::Lookup;
use super::super::decide::{Decider, WINDOW, leads};
use super::sweep::flip;
use super::{Chain, Layout};
use crate::kernel::Rule;
use crate::rng::tail;
use std::arch::x86_64::{
    __m256i, _mm256_abs_epi8, _mm256_cmpgt_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256,
    _mm256_setzero_si256, _mm256_sign_epi8, _mm256_sub_epi8,
};
use std::ops::Range;

/// Visits `range`; false, and nothing done, if the thresholds at this beta are too many for a table.
pub(super) fn sweep(
    layout: &Layout<i8>,
    decider: &Decider,
    range: &Range<usize>,
    chain: &mut Chain<i8>,
) -> bool {
    let Some((table, rule)) = decider.table() else {
        return false;
    };
    let gibbs = rule == Rule::Gibbs;
    // SAFETY: only called on CPUs with AVX2.
    unsafe {
        match table.len() / 16 {
            0 => windows::<1>(layout, decider, table, gibbs, range, chain),
            1 => windows::<2>(layout, decider, table, gibbs, range, chain),
            2 | 3 => windows::<4>(layout, decider, table, gibbs, range, chain),
            _ => windows::<8>(layout, decider, table, gibbs, range, chain),
        }
    }
    true
}

#[target_feature(enable = "avx2")]
fn windows<const CHUNKS: usize>(
    layout: &Layout<i8>,
    decider: &Decider,
    table: &[u32],
    gibbs: bool,
    range: &Range<usize>,
    chain: &mut Chain<i8>,
) {
    let judge = Judge {
        lookup: Lookup::<CHUNKS>::of(table),
        table,
        gibbs,
        decider,
    };
    let mut from = range.start;
    while from < range.end {
        let first = from - from % WINDOW;
        let end = (first + WINDOW).min(range.end);
        let within = (u32::MAX << (from - first)) & (u32::MAX >> (first + WINDOW - end));
        let mut open = within & layout.rows.occupied[first / WINDOW];
        from = end;
        let leads = leads(decider.key(), first);
        let mut flips = judge.flips(layout, chain, first, &leads) & open;
        while flips != 0 {
            let t = flips.trailing_zeros();
            open &= !1u32 << t;
            if flip(layout, first + t as usize, chain) {
                flips = judge.flips(layout, chain, first, &leads);
            }
            flips &= open;
        }
    }
}

/// Decides windows of one chain during one sweep.
struct Judge<'a, const CHUNKS: usize> {
    lookup: Lookup<'static, CHUNKS>,
    table: &'a [u32],
    gibbs: bool,
    decider: &'a Decider,
}

impl<const CHUNKS: usize> Judge<'_, CHUNKS> {
    /// Bit t: site `first + t` flips, given the fields as they are.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn flips(&self, layout: &Layout<i8>, chain: &Chain<i8>, first: usize, leads: &[u8; WINDOW]) -> u32 {
        let load = |bytes: &[i8]| {
            debug_assert_eq!(bytes.len(), WINDOW);
            // SAFETY: a window is 32 bytes.
            unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
        };
        let zero = _mm256_setzero_si256();
        let spins = load(&chain.spins[first..first + WINDOW]);
        let fields = load(&chain.fields[first..first + WINDOW]);
        // SAFETY: as above.
        let draws = unsafe { _mm256_loadu_si256(leads.as_ptr().cast()) };
        let k = _mm256_sign_epi8(fields, _mm256_sub_epi8(zero, spins));
        let level = if self.gibbs { _mm256_abs_epi8(fields) } else { k };
        let (below, tied) = self.lookup.compare(level, draws);
        let uphill = bits(_mm256_cmpgt_epi8(k, zero));
        let ties = bits(tied) & if self.gibbs { u32::MAX } else { uphill };
        let below = if ties == 0 {
            bits(below)
        } else {
            self.settle(bits(below), ties, level, first)
        };
        let negative = bits(spins);
        let level_zero = !bits(_mm256_or_si256(
            _mm256_cmpgt_epi8(k, zero),
            _mm256_cmpgt_epi8(zero, k),
        ));
        let flips = if self.gibbs {
            let favoured = uphill | (level_zero & !negative);
            !(below ^ favoured)
        } else {
            !uphill | below
        };
        let isolated = layout.rows.isolated_window(first);
        if isolated == 0 || self.decider.isolated() == Rule::Metropolis {
            return flips;
        }
        let redrawn = !(bits(draws) ^ negative);
        (flips & !isolated) | (redrawn & isolated)
    }

    /// Decides ties of leading bytes by the rest of the draws.
    #[cold]
    #[inline(never)]
    #[target_feature(enable = "avx2")]
    fn settle(&self, mut below: u32, mut ties: u32, level: __m256i, first: usize) -> u32 {
        let mut levels = [0i8; WINDOW];
        // SAFETY: the array is 32 bytes long.
        unsafe { std::arch::x86_64::_mm256_storeu_si256(levels.as_mut_ptr().cast(), level) };
        while ties != 0 {
            let t = ties.trailing_zeros() as usize;
            ties &= ties - 1;
            let threshold = self.table[levels[t] as usize] & 0xFF_FFFF;
            below |= u32::from(tail(self.decider.key(), (first + t) as u32) < threshold) << t;
        }
        below
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn bits(mask: __m256i) -> u32 {
    _mm256_movemask_epi8(mask) as u32
}
