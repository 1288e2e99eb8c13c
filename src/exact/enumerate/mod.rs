//! Every state of a part, on all threads, in slices.
//!
//! The energies of the states of twelve spins stand in a table, filled by doubling from the fields that all other spins
//! exert on these; those are walked over in Gray code. What is summed over a table is a loop over numbers that lie side
//! by side. Jobs and the order in which they are added up do not depend on the threads, nor does any bit of a result.

mod plan;
mod sums;
mod walk;

use super::Asked;
use super::moments::Moments;
use super::part::Part;
use crate::error::{Result, invalid};
use crate::math::ln;
use crate::run::Workers;
use plan::Plan;
use std::sync::{Arc, PoisonError};
use walk::{Ground, Walk};

/// More free sites than this are not enumerated.
pub const MOST_SITES: usize = 30;

/// An enumeration that can be advanced and, once done, looked at.
pub struct Enumeration {
    part: Part,
    plan: Arc<Plan>,
    walks: Vec<Walk>,
    workers: Workers,
    /// All walks as one, when they are done.
    merged: Option<Walk>,
}

impl Enumeration {
    /// Prepares an enumeration; nothing is carried out yet.
    ///
    /// # Errors
    /// Too many sites, and a beta that is negative or NaN.
    pub fn new(part: Part, asked: &Asked, num_threads: usize) -> Result<Self> {
        if part.len() > MOST_SITES {
            return invalid(format!(
                "enumeration takes at most {MOST_SITES} free sites, got {}",
                part.len()
            ));
        }
        super::check_betas(&asked.betas)?;
        let plan = Arc::new(Plan::new(&part, asked));
        let jobs = 1 << plan.job_bits;
        Ok(Self {
            walks: (0..jobs).map(|index| Walk::new(&plan, index)).collect(),
            workers: Workers::new(num_threads, jobs as usize),
            part,
            plan,
            merged: None,
        })
    }

    /// Works for about `seconds`; true when all is done.
    pub fn advance(&mut self, seconds: f64) -> bool {
        if self.merged.is_none() && self.workers.advance(&mut self.walks, seconds) {
            self.merged = Some(self.merge());
        }
        self.merged.is_some()
    }

    /// Adds up the walks, in the order of their numbers.
    fn merge(&mut self) -> Walk {
        let low = self.low();
        let mut walks = std::mem::take(&mut self.walks).into_iter();
        let mut merged = Walk::new(&self.plan, 0);
        merged.lower(low);
        merged.done = self.plan.tables();
        for mut walk in &mut walks {
            let own = walk.ground.low;
            walk.lower(low);
            if own <= low + self.plan.tolerance {
                merged.ground.count += walk.ground.count;
                merged.ground.states.append(&mut walk.ground.states);
            }
            for (sum, other) in merged.sums.iter_mut().zip(&walk.sums) {
                sum.add(other);
            }
        }
        merged.ground.states.truncate(self.plan.num_states);
        merged
    }

    /// Part of the work that is behind, 0 to 1.
    #[must_use]
    pub fn progress(&self) -> f64 {
        if self.merged.is_some() {
            return 1.0;
        }
        let done: u64 = self.walks.iter().map(|walk| walk.done).sum();
        done as f64 / (self.plan.tables() << self.plan.job_bits) as f64
    }

    /// The part that is enumerated.
    #[must_use]
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// The lowest energy so far in units, without what is given; infinity before the start.
    #[must_use]
    pub fn low(&self) -> f64 {
        let lows = self.walks.iter().chain(&self.merged).map(|walk| walk.ground.low);
        lows.fold(f64::INFINITY, f64::min)
    }

    fn images(&self) -> u64 {
        1 + u64::from(self.plan.mirrored)
    }

    fn ground(&self) -> Option<&Ground> {
        self.merged.as_ref().map(|walk| &walk.ground)
    }

    /// Number of ground states; 0 until all is done.
    #[must_use]
    pub fn degeneracy(&self) -> u64 {
        self.ground().map_or(0, |ground| ground.count * self.images())
    }

    /// Ground states, by site of the part, at most as many as were asked for; none until all is done.
    #[must_use]
    pub fn ground_states(&self) -> Vec<Vec<i8>> {
        let sites = self.part.len();
        let spins = |state: u64| {
            (0..sites)
                .map(|i| if state >> i & 1 == 1 { 1 } else { -1 })
                .collect()
        };
        let mirror = if self.plan.mirrored {
            (1u64 << sites) - 1
        } else {
            0
        };
        let found = self.ground().map_or(&[][..], |ground| &ground.states);
        let images = found.iter().flat_map(|&s| [s ^ mirror, s]);
        let step = if self.plan.mirrored { 1 } else { 2 };
        let mut states: Vec<u64> = images.step_by(step).take(self.plan.num_states).collect();
        states.sort_unstable();
        states.into_iter().map(spins).collect()
    }

    /// At each beta, `ln sum exp(-beta (E - E_0))`, the mean of `E - E_0` and its standard deviation, in the model's units.
    #[must_use]
    pub fn weights(&self) -> Vec<[f64; 3]> {
        let unit = self.part.scale.unit;
        let images = self.images() as f64;
        let sums = self.merged.iter().flat_map(|walk| &walk.sums);
        sums.map(|sums| {
            let mean = sums.energy / sums.total;
            let variance = (sums.square / sums.total - mean * mean).max(0.0);
            [ln(sums.total * images), unit * mean, unit * variance.sqrt()]
        })
        .collect()
    }

    /// Means of spins and of products of coupled spins at each beta, if they were asked for.
    #[must_use]
    pub fn moments(&self) -> Vec<Moments> {
        if !self.plan.moments {
            return Vec::new();
        }
        let (sites, plan) = (self.part.len(), &*self.plan);
        let sums = self.merged.iter().flat_map(|walk| &walk.sums);
        sums.map(|sums| {
            let mean = |&sum: &f64| if plan.mirrored { 0.0 } else { sum / sums.total };
            let products = sums.mean_products(plan);
            Moments::new(&self.part, sums.spins.iter().map(mean).collect(), |i, j| {
                products[i.max(j) * sites + i.min(j)]
            })
        })
        .collect()
    }

    /// Energies that occur, in units and without what is given, and how many states have each; where energies are whole
    /// numbers of units, and few enough.
    #[must_use]
    pub fn levels(&self) -> Option<(Vec<f64>, Vec<u64>)> {
        let levels = self.plan.levels.as_ref().filter(|_| self.merged.is_some())?;
        let counts = levels.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let energy = |level: usize| 2.0 * level as f64 - levels.reach;
        let met = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        Some(
            met.map(|(level, count)| (energy(level), count * self.images()))
                .unzip(),
        )
    }
}
