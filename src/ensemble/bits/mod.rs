//! Dense couplings of one size: a bit a spin, a local field by exclusive-or and population count.
//!
//! Signs of couplings and spins are bit rows; their exclusive-or, counted, is the number of neighbours that pull
//! down. Nothing is cached and a flip costs one bit. The words of eight chains stand side by side, so that counts of
//! eight chains come out as one vector and decisions are made for eight chains at once.

#[cfg(target_arch = "x86_64")]
mod avx;
#[cfg(target_arch = "x86_64")]
mod count;
mod layout;
mod portable;

pub(super) use layout::Layout;

use super::aligned::Aligned;
use super::decide::{Decider, Laws, WINDOW, windows};
use super::order::Clock;
use super::setup::Start;
use super::simd::Level;
use super::{Ensemble, Place, Setup};
use std::ops::Range;
use std::sync::Arc;

/// Most chains of a block.
pub(super) const MOST_LANES: usize = 32;

/// From so many chains on, and where there is AVX2, they stand side by side.
pub(super) const MANY: usize = 4;

/// Bits of a word of a row.
const WORD: usize = 64;

/// `L` chains side by side: by word, then chain; bit set = spin -1.
struct Group<const L: usize> {
    spins: Aligned<u64>,
    shadow: Vec<[u64; L]>,
    energies: [i64; L],
}

impl<const L: usize> Group<L> {
    /// Words of the spins, all chains of a word together.
    #[inline(always)]
    fn words(&self) -> &[[u64; L]] {
        self.spins.as_chunks().0
    }
}

/// A block of chains, in groups of `L`; unused chains of the last group idle along.
struct Bits<const L: usize> {
    setup: Setup,
    layout: Arc<Layout>,
    num_lanes: usize,
    groups: Vec<Group<L>>,
    deciders: Vec<Decider>,
    laws: Laws,
    clock: Clock,
    level: Level,
}

/// A block of chains, side by side if that pays.
pub(super) fn block(start: Start, layout: Arc<Layout>) -> Box<dyn Ensemble> {
    #[cfg(target_arch = "x86_64")]
    if start.num_lanes >= MANY && start.level >= Level::Avx2 {
        return Box::new(Bits::<8>::new(start, layout));
    }
    Box::new(Bits::<1>::new(start, layout))
}

/// Chains that are swept together.
trait Sweep {
    fn sweep(
        &mut self,
        level: Level,
        layout: &Layout,
        deciders: &[Decider],
        order: &[u32],
        range: Range<usize>,
    );
}

impl Sweep for Group<1> {
    fn sweep(
        &mut self,
        level: Level,
        layout: &Layout,
        deciders: &[Decider],
        order: &[u32],
        range: Range<usize>,
    ) {
        portable::sweep(level, layout, &deciders[0], order, range, self);
    }
}

#[cfg(target_arch = "x86_64")]
impl Sweep for Group<8> {
    fn sweep(
        &mut self,
        level: Level,
        layout: &Layout,
        deciders: &[Decider],
        order: &[u32],
        range: Range<usize>,
    ) {
        avx::sweep(level, layout, deciders, order, range, self);
    }
}

impl<const L: usize> Bits<L>
where
    Group<L>: Sweep,
{
    pub fn new(start: Start, layout: Arc<Layout>) -> Self {
        let Start {
            setup,
            level,
            first_chain,
            num_lanes,
            states,
        } = start;
        let group = || Group {
            spins: Aligned::new(0, layout.words * L),
            shadow: vec![[0; L]; layout.words],
            energies: [0; L],
        };
        let groups = std::iter::repeat_with(group)
            .take(num_lanes.div_ceil(L))
            .collect();
        let deciders = (0..num_lanes as u64)
            .map(|lane| Decider::new(&setup, first_chain + lane))
            .collect();
        Self {
            layout,
            num_lanes,
            groups,
            deciders,
            laws: Laws::default(),
            clock: Clock::default(),
            level,
            setup,
        }
        .with_states(states)
    }

    /// Spins of a lane by site, from the words of its group.
    fn by_site(&self, words: &[[u64; L]], lane: usize, out: &mut [i8]) {
        for (s, &row) in out.iter_mut().zip(&self.setup.plan.row_of) {
            let down = words[row as usize / WORD][lane % L] >> (row as usize % WORD) & 1;
            *s = 1 - 2 * down as i8;
        }
    }
}

impl<const L: usize> Place for Bits<L>
where
    Group<L>: Sweep,
{
    fn setup(&self) -> &Setup {
        &self.setup
    }

    fn place(&mut self, lane: usize, state: &[i8], energy: f64) {
        let group = &mut self.groups[lane / L];
        for (&s, &row) in state.iter().zip(&self.setup.plan.row_of) {
            let word = &mut group.spins[row as usize / WORD * L + lane % L];
            let bit = row as usize % WORD;
            *word = *word & !(1 << bit) | u64::from(s < 0) << bit;
        }
        group.energies[lane % L] = energy as i64;
    }
}

impl<const L: usize> Ensemble for Bits<L>
where
    Group<L>: Sweep,
{
    fn num_lanes(&self) -> usize {
        self.num_lanes
    }

    fn set_beta(&mut self, lane: usize, beta: f64) {
        Decider::set_beta(&mut self.deciders, &mut self.laws, lane, &self.setup, beta);
    }

    fn advance(&mut self, visits: usize) -> bool {
        for decider in &mut self.deciders {
            decider.enter(self.clock.sweep());
        }
        let length = self.clock.order(&self.setup).len();
        let range = self.clock.ahead(visits, WINDOW, length);
        let order = self.clock.order(&self.setup);
        for window in windows(range.clone()) {
            for (group, deciders) in self.groups.iter_mut().zip(self.deciders.chunks(L)) {
                group.sweep(self.level, &self.layout, deciders, order, window.clone());
            }
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
        self.groups[lane / L].energies[lane % L] as f64 * self.setup.grid.unit
    }

    fn state(&self, lane: usize, out: &mut [i8]) {
        self.by_site(self.groups[lane / L].words(), lane, out);
    }

    fn set_state(&mut self, lane: usize, state: &[i8]) {
        self.place_one(lane, state);
    }

    fn flip(&mut self, lane: usize, sites: &[u32], change: f64) {
        let group = &mut self.groups[lane / L];
        for &site in sites {
            let row = self.setup.plan.row_of[site as usize] as usize;
            group.spins[row / WORD * L + lane % L] ^= 1 << (row % WORD);
        }
        group.energies[lane % L] += change as i64;
    }

    fn bit_rows(&self, out: &mut [u64]) {
        for (bits, &row) in out.iter_mut().zip(&self.setup.plan.row_of) {
            let (word, bit) = (row as usize / WORD, row as usize % WORD);
            let down = |lane: usize| self.groups[lane / L].words()[word][lane % L] >> bit & 1;
            *bits = (0..self.num_lanes).map(|lane| down(lane) << lane).sum();
        }
    }

    fn keep(&mut self, mask: u64) {
        for (number, group) in self.groups.iter_mut().enumerate() {
            let lanes: [u64; L] =
                std::array::from_fn(|l| 0u64.wrapping_sub(mask >> ((number * L + l) % 64) & 1));
            for (shadow, spins) in group.shadow.iter_mut().zip(group.spins.as_chunks::<L>().0) {
                for l in 0..L {
                    shadow[l] = (shadow[l] & !lanes[l]) | (spins[l] & lanes[l]);
                }
            }
        }
    }

    fn kept(&self, lane: usize, out: &mut [i8]) {
        self.by_site(&self.groups[lane / L].shadow, lane, out);
    }
}
