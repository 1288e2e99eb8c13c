//! Sampling at a fixed beta: chains that warm up and are then drawn from.

use super::block::{Recorder, Schedule, Which};
use super::chains::{Chains, Checkpoint, foreign};
use super::engine::Engine;
use crate::ensemble::{Ensemble, Factory};
use crate::error::{Result, invalid};
use std::ops::Range;
use std::sync::Arc;

/// What a sampling run is asked for.
#[derive(Clone)]
pub struct SampleOptions {
    /// The chains.
    pub chains: Chains,
    /// Inverse temperature; 0 and infinity allowed.
    pub beta: f64,
    /// Sweeps after warm-up.
    pub num_sweeps: u64,
    /// Sweeps before the first draw.
    pub warmup: u64,
    /// Sweeps from draw to draw, at least 1.
    pub thin: u64,
    /// Keep the state of every draw.
    pub store_states: bool,
    /// Add up spins and products of coupled spins.
    pub moments: bool,
}

impl SampleOptions {
    fn num_draws(&self) -> usize {
        (self.num_sweeps / self.thin) as usize
    }

    /// The number of the draw that `sweeps` complete sweeps end in, if they do.
    fn draw_at(&self, sweeps: u64) -> Option<usize> {
        let since = sweeps.checked_sub(self.warmup)?;
        (since > 0 && since.is_multiple_of(self.thin)).then(|| (since / self.thin) as usize - 1)
    }
}

/// Draws of a block.
struct Draws {
    factory: Arc<Factory>,
    options: Arc<SampleOptions>,
    /// By chain and draw.
    energies: Vec<f64>,
    /// By chain, draw and site.
    states: Vec<i8>,
    /// Sums over chains and draws: spins by site, then products by coupling.
    moments: Vec<i64>,
    bits: Vec<u64>,
}

impl Draws {
    /// Adds up spins and products of all lanes at once, by counting bits.
    fn add_moments(&mut self, ensemble: &dyn Ensemble) {
        let model = &self.factory.setup().model;
        let n = model.num_sites();
        let lanes = ensemble.num_lanes();
        let used = u64::MAX >> (64 - lanes);
        self.bits.resize(n, 0);
        ensemble.bit_rows(&mut self.bits);
        let sum = |bits: u64| lanes as i64 - 2 * i64::from((bits & used).count_ones());
        let (sites, couplings) = self.moments.split_at_mut(n);
        for (moment, &bits) in sites.iter_mut().zip(&self.bits) {
            *moment += sum(bits);
        }
        let pairs = (0..n).flat_map(|i| model.upper_row(i).map(move |(j, _)| (i, j)));
        for (moment, (i, j)) in couplings.iter_mut().zip(pairs) {
            *moment += sum(self.bits[i] ^ self.bits[j]);
        }
    }
}

impl Recorder for Draws {
    fn begin(&mut self, _: &dyn Ensemble) {}

    fn sweep_done(&mut self, sweeps: u64, ensemble: &dyn Ensemble, energies: &[f64]) {
        let Some(draw) = self
            .options
            .draw_at(sweeps)
            .filter(|&d| d < self.options.num_draws())
        else {
            return;
        };
        let (n, num_draws) = (self.factory.setup().model.num_sites(), self.options.num_draws());
        let offset = self.factory.setup().model.offset();
        for (lane, energy) in energies.iter().enumerate() {
            let at = lane * num_draws + draw;
            self.energies[at] = energy + offset;
            if self.options.store_states {
                ensemble.state(lane, &mut self.states[at * n..(at + 1) * n]);
            }
        }
        if self.options.moments {
            self.add_moments(ensemble);
        }
    }
}

/// A sampling run that can be advanced, looked at, put aside and restored.
pub struct Sample {
    engine: Engine<Draws>,
    options: Arc<SampleOptions>,
}

impl Sample {
    /// Prepares a run; nothing is carried out yet.
    ///
    /// # Errors
    /// A beta that is negative or NaN, a thinning of 0, and what [`Chains::check`] refuses.
    pub fn new(options: SampleOptions) -> Result<Self> {
        if options.beta.is_nan() || options.beta < 0.0 {
            return invalid(format!("beta must be non-negative, got {}", options.beta));
        }
        if options.thin == 0 {
            return invalid("thin must be at least 1, got 0");
        }
        let schedule = Schedule::Constant {
            beta: options.beta,
            num_sweeps: options.warmup + options.num_sweeps,
        };
        let options = Arc::new(options);
        let chains = Arc::new(options.chains.clone());
        let engine = Engine::new(chains, schedule, None, draws(&options))?;
        Ok(Self { engine, options })
    }

