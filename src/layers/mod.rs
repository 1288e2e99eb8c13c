//! Two layers of units with weights between them, many chains as rows of matrices.
//!
//! The energy of a joint state of visible units v and hidden units h is
//! `E(v, h) = -v^T W h - b^T v - c^T h + sum_i a_i v_i^2 / 2 + sum_j d_j h_j^2 / 2`, the precisions `a` and `d` being 0
//! for units of finitely many values. A row is worked at a beta of its own; see [`Terms`] for what beta scales.
//!
//! What comes out for a row depends on its input, the parameters, and the seed, chain and step of its draws: not on
//! the number of threads, nor on the rows beside it. (Products use fused multiplication and addition where the CPU has
//! it: on another CPU last bits may differ.)

mod annealing;
mod ascent;
mod crew;
mod finish;
mod gibbs;
mod kernel;
mod moments;
mod packed;
mod product;
mod rows;
mod shape;
mod side;
mod statistics;
mod stock;
mod tier;
mod updates;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use ascent::{Ascent, Products};
pub use kernel::Number;
pub use moments::{Moments, Phase, weighted_sum};
pub use side::{Draws, Pair, Side, Terms};
pub use updates::{Adam, Momentum, adam_step, sgd_step};

use crate::error::{Result, invalid};
use crate::rng::{Purpose, Stream, word};
use crate::units::Real;
use crew::Crew;
use stock::Stocks;
use tier::Tier;

/// Elements that one thread works sooner than it has woken others.
const ALONE: usize = 5_000;

/// Two layers and the threads that work on them.
pub struct Layers {
    visible: Side,
    hidden: Side,
    crew: Crew,
    tier: Tier,
    stocks: Stocks,
}

impl Layers {
    /// Layers of these units, worked by so many threads.
    ///
    /// # Errors
    /// A vector level that this CPU lacks, in the environment.
    pub fn new(visible: Side, hidden: Side, num_threads: usize) -> Result<Self> {
        Ok(Self {
            visible,
            hidden,
            crew: Crew::new(num_threads),
            tier: Tier::chosen()?,
            stocks: Stocks::default(),
        })
    }

    /// The visible units.
    #[must_use]
    pub fn visible_side(&self) -> &Side {
        &self.visible
    }

    /// The hidden units.
    #[must_use]
    pub fn hidden_side(&self) -> &Side {
        &self.hidden
    }

    /// Does something for each row; one thread does what is little.
    fn by_rows(&self, rows: usize, columns: usize, together: usize, task: impl Fn(usize) + Sync) {
        if rows * columns < ALONE {
            return (0..rows).for_each(task);
        }
        self.crew.spread(rows.div_ceil(together), |block| {
            (block * together..rows.min((block + 1) * together)).for_each(&task);
        });
    }
}

/// Refuses an array that is not a row of a side for each beta.
fn check_rows(name: &str, got: usize, betas: &[f64], side: &Side) -> Result<()> {
    let columns = side.num_columns();
    if got == betas.len() * columns {
        return Ok(());
    }
    invalid(format!(
        "{name} must have {columns} columns and a row for each of {} betas, got {got} numbers",
        betas.len()
    ))
}

/// The uniforms of units of many chains at a step, a row each chain.
#[must_use]
pub fn uniforms(purpose: Purpose, draws: Draws, num_chains: usize, num_units: usize) -> Vec<f64> {
    let mut all = Vec::with_capacity(num_chains * num_units);
    for row in 0..num_chains as u64 {
        let key = Stream::new(draws.seed, purpose, draws.first_chain.wrapping_add(row)).key(draws.step);
        all.extend((0..num_units as u32).map(|unit| f64::uniform(word(key, unit))));
    }
    all
}
