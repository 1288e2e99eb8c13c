//! The byte path in plain Rust: any CPU, and lanes of different betas.
//!
//! Masks are bytes of zeros or ones and loops run over whole rows, so that the compiler finds the vectors that the
//! target has (SSE2, NEON). Thresholds are selected level by level, which needs no byte shuffle.

use super::layout::{Kind, Quad};
use super::{Frame, isolated_spin, visit_heavy};
use crate::ensemble::plan::QUAD;
use crate::kernel::Rule;
use crate::rng::{tail, word};
use std::ops::Range;

/// Visits after which sums of energy changes are moved from 16 to 64 bits.
const ROOM: usize = 128;

/// Up to so many thresholds are selected level by level, by vectors; more are looked up, lane by lane.
const FEW_LEVELS: usize = 8;

/// Carries out the visits of `quads`.
pub(super) fn sweep<const W: usize>(
    frame: &Frame<W>,
    quads: Range<usize>,
    spins: &mut [i8],
    energies: &mut [i64; W],
) {
    let rules = Rules::new(frame);
    let mut gains = [0i16; W];
    let mut room = ROOM;
    for number in quads {
        let quad = &frame.layout.quads[number];
        match quad.kind {
            Kind::Heavy => {
                for at in quad.start..quad.start + u32::from(quad.positive) {
                    visit_heavy(frame, &frame.layout.heavy[at as usize], spins, energies);
                }
            }
            Kind::Isolated if frame.isolated == Rule::Gibbs => redraw(frame, number, spins),
            Kind::Isolated | Kind::Light => {
                for (t, leads) in leads(frame, number).iter().enumerate() {
                    visit(
                        frame,
                        &rules,
                        quad,
                        (number * QUAD + t) as u32,
                        leads,
                        spins,
                        &mut gains,
                    );
                }
                room -= QUAD;
                if room == 0 {
                    move_gains(&mut gains, energies);
                    room = ROOM;
                }
            }
        }
    }
    move_gains(&mut gains, energies);
}

fn move_gains<const W: usize>(gains: &mut [i16; W], energies: &mut [i64; W]) {
    for (gain, energy) in gains.iter_mut().zip(energies) {
        *energy += 2 * i64::from(*gain);
        *gain = 0;
    }
}

/// What lanes decide by, as rows of bytes.
struct Rules<const W: usize> {
    /// Ones in lanes under the Gibbs rule (lanes of a Metropolis run at beta = 0, too).
    gibbs: [u8; W],
    /// Leading bytes of thresholds, by k.
    leads: Vec<[u8; W]>,
}

impl<const W: usize> Rules<W> {
    fn new(frame: &Frame<W>) -> Self {
        let leads = |row: &[u32; W]| row.map(|threshold| (threshold >> 24) as u8);
        Self {
            gibbs: std::array::from_fn(|l| mask(frame.tables.acceptance[l].rule == Rule::Gibbs)),
            leads: frame.tables.by_lane.iter().map(leads).collect(),
        }
    }

    /// Leading bytes of the thresholds of `level`.
    #[inline(always)]
    fn select(&self, level: &[i8; W], thresholds: &mut [u8; W]) {
        if self.leads.len() <= FEW_LEVELS {
            for (k, row) in self.leads.iter().enumerate() {
                for l in 0..W {
                    thresholds[l] |= mask(level[l] == k as i8) & row[l];
                }
            }
        } else {
            for l in 0..W {
                thresholds[l] = self.leads.get(level[l] as usize).map_or(0, |row| row[l]);
            }
        }
    }
}

#[inline(always)]
fn mask(condition: bool) -> u8 {
    if condition { u8::MAX } else { 0 }
}

/// Leading bytes of the four visits of a quad, by visit and lane.
fn leads<const W: usize>(frame: &Frame<W>, number: usize) -> [[u8; W]; QUAD] {
    let mut words = [0u32; W];
    for l in 0..W {
        words[l] = word(frame.keys[l], number as u32);
    }
    let mut leads = [[0; W]; QUAD];
    for (t, leads) in leads.iter_mut().enumerate() {
        for l in 0..W {
            leads[l] = (words[l] >> (8 * t)) as u8;
        }
    }
    leads
}