    /// Works for about `seconds`; true when all chains are done.
    pub fn advance(&mut self, seconds: f64) -> bool {
        self.engine.advance(seconds)
    }

    /// What the chains are made of.
    #[must_use]
    pub fn factory(&self) -> &Factory {
        &self.engine.factory
    }

    /// Sweeps carried out (warm-up included), a chain each.
    #[must_use]
    pub fn sweeps_done(&self) -> Vec<u64> {
        self.engine.sweeps()
    }

    /// Sweeps of a complete chain, warm-up included.
    #[must_use]
    pub fn num_sweeps(&self) -> u64 {
        self.engine.schedule.num_sweeps()
    }

    /// How many of the first chains are done.
    #[must_use]
    pub fn chains_done(&self) -> usize {
        self.engine.chains_done()
    }

    /// The state of lowest energy seen so far, if the run has begun.
    #[must_use]
    pub fn best_state(&self) -> Option<Vec<i8>> {
        self.engine.best_state()
    }

    /// Its energy, from the f64 coefficients; infinity before the start.
    #[must_use]
    pub fn best_energy(&self) -> f64 {
        self.engine.best_energy()
    }

    /// Present states, by chain and site.
    #[must_use]
    pub fn states(&self) -> Vec<i8> {
        self.engine.states(Which::Present)
    }

    /// Energies by chain and draw (NaN where not reached).
    #[must_use]
    pub fn energies(&self) -> Vec<f64> {
        self.engine.recorded(|draws| &draws.energies)
    }

    /// Draws of a complete chain.
    #[must_use]
    pub fn num_draws(&self) -> usize {
        self.options.num_draws()
    }

    /// States by chain, draw and site; empty unless stored (0 where not reached).
    #[must_use]
    pub fn draws(&self) -> Vec<i8> {
        self.engine.recorded(|draws| &draws.states)
    }

    /// Sums over chains and draws of the spins (by site) and of the products of coupled spins (by coupling, as
    /// [`crate::model::Ising::upper_row`] lists them), and how many draws they are of.
    #[must_use]
    pub fn moments(&self) -> (Vec<i64>, u64) {
        let mut sums = Vec::new();
        for block in &self.engine.blocks {
            sums.resize(block.recorder.moments.len(), 0);
            for (sum, part) in sums.iter_mut().zip(&block.recorder.moments) {
                *sum += part;
            }
        }
        let drawn = |sweeps: u64| sweeps.saturating_sub(self.options.warmup) / self.options.thin;
        (sums, self.engine.sweeps().into_iter().map(drawn).sum())
    }

    /// Everything a continuation needs.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            energies: self.energies(),
            draws: self.draws(),
            moments: self.moments().0,
            ..self.engine.checkpoint()
        }
    }

    /// Continues from a checkpoint of a run with the same options (but for the number of threads).
    ///
    /// # Errors
    /// A checkpoint that does not fit the options.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let n = self.engine.chains.model.num_sites();
        let num_draws = self.options.num_draws();
        let count = self.engine.chains.count;
        let stored = if self.options.store_states {
            count * num_draws * n
        } else {
            0
        };
        let first = self.engine.blocks.first().map_or(0, |b| b.recorder.moments.len());
        let fits = checkpoint.energies.len() == count * num_draws
            && checkpoint.draws.len() == stored
            && checkpoint.moments.len() == first;
        if !fits {
            return foreign();
        }
        self.engine = self.engine.restored(checkpoint, draws(&self.options))?;
        for block in &mut self.engine.blocks {
            let chains = block.range.start * num_draws..block.range.end * num_draws;
            block
                .recorder
                .energies
                .copy_from_slice(&checkpoint.energies[chains.clone()]);
            if self.options.store_states {
                block
                    .recorder
                    .states
                    .copy_from_slice(&checkpoint.draws[chains.start * n..chains.end * n]);
            }
        }
        if let Some(block) = self.engine.blocks.first_mut() {
            block.recorder.moments.copy_from_slice(&checkpoint.moments);
        }
        Ok(())
    }
}

fn draws(options: &Arc<SampleOptions>) -> impl Fn(&Arc<Factory>, Range<usize>) -> Draws {
    let options = options.clone();
    move |factory, chains| {
        let lanes = chains.len();
        let model = &factory.setup().model;
        let (n, num_draws) = (model.num_sites(), options.num_draws());
        let moments = if options.moments {
            n + model.num_couplings()
        } else {
            0
        };
        Draws {
            energies: vec![f64::NAN; lanes * num_draws],
            states: if options.store_states {
                vec![0; lanes * num_draws * n]
            } else {
                Vec::new()
            },
            moments: vec![0; moments],
            bits: Vec::new(),
            options: options.clone(),
            factory: factory.clone(),
        }
    }
}
