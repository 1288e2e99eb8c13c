//! The byte path with AVX2: a quad of W lanes fills W / 8 vectors.
//!
//! Intrinsics, because the compiler finds neither the byte shuffle that looks thresholds up nor the bit masks (the same
//! loops left to it ran at a third of the speed).

#![allow(clippy::wildcard_imports, reason = "intrinsics")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "one argument covers the file: see `quad_fields`"
)]

use super::layout::Kind;
use super::lookup::{Lookup, kind_of};
use super::transpose::Random;
use super::{Frame, visit_heavy};
use crate::ensemble::plan::QUAD;
use crate::kernel::Rule;
use crate::rng::tail;
use std::arch::x86_64::*;
use std::ops::Range;

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
            match (gibbs, kind_of(frame.tables, frame.layout.bound)) {
                $((false, $kind) => run::<W, false, $kind>(frame, quads, spins, energies),)*
                $((true, $kind) => run::<W, true, $kind>(frame, quads, spins, energies),)*
                _ => unreachable!("kinds of lookup are these"),
            }
        };
    }
    // SAFETY: the vector path is only chosen on CPUs that have AVX2.
    unsafe { run!(1 2 4 8 18 19 20 21 22 23) }
}

/// Vectors a quad needs at most (W = 32).
pub(super) const MOST: usize = 4;

/// The rows of a quad.
pub(super) type Vectors = [__m256i; MOST];

#[target_feature(enable = "avx2")]
unsafe fn run<const W: usize, const GIBBS: bool, const KIND: usize>(
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
                let rows = &mut spins[number * QUAD * W..][..QUAD * W];
                redraw::<W>(&leads, rows);
            }
            Kind::Isolated | Kind::Light => {
                let fields = unsafe { quad_fields::<W>(frame, number, spins) };
                let rows = &mut spins[number * QUAD * W..][..QUAD * W];
                visit::<W, GIBBS, KIND>(frame, &lookup, number, &fields, &leads, rows, &mut gains);
                gains.quad_done(energies);
            }
        }
    }
    gains.flush(energies);
}

/// Fair spins.
#[inline]
#[target_feature(enable = "avx2")]
fn redraw<const W: usize>(leads: &Vectors, rows: &mut [i8]) {
    for v in 0..W / 8 {
        // A leading byte below 128 means -1.
        let negative = _mm256_cmpgt_epi8(leads[v], _mm256_set1_epi8(-1));
        let new = _mm256_or_si256(negative, _mm256_set1_epi8(1));
        unsafe { _mm256_storeu_si256(rows.as_mut_ptr().add(32 * v).cast(), new) };
    }
}

/// Decides the lanes of a quad.
#[inline]
#[target_feature(enable = "avx2")]
fn visit<const W: usize, const GIBBS: bool, const KIND: usize>(
    frame: &Frame<W>,
    lookup: &Lookup<KIND>,
    number: usize,
    fields: &Vectors,
    leads: &Vectors,
    rows: &mut [i8],
    gains: &mut Gains<W>,
) {
    let zero = _mm256_setzero_si256();
    let (mut old, mut k, mut level) = ([zero; MOST], [zero; MOST], [zero; MOST]);
    let (mut below, mut tied, mut any) = ([zero; MOST], [zero; MOST], zero);
    for v in 0..W / 8 {
        old[v] = unsafe { _mm256_loadu_si256(rows.as_ptr().add(32 * v).cast()) };
        k[v] = _mm256_sign_epi8(fields[v], _mm256_sub_epi8(zero, old[v]));
        level[v] = if GIBBS { _mm256_abs_epi8(fields[v]) } else { k[v] };
        (below[v], tied[v]) = lookup.compare(level[v], leads[v]);
        if !GIBBS {
            tied[v] = _mm256_and_si256(tied[v], _mm256_cmpgt_epi8(k[v], zero));
        }
        any = _mm256_or_si256(any, tied[v]);
    }
    if _mm256_testz_si256(any, any) == 0 {
        for v in 0..W / 8 {
            let first = number * QUAD + v * 32 / W;
            settle_ties::<W, KIND>(frame, first, level[v], tied[v], &mut below[v]);
        }
    }
    for v in 0..W / 8 {
        let (new, flipped) = if GIBBS {
            let favourable = _mm256_or_si256(_mm256_cmpgt_epi8(fields[v], zero), _mm256_set1_epi8(1));
            let new = negated_where(favourable, below[v]);
            let same = _mm256_cmpeq_epi8(new, old[v]);
            (new, _mm256_xor_si256(same, _mm256_set1_epi8(-1)))
        } else {
            let downhill = _mm256_cmpgt_epi8(_mm256_set1_epi8(1), k[v]);
            let mut flipped = _mm256_or_si256(downhill, below[v]);
            if Lookup::<KIND>::BY_LANE {
                let fair = fair(fields[v], leads[v], old[v]);
                flipped = _mm256_blendv_epi8(flipped, fair, lookup.hot);
            }
            (negated_where(old[v], flipped), flipped)
        };
        unsafe { _mm256_storeu_si256(rows.as_mut_ptr().add(32 * v).cast(), new) };
        gains.add(_mm256_and_si256(k[v], flipped));
    }
}

