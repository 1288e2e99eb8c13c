//! Any coefficients, sparse: one walk over a neighbour list serves 16 chains, fields recomputed at every visit.
//!
//! Spins stand site-major, a byte each; the local field of a site is summed for all lanes at once in f32 or f64, exactly
//! (see [`crate::model::Grid`]). Every scan and clamping goes this way too.

use super::order::Clock;
use super::plan::{EMPTY, QUAD};
use super::rows::{Number, Rows};
use super::setup::Start;
use super::simd::Level;
use super::{Ensemble, Place, Setup, shadow};
use crate::kernel::{Acceptance, Cuts, Rule};
use crate::rng::{Key, Stream, draw, word};
use std::sync::Arc;

/// Lanes of a block.
pub(super) const WIDTH: usize = 16;

/// A block of up to 16 chains.
pub(super) struct Floats<T> {
    setup: Setup,
    rows: Arc<Rows<T>>,
    num_lanes: usize,
    streams: Vec<Stream>,
    betas: [f64; WIDTH],
    spins: Vec<i8>,
    energies: [f64; WIDTH],
    shadows: Vec<u32>,
    clock: Clock,
    level: Level,
}

/// What the visits of one sweep have in common.
struct Frame<T> {
    rows: Arc<Rows<T>>,
    acceptance: [Acceptance; WIDTH],
    /// Scale of the cuts and where those of the lane's rule begin.
    units: [f32; WIDTH],
    place: [u32; WIDTH],
    /// 1 in lanes under the Gibbs rule (lanes of a Metropolis run at beta = 0, too).
    gibbs: [f32; WIDTH],
    isolated: Rule,
    keys: [Key; WIDTH],
}

/// A number type that fields of lanes are summed in.
pub(super) trait Real: Number {
    fn from_spin(spin: i8) -> Self;
    fn multiply_add(self, a: Self, b: Self) -> Self;
}

macro_rules! real {
    ($float:ident) => {
        impl Real for $float {
            #[inline(always)]
            fn from_spin(spin: i8) -> Self {
                $float::from(spin)
            }

            // Separate rounding would not matter (sums are exact), but a fused form is a library call on old CPUs.
            #[inline(always)]
            fn multiply_add(self, a: Self, b: Self) -> Self {
                self * a + b
            }
        }
    };
}
real!(f32);
real!(f64);

impl<T: Real> Floats<T> {
    pub fn new(start: Start, rows: Arc<Rows<T>>) -> Self {
        let Start {
            setup,
            level,
            first_chain,
            num_lanes,
            states,
        } = start;
        let num_rows = setup.plan.num_rows();
        Self {
            rows,
            num_lanes,
            streams: (0..WIDTH as u64).map(|l| setup.stream(first_chain + l)).collect(),
            betas: [0.0; WIDTH],
            spins: vec![1; (num_rows * WIDTH).next_multiple_of(32)],
            energies: [0.0; WIDTH],
            shadows: vec![0; num_rows],
            clock: Clock::default(),
            level,
            setup,
        }
        .with_states(states)
    }

    fn frame(&self) -> Frame<T> {
        let unit = self.setup.grid.unit;
        let kernel = self.setup.kernel;
        let acceptance = self
            .betas
            .map(|beta| Acceptance::new(kernel.rule(beta), beta, unit));
        Frame {
            rows: self.rows.clone(),
            acceptance,
            units: acceptance.map(|a| a.units_per_exponent()),
            place: acceptance.map(|a| Cuts::place(a.rule) as u32),
            gibbs: acceptance.map(|a| f32::from(u8::from(a.rule == Rule::Gibbs))),
            isolated: kernel.rule_of_isolated(),
            keys: std::array::from_fn(|l| self.streams[l].key(self.clock.sweep())),
        }
    }
}

impl<T: Real> Place for Floats<T> {
    fn setup(&self) -> &Setup {
        &self.setup
    }

    fn place(&mut self, lane: usize, state: &[i8], energy: f64) {
        for (&s, &row) in state.iter().zip(&self.setup.plan.row_of) {
            self.spins[row as usize * WIDTH + lane] = s;
        }
        self.energies[lane] = energy;
    }
}

