//! Transition rules of a single site.

mod acceptance;
mod cuts;

pub use acceptance::{Acceptance, is_below};
pub use cuts::Cuts;

use crate::error::{Result, invalid};

/// A transition rule as the user names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Flip with probability `min(1, exp(-beta dE))`; sweeps at beta = 0 and sites without coupling and field are
    /// drawn afresh, so that nothing oscillates.
    Metropolis,
    /// Draw the spin from its distribution given the rest.
    Gibbs,
    /// Metropolis without those two exceptions, as D-Wave's sampler has it: a sequential sweep at beta = 0 flips
    /// every spin (but for an uphill draw in 2^32, where the threshold saturates).
    Literal,
}

/// The rule that is carried out at a given beta and site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Compare the draw with the probability of an uphill flip.
    Metropolis,
    /// Compare the draw with the probability of the unfavourable spin.
    Gibbs,
}

impl Kernel {
    /// The kernel called `name`.
    ///
    /// # Errors
    /// An unknown name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "metropolis" => Ok(Self::Metropolis),
            "gibbs" => Ok(Self::Gibbs),
            "dwave" => Ok(Self::Literal),
            _ => invalid(format!(
                "kernel must be 'metropolis', 'gibbs' or 'dwave', got '{name}'"
            )),
        }
    }

    /// The rule at `beta`.
    #[must_use]
    pub fn rule(self, beta: f64) -> Rule {
        match self {
            Self::Gibbs => Rule::Gibbs,
            Self::Metropolis if beta == 0.0 => Rule::Gibbs,
            Self::Metropolis | Self::Literal => Rule::Metropolis,
        }
    }

    /// The rule for sites with neither coupling nor field.
    #[must_use]
    pub fn rule_of_isolated(self) -> Rule {
        match self {
            Self::Literal => Rule::Metropolis,
            Self::Metropolis | Self::Gibbs => Rule::Gibbs,
        }
    }
}

/// The order in which a sweep visits the free sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Ascending site number, every sweep.
    Sequential,
    /// A fresh random permutation every sweep.
    Permutation,
    /// As many sites as there are, each drawn with replacement.
    Random,
}

impl Scan {
    /// The scan called `name`.
    ///
    /// # Errors
    /// An unknown name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "sequential" => Ok(Self::Sequential),
            "permutation" => Ok(Self::Permutation),
            "random" => Ok(Self::Random),
            _ => invalid(format!(
                "scan must be 'sequential', 'permutation' or 'random', got '{name}'"
            )),
        }
    }
}
