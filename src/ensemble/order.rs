//! Visiting orders: one a sweep, shared by all chains.

use super::Setup;
use super::plan::EMPTY;
use crate::kernel::Scan;
use crate::rng::{Purpose, Stream, below};

/// Rows in the order in which `sweep` visits them; [`EMPTY`] where a sequential plan has a gap. The index in the order
/// is the number of the visit, and so of its draw.
pub(super) fn fill_order(setup: &Setup, sweep: u64, order: &mut Vec<u32>) {
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