impl<T: Real> Ensemble for Floats<T> {
    fn num_lanes(&self) -> usize {
        self.num_lanes
    }

    fn set_beta(&mut self, lane: usize, beta: f64) {
        let end = if lane + 1 == self.num_lanes {
            WIDTH
        } else {
            lane + 1
        };
        self.betas[lane..end].fill(beta);
    }

    fn advance(&mut self, visits: usize) -> bool {
        let frame = self.frame();
        let length = self.clock.order(&self.setup).len();
        let range = self.clock.ahead(visits, QUAD, length);
        let order = &self.clock.order(&self.setup)[..range.end];
        sweep(
            self.level,
            &frame,
            order,
            range.start,
            &mut self.spins,
            &mut self.energies,
        );
        self.clock.pass(&range, length)
    }

    fn position(&self) -> (u64, usize) {
        self.clock.position()
    }

    fn set_position(&mut self, position: (u64, usize)) {
        self.clock.set_position(position);
    }

    fn energy(&self, lane: usize) -> f64 {
        self.energies[lane] * self.setup.grid.unit
    }

    fn state(&self, lane: usize, out: &mut [i8]) {
        shadow::state::<WIDTH>(&self.setup.plan, &self.spins, lane, out);
    }

    fn set_state(&mut self, lane: usize, state: &[i8]) {
        self.place_one(lane, state);
    }

    fn flip(&mut self, lane: usize, sites: &[u32], change: f64) {
        for &site in sites {
            let spin = &mut self.spins[self.setup.plan.row_of[site as usize] as usize * WIDTH + lane];
            *spin = -*spin;
        }
        self.energies[lane] += change;
    }

    fn bit_rows(&self, out: &mut [u64]) {
        shadow::bit_rows::<WIDTH>(self.level, &self.setup.plan, &self.spins, out);
    }

    fn keep(&mut self, mask: u64) {
        shadow::keep::<WIDTH>(self.level, &self.spins, mask as u32, &mut self.shadows);
    }

    fn kept(&self, lane: usize, out: &mut [i8]) {
        shadow::kept(&self.setup.plan, &self.shadows, lane, out);
    }
}

/// Carries out the visits `from ..` of `order`, with the vector instructions of `level`.
fn sweep<T: Real>(
    level: Level,
    frame: &Frame<T>,
    order: &[u32],
    from: usize,
    spins: &mut [i8],
    energies: &mut [f64; WIDTH],
) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<T: Real>(f: &Frame<T>, o: &[u32], from: usize, s: &mut [i8], e: &mut [f64; WIDTH]) {
            visits(f, o, from, s, e);
        }
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn avx512<T: Real>(f: &Frame<T>, o: &[u32], from: usize, s: &mut [i8], e: &mut [f64; WIDTH]) {
            visits(f, o, from, s, e);
        }
        match level {
            Level::Baseline => {}
            // SAFETY: the level says that this CPU has these instructions.
            Level::Avx2 => return unsafe { avx2(frame, order, from, spins, energies) },
            // SAFETY: as above.
            Level::Avx512 => return unsafe { avx512(frame, order, from, spins, energies) },
        }
    }
    let _ = level;
    visits(frame, order, from, spins, energies);
}

#[inline(always)]
fn visits<T: Real>(
    frame: &Frame<T>,
    order: &[u32],
    from: usize,
    spins: &mut [i8],
    energies: &mut [f64; WIDTH],
) {
    let mut words = words(frame, from as u32 / 4);
    for (visit, &row) in order.iter().enumerate().skip(from) {
        if visit % 4 == 0 {
            words = self::words(frame, visit as u32 / 4);
        }
        if row == EMPTY {
            continue;
        }
        let row = row as usize;
        if frame.rows.is_isolated(row) && frame.isolated == Rule::Gibbs {
            for l in 0..WIDTH {
                spins[row * WIDTH + l] = if words[l] >> (8 * (visit % 4)) & 255 < 128 {
                    -1
                } else {
                    1
                };
            }
            continue;
        }
        let draws = draws(frame, &words, visit);
        let fields = fields(frame, row, spins);
        if let Some(spins) = spins[row * WIDTH..].first_chunk_mut() {
            update(frame, &fields, visit as u32, &draws, spins, energies);
        }
    }
}

