//! Energies: what a state costs.
//!
//! The core knows one sign and one alphabet, `E(s) = sum_{i<j} J_ij s_i s_j + sum_i h_i s_i + offset` over spins
//! -1/+1; the Python models convert 0/1 variables and Boltzmann-machine signs, once.

mod assemble;
mod grid;
mod ising;

pub use grid::{Grid, Precision};
pub use ising::Ising;
