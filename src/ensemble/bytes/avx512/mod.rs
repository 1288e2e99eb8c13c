//! The byte path with AVX-512: the four rows of a quad fill W / 16 vectors.
//!
//! Beside twice the width this has what bytes need: a shuffle across 64 entries, comparisons of unsigned bytes that leave
//! a bit mask, and arithmetic under such masks.

#![allow(clippy::wildcard_imports, reason = "intrinsics")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "arrays and rows are as long as the vectors that are loaded from and stored to them"
)]

mod fields;
mod lookup;

use super::layout::Kind;
use super::{Frame, visit_heavy};
use crate::ensemble::plan::QUAD;
use crate::ensemble::x86::words_16;
use crate::kernel::Rule;
use crate::rng::tail;
use fields::quad_fields;
use lookup::{Lookup, kind_of};
use std::arch::x86_64::*;
use std::ops::Range;

/// Vectors of a quad at most (W = 32).
const MOST: usize = 2;

/// The rows of a quad, one after the other.
type Vectors = [__m512i; MOST];

/// Carries out the visits of `quads`.
pub(super) fn sweep<const W: usize>(
    frame: &Frame<W>,
    quads: Range<usize>,
    spins: &mut [i8],
    energies: &mut [i64; W],
) {
    let gibbs = frame.tables.rule == Rule::Gibbs;
    macro_rules! run {
        ($($kind:literal)*) => {
            match (gibbs, kind_of(frame.tables)) {
                $((false, $kind) => run::<W, false, $kind>(frame, quads, spins, energies),)*
                $((true, $kind) => run::<W, true, $kind>(frame, quads, spins, energies),)*
                _ => unreachable!("kinds of lookup are 0 to 7"),
            }
        };
    }
    // SAFETY: this path is only chosen on CPUs that have these instructions.
    unsafe { run!(0 1 2 3 4 5 6 7) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
fn run<const W: usize, const GIBBS: bool, const KIND: usize>(
    frame: &Frame<W>,
    quads: Range<usize>,
    spins: &mut [i8],
    energies: &mut [i64; W],
) {
    let layout = frame.layout;
    let random = Random::<W>::new(frame);
    let lookup = Lookup::<KIND>::new(frame.tables);
    let mut gains = Gains::<W>::new(layout.bound);
    let mut next_leads = random.leads(quads.start);
    for number in quads {
        let quad = &layout.quads[number];
        // Hashed a quad ahead: a tie, which no branch predictor foresees, then does not wait for them.
        let leads = next_leads;
        next_leads = random.leads(number + 1);
        match quad.kind {
            Kind::Heavy => {
                for at in quad.start..quad.start + u32::from(quad.positive) {
                    visit_heavy(frame, &layout.heavy[at as usize], spins, energies);
                }
            }
            Kind::Isolated if frame.isolated == Rule::Gibbs => {
                let rows = spins[number * QUAD * W..][..QUAD * W].as_mut_ptr();
                for v in 0..W / 16 {
                    // A leading byte below 128 means -1.
                    let up = _mm512_movepi8_mask(leads[v]);
                    unsafe { _mm512_storeu_si512(rows.add(64 * v).cast(), signs(!up)) };
                }
            }
            Kind::Isolated | Kind::Light => {
                let fields = unsafe { quad_fields::<W>(frame, number, spins) };
                let rows = &mut spins[number * QUAD * W..][..QUAD * W];
                let visit = Visit {
                    frame,
                    lookup: &lookup,
                    fields,
                    leads,
                    first: number * QUAD,
                };
                if GIBBS {
                    visit.gibbs(rows, &mut gains);
                } else {
                    visit.metropolis(rows, &mut gains);
                }
                gains.quad_done(energies);
            }
        }
    }
    gains.flush(energies);
}

/// -1 in the bytes of the mask, +1 elsewhere.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn signs(negative: u64) -> __m512i {
    _mm512_mask_blend_epi8(negative, _mm512_set1_epi8(1), _mm512_set1_epi8(-1))
}

/// A light quad with its fields and draws.
struct Visit<'a, const W: usize, const KIND: usize> {
    frame: &'a Frame<'a, W>,
    lookup: &'a Lookup<'a, KIND>,
    fields: Vectors,
    leads: Vectors,
    /// Number of the first visit.
    first: usize,
}

