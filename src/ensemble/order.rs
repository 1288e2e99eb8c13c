//! Visiting orders, one a sweep, shared by all chains; and how far a block has come.

use super::Setup;
use super::plan::EMPTY;
use crate::kernel::Scan;
use crate::rng::{Purpose, Stream, below};
use std::ops::Range;

/// The place of a block in its run: a sweep, and the visits made in it.
#[derive(Default)]
pub(super) struct Clock {
    sweep: u64,
    visit: usize,
    order: Vec<u32>,
    order_of_sweep: Option<u64>,
}

impl Clock {
    /// Number of the present sweep.
    pub fn sweep(&self) -> u64 {
        self.sweep
    }

    /// The present sweep and the visits made in it.
    pub fn position(&self) -> (u64, usize) {
        (self.sweep, self.visit)
    }

    /// Goes elsewhere.
    pub fn set_position(&mut self, position: (u64, usize)) {
        (self.sweep, self.visit) = position;
    }

    /// The order of the present sweep; see [`fill_order`].
    pub fn order(&mut self, setup: &Setup) -> &[u32] {
        if self.order_of_sweep != Some(self.sweep) {
            fill_order(setup, self.sweep, &mut self.order);
            self.order_of_sweep = Some(self.sweep);
        }
        &self.order
    }

    /// The next visits: about `visits`, up to a multiple of `grain` or the `length` of the sweep.
    pub fn ahead(&self, visits: usize, grain: usize, length: usize) -> Range<usize> {
        self.visit..(self.visit + visits).next_multiple_of(grain).min(length)
    }

    /// The visits of `range` are made; true when that was the last of a sweep of `length`.
    pub fn pass(&mut self, range: &Range<usize>, length: usize) -> bool {
        let complete = range.end >= length;
        self.visit = if complete { 0 } else { range.end };
        self.sweep += u64::from(complete);
        complete
    }
}

/// Rows in the order in which `sweep` visits them; [`EMPTY`] where a sequential plan has a gap. The index in the order
/// is the number of the visit, and so of its draw.
fn fill_order(setup: &Setup, sweep: u64, order: &mut Vec<u32>) {
    let plan = &setup.plan;
    let rows_of_free = || plan.free.iter().map(|&site| plan.row_of[site as usize]);
    match setup.scan {
        Scan::Sequential => {
            if order.is_empty() {
                order.extend(
                    plan.visits
                        .iter()
                        .enumerate()
                        .map(|(row, &s)| if s == EMPTY { s } else { row as u32 }),
                );
            }
        }
        Scan::Permutation => {
            order.clear();
            order.extend(rows_of_free());
            let stream = Stream::new(setup.seed, Purpose::Order, 0);
            for i in (1..order.len()).rev() {
                order.swap(i, below(&stream, sweep, i as u64, i as u64 + 1) as usize);
            }
        }
        Scan::Random => {
            let stream = Stream::new(setup.seed, Purpose::Order, 1);
            let count = plan.free.len() as u64;
            let pick = |i| plan.row_of[plan.free[below(&stream, sweep, i, count) as usize] as usize];
            order.clear();
            order.extend((0..count).map(pick));
        }
    }
}
