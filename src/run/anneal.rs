//! Simulated annealing: independent reads, each a chain that follows a schedule of betas.

use super::block::{Recorder, Schedule, Which};
use super::chains::{Chains, Checkpoint, foreign};
use super::distinct::{Distinct, Entry};
use super::engine::Engine;
use crate::ensemble::{Ensemble, Factory};
use crate::error::{Result, invalid};
use std::ops::Range;
use std::sync::Arc;

/// Which state of a read is its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The one of lowest energy among the start and the ends of its sweeps.
    Best,
    /// The one after its last sweep.
    Last,
}

impl Keep {
    /// The choice called `name`.
    ///
    /// # Errors
    /// An unknown name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "best" => Ok(Self::Best),
            "last" => Ok(Self::Last),
            _ => invalid(format!("keep must be 'best' or 'last', got '{name}'")),
        }
    }

    fn which(self) -> Which {
        match self {
            Self::Best => Which::Best,
            Self::Last => Which::Present,
        }
    }
}

/// What a run of annealing is asked for; its betas are whatever makes a [`Schedule`].
#[derive(Clone)]
pub struct AnnealOptions<B = Vec<f64>> {
    /// The reads.
    pub chains: Chains,
    /// One beta a sweep, in any order; 0 and infinity allowed.
    pub betas: B,
    /// Which state of a read is reported.
    pub keep: Keep,
    /// How many distinct best states of the whole run to collect.
    pub num_best: usize,
    /// Points of the energy trajectory of each read.
    pub trajectory: usize,
}

/// Energies at some sweeps, and distinct best states.
struct Trace {
    factory: Arc<Factory>,
    sweeps: Arc<[u64]>,
    /// By read and point.
    energies: Vec<f64>,
    first_chain: u64,
    distinct: Distinct,
    state: Vec<i8>,
}

impl Trace {
    fn collect(&mut self, ensemble: &dyn Ensemble, sweeps: u64, energies: impl Iterator<Item = f64>) {
        for (lane, energy) in energies.enumerate() {
            let met = (sweeps, self.first_chain + lane as u64);
            if self.distinct.wants(energy, met) {
                ensemble.state(lane, &mut self.state);
                self.distinct.offer(energy, met, &self.state);
            }
        }
    }

    /// The distinct states of a checkpoint; which block holds them does not matter.
    fn take_up(&mut self, checkpoint: &Checkpoint) {
        let setup = self.factory.setup();
        let n = setup.model.num_sites();
        for (index, met) in checkpoint.distinct_met.chunks_exact(2).enumerate() {
            let state = &checkpoint.distinct_states[index * n..(index + 1) * n];
            let energy = setup.energy_units(state) * setup.grid.unit;
            self.distinct.offer(energy, (met[0], met[1]), state);
        }
    }
}

impl Recorder for Trace {
    fn begin(&mut self, ensemble: &dyn Ensemble) {
        self.collect(
            ensemble,
            0,
            (0..ensemble.num_lanes()).map(|lane| ensemble.energy(lane)),
        );
    }

    fn sweep_done(&mut self, sweeps: u64, ensemble: &dyn Ensemble, energies: &[f64]) {
        if let Ok(point) = self.sweeps.binary_search(&sweeps) {
            let offset = self.factory.setup().model.offset();
            for (row, energy) in self.energies.chunks_exact_mut(self.sweeps.len()).zip(energies) {
                row[point] = energy + offset;
            }
        }
        self.collect(ensemble, sweeps, energies.iter().copied());
    }
}

/// An annealing run that can be advanced, looked at, put aside and restored.
pub struct Anneal {
    engine: Engine<Trace>,
    keep: Keep,
    num_best: usize,
    sweeps: Arc<[u64]>,
}

impl Anneal {
    /// Prepares a run; nothing is carried out yet.
    ///
    /// # Errors
    /// Betas that are negative or NaN, and what [`Chains::check`] refuses.
    pub fn new<B: Into<Schedule>>(options: AnnealOptions<B>) -> Result<Self> {
        let schedule: Schedule = options.betas.into();
        schedule.check()?;
        let sweeps: Arc<[u64]> = trajectory_points(options.trajectory, schedule.num_sweeps()).into();
        let (keep, num_best) = (options.keep, options.num_best);
        let chains = Arc::new(options.chains);
        let engine = Engine::new(chains, schedule, None, trace(&sweeps, num_best))?;
        Ok(Self {
            engine,
            keep,
            num_best,
            sweeps,
        })
    }

