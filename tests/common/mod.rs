//! What the correctness tests share: small models, their exact laws, a plain reference chain, and every path.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod graphs;
pub mod law;
pub mod machines;
pub mod models;
pub mod paths;
pub mod plain;

/// Kernels and scans, to take products of.
pub mod every {
    use magnetite::kernel::{Kernel, Scan};

    /// Kernels that draw from the Boltzmann distribution.
    pub const KERNELS: [Kernel; 2] = [Kernel::Metropolis, Kernel::Gibbs];

    /// All kernels.
    pub const RULES: [Kernel; 3] = [Kernel::Metropolis, Kernel::Gibbs, Kernel::Literal];

    /// All scans.
    pub const SCANS: [Scan; 3] = [Scan::Sequential, Scan::Permutation, Scan::Random];
}