impl<const W: usize, const KIND: usize> Visit<'_, W, KIND> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    fn metropolis(&self, rows: &mut [i8], gains: &mut Gains<W>) {
        let zero = _mm512_setzero_si512();
        let (mut old, mut k, mut past) = ([zero; MOST], [zero; MOST], [zero; MOST]);
        let (mut below, mut tied, mut ups) = ([0u64; MOST], [0u64; MOST], [0u64; MOST]);
        for v in 0..W / 16 {
            old[v] = unsafe { _mm512_loadu_si512(rows.as_ptr().add(64 * v).cast()) };
            let up = _mm512_cmpgt_epi8_mask(old[v], zero);
            ups[v] = up;
            k[v] = _mm512_mask_sub_epi8(self.fields[v], up, zero, self.fields[v]);
            // What lies past k = 1; as an unsigned byte it is large where the flip costs nothing.
            past[v] = _mm512_sub_epi8(k[v], _mm512_set1_epi8(1));
            (below[v], tied[v]) = self.lookup.compare(past[v], self.leads[v]);
        }
        if tied[0] | tied[1] != 0 {
            self.settle_ties(&k, &tied, &mut below);
        }
        for v in 0..W / 16 {
            let mut flips = below[v] | _mm512_movepi8_mask(past[v]);
            if Lookup::<KIND>::BY_LANE {
                let hot = self.lookup.hot;
                flips = (flips & !hot) | (self.fair(v, ups[v]) & hot);
            }
            let new = _mm512_mask_sub_epi8(old[v], flips, zero, old[v]);
            unsafe { _mm512_storeu_si512(rows.as_mut_ptr().add(64 * v).cast(), new) };
            gains.add(flips, k[v]);
        }
    }

    /// Lanes that flip under the Gibbs rule at beta = 0.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq")]
    fn fair(&self, v: usize, up: u64) -> u64 {
        let below = !_mm512_movepi8_mask(self.leads[v]);
        let negative = _mm512_cmpgt_epi8_mask(self.fields[v], _mm512_setzero_si512()) ^ below;
        !(negative ^ up)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    fn gibbs(&self, rows: &mut [i8], gains: &mut Gains<W>) {
        let zero = _mm512_setzero_si512();
        let mut level = [zero; MOST];
        let (mut below, mut tied) = ([0u64; MOST], [0u64; MOST]);
        for v in 0..W / 16 {
            level[v] = _mm512_abs_epi8(self.fields[v]);
            (below[v], tied[v]) = self.lookup.compare(level[v], self.leads[v]);
        }
        if tied[0] | tied[1] != 0 {
            self.settle_ties(&level, &tied, &mut below);
        }
        for v in 0..W / 16 {
            let old = unsafe { _mm512_loadu_si512(rows.as_ptr().add(64 * v).cast()) };
            let up = _mm512_cmpgt_epi8_mask(old, zero);
            // The favourable spin is -1 in a positive field, +1 otherwise.
            let negative = _mm512_cmpgt_epi8_mask(self.fields[v], zero) ^ below[v];
            unsafe { _mm512_storeu_si512(rows.as_mut_ptr().add(64 * v).cast(), signs(negative)) };
            let k = _mm512_mask_sub_epi8(self.fields[v], up, zero, self.fields[v]);
            // A gap holds no spin, and its k is zero.
            gains.add(!(negative ^ up), k);
        }
    }

    /// Decides lanes whose leading byte ties by the other 24 bits of the draw.
    #[cold]
    #[inline(never)]
    #[target_feature(enable = "avx512f")]
    fn settle_ties(&self, levels: &Vectors, tied: &[u64; MOST], below: &mut [u64; MOST]) {
        for v in 0..W / 16 {
            let mut bytes = [0i8; 64];
            unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), levels[v]) };
            let mut ties = tied[v];
            while ties != 0 {
                let at = ties.trailing_zeros() as usize;
                ties &= ties - 1;
                let level = bytes[at] as usize;
                let threshold = if Lookup::<KIND>::BY_LANE {
                    self.frame.tables.by_lane[level][at % W]
                } else {
                    self.frame.tables.shared[level]
                } & 0xFF_FFFF;
                let visit = self.first + (64 * v + at) / W;
                below[v] |= u64::from(tail(self.frame.keys[at % W], visit as u32) < threshold) << at;
            }
        }
    }
}

