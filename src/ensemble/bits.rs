//! Dense couplings of one size: a bit a spin, a local field by exclusive-or and population count.
//!
//! Signs of couplings and spins are bit rows; their exclusive-or, counted, is the number of neighbours that pull
//! down. Sixty-four neighbours cost three instructions whatever the temperature, so nothing is cached and a flip costs
//! one bit.

use super::decide::{self, Decider, WINDOW};
use super::order::fill_order;
use super::plan::EMPTY;
use super::simd::Level;
use super::{Ensemble, Setup};
use std::ops::Range;
use std::sync::Arc;

/// Most chains of a block.
pub(super) const MOST_LANES: usize = 32;

/// Bits of a word of a row.
const WORD: usize = 64;

/// Signs and presence of couplings by row.
pub(super) struct Layout {
    words: usize,
    /// Words of a visited row: signs (bit set = negative), then, unless complete, presence.
    signs: Vec<u64>,
    present: Vec<u64>,
    /// Field of each row plus its number of couplings, in units.
    tops: Vec<i32>,
    /// True when every site is coupled to all others: presence need not be looked at.
    complete: bool,
    isolated: Vec<bool>,
}

impl Layout {
    /// The rows of a model all of whose couplings have the size of the unit; otherwise `None`.
    pub fn new(setup: &Setup) -> Option<Self> {
        let (model, plan) = (&setup.model, &setup.plan);
        let unit = setup.grid.unit;
        let sites = 0..model.num_sites();
        if !setup.grid.exact
            || sites
                .clone()
                .any(|i| model.row(i).1.iter().any(|w| w.abs() != unit))
        {
            return None;
        }
        let positions = plan.visits.len();
        let words = plan.num_rows().div_ceil(WORD);
        let mut layout = Self {
            words,
            signs: vec![0; positions * words],
            present: vec![0; positions * words],
            tops: vec![0; positions],
            complete: sites.clone().all(|i| model.degree(i) + 1 == model.num_sites()),
            isolated: vec![false; positions],
        };
        for (row, &site) in plan.visits.iter().enumerate().filter(|(_, s)| **s != EMPTY) {
            let site = site as usize;
            let (columns, weights) = model.row(site);
            for (&j, &w) in columns.iter().zip(weights) {
                let at = plan.row_of[j as usize] as usize;
                layout.present[row * words + at / WORD] |= 1 << (at % WORD);
                layout.signs[row * words + at / WORD] |= u64::from(w < 0.0) << (at % WORD);
            }
            layout.tops[row] = setup.grid.quantise(model.fields()[site]) as i32 + columns.len() as i32;
            layout.isolated[row] = setup.is_isolated(site);
        }
        if layout.complete {
            layout.present = Vec::new();
        }
        Some(layout)
    }

    /// Local field of a row, in units.
    #[inline(always)]
    fn field(&self, row: usize, spins: &[u64]) -> i32 {
        let range = row * self.words..(row + 1) * self.words;
        let signs = &self.signs[range.clone()];
        let down = if self.complete {
            // The row's own bit is counted as if it were a neighbour with a positive coupling.
            let own = (spins[row / WORD] >> (row % WORD) & 1) as u32;
            count(spins, signs) - own
        } else {
            count_where(spins, signs, &self.present[range])
        };
        self.tops[row] - 2 * down as i32
    }
}

/// Bits that differ between two rows. Four sums, so that additions do not wait for each other.
#[inline(always)]
fn count(spins: &[u64], signs: &[u64]) -> u32 {
    let (s, j) = (spins.chunks_exact(4), signs.chunks_exact(4));
    let rest: u32 = s
        .remainder()
        .iter()
        .zip(j.remainder())
        .map(|(s, j)| (s ^ j).count_ones())
        .sum();
    let mut sums = [0u32; 4];
    for (s, j) in s.zip(j) {
        for t in 0..4 {
            sums[t] += (s[t] ^ j[t]).count_ones();
        }
    }
    rest + sums.iter().sum::<u32>()
}