fn redraw<const W: usize>(frame: &Frame<W>, number: usize, spins: &mut [i8]) {
    for (t, leads) in leads(frame, number).iter().enumerate() {
        let row = &mut spins[(number * QUAD + t) * W..][..W];
        for l in 0..W {
            row[l] = isolated_spin(leads[l]);
        }
    }
}

fn visit<const W: usize>(
    frame: &Frame<W>,
    rules: &Rules<W>,
    quad: &Quad,
    row: u32,
    leads: &[u8; W],
    spins: &mut [i8],
    gains: &mut [i16; W],
) {
    let fields = fields(frame, quad, row, spins);
    let Some(target) = spins[row as usize * W..].first_chunk_mut::<W>() else {
        return;
    };
    let old = *target;
    let (mut k, mut level, mut thresholds, mut below) = ([0i8; W], [0i8; W], [0u8; W], [0u8; W]);
    for l in 0..W {
        // old is -1 or +1: a product without multiplying bytes, which vectors cannot.
        let down = old[l] >> 7;
        k[l] = -((fields[l] ^ down).wrapping_sub(down));
    }
    for l in 0..W {
        let uphill = k[l] & !(k[l] >> 7);
        level[l] = if rules.gibbs[l] == 0 {
            uphill
        } else {
            k[l].wrapping_abs()
        };
    }
    rules.select(&level, &mut thresholds);
    let top = rules.leads.len().min(128) as u8;
    let mut tied = [0u8; W];
    for l in 0..W {
        below[l] = mask(leads[l] < thresholds[l]);
    }
    for l in 0..W {
        tied[l] = mask(leads[l] == thresholds[l]) & mask((level[l] as u8) < top);
    }
    if tied != [0; W] {
        settle_ties(frame, row, &level, leads, &thresholds, &mut below);
    }
    let mut flips = [0i8; W];
    for l in 0..W {
        let metropolis = mask(k[l] <= 0) | below[l];
        let favoured = mask(k[l] > 0) | (mask(k[l] == 0) & mask(old[l] > 0));
        let gibbs = !(below[l] ^ favoured);
        flips[l] = ((metropolis & !rules.gibbs[l]) | (gibbs & rules.gibbs[l])) as i8;
    }
    for l in 0..W {
        target[l] = (old[l] ^ flips[l]).wrapping_sub(flips[l]);
    }
    for l in 0..W {
        gains[l] += i16::from(k[l] & flips[l]);
    }
}

/// Decides lanes whose leading byte ties by the other 24 bits of the draw.
#[cold]
fn settle_ties<const W: usize>(
    frame: &Frame<W>,
    row: u32,
    level: &[i8; W],
    leads: &[u8; W],
    thresholds: &[u8; W],
    below: &mut [u8; W],
) {
    for l in (0..W).filter(|&l| leads[l] == thresholds[l]) {
        if let Some(by_lane) = frame.tables.by_lane.get(level[l] as usize) {
            below[l] = mask(tail(frame.keys[l], row) < by_lane[l] & 0xFF_FFFF);
        }
    }
}

/// Local fields of one site, in units.
fn fields<const W: usize>(frame: &Frame<W>, quad: &Quad, row: u32, spins: &[i8]) -> [i8; W] {
    let layout = frame.layout;
    let mut sum = [layout.fields[row as usize]; W];
    let t = row as usize % QUAD;
    let start = quad.start as usize;
    let middle = start + QUAD * quad.positive as usize;
    let end = middle + QUAD * quad.negative as usize;
    for &offset in layout.offsets[start..middle].iter().skip(t).step_by(QUAD) {
        let other = &spins[offset as usize..][..W];
        for l in 0..W {
            sum[l] = sum[l].wrapping_add(other[l]);
        }
    }
    for &offset in layout.offsets[middle..end].iter().skip(t).step_by(QUAD) {
        let other = &spins[offset as usize..][..W];
        for l in 0..W {
            sum[l] = sum[l].wrapping_sub(other[l]);
        }
    }
    sum
}
