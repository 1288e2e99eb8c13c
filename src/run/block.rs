//! One block of chains on its way through a schedule, with the best state of every chain.

use super::Job;
use super::chains::Chains;
use super::pace::Pace;
use super::packed::Packed;
use crate::ensemble::{Ensemble, Factory};
use crate::error::{Result, invalid};
use crate::schedule::Betas;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// The betas of a run, one a sweep.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// The same beta for so many sweeps.
    Constant {
        /// Inverse temperature.
        beta: f64,
        /// Number of sweeps.
        num_sweeps: u64,
    },
    /// Betas of a named shape.
    Named(Betas),
    /// One beta a sweep.
    Each(Arc<[f64]>),
}

impl From<Betas> for Schedule {
    fn from(betas: Betas) -> Self {
        Self::Named(betas)
    }
}

impl From<Vec<f64>> for Schedule {
    fn from(betas: Vec<f64>) -> Self {
        Self::Each(betas.into())
    }
}

impl Schedule {
    /// Number of sweeps.
    #[must_use]
    pub fn num_sweeps(&self) -> u64 {
        match self {
            Self::Constant { num_sweeps, .. } => *num_sweeps,
            Self::Named(betas) => betas.num_sweeps(),
            Self::Each(betas) => betas.len() as u64,
        }
    }

    /// Beta of a sweep.
    #[must_use]
    pub fn beta(&self, sweep: u64) -> f64 {
        match self {
            Self::Constant { beta, .. } => *beta,
            Self::Named(betas) => betas.beta(sweep),
            Self::Each(betas) => betas[sweep as usize],
        }
    }

    /// The largest beta.
    #[must_use]
    pub fn coldest(&self) -> f64 {
        match self {
            Self::Constant { beta, .. } => *beta,
            Self::Named(betas) => betas.coldest(),
            Self::Each(betas) => betas.iter().copied().fold(0.0, f64::max),
        }
    }

    /// Checks betas that were given one by one.
    pub(super) fn check(&self) -> Result<()> {
        let Self::Each(betas) = self else {
            return Ok(());
        };
        match betas.iter().position(|b| b.is_nan() || *b < 0.0) {
            None => Ok(()),
            Some(at) => invalid(format!(
                "betas must be non-negative, got {} at index {at}",
                betas[at]
            )),
        }
    }
}

/// What a kind of run writes down beside the best states.
pub(super) trait Recorder: Send {
    /// The chains stand at their starts.
    fn begin(&mut self, ensemble: &dyn Ensemble);

    /// `sweeps` sweeps are complete; `energies` are those of the lanes.
    fn sweep_done(&mut self, sweeps: u64, ensemble: &dyn Ensemble, energies: &[f64]);
}

/// One of the two states that a block knows of each chain.
#[derive(Clone, Copy)]
pub(super) enum Which {
    /// Where the chain stands.
    Present,
    /// The best among its start and the ends of its sweeps.
    Best,
}

enum Stage {
    Waiting,
    Running(Box<dyn Ensemble>),
    Done { present: Packed, best: Packed },
}

/// A block of chains with what was recorded of it.
pub(super) struct Block<R> {
    factory: Arc<Factory>,
    schedule: Schedule,
    chains: Arc<Chains>,
    /// Chains of the run, counted from its first.
    pub range: Range<usize>,
    stage: Stage,
    /// Sweeps carried out.
    pub sweeps: u64,
    /// Lowest energy of each chain among its start and the ends of its sweeps; empty before the start.
    pub best: Vec<f64>,
    energies: Vec<f64>,
    pace: Pace,
    pub recorder: R,
}

impl<R: Recorder> Block<R> {
    pub fn new(
        factory: Arc<Factory>,
        schedule: Schedule,
        chains: Arc<Chains>,
        range: Range<usize>,
        recorder: R,
    ) -> Self {
        Self {
            factory,
            schedule,
            chains,
            energies: vec![0.0; range.len()],
            range,
            stage: Stage::Waiting,
            sweeps: 0,
            best: Vec::new(),
            pace: Pace::default(),
            recorder,
        }
    }

    /// Visits made in the current sweep.
    pub fn visits(&self) -> u64 {
        if let Stage::Running(ensemble) = &self.stage {
            ensemble.position().1 as u64
        } else {
            0
        }
    }

    fn num_sites(&self) -> usize {
        self.factory.setup().model.num_sites()
    }

    fn starts(&self) -> Vec<i8> {
        let mut starts = Vec::with_capacity(self.range.len() * self.num_sites());
        for chain in self.range.clone() {
            starts.extend(self.chains.start(self.factory.setup(), chain));
        }
        starts
    }

