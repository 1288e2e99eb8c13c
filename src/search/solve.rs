//! The search: populations of annealed states that are recombined and reheated until they are all alike.
//!
//! An epoch begins with a population that is annealed from random states, or taken from the cold rungs of replica
//! exchange, whichever has found more. Each of its rounds then gives every member one or two random
//! mates and puts the best child together from their clusters, reheats all children at once to a random
//! temperature and cools them, and lets those that are no worse take their first parent's place. Recombination
//! mends large clusters, which annealing gets wrong, and cannot tell new from old within them; reheating does the
//! opposite. When members hardly improve any more they are nearly alike, and the next epoch begins afresh: with
//! longer anneals, or with the ladders where they were left.

use super::bonds::Bonds;
use super::child::{Child, READS, plain_chains};
use super::narrow::narrow_optimum;
use super::population::{Member, Population};
use super::reduce::Reduced;
use super::replicas::Replicas;
use super::rounds::{MEMBERS, Place, Round, Step};
use super::stage::Stage;
use crate::error::Result;
use crate::math::{exp, ln};
use crate::model::Ising;
use crate::rng::{Purpose, Stream, below};
use crate::run::{Anneal, AnnealOptions, Chains, Distinct, Keep, Temper, Workers};
use crate::schedule::{Betas, Shape};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most mates of a member. (With one at most, G37 was solved in 1 of 3 runs in place of 3, G42 in 1 of 3 as before.)
const MOST_MATES: u64 = 2;

/// Between which parts of the way (on a logarithmic scale) from the hot to the cold end of the annealing range
/// children are reheated.
const REHEAT: (f64, f64) = (0.3, 0.7);

/// What a search is asked for.
#[derive(Clone)]
pub struct SolveOptions {
    /// The model.
    pub model: Arc<Ising>,
    /// Seed of all streams.
    pub seed: u64,
    /// States of the model (one after the other, by site) to begin with.
    pub initial_states: Vec<i8>,
    /// Sites held at given spins.
    pub clamped: Vec<(usize, i8)>,
    /// Rounds after which the search ends.
    pub num_rounds: u64,
    /// How many of the lowest distinct states to collect.
    pub num_best: usize,
    /// Threads to use.
    pub num_threads: usize,
}

/// A search that can be advanced, looked at, put aside and restored.
pub struct Solve {
    pub(super) options: SolveOptions,
    pub(super) reduced: Reduced,
    pub(super) kernel: Arc<Ising>,
    pub(super) bonds: Arc<Bonds>,
    /// First and last beta of fresh anneals.
    pub(super) range: (f64, f64),
    pub(super) place: Place,
    pub(super) stage: Stage,
    pub(super) population: Population,
    pub(super) replicas: Replicas,
    pub(super) lowest: Distinct,
    is_solved: bool,
    pub(super) rounds: Vec<Round>,
    /// Sweeps of all members in the rounds done.
    pub(super) sweeps: u64,
    /// The best energy of the kernel when it was last asked for, and that of the model.
    pub(super) best_energy: Cell<Option<(f64, f64)>>,
    pub(super) workers: Workers,
}

impl Solve {
    /// Reduces the model and prepares the first round.
    ///
    /// # Errors
    /// What [`Chains::check`] refuses, or coefficients so large that their sums overflow.
    pub fn new(options: SolveOptions) -> Result<Self> {
        let n = options.model.num_sites();
        let starts = options.initial_states.len() / n.max(1);
        Chains {
            clamped: options.clamped.clone(),
            initial_states: Some(options.initial_states.clone()),
            ..plain_chains(options.model.clone(), options.seed, starts, 1)
        }
        .check()?;
        let reduced = Reduced::new(&options.model, &options.clamped)?;
        let kernel = Arc::new(reduced.model.clone());
        let range = kernel.annealing_range().unwrap_or((1.0, 1.0));
        let mut solve = Self {
            range,
            replicas: Replicas::new(range),
            population: Population::new(kernel.fields().iter().all(|&h| h == 0.0)),
            lowest: Distinct::new(options.num_best.max(1)),
            workers: Workers::new(options.num_threads, MEMBERS),
            place: Place::START,
            stage: Stage::Done,
            is_solved: false,
            rounds: Vec::new(),
            sweeps: 0,
            best_energy: Cell::new(None),
            reduced,
            bonds: Arc::new(Bonds::new(&kernel)),
            kernel,
            options,
        };
        for (index, member) in solve.starts().into_iter().enumerate() {
            solve
                .lowest
                .offer(member.energy, (0, index as u64), &member.state);
        }
        match narrow_optimum(&solve.kernel) {
            Some(state) => {
                solve.is_solved = true;
                solve.lowest.offer(solve.kernel.energy(&state), (0, 0), &state);
            }
            None => solve.begin_round()?,
        }
        Ok(solve)
    }