    /// Works for about `seconds`; true when all reads are complete.
    pub fn advance(&mut self, seconds: f64) -> bool {
        self.engine.advance(seconds)
    }

    /// What the reads are made of.
    #[must_use]
    pub fn factory(&self) -> &Factory {
        &self.engine.factory
    }

    /// Sweeps carried out, a read each.
    #[must_use]
    pub fn sweeps_done(&self) -> Vec<u64> {
        self.engine.sweeps()
    }

    /// Sweeps of a complete read.
    #[must_use]
    pub fn num_sweeps(&self) -> u64 {
        self.engine.schedule.num_sweeps()
    }

    /// How many of the first reads are complete.
    #[must_use]
    pub fn reads_done(&self) -> usize {
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

    /// The state of every read (best or last, as asked), by read and site.
    #[must_use]
    pub fn states(&self) -> Vec<i8> {
        self.engine.states(self.keep.which())
    }

    /// Their energies, from the f64 coefficients.
    #[must_use]
    pub fn energies(&self) -> Vec<f64> {
        self.engine.energies(self.keep.which())
    }

    /// The distinct states of lowest energy, lowest first; of equals, the first met.
    #[must_use]
    pub fn distinct(&self) -> Vec<Entry> {
        let mut merged = Distinct::new(self.num_best);
        for entry in self
            .engine
            .blocks
            .iter()
            .flat_map(|b| b.recorder.distinct.entries())
        {
            merged.offer(entry.energy, entry.met, &entry.state);
        }
        merged.entries().to_vec()
    }

    /// Sweep counts of the trajectory, and its energies by read and point (NaN where not reached).
    #[must_use]
    pub fn trajectory(&self) -> (&[u64], Vec<f64>) {
        (&self.sweeps, self.engine.recorded(|trace| &trace.energies))
    }

    /// Everything a continuation needs.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        let distinct = self.distinct();
        Checkpoint {
            energies: self.trajectory().1,
            distinct_states: distinct.iter().flat_map(|e| e.state.iter().copied()).collect(),
            distinct_met: distinct.iter().flat_map(|e| [e.met.0, e.met.1]).collect(),
            ..self.engine.checkpoint()
        }
    }

    /// Continues from a checkpoint of a run with the same options (but for the number of threads).
    ///
    /// # Errors
    /// A checkpoint that does not fit the options.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let points = self.sweeps.len();
        let n = self.engine.chains.model.num_sites();
        let distinct = checkpoint.distinct_met.len() / 2;
        if checkpoint.energies.len() != self.engine.chains.count * points
            || distinct > self.num_best
            || checkpoint.distinct_states.len() != distinct * n
        {
            return foreign();
        }
        self.engine = self
            .engine
            .restored(checkpoint, trace(&self.sweeps, self.num_best))?;
        for block in &mut self.engine.blocks {
            let range = block.range.start * points..block.range.end * points;
            block
                .recorder
                .energies
                .copy_from_slice(&checkpoint.energies[range]);
        }
        if let Some(first) = self.engine.blocks.first_mut() {
            first.recorder.take_up(checkpoint);
        }
        Ok(())
    }
}

fn trace(sweeps: &Arc<[u64]>, num_best: usize) -> impl Fn(&Arc<Factory>, Range<usize>) -> Trace {
    let sweeps = sweeps.clone();
    move |factory, chains| Trace {
        factory: factory.clone(),
        energies: vec![f64::NAN; chains.len() * sweeps.len()],
        sweeps: sweeps.clone(),
        first_chain: chains.start as u64,
        distinct: Distinct::new(num_best),
        state: vec![0; factory.setup().model.num_sites()],
    }
}

/// `points` sweep counts, evenly spaced, the last being all sweeps.
fn trajectory_points(points: usize, num_sweeps: u64) -> Vec<u64> {
    let points = (points as u64).min(num_sweeps);
    let at = |i: u64| (u128::from(i) * u128::from(num_sweeps)).div_ceil(u128::from(points)) as u64;
    (1..=points).map(at).collect()
}
