//! Sample from, anneal and learn Boltzmann distributions `p(s) ~ exp(-beta E(s))`.
//!
//! The core of the Python package `magnetite`; it compiles, tests and benches without Python
//! (`--no-default-features`). Data flows one way: a [`model`] is quantised and laid out by an [`ensemble`] of
//! many chains side by side, a [`run`] advances ensembles in short slices, and [`kernel`] holds the transition rules.
//! What is small enough is summed [`exact`]ly.

pub mod ensemble;
pub mod error;
pub mod exact;
pub mod kernel;
pub mod layers;
pub mod math;
pub mod model;
pub mod rng;
pub mod run;
pub mod schedule;
pub mod search;
pub mod units;

#[cfg(feature = "python")]
mod py;