/// Bits that differ between two rows where `present` is set.
#[inline(always)]
fn count_where(spins: &[u64], signs: &[u64], present: &[u64]) -> u32 {
    let mut sums = [0u32; 2];
    let mut pairs = spins
        .iter()
        .zip(signs)
        .zip(present)
        .map(|((s, j), m)| ((s ^ j) & m).count_ones());
    while let Some(even) = pairs.next() {
        sums[0] += even;
        sums[1] += pairs.next().unwrap_or(0);
    }
    sums[0] + sums[1]
}

/// One chain: a bit a row, set for spin -1.
struct Chain {
    spins: Vec<u64>,
    shadow: Vec<u64>,
    energy: i64,
}

/// A block of chains.
pub(super) struct Bits {
    setup: Setup,
    layout: Arc<Layout>,
    chains: Vec<Chain>,
    deciders: Vec<Decider>,
    order: Vec<u32>,
    order_of_sweep: Option<u64>,
    sweep: u64,
    visit: usize,
    level: Level,
}

impl Bits {
    /// Chains `first_chain ..` in the given states (one after the other, by site).
    pub fn new(
        setup: Setup,
        layout: Arc<Layout>,
        first_chain: u64,
        num_lanes: usize,
        states: &[i8],
        level: Level,
    ) -> Self {
        let n = setup.model.num_sites();
        let chain = || Chain {
            spins: vec![0; layout.words],
            shadow: vec![0; layout.words],
            energy: 0,
        };
        let chains = std::iter::repeat_with(chain).take(num_lanes).collect();
        let deciders = (0..num_lanes as u64)
            .map(|lane| Decider::new(&setup, first_chain + lane))
            .collect();
        let (order, order_of_sweep) = (Vec::new(), None);
        let mut block = Self {
            layout,
            chains,
            deciders,
            order,
            order_of_sweep,
            sweep: 0,
            visit: 0,
            level,
            setup,
        };
        let energies = block.setup.energies_units(states, num_lanes);
        for (lane, energy) in energies.into_iter().enumerate() {
            block.place(lane, &states[lane * n..(lane + 1) * n], energy);
        }
        block.keep(u64::MAX);
        block
    }

    fn place(&mut self, lane: usize, state: &[i8], energy: f64) {
        let chain = &mut self.chains[lane];
        chain.spins.fill(0);
        for (&s, &row) in state.iter().zip(&self.setup.plan.row_of) {
            chain.spins[row as usize / WORD] |= u64::from(s < 0) << (row as usize % WORD);
        }
        chain.energy = energy as i64;
    }
}

impl Ensemble for Bits {
    fn num_lanes(&self) -> usize {
        self.chains.len()
    }

    fn set_beta(&mut self, lane: usize, beta: f64) {
        Decider::set_beta(&mut self.deciders, lane, &self.setup, beta);
    }

    fn advance(&mut self, visits: usize) -> bool {
        if self.order_of_sweep != Some(self.sweep) {
            fill_order(&self.setup, self.sweep, &mut self.order);
            self.order_of_sweep = Some(self.sweep);
        }
        for decider in &mut self.deciders {
            decider.enter(self.sweep);
        }
        let length = self.order.len();
        let end = (self.visit + visits).next_multiple_of(WINDOW).min(length);
        let mut first = self.visit;
        while first < end {
            let next = (first + WINDOW - first % WINDOW).min(end);
            sweep(
                self.level,
                &self.layout,
                &self.deciders,
                &self.order,
                first..next,
                &mut self.chains,
            );
            first = next;
        }
        self.visit = end;
        if end < length {
            return false;
        }
        self.visit = 0;
        self.sweep += 1;
        true
    }

    fn position(&self) -> (u64, usize) {
        (self.sweep, self.visit)
    }

    fn set_position(&mut self, position: (u64, usize)) {
        (self.sweep, self.visit) = position;
    }

