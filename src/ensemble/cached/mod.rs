//! Dense couplings, or few chains: local fields kept up to date, changed only where a spin flips.
//!
//! Chains stand one after the other. A sweep looks at 32 sites at a time; comparing their fields with what the beta
//! can ever accept leaves a bit mask of candidates, empty more often than not once it is cold. Only windows that have
//! some look at their draws (a draw has its place whether used or not), of all 32 sites at once. A flip adds a row of
//! couplings to the fields.

mod dense;
#[cfg(target_arch = "x86_64")]
mod speculate;
mod sweep;

use super::aligned::Aligned;
use super::decide::{Decider, Laws, WINDOW, windows};
use super::order::Clock;
use super::plan::EMPTY;
use super::rows::{Number, Rows};
use super::setup::Start;
use super::simd::Level;
use super::{Ensemble, Place, Setup};
use crate::kernel::Scan;
use crate::rng::lead;
use dense::{Matrix, PIECE, apply_pending};
use std::ops::Range;
use std::slice::from_mut;
use std::sync::Arc;
use sweep::{Swept, flip, flips, sweep_windows};

/// Most chains of a block: they share one walk over a matrix that does not fit the caches.
pub(super) const MOST_LANES: usize = super::MOST_LANES;

/// Couplings as a full matrix, or as neighbour lists.
pub(super) enum Couplings<T> {
    Dense(Matrix<T>),
    Sparse,
}

/// The couplings of a model in one number type; shared by all blocks.
pub(super) struct Layout<T> {
    pub rows: Rows<T>,
    pub couplings: Couplings<T>,
}

impl<T: Number> Layout<T> {
    pub fn new(setup: &Setup, dense: bool) -> Self {
        let rows = Rows::new(setup);
        let positions = setup.plan.visits.len();
        let couplings = if dense {
            Couplings::Dense(Matrix::new(&rows, positions))
        } else {
            Couplings::Sparse
        };
        Self { rows, couplings }
    }
}

/// One chain: spins and fields by row.
pub(super) struct Chain<T> {
    spins: Vec<i8>,
    fields: Aligned<T>,
    energy: f64,
    shadow: Vec<i8>,
    /// Rows of a dense window that flipped up or down, which only the window's own fields have seen yet.
    ups: Vec<u32>,
    downs: Vec<u32>,
    /// The fields of that window, while the others catch up.
    own: [T; WINDOW],
}

/// A block of chains.
pub(super) struct Cached<T> {
    setup: Setup,
    layout: Arc<Layout<T>>,
    chains: Vec<Chain<T>>,
    deciders: Vec<Decider>,
    laws: Laws,
    clock: Clock,
    level: Level,
}

impl<T: Swept> Cached<T> {
    pub fn new(start: Start, layout: Arc<Layout<T>>) -> Self {
        let Start {
            setup,
            level,
            first_chain,
            num_lanes,
            states,
        } = start;
        let num_rows = setup.plan.num_rows();
        let positions = setup.plan.visits.len();
        let chain = || Chain {
            spins: vec![1; num_rows.max(positions.next_multiple_of(WINDOW))],
            fields: Aligned::new(T::ZERO, positions.next_multiple_of(PIECE)),
            energy: 0.0,
            shadow: vec![1; num_rows],
            ups: Vec::with_capacity(WINDOW),
            downs: Vec::with_capacity(WINDOW),
            own: [T::ZERO; WINDOW],
        };
        let chains = std::iter::repeat_with(chain).take(num_lanes).collect();
        let deciders = (0..num_lanes as u64)
            .map(|lane| Decider::new(&setup, first_chain + lane))
            .collect();
        Self {
            layout,
            chains,
            deciders,
            laws: Laws::default(),
            clock: Clock::default(),
            level,
            setup,
        }
        .with_states(states)
    }

    /// Visits `range` of the sequential sweep.
    fn advance_windows(&mut self, range: Range<usize>) {
        let layout = &*self.layout;
        let level = self.level;
        match &layout.couplings {
            Couplings::Dense(matrix) => {
                for window in windows(range) {
                    for (decider, chain) in self.deciders.iter().zip(&mut self.chains) {
                        sweep_windows(level, layout, decider, window.clone(), chain);
                    }
                    apply_pending(
                        level,
                        matrix,
                        window.start - window.start % WINDOW,
                        &mut self.chains,
                    );
                }
            }
            Couplings::Sparse => {
                for (decider, chain) in self.deciders.iter().zip(&mut self.chains) {
                    sweep_windows(level, layout, decider, range.clone(), chain);
                }
            }
        }
    }

