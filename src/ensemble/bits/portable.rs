//! One chain after the other, in plain Rust: few chains, and CPUs without AVX2.

use super::{Group, Layout, WORD};
use crate::ensemble::decide::{Decider, WINDOW, leads};
use crate::ensemble::plan::EMPTY;
use crate::ensemble::simd::Level;
use std::ops::Range;

/// Visits `range` (within a window) of `order`, with the instructions of `level`.
///
/// AVX2 has no population count; what the compiler makes of it is slower than the scalar instruction.
pub(super) fn sweep(
    level: Level,
    layout: &Layout,
    decider: &Decider,
    order: &[u32],
    range: Range<usize>,
    group: &mut Group<1>,
) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "popcnt")]
        fn popcnt(l: &Layout, d: &Decider, o: &[u32], r: Range<usize>, g: &mut Group<1>) {
            visits(l, d, o, r, g);
        }
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq")]
        fn avx512(l: &Layout, d: &Decider, o: &[u32], r: Range<usize>, g: &mut Group<1>) {
            visits(l, d, o, r, g);
        }
        match level {
            Level::Baseline => {}
            // SAFETY: every CPU with AVX2 has POPCNT.
            Level::Avx2 => return unsafe { popcnt(layout, decider, order, range, group) },
            // SAFETY: the level says that this CPU has these instructions.
            Level::Avx512 => return unsafe { avx512(layout, decider, order, range, group) },
        }
    }
    let _ = level;
    visits(layout, decider, order, range, group);
}

#[inline(always)]
fn visits(layout: &Layout, decider: &Decider, order: &[u32], range: Range<usize>, group: &mut Group<1>) {
    let first = range.start - range.start % WINDOW;
    let leads = leads(decider.key(), first);
    for visit in range {
        if order[visit] == EMPTY {
            continue;
        }
        let row = order[visit] as usize;
        let spins = &mut *group.spins;
        let own = spins[row / WORD] >> (row % WORD) & 1;
        let (signs, present) = layout.row(row);
        let count = if present.is_empty() {
            // The site's own bit was counted as if it were a neighbour with a positive coupling.
            differing(spins, signs) - own as u32
        } else {
            differing_where(spins, signs, present)
        };
        let field = layout.top(row) - 2 * count as i32;
        let spin = 1 - 2 * own as i8;
        let k = -i32::from(spin) * field;
        let isolated = layout.is_isolated(row);
        let flips = decider.flips_whole(k, spin, visit as u32, leads[visit - first], isolated);
        spins[row / WORD] ^= u64::from(flips) << (row % WORD);
        group.energies[0] += if flips { 2 * i64::from(k) } else { 0 };
    }
}

/// Bits that differ between two rows. Four sums, so that additions do not wait for each other.
#[inline(always)]
fn differing(spins: &[u64], signs: &[u64]) -> u32 {
    let ((s, s_rest), (j, j_rest)) = (spins.as_chunks::<4>(), signs.as_chunks::<4>());
    let rest = s_rest.iter().zip(j_rest).map(|(s, j)| (s ^ j).count_ones());
    let mut sums = [0u32; 4];
    for (s, j) in s.iter().zip(j) {
        for t in 0..4 {
            sums[t] += (s[t] ^ j[t]).count_ones();
        }
    }
    rest.sum::<u32>() + sums.iter().sum::<u32>()
}

/// Bits that differ between two rows where `present` is set.
#[inline(always)]
fn differing_where(spins: &[u64], signs: &[u64], present: &[u64]) -> u32 {
    let words = spins.iter().zip(signs).zip(present);
    words.map(|((s, j), m)| ((s ^ j) & m).count_ones()).sum()
}
