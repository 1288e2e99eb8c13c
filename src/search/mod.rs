//! Search for the best state: what the samplers alone would take long to find.
//!
//! A problem is reduced exactly ([`Reduced`]); populations of states of what is left, annealed or from the cold rungs of
//! replica exchange, are improved by recombination and reheating ([`Solve`]).

mod bonds;
mod checkpoint;
mod child;
#[cfg(test)]
mod enumerate;
mod narrow;
mod network;
mod outcome;
mod population;
mod recombine;
mod reduce;
mod replicas;
mod rounds;
mod solve;
mod stage;

pub use checkpoint::SolveCheckpoint;
pub use reduce::Reduced;
pub use replicas::Replicas;
pub use rounds::{Place, Round, Step};
pub use solve::{Solve, SolveOptions};
