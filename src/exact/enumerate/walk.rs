//! A job: the states that share the spins of a few sites, walked through table by table.

use super::plan::Plan;
use super::sums::{Sums, Table};
use crate::run::Job;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

/// Tables between two looks at the clock.
const LOOK: u64 = 16;
/// Tables after which fields are summed afresh, so that rounding does not pile up.
const AFRESH: u64 = 64;

const LANES: usize = 8;

/// States of lowest energy; bit i of a state is set where site i is +1.
#[derive(Clone)]
pub(super) struct Ground {
    pub low: f64,
    pub count: u64,
    pub states: Vec<u64>,
}

/// The states of one job, in Gray-code order of the spins outside of the table: from one table to the next a single
/// spin is flipped (Gray, US patent 2632058, 1953).
pub(super) struct Walk {
    plan: Arc<Plan>,
    index: u64,
    /// Tables done.
    pub done: u64,
    pub ground: Ground,
    pub sums: Vec<Sums>,
    room: Option<Room>,
}

/// What a job needs while it is under way.
struct Room {
    /// Spins outside of the table.
    high: Vec<f64>,
    /// Of every site, its field and what the spins outside of the table, but for itself, exert on it.
    fields: Vec<f64>,
    /// Energy of the spins outside of the table.
    energy: f64,
    energies: Vec<f64>,
    weights: Vec<f64>,
    counts: Vec<u32>,
}

impl Walk {
    pub fn new(plan: &Arc<Plan>, index: u64) -> Self {
        Self {
            plan: plan.clone(),
            index,
            done: 0,
            ground: Ground {
                low: f64::INFINITY,
                count: 0,
                states: Vec::new(),
            },
            sums: plan.baths.iter().map(|bath| Sums::new(plan, bath)).collect(),
            room: None,
        }
    }

    /// The spins outside of the table at the present step, a bit each; the last site is +1 in a mirrored plan.
    fn high_bits(&self) -> u64 {
        let plan = &self.plan;
        let walked = self.done ^ (self.done >> 1);
        let bits = walked | self.index << (plan.bits() - plan.low - plan.job_bits);
        bits | u64::from(plan.mirrored) << (plan.bits() - plan.low)
    }

    /// Adds the present table to all sums.
    fn one_table(&mut self, room: &mut Room) {
        let plan = self.plan.clone();
        let least = room.fill(&plan);
        if least < self.ground.low {
            self.lower(least);
        }
        if least <= self.ground.low + plan.tolerance {
            self.collect(&room.energies);
        }
        if let Some(levels) = &plan.levels {
            count_levels(&room.energies, levels.reach, &mut room.counts);
        }
        let low = self.ground.low;
        let table = Table {
            energies: &room.energies,
            least,
            fields: &room.fields[..plan.low],
            outer: room.energy,
            high: &room.high,
        };
        for sums in &mut self.sums {
            sums.add_table(&table, low, &mut room.weights);
        }
    }

    /// Takes a new lowest energy as the reference of all sums.
    pub fn lower(&mut self, low: f64) {
        let gap = self.ground.low - low;
        self.ground.low = low;
        if gap > self.plan.tolerance {
            self.ground.count = 0;
            self.ground.states.clear();
        }
        if gap < f64::INFINITY {
            self.sums.iter_mut().for_each(|sums| sums.lower(gap));
        }
    }

    fn collect(&mut self, energies: &[f64]) {
        let high = self.high_bits() << self.plan.low;
        let bound = self.ground.low + self.plan.tolerance;
        for (state, _) in energies.iter().enumerate().filter(|(_, e)| **e <= bound) {
            self.ground.count += 1;
            if self.ground.states.len() < self.plan.num_states {
                self.ground.states.push(high | state as u64);
            }
        }
    }

    fn finish(&mut self, room: &Room) {
        if let Some(levels) = &self.plan.levels {
            let mut counts = levels.counts.lock().unwrap_or_else(PoisonError::into_inner);
            for (sum, &count) in counts.iter_mut().zip(&room.counts) {
                *sum += u64::from(count);
            }
        }
    }
}

impl Job for Walk {
    fn is_done(&self) -> bool {
        self.done == self.plan.tables()
    }

