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
use plan::{Levels, Plan};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use sums::Sums;
use walk::{Ground, Walk};

/// More free sites than this are not enumerated.
pub const MOST_SITES: usize = 30;

/// Betas that are summed at once, without moments and with them: what jobs keep of each is to stay small.
const ROUND: usize = 128;
const ROUND_OF_MOMENTS: usize = 8;

/// An enumeration that can be advanced and, once done, looked at.
///
/// Long lists of betas are summed in rounds, each through all states.
pub struct Enumeration {
    part: Part,
    asked: Asked,
    plan: Arc<Plan>,
    walks: Vec<Walk>,
    workers: Workers,
    rounds: usize,
    rounds_done: usize,
    low: f64,
    ground: Option<Ground>,
    levels: Option<(Vec<f64>, Vec<u64>)>,
    weights: Vec<[f64; 3]>,
    moments: Vec<Moments>,
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
        let plan = plan_of_round(&part, asked, 0);
        Ok(Self {
            walks: walks(&plan),
            workers: Workers::new(num_threads, 1 << plan.job_bits),
            part,
            plan,
            rounds: asked.betas.len().div_ceil(size_of_round(asked)).max(1),
            rounds_done: 0,
            low: f64::INFINITY,
            ground: None,
            levels: None,
            weights: Vec::new(),
            moments: Vec::new(),
            asked: asked.clone(),
        })
    }

    /// Works for about `seconds`; true when all is done.
    pub fn advance(&mut self, seconds: f64) -> bool {
        let deadline = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e6));
        while self.rounds_done < self.rounds {
            let left = deadline.saturating_duration_since(Instant::now());
            if !self.workers.advance(&mut self.walks, left.as_secs_f64()) {
                return false;
            }
            self.finish_round();
            if Instant::now() >= deadline {
                break;
            }
        }
        self.rounds_done == self.rounds
    }

    fn finish_round(&mut self) {
        let merged = self.merge();
        for sums in &merged.sums {
            self.weights.push(self.weights_of(sums));
            if self.plan.moments {
                self.moments.push(self.moments_of(sums));
            }
        }
        if self.rounds_done == 0 {
            self.low = merged.ground.low;
            self.ground = Some(merged.ground);
            self.levels = self.plan.levels.as_ref().map(|levels| self.levels_of(levels));
        }
        self.rounds_done += 1;
        if self.rounds_done < self.rounds {
            self.plan = plan_of_round(&self.part, &self.asked, self.rounds_done);
            self.walks = walks(&self.plan);
        }
    }

    /// Adds up the walks, in the order of their numbers.
    fn merge(&mut self) -> Walk {
        let low = self.low();
        let mut walks = std::mem::take(&mut self.walks).into_iter();
        let mut merged = Walk::new(&self.plan, 0);
        merged.lower(low);
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
        let done: u64 = self.walks.iter().map(|walk| walk.done).sum();
        let share = done as f64 / (self.plan.tables() << self.plan.job_bits) as f64;
        (self.rounds_done as f64 + share) / self.rounds as f64
    }

    /// The part that is enumerated.
    #[must_use]
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// The lowest energy so far in units, without what is given; infinity before the start.
    #[must_use]
    pub fn low(&self) -> f64 {
        let lows = self.walks.iter().map(|walk| walk.ground.low);
        lows.fold(self.low, f64::min)
    }

    fn images(&self) -> u64 {
        1 + u64::from(self.plan.mirrored)
    }

    /// Number of ground states; 0 until all is done.
    #[must_use]
    pub fn degeneracy(&self) -> u64 {
        self.ground
            .as_ref()
            .map_or(0, |ground| ground.count * self.images())
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
        let found = self.ground.as_ref().map_or(&[][..], |ground| &ground.states);
        let images = found.iter().flat_map(|&s| [s ^ mirror, s]);
        let step = if self.plan.mirrored { 1 } else { 2 };
        let mut states: Vec<u64> = images.step_by(step).take(self.asked.num_states).collect();
        states.sort_unstable();
        states.into_iter().map(spins).collect()
    }

    /// At each beta, `ln sum exp(-beta (E - E_0))`, the mean of `E - E_0` and its standard deviation, in the model's units;
    /// of the rounds that are done.
    #[must_use]
    pub fn weights(&self) -> &[[f64; 3]] {
        &self.weights
    }

    fn weights_of(&self, sums: &Sums) -> [f64; 3] {
        let (unit, images) = (self.part.scale.unit, self.images() as f64);
        let mean = sums.energy / sums.total;
        let variance = (sums.square / sums.total - mean * mean).max(0.0);
        [ln(sums.total * images), unit * mean, unit * variance.sqrt()]
    }

    /// Means of spins and of products of coupled spins at each beta, if they were asked for; of the rounds that are done.
    #[must_use]
    pub fn moments(&self) -> &[Moments] {
        &self.moments
    }

    fn moments_of(&self, sums: &Sums) -> Moments {
        let (sites, plan) = (self.part.len(), &*self.plan);
        let mean = |&sum: &f64| if plan.mirrored { 0.0 } else { sum / sums.total };
        let products = sums.mean_products(plan);
        Moments::new(&self.part, sums.spins.iter().map(mean).collect(), |i, j| {
            products[i.max(j) * sites + i.min(j)]
        })
    }

    /// Energies that occur, in units and without what is given, and how many states have each; where energies are whole
    /// numbers of units, and few enough.
    #[must_use]
    pub fn levels(&self) -> Option<&(Vec<f64>, Vec<u64>)> {
        self.levels.as_ref()
    }

    fn levels_of(&self, levels: &Levels) -> (Vec<f64>, Vec<u64>) {
        let counts = levels.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let energy = |level: usize| 2.0 * level as f64 - levels.reach;
        let met = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        met.map(|(level, count)| (energy(level), count * self.images()))
            .unzip()
    }
}

fn plan_of_round(part: &Part, asked: &Asked, round: usize) -> Arc<Plan> {
    let betas = asked.betas.chunks(size_of_round(asked)).nth(round);
    Arc::new(Plan::new(part, asked, betas.unwrap_or(&[]), round == 0))
}

fn walks(plan: &Arc<Plan>) -> Vec<Walk> {
    (0..1 << plan.job_bits)
        .map(|index| Walk::new(plan, index))
        .collect()
}

fn size_of_round(asked: &Asked) -> usize {
    if asked.moments { ROUND_OF_MOMENTS } else { ROUND }
}