/// Lanes that flip under the Gibbs rule at beta = 0.
#[inline]
#[target_feature(enable = "avx2")]
fn fair(field: __m256i, leads: __m256i, old: __m256i) -> __m256i {
    let zero = _mm256_setzero_si256();
    let not_below = _mm256_cmpgt_epi8(zero, leads);
    let positive = _mm256_cmpgt_epi8(field, zero);
    let up = _mm256_cmpgt_epi8(old, zero);
    // A spin becomes -1 where either `positive` or `below` holds, not both.
    _mm256_xor_si256(_mm256_xor_si256(positive, not_below), up)
}

#[inline]
#[target_feature(enable = "avx2")]
fn negated_where(bytes: __m256i, mask: __m256i) -> __m256i {
    _mm256_sub_epi8(_mm256_xor_si256(bytes, mask), mask)
}

/// Local fields of the sites of a light quad.
///
/// # Safety
/// Offsets of a [`super::Layout`] lie inside the spins of the block it was made for: they are row numbers of the plan
/// times W. (Checked access costs a tenth of the speed at degree 6 and a quarter at degree 48.)
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn quad_fields<const W: usize>(frame: &Frame<W>, number: usize, spins: &[i8]) -> Vectors {
    let layout = frame.layout;
    let quad = &layout.quads[number];
    let mut sum = [_mm256_setzero_si256(); MOST];
    if layout.has_fields {
        sum = unsafe { spread::<W>(layout.fields.as_ptr().add(number * QUAD)) };
    }
    let mut entry = unsafe { layout.offsets.as_ptr().add(quad.start as usize) };
    for _ in 0..quad.positive {
        let rows = unsafe { gather::<W>(spins.as_ptr(), entry) };
        for v in 0..W / 8 {
            sum[v] = _mm256_add_epi8(sum[v], rows[v]);
        }
        entry = unsafe { entry.add(QUAD) };
    }
    for _ in 0..quad.negative {
        let rows = unsafe { gather::<W>(spins.as_ptr(), entry) };
        for v in 0..W / 8 {
            sum[v] = _mm256_sub_epi8(sum[v], rows[v]);
        }
        entry = unsafe { entry.add(QUAD) };
    }
    sum
}

/// The rows at four offsets, one after the other.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn gather<const W: usize>(spins: *const i8, entry: *const u32) -> Vectors {
    let zero = _mm256_setzero_si256();
    unsafe {
        let at = |t: usize| spins.add(*entry.add(t) as usize);
        match W {
            32 => {
                let row = |t: usize| _mm256_loadu_si256(at(t).cast());
                [row(0), row(1), row(2), row(3)]
            }
            16 => {
                let row = |t: usize| _mm_loadu_si128(at(t).cast());
                [
                    _mm256_set_m128i(row(1), row(0)),
                    _mm256_set_m128i(row(3), row(2)),
                    zero,
                    zero,
                ]
            }
            _ => {
                let row = |t: usize| _mm_loadl_epi64(at(t).cast());
                let low = _mm_unpacklo_epi64(row(0), row(1));
                let high = _mm_unpacklo_epi64(row(2), row(3));
                [_mm256_set_m128i(high, low), zero, zero, zero]
            }
        }
    }
}

