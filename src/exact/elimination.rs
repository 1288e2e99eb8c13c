//! All that elimination tells of a part, in slices.

use super::Asked;
use super::algebra::{Counting, Heat, Heated, Thermal, Weighed, Weight};
use super::eliminate::{Trace, Upward};
use super::marginals::Downward;
use super::moments::Moments;
use super::part::Part;
use super::tree::Tree;
use crate::error::Result;
use crate::math::gcd;
use crate::run::Workers;
use std::time::{Duration, Instant};

/// What the tables of an order take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Need {
    /// Sites of the widest table.
    pub width: usize,
    /// Entries of all tables together.
    pub entries: f64,
    /// Bytes at most at one time.
    pub bytes: f64,
}

impl Need {
    /// The need of a tree, from its scopes alone.
    #[must_use]
    pub fn new(tree: &Tree) -> Self {
        let sizes: Vec<f64> = tree
            .buckets
            .iter()
            .map(|b| 2f64.powi(b.scope.len() as i32))
            .collect();
        let entries = sizes.iter().sum();
        let (mut open, mut most) = (0.0, 0.0f64);
        for (bucket, size) in tree.buckets.iter().zip(&sizes) {
            open += size;
            most = most.max(open);
            open -= bucket
                .children
                .iter()
                .map(|&child| sizes[child as usize])
                .sum::<f64>();
        }
        // Weights are all kept for the way down, where probabilities join them; other walks keep what is still open.
        let kept = (size_of::<Weight>() + size_of::<f64>()) as f64 * entries;
        Self {
            width: tree.buckets.iter().map(|b| b.scope.len()).max().unwrap_or(0),
            entries,
            bytes: kept.max(size_of::<Heated>() as f64 * most),
        }
    }
}

impl Need {
    /// The need of tables of which the widest has `width` sites.
    #[must_use]
    pub fn of_width(width: usize) -> Self {
        let entries = 2f64.powi(width as i32);
        Self {
            width,
            entries,
            bytes: (size_of::<Weight>() + size_of::<f64>()) as f64 * entries,
        }
    }
}

/// Bits of a number that its residue tells.
const RESIDUE_BITS: f64 = 61.0;

/// What is being worked on.
enum Stage {
    /// Log weight and lowest energies at a beta, tables kept.
    Weights(usize, Upward<Weighed>),
    /// Ground states from these tables.
    Ground(usize, Upward<Weighed>, Trace),
    /// Moments from these tables.
    Moments(usize, Downward),
    /// Mean energy and variance at a beta.
    Energy(usize, Upward<Thermal>),
    /// The log of the number of ground states.
    Degeneracy(Upward<Weighed>),
    /// Their number modulo some other.
    Residue(Upward<Counting>),
    Done,
}

/// An elimination that can be advanced and, once done, looked at.
pub struct Elimination {
    part: Part,
    tree: Tree,
    asked: Asked,
    workers: Workers,
    stage: Stage,
    entries: f64,
    finished: usize,
    low: f64,
    /// At each beta so far, log weight, mean energy above the lowest, variance, in units.
    weights: Vec<[f64; 3]>,
    moments: Vec<Moments>,
    states: Vec<Vec<i8>>,
    log_degeneracy: f64,
    residues: Vec<(u64, u64)>,
}

impl Elimination {
    /// Prepares an elimination of a part by a tree made of it; no table is allocated yet.
    ///
    /// # Errors
    /// A beta that is negative or NaN.
    pub fn new(part: Part, tree: Tree, asked: Asked, num_threads: usize) -> Result<Self> {
        super::check_betas(&asked.betas)?;
        let need = Need::new(&tree);
        let mut elimination = Self {
            tree,
            entries: need.entries,
            // A narrow graph has no table that threads could share.
            workers: Workers::new(if need.width < 12 { 1 } else { num_threads }, usize::MAX),
            part,
            asked,
            stage: Stage::Done,
            finished: 0,
            low: f64::NAN,
            weights: Vec::new(),
            moments: Vec::new(),
            states: Vec::new(),
            log_degeneracy: 0.0,
            residues: Vec::new(),
        };
        elimination.stage = elimination.weights_stage(0);
        Ok(elimination)
    }

    /// The part.
    #[must_use]
    pub fn part(&self) -> &Part {
        &self.part
    }

    fn weighed(&self, beta: f64) -> Weighed {
        Weighed(Heat {
            beta: self.part.scale.beta(beta),
            tolerance: self.part.scale.tolerance,
        })
    }

    /// The first stage at a beta: one that keeps tables where something is to be found from them.
    fn weights_stage(&self, at: usize) -> Stage {
        let Some(&beta) = self.asked.betas.get(at) else {
            return self.degeneracy_stage();
        };
        if self.asked.moments || (at == 0 && self.asked.num_states > 0) {
            return Stage::Weights(at, Upward::new(self.weighed(beta), &self.tree, true));
        }
        self.energy_stage(at)
    }

    fn energy_stage(&self, at: usize) -> Stage {
        let algebra = Thermal(self.weighed(self.asked.betas[at]));
        Stage::Energy(at, Upward::new(algebra, &self.tree, false))
    }

    fn moments_stage(&self, at: usize, walk: Upward<Weighed>) -> Stage {
        if self.asked.moments {
            Stage::Moments(at, Downward::new(walk, &self.tree))
        } else {
            self.energy_stage(at)
        }
    }

    fn degeneracy_stage(&self) -> Stage {
        if self.asked.num_states == 0 {
            return Stage::Done;
        }
        Stage::Degeneracy(Upward::new(self.weighed(f64::INFINITY), &self.tree, false))
    }