    fn ensemble(&self, states: &[i8]) -> Box<dyn Ensemble> {
        self.factory.block(
            self.chains.first_chain + self.range.start as u64,
            self.range.len(),
            states,
        )
    }

    fn begin(&mut self) {
        let ensemble = self.ensemble(&self.starts());
        self.best = (0..self.range.len()).map(|lane| ensemble.energy(lane)).collect();
        self.recorder.begin(&*ensemble);
        self.stage = Stage::Running(ensemble);
    }

    /// Goes to where a checkpoint was made, present and best states by chain and site. A block that had not moved begins
    /// anew: its starts are not recorded yet.
    pub fn restore(&mut self, sweeps: u64, visits: u64, present: &[i8], best: &[i8]) {
        if sweeps == 0 && visits == 0 {
            return;
        }
        let (setup, n) = (self.factory.setup(), self.num_sites());
        let units = setup.energies_units(best, self.range.len());
        self.best = units.into_iter().map(|energy| energy * setup.grid.unit).collect();
        self.sweeps = sweeps;
        let of_chain = |lane: usize| lane * n..(lane + 1) * n;
        self.stage = if sweeps == self.schedule.num_sweeps() {
            let packed =
                |states: &[i8]| self.packed(|lane, state| state.copy_from_slice(&states[of_chain(lane)]));
            Stage::Done {
                present: packed(present),
                best: packed(best),
            }
        } else {
            let mut ensemble = self.ensemble(best);
            for lane in 0..self.range.len() {
                ensemble.set_state(lane, &present[of_chain(lane)]);
            }
            ensemble.set_position((sweeps, visits as usize));
            Stage::Running(ensemble)
        };
    }

    /// States of all lanes, each written by `write`.
    fn packed(&self, mut write: impl FnMut(usize, &mut [i8])) -> Packed {
        let mut packed = Packed::new(self.range.len(), self.num_sites());
        let mut state = vec![0; self.num_sites()];
        for lane in 0..self.range.len() {
            write(lane, &mut state);
            packed.push(&state);
        }
        packed
    }

    /// Writes a state of one chain, by site.
    pub fn write(&self, which: Which, lane: usize, state: &mut [i8]) {
        match (&self.stage, which) {
            (Stage::Waiting, _) => {
                state.copy_from_slice(&self.chains.start(self.factory.setup(), self.range.start + lane));
            }
            (Stage::Running(ensemble), Which::Present) => ensemble.state(lane, state),
            (Stage::Running(ensemble), Which::Best) => ensemble.kept(lane, state),
            (Stage::Done { present, .. }, Which::Present) => present.write(lane, state),
            (Stage::Done { best, .. }, Which::Best) => best.write(lane, state),
        }
    }

    /// Puts the states aside, for good.
    fn finish(&mut self) {
        if let Stage::Running(ensemble) = &self.stage {
            self.stage = Stage::Done {
                present: self.packed(|lane, state| ensemble.state(lane, state)),
                best: self.packed(|lane, state| ensemble.kept(lane, state)),
            };
        }
    }
}

/// Looks at the energies after a sweep and keeps the states that are the best of their chain.
fn keep_best(ensemble: &mut dyn Ensemble, energies: &mut [f64], best: &mut [f64]) {
    let mut improved = 0u64;
    for (lane, (energy, best)) in energies.iter_mut().zip(best).enumerate() {
        *energy = ensemble.energy(lane);
        if *energy < *best {
            *best = *energy;
            improved |= 1 << lane;
        }
    }
    if improved != 0 {
        ensemble.keep(improved);
    }
}

impl<R: Recorder> Job for Block<R> {
    fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done { .. })
    }

    fn work(&mut self, deadline: Instant) {
        if matches!(self.stage, Stage::Waiting) {
            self.begin();
        }
        let Stage::Running(ensemble) = &mut self.stage else {
            return;
        };
        self.pace.start();
        let num_sweeps = self.schedule.num_sweeps();
        let mut beta = f64::NAN;
        while self.sweeps < num_sweeps {
            let next = self.schedule.beta(self.sweeps);
            if next != beta {
                (0..self.range.len()).for_each(|lane| ensemble.set_beta(lane, next));
                beta = next;
            }
            let complete = ensemble.advance(self.pace.visits());
            if complete {
                self.sweeps += 1;
                keep_best(&mut **ensemble, &mut self.energies, &mut self.best);
                self.recorder.sweep_done(self.sweeps, &**ensemble, &self.energies);
            }
            if self
                .pace
                .is_over(self.factory.setup().plan.visits.len(), deadline)
            {
                break;
            }
        }
        if self.sweeps == num_sweeps {
            self.finish();
        }
    }
}