/// Four bytes, each repeated over its row of W lanes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn spread<const W: usize>(bytes: *const i8) -> Vectors {
    let zero = _mm256_setzero_si256();
    let byte = |t: usize| unsafe { *bytes.add(t) };
    match W {
        32 => std::array::from_fn(|t| _mm256_set1_epi8(byte(t))),
        16 => {
            let pair = |t: usize| _mm256_set_m128i(_mm_set1_epi8(byte(t + 1)), _mm_set1_epi8(byte(t)));
            [pair(0), pair(2), zero, zero]
        }
        _ => {
            let eight = |t: usize| i64::from_ne_bytes([byte(t) as u8; 8]);
            [
                _mm256_set_epi64x(eight(3), eight(2), eight(1), eight(0)),
                zero,
                zero,
                zero,
            ]
        }
    }
}

/// A byte of ones at index 31 among zeros: loaded at an offset, a mask of one byte.
const ONE_BYTE: [i8; 63] = {
    let mut bytes = [0; 63];
    bytes[31] = -1;
    bytes
};

/// Decides lanes whose leading byte ties by the other 24 bits of the draw.
#[inline]
#[target_feature(enable = "avx2")]
fn settle_ties<const W: usize, const KIND: usize>(
    frame: &Frame<W>,
    first: usize,
    level: __m256i,
    tied: __m256i,
    below: &mut __m256i,
) {
    let mut ties = _mm256_movemask_epi8(tied) as u32;
    let mut levels = [0i8; 32];
    // SAFETY: 32 bytes fit the array.
    unsafe { _mm256_storeu_si256(levels.as_mut_ptr().cast(), level) };
    while ties != 0 {
        let at = ties.trailing_zeros() as usize;
        ties &= ties - 1;
        let level = levels[at] as usize;
        let threshold = if Lookup::<KIND>::BY_LANE {
            frame.tables.by_lane[level][at % W]
        } else {
            frame.tables.shared[level]
        } & 0xFF_FFFF;
        if tail(frame.keys[at % W], (first + at / W) as u32) < threshold {
            // SAFETY: `at` is below 32. (Writing single bytes and loading the vector would stall on store forwarding.)
            let one = unsafe { _mm256_loadu_si256(ONE_BYTE.as_ptr().add(31 - at).cast()) };
            *below = _mm256_or_si256(*below, one);
        }
    }
}

/// Energy changes of the lanes, in bytes for as long as they cannot overflow.
struct Gains<const W: usize> {
    bytes: __m256i,
    /// Additions that the bytes still take.
    room: usize,
    most: usize,
    /// True when a quad alone could overflow the bytes: every vector is widened at once.
    wide: bool,
    words: [__m256i; 2],
    words_room: usize,
}

impl<const W: usize> Gains<W> {
    const WORDS_ROOM: usize = 256;

    #[target_feature(enable = "avx2")]
    fn new(bound: usize) -> Self {
        let zero = _mm256_setzero_si256();
        let most = 127 / (bound.max(1) * (W / 8));
        Self {
            bytes: zero,
            room: most,
            most,
            wide: most == 0,
            words: [zero; 2],
            words_room: Self::WORDS_ROOM,
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn add(&mut self, gain: __m256i) {
        self.bytes = _mm256_add_epi8(self.bytes, gain);
        if self.wide {
            self.widen();
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn widen(&mut self) {
        let low = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(self.bytes));
        let high = _mm256_cvtepi8_epi16(_mm256_extracti128_si256(self.bytes, 1));
        self.words = [
            _mm256_add_epi16(self.words[0], low),
            _mm256_add_epi16(self.words[1], high),
        ];
        self.words_room -= 1;
        self.bytes = _mm256_setzero_si256();
        self.room = self.most;
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn quad_done(&mut self, energies: &mut [i64; W]) {
        if !self.wide {
            self.room -= 1;
            if self.room == 0 {
                self.widen();
            }
        }
        if self.words_room <= MOST {
            self.flush_words(energies);
        }
    }

    #[target_feature(enable = "avx2")]
    fn flush(&mut self, energies: &mut [i64; W]) {
        self.widen();
        self.flush_words(energies);
    }

    #[cold]
    #[inline(never)]
    #[target_feature(enable = "avx2")]
    fn flush_words(&mut self, energies: &mut [i64; W]) {
        let mut words = [0i16; 32];
        unsafe {
            _mm256_storeu_si256(words.as_mut_ptr().cast(), self.words[0]);
            _mm256_storeu_si256(words.as_mut_ptr().add(16).cast(), self.words[1]);
        }
        for (at, &gain) in words.iter().enumerate() {
            energies[at % W] += 2 * i64::from(gain);
        }
        self.words = [_mm256_setzero_si256(); 2];
        self.words_room = Self::WORDS_ROOM;
    }
}