#[inline(always)]
fn words<T>(frame: &Frame<T>, quad: u32) -> [u32; WIDTH] {
    let mut words = [0; WIDTH];
    for l in 0..WIDTH {
        words[l] = word(frame.keys[l], quad);
    }
    words
}

/// Draws of one visit as fields: up to where they are below the threshold for certain, and from where on they are not.
struct Draws {
    sure: [f32; WIDTH],
    never: [f32; WIDTH],
}

#[inline(always)]
fn draws<T>(frame: &Frame<T>, words: &[u32; WIDTH], visit: usize) -> Draws {
    let cuts = Cuts::get();
    let at = |l: usize| ((words[l] >> (8 * (visit % 4)) & 255 | frame.place[l]) & 511) as usize;
    let mut draws = Draws {
        sure: [0.0; WIDTH],
        never: [0.0; WIDTH],
    };
    for l in 0..WIDTH {
        draws.sure[l] = cuts.sure[at(l)] * frame.units[l];
        draws.never[l] = cuts.never[at(l)] * frame.units[l];
    }
    draws
}

#[inline(always)]
fn fields<T: Real>(frame: &Frame<T>, row: usize, spins: &[i8]) -> [T; WIDTH] {
    let mut sum = [frame.rows.fields[row]; WIDTH];
    let (neighbours, weights) = frame.rows.row(row);
    for (&j, &w) in neighbours.iter().zip(weights) {
        let other = &spins[j as usize * WIDTH..][..WIDTH];
        for l in 0..WIDTH {
            sum[l] = w.multiply_add(T::from_spin(other[l]), sum[l]);
        }
    }
    sum
}

/// Draws the new spins of one row.
#[inline(always)]
fn update<T: Real>(
    frame: &Frame<T>,
    fields: &[T; WIDTH],
    visit: u32,
    draws: &Draws,
    row: &mut [i8; WIDTH],
    energies: &mut [f64; WIDTH],
) {
    let old = *row;
    let mut k = [T::ZERO; WIDTH];
    for l in 0..WIDTH {
        k[l] = fields[l].multiply_add(T::from_spin(-old[l]), T::ZERO);
    }
    let (below, unsettled) = (&mut [0u32; WIDTH], &mut [0u32; WIDTH]);
    for l in 0..WIDTH {
        let level = if frame.gibbs[l] > 0.0 {
            k[l].single().abs()
        } else {
            k[l].single()
        };
        below[l] = u32::from(level <= draws.sure[l]);
        let stochastic = u32::from(k[l] > T::ZERO) | u32::from(frame.gibbs[l] > 0.0);
        unsettled[l] = (1 ^ below[l]) & u32::from(level <= draws.never[l]) & stochastic;
    }
    if *unsettled != [0; WIDTH] {
        settle(frame, &k, unsettled, visit, below);
    }
    let mut flips = [0u32; WIDTH];
    for l in 0..WIDTH {
        let (uphill, level) = (u32::from(k[l] > T::ZERO), u32::from(k[l] == T::ZERO));
        let favoured = uphill | (level & u32::from(old[l] > 0));
        let gibbs = 1 ^ below[l] ^ favoured;
        let metropolis = (1 ^ uphill) | below[l];
        flips[l] = if frame.gibbs[l] > 0.0 { gibbs } else { metropolis };
    }
    for l in 0..WIDTH {
        row[l] = old[l] * (1 - 2 * flips[l] as i8);
    }
    for l in 0..WIDTH {
        energies[l] += f64::from(flips[l] as i32) * 2.0 * k[l].units();
    }
}

/// Decides by the exact threshold what the leading byte left open.
#[cold]
#[inline(never)]
fn settle<T: Real>(
    frame: &Frame<T>,
    k: &[T; WIDTH],
    unsettled: &[u32; WIDTH],
    visit: u32,
    below: &mut [u32; WIDTH],
) {
    for l in (0..WIDTH).filter(|&l| unsettled[l] != 0) {
        let threshold = frame.acceptance[l].threshold(k[l].units().abs());
        below[l] = u32::from(draw(frame.keys[l], visit) < threshold);
    }
}