    fn work(&mut self, deadline: Instant) {
        let mut room = self
            .room
            .take()
            .unwrap_or_else(|| Room::new(&self.plan, self.high_bits()));
        while !self.is_done() {
            self.one_table(&mut room);
            self.done += 1;
            if self.is_done() {
                self.finish(&room);
                return;
            }
            room.flip(&self.plan, self.done.trailing_zeros() as usize);
            if self.done.is_multiple_of(AFRESH) {
                room.sum_afresh(&self.plan);
            }
            if self.done.is_multiple_of(LOOK) && Instant::now() >= deadline {
                break;
            }
        }
        self.room = Some(room);
    }
}

impl Room {
    fn new(plan: &Plan, high: u64) -> Self {
        let spin = |k: usize| if high >> k & 1 == 1 { 1.0 } else { -1.0 };
        let mut room = Self {
            high: (0..plan.sites - plan.low).map(spin).collect(),
            fields: Vec::new(),
            energy: 0.0,
            energies: vec![0.0; 1 << plan.low],
            weights: vec![0.0; 1 << plan.low],
            counts: vec![0; plan.levels.as_ref().map_or(0, |levels| levels.size)],
        };
        room.sum_afresh(plan);
        room
    }

    fn sum_afresh(&mut self, plan: &Plan) {
        let felt = |i: usize| {
            let pairs = plan.row(i)[plan.low..].iter().zip(&self.high);
            plan.fields[i] + pairs.map(|(w, s)| w * s).sum::<f64>()
        };
        self.fields = (0..plan.sites).map(felt).collect();
        let outer = self
            .high
            .iter()
            .zip(&self.fields[plan.low..])
            .zip(&plan.fields[plan.low..]);
        self.energy = outer.map(|((s, felt), field)| s * 0.5 * (felt + field)).sum();
    }

    /// Flips one spin outside of the table.
    fn flip(&mut self, plan: &Plan, which: usize) {
        let spin = -self.high[which];
        self.high[which] = spin;
        self.energy += 2.0 * spin * self.fields[plan.low + which];
        for (field, w) in self.fields.iter_mut().zip(plan.row(plan.low + which)) {
            *field += 2.0 * spin * w;
        }
    }

    /// Writes the energies of the table; returns the lowest.
    fn fill(&mut self, plan: &Plan) -> f64 {
        let fields = &self.fields[..plan.low];
        self.energies[0] = self.energy - fields.iter().sum::<f64>();
        for (k, field) in fields.iter().enumerate() {
            let (minus, plus) = self.energies[..2 << k].split_at_mut(1 << k);
            for (up, down) in plus.iter_mut().zip(minus) {
                *up = *down + 2.0 * field;
            }
        }
        add_and_find_least(&mut self.energies, &plan.pairs)
    }
}

/// Adds the pair energies to those of the fields; returns the lowest sum.
fn add_and_find_least(energies: &mut [f64], pairs: &[f64]) -> f64 {
    let mut least = [f64::INFINITY; LANES];
    let smaller = |a: f64, b: f64| if b < a { b } else { a };
    let whole = energies.len() / LANES * LANES;
    let lanes = energies.chunks_exact_mut(LANES).zip(pairs.chunks_exact(LANES));
    for (energies, pairs) in lanes {
        for lane in 0..LANES {
            energies[lane] += pairs[lane];
            least[lane] = smaller(least[lane], energies[lane]);
        }
    }
    for (e, pair) in energies[whole..].iter_mut().zip(&pairs[whole..]) {
        *e += pair;
        least[0] = smaller(least[0], *e);
    }
    least.into_iter().fold(f64::INFINITY, smaller)
}

/// Counts states by their height above the lowest energy that there may be, in steps of two units: flipping a spin
/// changes a whole energy by twice a whole number.
fn count_levels(energies: &[f64], reach: f64, counts: &mut [u32]) {
    /// Added to a smaller whole number, it leaves that in the lowest bits.
    const WHOLE: f64 = (1u64 << 52) as f64;
    let mask = counts.len() - 1;
    for e in energies {
        let height = e + (reach + WHOLE);
        counts[height.to_bits() as usize >> 1 & mask] += 1;
    }
}
