//! Windows of one chain: candidates, decisions, flips.

use super::dense::add_row;
#[cfg(target_arch = "x86_64")]
use super::speculate;
use super::{Chain, Couplings, Layout};
use crate::ensemble::decide::{Decider, WINDOW, leads};
use crate::ensemble::rows::Number;
use crate::ensemble::simd::Level;
use std::ops::Range;

/// Visits of a range of positions, with the vector instructions of `level`.
pub(super) fn sweep_windows<T: Swept>(
    level: Level,
    layout: &Layout<T>,
    decider: &Decider,
    range: Range<usize>,
    chain: &mut Chain<T>,
) {
    if T::sweep_faster(level, layout, decider, &range, chain) {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<T: Number>(l: &Layout<T>, d: &Decider, r: Range<usize>, c: &mut Chain<T>) {
            windows(l, d, r, c);
        }
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn avx512<T: Number>(l: &Layout<T>, d: &Decider, r: Range<usize>, c: &mut Chain<T>) {
            windows(l, d, r, c);
        }
        match level {
            Level::Baseline => {}
            // SAFETY: the level says that this CPU has these instructions.
            Level::Avx2 => return unsafe { avx2(layout, decider, range, chain) },
            // SAFETY: as above.
            Level::Avx512 => return unsafe { avx512(layout, decider, range, chain) },
        }
    }
    let _ = level;
    windows(layout, decider, range, chain);
}

#[inline(always)]
fn windows<T: Number>(layout: &Layout<T>, decider: &Decider, range: Range<usize>, chain: &mut Chain<T>) {
    let limit = T::limit(decider.reach());
    let mut from = range.start;
    while from < range.end {
        // A run may have been put aside within a window, by a path with another grain.
        let first = from - from % WINDOW;
        let end = (first + WINDOW).min(range.end);
        let mut open = (u32::MAX << (from - first)) & (u32::MAX >> (first + WINDOW - end));
        from = end;
        let mut candidates = candidates(chain, first, limit) & open;
        if candidates == 0 {
            continue;
        }
        let leads = leads(decider.key(), first);
        while candidates != 0 {
            let t = candidates.trailing_zeros() as usize;
            open &= !1u32 << t;
            if visit_row(layout, decider, first + t, (first + t) as u32, leads[t], chain) {
                candidates = self::candidates(chain, first, limit);
            }
            candidates &= open;
        }
    }
}

/// Bit t: site `first + t` may flip.
#[inline(always)]
fn candidates<T: Number>(chain: &Chain<T>, first: usize, limit: T) -> u32 {
    let spins = &chain.spins[first..first + WINDOW];
    let fields = &chain.fields[first..first + WINDOW];
    let mut bytes = [0u8; WINDOW];
    for t in 0..WINDOW {
        bytes[t] = u8::from(fields[t].within(spins[t], limit));
    }
    // Eight bytes of 0 or 1 to eight bits by one multiplication.
    let bits = |i: usize| {
        let eight = u64::from_le_bytes(std::array::from_fn(|t| bytes[8 * i + t]));
        (eight.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
    };
    bits(0) | bits(1) << 8 | bits(2) << 16 | bits(3) << 24
}

/// Decides one site; true if it flipped.
#[inline(always)]
pub(super) fn visit_row<T: Number>(
    layout: &Layout<T>,
    decider: &Decider,
    row: usize,
    visit: u32,
    lead: u8,
    chain: &mut Chain<T>,
) -> bool {
    let spin = chain.spins[row];
    let k = -f64::from(spin) * chain.fields[row].units();
    if !decider.flips(k, spin, visit, lead, layout.rows.is_isolated(row)) {
        return false;
    }
    flip(layout, row, chain);
    true
}

/// Turns a spin over and lets its neighbours feel it; true if one of them is in its own window.
#[inline(always)]
pub(super) fn flip<T: Number>(layout: &Layout<T>, row: usize, chain: &mut Chain<T>) -> bool {
    let spin = chain.spins[row];
    chain.energy -= 2.0 * f64::from(spin) * chain.fields[row].units();
    chain.spins[row] = -spin;
    let change = -2 * spin;
    let window = row - row % WINDOW;
    match &layout.couplings {
        Couplings::Dense(matrix) => {
            let pieces = (
                chain.fields[window..].first_chunk_mut(),
                matrix.row(row)[window..].first_chunk(),
            );
            if let (Some(fields), Some(couplings)) = pieces {
                add_row(fields, couplings, change > 0);
            }
            if change > 0 {
                &mut chain.ups
            } else {
                &mut chain.downs
            }
            .push(row as u32);
            true
        }
        Couplings::Sparse => {
            let mut inside = false;
            let (neighbours, weights) = layout.rows.row(row);
            for (&j, &w) in neighbours.iter().zip(weights) {
                let j = j as usize;
                // Clamped neighbours stand behind the positions and have no field.
                if j < layout.positions {
                    chain.fields[j] = chain.fields[j].plus(w.times(change));
                    inside |= j.wrapping_sub(window) < WINDOW;
                }
            }
            inside
        }
    }
}

/// A number type with the way its windows are swept.
pub(in crate::ensemble) trait Swept: Number {
    /// A faster way than window by window and candidate by candidate, where there is one; false if nothing was done.
    fn sweep_faster(_: Level, _: &Layout<Self>, _: &Decider, _: &Range<usize>, _: &mut Chain<Self>) -> bool {
        false
    }
}

impl Swept for i16 {}
impl Swept for f32 {}
impl Swept for f64 {}

impl Swept for i8 {
    #[cfg(target_arch = "x86_64")]
    fn sweep_faster(
        level: Level,
        layout: &Layout<Self>,
        decider: &Decider,
        range: &Range<usize>,
        chain: &mut Chain<Self>,
    ) -> bool {
        level >= Level::Avx2 && speculate::sweep(layout, decider, range, chain)
    }
}
