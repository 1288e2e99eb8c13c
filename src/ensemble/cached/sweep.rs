//! Windows of one chain: candidates, decisions, flips.

use super::dense::add_row;
#[cfg(target_arch = "x86_64")]
use super::speculate;
use super::{Chain, Couplings, Layout};
use crate::ensemble::decide::{Decider, WINDOW, leads};
use crate::ensemble::rows::Number;
use crate::ensemble::simd::Level;
use crate::kernel::{Cuts, Rule};
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
            windows(l, d, r, c, |bytes| crate::ensemble::x86::bits(bytes));
        }
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn avx512<T: Number>(l: &Layout<T>, d: &Decider, r: Range<usize>, c: &mut Chain<T>) {
            windows(l, d, r, c, |bytes| crate::ensemble::x86::bits(bytes));
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
    windows(layout, decider, range, chain, bits);
}

/// `bits` turns bytes of 0 and 1 into bits.
#[inline(always)]
fn windows<T: Number>(
    layout: &Layout<T>,
    decider: &Decider,
    range: Range<usize>,
    chain: &mut Chain<T>,
    bits: impl Fn(&[u8; WINDOW]) -> u32 + Copy,
) {
    let judge = Judge::new(decider);
    let limit = T::limit(decider.reach());
    let mut from = range.start;
    while from < range.end {
        // A run may have been put aside within a window, by a path with another grain.
        let first = from - from % WINDOW;
        let end = (first + WINDOW).min(range.end);
        let within = (u32::MAX << (from - first)) & (u32::MAX >> (first + WINDOW - end));
        let mut open = within & layout.rows.occupied[first / WINDOW];
        from = end;
        if bits(&candidates(chain, first, limit)) & open == 0 {
            continue;
        }
        let leads = leads(decider.key(), first);
        let draws = judge.draws(&leads);
        let isolated = layout.rows.isolated_window(first);
        let mut verdict = judge.verdict(chain, first, &draws, bits);
        loop {
            let attention = (verdict.flips | verdict.unsettled | isolated) & open;
            if attention == 0 {
                break;
            }
            let t = attention.trailing_zeros() as usize;
            open &= !1u32 << t;
            let settled = (verdict.unsettled | isolated) >> t & 1 == 0;
            if (settled || flips(layout, decider, first + t, (first + t) as u32, leads[t], chain))
                && flip(layout, first + t, chain)
            {
                verdict = judge.verdict(chain, first, &draws, bits);
            }
        }
    }
}

/// The draws of a window as fields: up to where they accept for certain, and from where on they do not.
struct Draws {
    sure: [f32; WINDOW],
    never: [f32; WINDOW],
}

/// What the draws of a window say of it, as if no site saw another's flip; bit t is site t.
#[derive(Clone, Copy)]
struct Verdict {
    flips: u32,
    /// Sites that only the exact rule can tell.
    unsettled: u32,
}

/// Decides windows of one chain during one sweep, all sites at once.
struct Judge {
    cuts: &'static Cuts,
    place: usize,
    units: f32,
    gibbs: bool,
}

impl Judge {
    #[inline(always)]
    fn new(decider: &Decider) -> Self {
        let acceptance = decider.acceptance();
        Self {
            cuts: Cuts::get(),
            place: Cuts::place(acceptance.rule),
            units: acceptance.units_per_exponent(),
            gibbs: acceptance.rule == Rule::Gibbs,
        }
    }

    #[inline(always)]
    fn draws(&self, leads: &[u8; WINDOW]) -> Draws {
        Draws {
            sure: leads.map(|lead| self.cuts.sure[self.place | usize::from(lead)] * self.units),
            never: leads.map(|lead| self.cuts.never[self.place | usize::from(lead)] * self.units),
        }
    }

    #[inline(always)]
    fn verdict<T: Number>(
        &self,
        chain: &Chain<T>,
        first: usize,
        draws: &Draws,
        bits: impl Fn(&[u8; WINDOW]) -> u32,
    ) -> Verdict {
        let (mut flips, mut unsettled) = ([0u8; WINDOW], [0u8; WINDOW]);
        let spins = &chain.spins[first..first + WINDOW];
        let fields = &chain.fields[first..first + WINDOW];
        for t in 0..WINDOW {
            let k = -f32::from(spins[t]) * fields[t].single();
            let level = if self.gibbs { k.abs() } else { k };
            let below = u8::from(level <= draws.sure[t]);
            let favoured = u8::from(k > 0.0) | (u8::from(k == 0.0) & u8::from(spins[t] > 0));
            flips[t] = if self.gibbs { 1 ^ below ^ favoured } else { below };
            unsettled[t] = (1 ^ below) & u8::from(level <= draws.never[t]);
        }
        Verdict {
            flips: bits(&flips),
            unsettled: bits(&unsettled),
        }
    }
}

/// 1 at t: site `first + t` may flip.
#[inline(always)]
fn candidates<T: Number>(chain: &Chain<T>, first: usize, limit: T) -> [u8; WINDOW] {
    let spins = &chain.spins[first..first + WINDOW];
    let fields = &chain.fields[first..first + WINDOW];
    let mut bytes = [0u8; WINDOW];
    for t in 0..WINDOW {
        bytes[t] = u8::from(fields[t].within(spins[t], limit));
    }
    bytes
}

/// Bytes of 0 or 1 as bits: eight of them by one multiplication.
#[inline(always)]
fn bits(bytes: &[u8; WINDOW]) -> u32 {
    let bits = |i: usize| {
        let eight = u64::from_le_bytes(std::array::from_fn(|t| bytes[8 * i + t]));
        (eight.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
    };
    bits(0) | bits(1) << 8 | bits(2) << 16 | bits(3) << 24
}

/// True if a site flips, by the exact rule.
#[inline(always)]
pub(super) fn flips<T: Number>(
    layout: &Layout<T>,
    decider: &Decider,
    row: usize,
    visit: u32,
    lead: u8,
    chain: &Chain<T>,
) -> bool {
    let spin = chain.spins[row];
    let k = -f64::from(spin) * chain.fields[row].units();
    decider.flips(k, spin, visit, lead, layout.rows.is_isolated(row))
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
            if let Some(fields) = chain.fields[window..].first_chunk_mut() {
                add_row::<T, WINDOW>(fields, matrix.part(row, window), change > 0);
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
            let fields = &mut *chain.fields;
            let (neighbours, weights) = layout.rows.visited(row);
            // (Adding or subtracting by the sign would be a branch that nobody can predict.)
            for (&j, &w) in neighbours.iter().zip(weights) {
                debug_assert!((j as usize) < fields.len());
                // SAFETY: rows that `visited` lists are positions of the plan, and there is a field for each. (Checked,
                // a single chain is a fifth slower at degree 20, a tenth at degree 4.)
                let field = unsafe { fields.get_unchecked_mut(j as usize) };
                *field = field.plus(w.times(change));
            }
            layout.rows.is_crowded(row)
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