/// Keys of the lanes, and how their hashes are made into rows.
struct Random<const W: usize> {
    first: Vectors,
    second: Vectors,
    by_visit: __m512i,
}

impl<const W: usize> Random<W> {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(frame: &Frame<W>) -> Self {
        let vectors = |part: fn(&crate::rng::Key) -> u32| {
            let mut slots = [0u32; 16 * MOST];
            for (slot, key) in slots.iter_mut().zip(frame.keys) {
                *slot = part(key);
            }
            std::array::from_fn(|v| unsafe { _mm512_loadu_si512(slots.as_ptr().add(16 * v).cast()) })
        };
        // Byte t of dword d goes to place d of quarter t.
        let by_visit: [u8; 64] = std::array::from_fn(|at| (at % 16 * 4 + at / 16) as u8);
        Self {
            first: vectors(|key| key.first),
            second: vectors(|key| key.second),
            by_visit: unsafe { _mm512_loadu_si512(by_visit.as_ptr().cast()) },
        }
    }

    /// Leading bytes of the four visits of a quad, in the order of the rows.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn leads(&self, number: usize) -> Vectors {
        let quad = _mm512_set1_epi32(number as i32);
        let words = |v: usize| {
            let words = words_16(self.first[v], self.second[v], quad);
            _mm512_permutexvar_epi8(self.by_visit, words)
        };
        let a = words(0);
        if W == 16 {
            return [a, _mm512_setzero_si512()];
        }
        let b = words(1);
        let low = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
        let high = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
        [
            _mm512_permutex2var_epi64(a, low, b),
            _mm512_permutex2var_epi64(a, high, b),
        ]
    }
}

/// Energy changes of the lanes, in bytes for as long as they cannot overflow.
struct Gains<const W: usize> {
    bytes: __m512i,
    /// Additions that the bytes still take, of how many.
    room: usize,
    most: usize,
    words: [__m512i; 2],
    words_room: usize,
}

impl<const W: usize> Gains<W> {
    const WORDS_ROOM: usize = 256;

    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(bound: usize) -> Self {
        let zero = _mm512_setzero_si512();
        let most = 127 / bound.max(1);
        Self {
            bytes: zero,
            room: most,
            most,
            words: [zero; 2],
            words_room: Self::WORDS_ROOM,
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn add(&mut self, flips: u64, k: __m512i) {
        if self.room == 0 {
            self.widen();
        }
        self.room -= 1;
        self.bytes = _mm512_mask_add_epi8(self.bytes, flips, self.bytes, k);
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn widen(&mut self) {
        let low = _mm512_cvtepi8_epi16(_mm512_castsi512_si256(self.bytes));
        let high = _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64::<1>(self.bytes));
        self.words = [
            _mm512_add_epi16(self.words[0], low),
            _mm512_add_epi16(self.words[1], high),
        ];
        self.words_room -= 1;
        self.bytes = _mm512_setzero_si512();
        self.room = self.most;
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn quad_done(&mut self, energies: &mut [i64; W]) {
        if self.words_room <= MOST {
            self.flush_words(energies);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    fn flush(&mut self, energies: &mut [i64; W]) {
        self.widen();
        self.flush_words(energies);
    }

    #[cold]
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn flush_words(&mut self, energies: &mut [i64; W]) {
        let mut words = [0i16; 64];
        unsafe {
            _mm512_storeu_si512(words.as_mut_ptr().cast(), self.words[0]);
            _mm512_storeu_si512(words.as_mut_ptr().add(32).cast(), self.words[1]);
        }
        for (at, &gain) in words.iter().enumerate() {
            energies[at % W] += 2 * i64::from(gain);
        }
        self.words = [_mm512_setzero_si512(); 2];
        self.words_room = Self::WORDS_ROOM;
    }
}
