//! Exact sums over all states: enumeration of few sites, elimination where the graph is narrow.
//!
//! A [`Part`] is a model with some sites given; [`Enumeration`] walks through its states, [`Elimination`] sums sites out
//! one by one in an [`Order`]. For a small optimum alone, [`lowest_state`] does without a run.

mod algebra;
mod eliminate;
mod elimination;
mod enumerate;
mod marginals;
mod moments;
mod order;
mod part;
mod tree;

pub use algebra::{Algebra, Lowest};
pub use eliminate::{Trace, Upward};
pub use elimination::{Elimination, Need};
pub use enumerate::{Enumeration, MOST_SITES};
pub use moments::Moments;
pub use order::{Order, TooWide};
pub use part::{Part, Scale};
pub use tree::Tree;

use crate::error::{Result, invalid};

/// What is asked of an [`Enumeration`] or an [`Elimination`].
#[derive(Clone, Debug)]
pub struct Asked {
    /// Inverse temperatures, in the model's units; 0 and infinity allowed.
    pub betas: Vec<f64>,
    /// Means of spins and of their products, at every beta.
    pub moments: bool,
    /// Ground states to find, at most; an elimination that is asked for none does not count them either.
    pub num_states: usize,
}

/// A state of lowest energy of a part whose graph is narrow, by site of the part.
///
/// `tree` is that of the part's couplings in any order; the time and the memory are those of its tables.
#[must_use]
pub fn lowest_state(tree: &Tree) -> Vec<i8> {
    let walk = Upward::whole(Lowest, tree);
    Trace::new(tree).next_state(&walk, tree, 0.0).unwrap_or_default()
}

fn check_betas(betas: &[f64]) -> Result<()> {
    match betas.iter().position(|beta| beta.is_nan() || *beta < 0.0) {
        Some(at) => invalid(format!(
            "betas must be non-negative, got {} at index {at}",
            betas[at]
        )),
        None => Ok(()),
    }
}