    /// The count modulo the next number, while those so far do not settle it.
    fn residue_stage(&self) -> Stage {
        let bits = self.log_degeneracy * std::f64::consts::LOG2_E + 1.0;
        if self.residues.len() as f64 * RESIDUE_BITS > bits {
            return Stage::Done;
        }
        let algebra = Counting {
            modulus: coprime_below(self.residues.last().map_or(1 << 62, |r| r.1), &self.residues),
            tolerance: self.part.scale.tolerance,
        };
        Stage::Residue(Upward::new(algebra, &self.tree, false))
    }

    /// Works for about `seconds`; true when all is done.
    pub fn advance(&mut self, seconds: f64) -> bool {
        let deadline = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e6));
        while !self.is_done() {
            let stage = std::mem::replace(&mut self.stage, Stage::Done);
            self.stage = self.carry_on(stage, deadline);
            if Instant::now() >= deadline {
                break;
            }
        }
        self.is_done()
    }

    /// True when all is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// Works on a stage; returns it, or the next if it is finished.
    fn carry_on(&mut self, stage: Stage, deadline: Instant) -> Stage {
        let (tree, workers) = (&self.tree, &self.workers);
        let next = match stage {
            Stage::Weights(at, mut walk) => {
                if !walk.advance(tree, workers, deadline) {
                    return Stage::Weights(at, walk);
                }
                self.low = walk.total(tree).low;
                if at == 0 && self.asked.num_states > 0 {
                    Stage::Ground(at, walk, Trace::new(tree))
                } else {
                    self.moments_stage(at, walk)
                }
            }
            Stage::Ground(at, walk, mut trace) => {
                if !self.trace(&walk, &mut trace, deadline) {
                    return Stage::Ground(at, walk, trace);
                }
                self.moments_stage(at, walk)
            }
            Stage::Moments(at, mut walk) => {
                if !walk.advance(tree, deadline) {
                    return Stage::Moments(at, walk);
                }
                self.moments.push(walk.moments(&self.part, tree));
                self.energy_stage(at)
            }
            Stage::Energy(at, mut walk) => {
                if !walk.advance(tree, workers, deadline) {
                    return Stage::Energy(at, walk);
                }
                let total = walk.total(tree);
                self.low = total.weight.low;
                self.weights
                    .push([total.weight.log, total.excess, total.variance]);
                self.weights_stage(at + 1)
            }
            Stage::Degeneracy(mut walk) => {
                if !walk.advance(tree, workers, deadline) {
                    return Stage::Degeneracy(walk);
                }
                self.log_degeneracy = walk.total(tree).log;
                self.residue_stage()
            }
            Stage::Residue(mut walk) => {
                if !walk.advance(tree, workers, deadline) {
                    return Stage::Residue(walk);
                }
                let count = walk.total(tree).count;
                self.residues.push((count, walk.algebra.modulus));
                self.residue_stage()
            }
            Stage::Done => return Stage::Done,
        };
        self.finished += 1;
        next
    }

    /// Finds ground states; true when there are as many as asked for, or all.
    fn trace(&mut self, walk: &Upward<Weighed>, trace: &mut Trace, deadline: Instant) -> bool {
        while self.states.len() < self.asked.num_states {
            let Some(state) = trace.next_state(walk, &self.tree, self.part.scale.tolerance) else {
                break;
            };
            self.states.push(state);
            if Instant::now() >= deadline {
                return false;
            }
        }
        true
    }

    /// Part of the work that is behind, 0 to 1; counted as if one residue settled the number of ground states.
    #[must_use]
    pub fn progress(&self) -> f64 {
        let a_beta = 1 + 2 * usize::from(self.asked.moments);
        let ground = if self.asked.num_states > 0 {
            3 + usize::from(!self.asked.moments)
        } else {
            0
        };
        let stages = self.asked.betas.len() * a_beta + ground;
        let tree = &self.tree;
        let under_way = match &self.stage {
            Stage::Weights(_, walk) | Stage::Degeneracy(walk) => walk.progress(tree),
            Stage::Energy(_, walk) => walk.progress(tree),
            Stage::Residue(walk) => walk.progress(tree),
            Stage::Moments(_, walk) => walk.progress(tree),
            Stage::Ground(..) => 0.0,
            Stage::Done => return 1.0,
        };
        let share = under_way / self.entries.max(1.0);
        ((self.finished as f64 + share) / stages as f64).min(1.0)
    }

    /// Ground states, by site of the part.
    #[must_use]
    pub fn ground_states(&self) -> &[Vec<i8>] {
        &self.states
    }

    /// The number of ground states as (residue, modulus) of coprime moduli whose product is larger.
    #[must_use]
    pub fn residues(&self) -> &[(u64, u64)] {
        &self.residues
    }

    /// At each beta, `ln sum exp(-beta (E - E_0))`, the mean of `E - E_0` and its standard deviation, in the model's units.
    #[must_use]
    pub fn weights(&self) -> Vec<[f64; 3]> {
        let unit = self.part.scale.unit;
        let in_units = |&[log, mean, variance]: &[f64; 3]| [log, unit * mean, unit * variance.sqrt()];
        self.weights.iter().map(in_units).collect()
    }

    /// The lowest energy in units, without what is given; NaN until it is known.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Means of spins and of products of coupled spins at each beta, if they were asked for.
    #[must_use]
    pub fn moments(&self) -> &[Moments] {
        &self.moments
    }
}

/// The largest number below `bound` that has no divisor in common with those of `others`.
fn coprime_below(bound: u64, others: &[(u64, u64)]) -> u64 {
    let coprime = |n: &u64| others.iter().all(|&(_, modulus)| gcd(*n, modulus) == 1);
    (1..bound).rev().find(coprime).unwrap_or(1)
}
