//! Small whole-number couplings: one byte a spin, one walk over a neighbour list for up to 32 chains.
//!
//! Spins stand site-major: a row of W bytes per site, one lane a byte. A local field whose bound is at most 127 is a sum
//! of such rows in byte arithmetic, four uncoupled sites (a quad) at a time; the acceptance table fits shuffle
//! registers; leading bytes of draws come four visits a hash. A coupling of weight w stands |w| times in the list.
//! Sites with larger bounds ("heavy": hubs) are summed in wider integers, one at a time.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod layout;
#[cfg(target_arch = "x86_64")]
pub(super) mod lookup;
mod portable;
mod tables;
#[cfg(target_arch = "x86_64")]
mod transpose;

pub(super) use layout::Layout;

use super::aligned::Aligned;
use super::order::Clock;
use super::plan::QUAD;
use super::setup::Start;
use super::simd::Level;
use super::{Ensemble, Place, Setup, shadow};
use crate::kernel::{Acceptance, Rule, is_below};
use crate::rng::{Key, Stream, lead};
use layout::Heavy;
use std::sync::Arc;
use tables::Tables;

/// Most chains of a block.
pub(super) const MOST_LANES: usize = 32;

/// Largest local field that a byte holds.
pub(in crate::ensemble) const BYTE_BOUND: f64 = 127.0;

/// A block of `W` chains (8, 16 or 32; unused lanes idle along).
pub(super) struct Bytes<const W: usize> {
    setup: Setup,
    layout: Arc<Layout>,
    num_lanes: usize,
    streams: Vec<Stream>,
    betas: Vec<f64>,
    /// Acceptance of each lane; refreshed when a beta changes.
    tables: Tables<W>,
    stale: bool,
    /// By row and lane.
    spins: Aligned<i8>,
    energies: [i64; W],
    shadows: Vec<u32>,
    clock: Clock,
    keys: [Key; W],
    keys_of_sweep: Option<u64>,
    level: Level,
}

/// What a sweep over some quads needs besides the spins.
struct Frame<'a, const W: usize> {
    layout: &'a Layout,
    tables: &'a Tables<W>,
    isolated: Rule,
    keys: &'a [Key; W],
}

impl<const W: usize> Bytes<W> {
    pub fn new(start: Start, layout: Arc<Layout>) -> Self {
        let Start {
            setup,
            level,
            first_chain,
            num_lanes,
            states,
        } = start;
        let streams = (0..W as u64).map(|l| setup.stream(first_chain + l)).collect();
        let rows = setup.plan.num_rows() + 1;
        Self {
            num_lanes,
            streams,
            betas: vec![0.0; W],
            tables: Tables::new(&layout),
            stale: true,
            spins: Aligned::new(0, (rows * W).next_multiple_of(64)),
            energies: [0; W],
            shadows: vec![0; setup.plan.num_rows()],
            clock: Clock::default(),
            keys: [Key::default(); W],
            keys_of_sweep: None,
            level,
            layout,
            setup,
        }
        .with_states(states)
    }

    /// Brings tables and keys up to date with betas and sweep.
    fn prepare(&mut self) {
        if self.stale {
            let unit = self.setup.grid.unit;
            let kernel = self.setup.kernel;
            self.tables.fill(
                &self.betas,
                |beta| Acceptance::new(kernel.rule(beta), beta, unit),
                self.level >= Level::Avx2,
            );
            self.stale = false;
        }
        if self.keys_of_sweep != Some(self.clock.sweep()) {
            for (key, stream) in self.keys.iter_mut().zip(&self.streams) {
                *key = stream.key(self.clock.sweep());
            }
            self.keys_of_sweep = Some(self.clock.sweep());
        }
    }
}

impl<const W: usize> Place for Bytes<W> {
    fn setup(&self) -> &Setup {
        &self.setup
    }

    fn place(&mut self, lane: usize, state: &[i8], energy: f64) {
        for (&s, &row) in state.iter().zip(&self.setup.plan.row_of) {
            self.spins[row as usize * W + lane] = s;
        }
        self.energies[lane] = energy as i64;
    }
}

impl<const W: usize> Ensemble for Bytes<W> {
    fn num_lanes(&self) -> usize {
        self.num_lanes
    }

    fn set_beta(&mut self, lane: usize, beta: f64) {
        let unused = if lane + 1 == self.num_lanes { W } else { lane + 1 };
        for b in &mut self.betas[lane..unused] {
            self.stale |= *b != beta;
            *b = beta;
        }
    }