    /// The initial states, with all that the reduction settles at its best.
    fn starts(&self) -> Vec<Member> {
        let n = self.options.model.num_sites().max(1);
        let member = |state: &[i8]| self.member(&self.reduced.restrict(state));
        self.options.initial_states.chunks_exact(n).map(member).collect()
    }

    pub(super) fn member(&self, state: &[i8]) -> Member {
        Member {
            state: state.into(),
            energy: self.kernel.energy(state),
        }
    }

    /// True when the least energy has been found exactly.
    #[must_use]
    pub fn is_solved(&self) -> bool {
        self.is_solved
    }

    /// Works for about `seconds`; true when all rounds are done.
    ///
    /// # Errors
    /// None once a search has been made, but for memory.
    pub fn advance(&mut self, seconds: f64) -> Result<bool> {
        let deadline = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e6));
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).as_secs_f64();
            let complete = match &mut self.stage {
                Stage::Done => return Ok(true),
                Stage::Anneal(run) | Stage::Reheat(run, _) => run.advance(left),
                Stage::Temper(run) => run.advance(left),
                Stage::Recombine(children) => self.workers.advance(children, left),
            };
            if complete {
                self.next_stage()?;
            }
            if Instant::now() >= deadline {
                return Ok(matches!(self.stage, Stage::Done));
            }
        }
    }

    fn next_stage(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Done => Ok(()),
            Stage::Anneal(run) => {
                self.settle(&run);
                self.end_round(self.range.0, 0.0, (0, 0))
            }
            Stage::Temper(run) => {
                self.take_up(&run);
                self.end_round(run.options().betas[0], 0.0, (0, 0))
            }
            Stage::Recombine(children) => {
                let starts = children.iter().filter_map(Child::found);
                let starts = starts.flat_map(|child| child.state.iter().copied()).collect();
                let run = self.anneal(Some(starts), self.reheat_beta())?;
                self.stage = Stage::Reheat(run, children);
                Ok(())
            }
            Stage::Reheat(run, children) => {
                let improved = self.replace(&run, &children);
                let clusters = children
                    .iter()
                    .map(|child| child.num_clusters as f64)
                    .sum::<f64>();
                let mean = clusters / children.len() as f64;
                self.end_round(self.reheat_beta(), mean, improved)
            }
        }
    }

    /// Begins the round that the plan has here.
    pub(super) fn begin_round(&mut self) -> Result<()> {
        self.stage = match self.place.step {
            _ if self.place.round >= self.options.num_rounds => Stage::Done,
            Step::Anneal => Stage::Anneal(self.anneal(None, self.range.0)?),
            Step::Temper => Stage::Temper(Box::new(self.replicas.run(
                &self.kernel,
                self.options.seed,
                self.first_chain(),
                self.round_sweeps(),
                self.options.num_threads,
            )?)),
            Step::Breed => Stage::Recombine((0..MEMBERS).map(|slot| self.child(slot)).collect()),
        };
        Ok(())
    }

    fn end_round(
        &mut self,
        first_beta: f64,
        clusters: f64,
        (recombined, reheated): (usize, usize),
    ) -> Result<()> {
        for (slot, member) in (0..).zip(&self.population.members) {
            self.lowest
                .offer(member.energy, (self.place.round + 1, slot), &member.state);
        }
        let sweeps = self.round_sweeps();
        self.sweeps += sweeps * MEMBERS as u64;
        self.rounds.push(Round {
            step: self.place.step,
            epoch: self.place.epoch,
            sweeps,
            first_beta,
            clusters,
            recombined: recombined as u64,
            reheated: reheated as u64,
            best_energy: self.population.best_energy(),
            mean_energy: self.population.mean_energy(),
        });
        self.place = self.place.next(recombined + reheated, &self.rounds);
        self.begin_round()
    }

    /// An anneal of one chain a member, from `states` or from random ones.
    fn anneal(&self, states: Option<Vec<i8>>, first_beta: f64) -> Result<Anneal> {
        Anneal::new(AnnealOptions {
            // What is reheated may end above where it began, and is looked at where it ends: that keeps it moving.
            keep: if states.is_some() { Keep::Last } else { Keep::Best },
            chains: Chains {
                first_chain: self.first_chain(),
                initial_states: states,
                ..plain_chains(
                    self.kernel.clone(),
                    self.options.seed,
                    MEMBERS,
                    self.options.num_threads,
                )
            },
            betas: Betas::new(Shape::Geometric, first_beta, self.range.1, self.round_sweeps())?,
            num_best: 0,
            trajectory: 0,
        })
    }

    /// Sweeps of each member in this round.
    fn round_sweeps(&self) -> u64 {
        self.place.sweeps(self.kernel.num_sites())
    }

    /// The first chain of this round: one a member, then [`READS`] a child.
    fn first_chain(&self) -> u64 {
        self.place.round * (MEMBERS * (1 + READS)) as u64
    }

    /// A number below `bound` that belongs to this round and `index`.
    fn choice(&self, index: u64, bound: u64) -> u64 {
        let stream = Stream::new(self.options.seed, Purpose::Search, 0);
        below(&stream, self.place.round, index, bound)
    }

    /// The inverse temperature to which this round reheats.
    fn reheat_beta(&self) -> f64 {
        const STEPS: u64 = 1 << 20;
        let part = self.choice(0, STEPS) as f64 / STEPS as f64;
        let part = REHEAT.0 + (REHEAT.1 - REHEAT.0) * part;
        exp((1.0 - part) * ln(self.range.0) + part * ln(self.range.1))
    }

    /// A child of the member at `slot`.
    fn child(&self, slot: usize) -> Child {
        let index = 1 + slot as u64 * (1 + MOST_MATES);
        let mates = 1 + self.choice(index, MOST_MATES);
        let mate = |k: u64| self.choice(index + k, MEMBERS as u64) as usize;
        let parents = std::iter::once(slot).chain((1..=mates).map(mate));
        Child::new(
            self.kernel.clone(),
            self.bonds.clone(),
            parents
                .map(|slot| self.population.members[slot].clone())
                .collect(),
            self.options.seed,
            self.first_chain() + (MEMBERS + slot * READS) as u64,
        )
    }

    /// The states and energies of a run.
    fn members_of(&self, run: &Anneal) -> Vec<Member> {
        let states = run.states();
        let states = states.chunks_exact(self.kernel.num_sites());
        let member = |(state, energy): (&[i8], f64)| Member {
            state: state.into(),
            energy,
        };
        states.zip(run.energies()).map(member).collect()
    }

    /// Makes the states of a fresh anneal the population; the first has the initial states in it.
    fn settle(&mut self, run: &Anneal) {
        self.population.members = self.members_of(run);
        if self.place.round == 0 {
            for (slot, start) in self.starts().into_iter().take(MEMBERS).enumerate() {
                self.population.members[slot] = start;
            }
        }
    }

    /// Makes the states of the cold rungs members, and the lowest that was met; the first round of an epoch fills the
    /// population with them.
    fn take_up(&mut self, run: &Temper) {
        self.replicas.take(run);
        let mut made: Vec<Member> = self
            .replicas
            .cold(self.kernel.num_sites())
            .map(|s| self.member(s))
            .collect();
        if let (Some(last), Some(state)) = (made.last_mut(), run.best_state()) {
            *last = self.member(&state);
        }
        let (members, count) = (&mut self.population.members, made.len());
        let first = self.place.tempered as usize * count;
        if first == 0 {
            *members = made.iter().cycle().take(MEMBERS).cloned().collect();
        } else {
            members.splice(first..first + count, made);
        }
    }

    /// Lets children take their first parents' places; how many did so that recombination, and reheating, made
    /// better.
    fn replace(&mut self, run: &Anneal, children: &[Child]) -> (usize, usize) {
        let (mut recombined, mut reheated) = (0, 0);
        let found = children.iter().filter_map(Child::found);
        for (slot, (hot, cold)) in self.members_of(run).into_iter().zip(found).enumerate() {
            if hot.energy <= cold.energy {
                let better = hot.energy < cold.energy;
                if self.population.challenge(slot, hot) {
                    reheated += usize::from(better);
                    recombined += usize::from(!better);
                }
            } else {
                recombined += usize::from(self.population.challenge(slot, cold.clone()));
            }
        }
        if let Some(state) = run.best_state() {
            let met = (self.place.round + 1, MEMBERS as u64);
            self.lowest.offer(self.kernel.energy(&state), met, &state);
        }
        (recombined, reheated)
    }
}