    fn energy(&self, lane: usize) -> f64 {
        self.chains[lane].energy as f64 * self.setup.grid.unit
    }

    fn state(&self, lane: usize, out: &mut [i8]) {
        by_site(&self.setup, &self.chains[lane].spins, out);
    }

    fn set_state(&mut self, lane: usize, state: &[i8]) {
        let energy = self.setup.energy_units(state);
        self.place(lane, state, energy);
    }

    fn bit_rows(&self, out: &mut [u32]) {
        for (bits, &row) in out.iter_mut().zip(&self.setup.plan.row_of) {
            let bit = |chain: &Chain| (chain.spins[row as usize / WORD] >> (row as usize % WORD) & 1) as u32;
            *bits = self
                .chains
                .iter()
                .enumerate()
                .map(|(lane, chain)| bit(chain) << lane)
                .sum();
        }
    }

    fn keep(&mut self, mask: u64) {
        for (lane, chain) in self.chains.iter_mut().enumerate() {
            if mask >> lane & 1 == 1 {
                chain.shadow.copy_from_slice(&chain.spins);
            }
        }
    }

    fn kept(&self, lane: usize, out: &mut [i8]) {
        by_site(&self.setup, &self.chains[lane].shadow, out);
    }
}

fn by_site(setup: &Setup, bits: &[u64], out: &mut [i8]) {
    for (s, &row) in out.iter_mut().zip(&setup.plan.row_of) {
        *s = if bits[row as usize / WORD] >> (row as usize % WORD) & 1 == 1 {
            -1
        } else {
            1
        };
    }
}

/// Visits `range` (within a window) of `order`, with the instructions of `level`.
///
/// AVX2 has no population count; what the compiler makes of it is slower than the scalar instruction.
fn sweep(
    level: Level,
    layout: &Layout,
    deciders: &[Decider],
    order: &[u32],
    range: Range<usize>,
    chains: &mut [Chain],
) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "popcnt")]
        fn popcnt(l: &Layout, d: &[Decider], o: &[u32], r: Range<usize>, c: &mut [Chain]) {
            visits(l, d, o, r, c);
        }
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq")]
        fn avx512(l: &Layout, d: &[Decider], o: &[u32], r: Range<usize>, c: &mut [Chain]) {
            visits(l, d, o, r, c);
        }
        if level == Level::Avx512 && is_x86_feature_detected!("avx512vpopcntdq") {
            // SAFETY: this CPU has these instructions.
            return unsafe { avx512(layout, deciders, order, range, chains) };
        }
        if level >= Level::Avx2 {
            // SAFETY: every CPU with AVX2 has POPCNT.
            return unsafe { popcnt(layout, deciders, order, range, chains) };
        }
    }
    let _ = level;
    visits(layout, deciders, order, range, chains);
}

/// Site by site, all chains at a site: they do not wait for each other.
#[inline(always)]
fn visits(layout: &Layout, deciders: &[Decider], order: &[u32], range: Range<usize>, chains: &mut [Chain]) {
    let first = range.start - range.start % WINDOW;
    let mut leads = [[0u8; WINDOW]; MOST_LANES];
    for (leads, decider) in leads.iter_mut().zip(deciders) {
        *leads = decide::leads(decider.key(), first);
    }
    for visit in range {
        let row = order[visit] as usize;
        if order[visit] == EMPTY {
            continue;
        }
        for ((chain, decider), leads) in chains.iter_mut().zip(deciders).zip(&leads) {
            let down = chain.spins[row / WORD] >> (row % WORD) & 1;
            let spin = 1 - 2 * down as i8;
            let k = -i32::from(spin) * layout.field(row, &chain.spins);
            let flips =
                decider.flips_whole(k, spin, visit as u32, leads[visit - first], layout.isolated[row]);
            chain.spins[row / WORD] ^= u64::from(flips) << (row % WORD);
            chain.energy += if flips { 2 * i64::from(k) } else { 0 };
        }
    }
}
