//! What a run of population annealing is asked for, and what may be asked.

use super::chains::Chains;
use crate::error::{Result, invalid};
use std::sync::Arc;

/// The betas of a run of population annealing.
#[derive(Clone, Debug)]
pub enum Cooling {
    /// Steps of which each is expected to cost the share `culling` of the replicas their life, from 0 to `beta`.
    Adaptive {
        /// Last beta.
        beta: f64,
        /// Share of the replicas that dies in a step.
        culling: f64,
    },
    /// These betas, ascending from 0.
    Given(Arc<[f64]>),
}

/// What a run of population annealing is asked for.
#[derive(Clone)]
pub struct PopulationOptions {
    /// The replicas of all populations, one population after the other; they start at random.
    pub chains: Chains,
    /// Replicas of one population.
    pub size: usize,
    /// The betas.
    pub cooling: Cooling,
    /// Sweeps after each resampling.
    pub sweeps_per_step: u64,
}

impl Cooling {
    /// The last beta.
    pub(super) fn coldest(&self) -> f64 {
        match self {
            Self::Adaptive { beta, .. } => *beta,
            Self::Given(betas) => betas.last().copied().unwrap_or(0.0),
        }
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::Adaptive { beta, culling } => {
                if !beta.is_finite() || *beta < 0.0 {
                    return invalid(format!("beta must be finite and non-negative, got {beta}"));
                }
                if !(*culling > 0.0 && *culling < 1.0) {
                    return invalid(format!("culling must be between 0 and 1, got {culling}"));
                }
            }
            Self::Given(betas) => {
                if betas.first() != Some(&0.0) {
                    return invalid("betas must begin with 0, where the replicas start at random");
                }
                let ascends = |pair: &[f64]| pair[0] < pair[1] && pair[1].is_finite();
                if let Some(at) = betas.windows(2).position(|pair| !ascends(pair)) {
                    let (before, wrong) = (betas[at], betas[at + 1]);
                    return invalid(format!(
                        "betas must be finite and ascend, got {wrong} at index {} after {before}",
                        at + 1
                    ));
                }
            }
        }
        Ok(())
    }
}

impl PopulationOptions {
    pub(super) fn check(&self) -> Result<()> {
        self.cooling.check()?;
        if self.size < 2 {
            return invalid(format!("population must be at least 2, got {}", self.size));
        }
        if self.chains.count == 0 || !self.chains.count.is_multiple_of(self.size) {
            return invalid(format!(
                "replicas must make whole populations of {}, got {}",
                self.size, self.chains.count
            ));
        }
        if self.size > u32::MAX as usize {
            return invalid(format!("population must be below 2**32, got {}", self.size));
        }
        if self.sweeps_per_step == 0 {
            return invalid("sweeps_per_step must be at least 1, got 0");
        }
        if self.chains.initial_states.is_some() {
            return invalid("initial_states must be None: replicas start at random");
        }
        Ok(())
    }
}
