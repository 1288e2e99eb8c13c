//! Annealed importance sampling: chains that follow given betas, with the weights that make up for their haste (Neal
//! 2001).

use super::block::{Recorder, Schedule};
use super::chains::Chains;
use super::engine::Engine;
use crate::ensemble::{Ensemble, Factory};
use crate::error::{Result, invalid};
use std::sync::Arc;

/// Log weights of a block's chains so far.
struct LogWeights {
    betas: Arc<[f64]>,
    offset: f64,
    values: Vec<f64>,
}

impl LogWeights {
    /// Chains that are at beta number `at` go on to the next.
    fn add(&mut self, at: usize, energies: impl Iterator<Item = f64>) {
        let [from, to, ..] = self.betas[at..] else {
            return;
        };
        for (value, energy) in self.values.iter_mut().zip(energies) {
            *value -= (to - from) * (energy + self.offset);
        }
    }
}

impl Recorder for LogWeights {
    fn begin(&mut self, ensemble: &dyn Ensemble) {
        self.add(0, (0..ensemble.num_lanes()).map(|lane| ensemble.energy(lane)));
    }

    fn sweep_done(&mut self, sweeps: u64, _: &dyn Ensemble, energies: &[f64]) {
        self.add(sweeps as usize, energies.iter().copied());
    }
}

/// A run of annealed importance sampling that can be advanced.
pub struct Ais {
    engine: Engine<LogWeights>,
}

impl Ais {
    /// Prepares a run along `betas`, up or down; nothing is carried out yet. The chains start at the first, of which their
    /// states must be draws, and make one sweep at each of the others.
    ///
    /// # Errors
    /// No betas, or betas that are negative, infinite or NaN, and what [`Chains::check`] refuses.
    pub fn new(chains: Chains, betas: &[f64]) -> Result<Self> {
        if let Some(at) = betas.iter().position(|b| !b.is_finite() || *b < 0.0) {
            return invalid(format!(
                "betas must be finite and non-negative, got {} at index {at}",
                betas[at]
            ));
        }
        let Some(after_first) = betas.get(1..) else {
            return invalid("betas must hold at least one, got none");
        };
        let all: Arc<[f64]> = betas.into();
        let schedule = Schedule::Each(after_first.into());
        let offset = chains.model.offset();
        let recorder = |_: &Arc<Factory>, range: std::ops::Range<usize>| LogWeights {
            betas: all.clone(),
            offset,
            values: vec![0.0; range.len()],
        };
        let engine = Engine::new(Arc::new(chains), schedule, None, recorder)?;
        Ok(Self { engine })
    }

    /// Works for about `seconds`; true when all chains are done.
    pub fn advance(&mut self, seconds: f64) -> bool {
        self.engine.advance(seconds)
    }

    /// The log weights, a chain each: `-sum_k (beta_{k+1} - beta_k) E(x_k)`. The mean of the weights is an unbiased
    /// estimate of `Z(last beta) / Z(first beta)`.
    #[must_use]
    pub fn log_weights(&self) -> Vec<f64> {
        self.engine.recorded(|weights| &weights.values)
    }
}