    /// Visits `range` of any order, one by one.
    fn advance_order(&mut self, range: Range<usize>) {
        let order = self.clock.order(&self.setup);
        for (decider, chain) in self.deciders.iter().zip(&mut self.chains) {
            let limit = T::limit(decider.reach());
            for visit in range.clone() {
                let row = order[visit] as usize;
                if order[visit] != EMPTY && chain.fields[row].within(chain.spins[row], limit) {
                    let lead = lead(decider.key(), visit as u32);
                    if !flips(&self.layout, decider, row, visit as u32, lead, chain) {
                        continue;
                    }
                    flip(&self.layout, row, chain);
                    if let Couplings::Dense(matrix) = &self.layout.couplings {
                        apply_pending(self.level, matrix, row - row % WINDOW, from_mut(chain));
                    }
                }
            }
        }
    }
}

impl<T: Swept> Place for Cached<T> {
    fn setup(&self) -> &Setup {
        &self.setup
    }

    fn place(&mut self, lane: usize, state: &[i8], energy: f64) {
        let chain = &mut self.chains[lane];
        for (&s, &row) in state.iter().zip(&self.setup.plan.row_of) {
            chain.spins[row as usize] = s;
        }
        let rows = &self.layout.rows;
        let visits = self.setup.plan.visits.iter().enumerate();
        for (row, _) in visits.filter(|(_, site)| **site != EMPTY) {
            chain.fields[row] = rows.field(row, &chain.spins);
        }
        chain.energy = energy;
    }
}

impl<T: Swept> Ensemble for Cached<T> {
    fn num_lanes(&self) -> usize {
        self.chains.len()
    }

    fn set_beta(&mut self, lane: usize, beta: f64) {
        Decider::set_beta(&mut self.deciders, &mut self.laws, lane, &self.setup, beta);
    }

    fn advance(&mut self, visits: usize) -> bool {
        for decider in &mut self.deciders {
            decider.enter(self.clock.sweep());
        }
        let sequential = self.setup.scan == Scan::Sequential;
        let length = self.setup.sweep_length();
        let range = self.clock.ahead(visits, WINDOW, length);
        if sequential {
            self.advance_windows(range.clone());
        } else {
            self.advance_order(range.clone());
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
        self.chains[lane].energy * self.setup.grid.unit
    }

    fn state(&self, lane: usize, out: &mut [i8]) {
        by_site(&self.setup, &self.chains[lane].spins, out);
    }

    fn set_state(&mut self, lane: usize, state: &[i8]) {
        self.place_one(lane, state);
    }

    fn flip(&mut self, lane: usize, sites: &[u32], _: f64) {
        let chain = &mut self.chains[lane];
        for &site in sites {
            // The fields, which have to follow, know the change, too.
            let row = self.setup.plan.row_of[site as usize] as usize;
            flip(&self.layout, row, chain);
            if let Couplings::Dense(matrix) = &self.layout.couplings {
                apply_pending(self.level, matrix, row - row % WINDOW, from_mut(chain));
            }
        }
    }

    fn bit_rows(&self, out: &mut [u64]) {
        for (bits, &row) in out.iter_mut().zip(&self.setup.plan.row_of) {
            let negative =
                |(lane, chain): (usize, &Chain<T>)| u64::from(chain.spins[row as usize] < 0) << lane;
            *bits = self.chains.iter().enumerate().map(negative).sum();
        }
    }

    fn keep(&mut self, mask: u64) {
        for (lane, chain) in self.chains.iter_mut().enumerate() {
            if mask >> lane & 1 == 1 {
                let rows = chain.shadow.len();
                chain.shadow.copy_from_slice(&chain.spins[..rows]);
            }
        }
    }

    fn kept(&self, lane: usize, out: &mut [i8]) {
        by_site(&self.setup, &self.chains[lane].shadow, out);
    }
}

fn by_site(setup: &Setup, rows: &[i8], out: &mut [i8]) {
    for (s, &row) in out.iter_mut().zip(&setup.plan.row_of) {
        *s = rows[row as usize];
    }
}