    fn advance(&mut self, visits: usize) -> bool {
        self.prepare();
        let length = self.layout.quads.len() * QUAD;
        let range = self.clock.ahead(visits, QUAD, length);
        let frame = Frame {
            layout: &self.layout,
            tables: &self.tables,
            isolated: self.setup.kernel.rule_of_isolated(),
            keys: &self.keys,
        };
        let spins = &mut *self.spins;
        let quads = range.start / QUAD..range.end / QUAD;
        match self.level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 if W > 8 => avx512::sweep(&frame, quads, spins, &mut self.energies),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::Avx512 => avx2::sweep(&frame, quads, spins, &mut self.energies),
            _ => portable::sweep(&frame, quads, spins, &mut self.energies),
        }
        self.clock.pass(&range, length)
    }

    fn position(&self) -> (u64, usize) {
        self.clock.position()
    }

    fn set_position(&mut self, position: (u64, usize)) {
        self.clock.set_position(position);
    }

    fn energy(&self, lane: usize) -> f64 {
        self.energies[lane] as f64 * self.setup.grid.unit
    }

    fn state(&self, lane: usize, out: &mut [i8]) {
        shadow::state::<W>(&self.setup.plan, &self.spins, lane, out);
    }

    fn set_state(&mut self, lane: usize, state: &[i8]) {
        self.place_one(lane, state);
    }

    fn flip(&mut self, lane: usize, sites: &[u32], change: f64) {
        for &site in sites {
            let spin = &mut self.spins[self.setup.plan.row_of[site as usize] as usize * W + lane];
            *spin = -*spin;
        }
        self.energies[lane] += change as i64;
    }

    fn bit_rows(&self, out: &mut [u64]) {
        shadow::bit_rows::<W>(self.level, &self.setup.plan, &self.spins, out);
    }

    fn keep(&mut self, mask: u64) {
        shadow::keep::<W>(self.level, &self.spins, mask as u32, &mut self.shadows);
    }

    fn kept(&self, lane: usize, out: &mut [i8]) {
        shadow::kept(&self.setup.plan, &self.shadows, lane, out);
    }
}

/// One visit of a site whose field needs more than a byte; any W, any rule, lanes one after the other.
fn visit_heavy<const W: usize>(frame: &Frame<W>, site: &Heavy, spins: &mut [i8], energies: &mut [i64; W]) {
    let fields = heavy_fields::<W>(frame.layout, site, spins);
    let row = &mut spins[site.row as usize * W..][..W];
    for lane in 0..W {
        let (field, old, key) = (fields[lane], row[lane], frame.keys[lane]);
        let acceptance = &frame.tables.acceptance[lane];
        let below = |k: i32| {
            let k = f64::from(k);
            k <= acceptance.reach() && is_below(key, site.row, acceptance.threshold(k))
        };
        let k = -i32::from(old) * field;
        let rule = if site.is_isolated() {
            frame.isolated
        } else {
            acceptance.rule
        };
        let new = match rule {
            Rule::Gibbs if site.is_isolated() => isolated_spin(lead(key, site.row)),
            Rule::Metropolis if k <= 0 || below(k) => -old,
            Rule::Metropolis => old,
            Rule::Gibbs => {
                let favourable = if field > 0 { -1 } else { 1 };
                if below(field.abs()) {
                    -favourable
                } else {
                    favourable
                }
            }
        };
        if new != old {
            row[lane] = new;
            energies[lane] += 2 * i64::from(k);
        }
    }
}

/// A fair spin: the Gibbs rule without a field.
fn isolated_spin(lead: u8) -> i8 {
    if lead < 128 { -1 } else { 1 }
}

fn heavy_fields<const W: usize>(layout: &Layout, site: &Heavy, spins: &[i8]) -> [i32; W] {
    let mut fields = [site.field; W];
    let (positive, negative) = layout.heavy_entries(site);
    for (entries, sign) in [(positive, 1), (negative, -1)] {
        for part in entries.chunks(BYTE_BOUND as usize) {
            let mut sum = [0i8; W];
            for &offset in part {
                let row = &spins[offset as usize..][..W];
                for l in 0..W {
                    sum[l] = sum[l].wrapping_add(row[l]);
                }
            }
            for l in 0..W {
                fields[l] += sign * i32::from(sum[l]);
            }
        }
    }
    fields
}
