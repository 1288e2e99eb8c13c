//! What is summed over states at one beta.

use super::plan::{Bath, Plan};
use crate::exact::algebra::Heat;
use crate::exact::marginals::fold;
use crate::math::{decay, exp};
use std::sync::Arc;

const LANES: usize = 8;

/// Beyond this, products of weights might vanish before they are scaled up: as it is, below e^-400 of the largest.
const LARGEST_SCALE: f64 = 300.0;

/// The states of a table, and the spins and fields that they go with.
pub(super) struct Table<'a> {
    /// Energies of the states.
    pub energies: &'a [f64],
    /// The lowest of them.
    pub least: f64,
    /// Fields on the spins of the table.
    pub fields: &'a [f64],
    /// Energy of the other spins.
    pub outer: f64,
    /// The other spins.
    pub high: &'a [f64],
}

/// Sums over states, relative to the lowest energy so far.
#[derive(Clone)]
pub(super) struct Sums {
    bath: Arc<Bath>,
    /// Of weights.
    pub total: f64,
    /// Of weights times energies.
    pub energy: f64,
    /// Of weights times squares of energies.
    pub square: f64,
    /// Of weights times spins; empty without moments, as all that follow.
    pub spins: Vec<f64>,
    /// Of weights, by state of the table.
    table: Vec<f64>,
    /// Of weights times products of two spins of which one at least is not in the table, by the former and site.
    products: Vec<f64>,
}

impl Sums {
    pub fn new(plan: &Plan, bath: &Arc<Bath>) -> Self {
        let sized = |size: usize| vec![0.0; if plan.moments { size } else { 0 }];
        Self {
            bath: bath.clone(),
            total: 0.0,
            energy: 0.0,
            square: 0.0,
            spins: sized(plan.sites),
            table: sized(1 << plan.low),
            products: sized((plan.sites - plan.low) * plan.sites),
        }
    }

    /// Takes a lowest energy that is lower by `gap` as the reference.
    pub fn lower(&mut self, gap: f64) {
        let factor = self.bath.heat.factor(gap);
        self.square = factor * (self.square + gap * (2.0 * self.energy + gap * self.total));
        self.energy = factor * (self.energy + gap * self.total);
        self.total *= factor;
        for sum in [&mut self.spins, &mut self.table, &mut self.products] {
            for x in sum {
                *x *= factor;
            }
        }
    }

    /// Adds the sums of other states with the same reference.
    pub fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.energy += other.energy;
        self.square += other.square;
        for (sums, others) in [
            (&mut self.spins, &other.spins),
            (&mut self.table, &other.table),
            (&mut self.products, &other.products),
        ] {
            add(sums, others);
        }
    }

    /// Adds a table; energies are taken relative to `low`.
    pub fn add_table(&mut self, table: &Table<'_>, low: f64, weights: &mut [f64]) {
        // What is left out is below one in 2^53 of the sum, however many tables of however many states there are.
        let bits = 53 + table.fields.len() + table.high.len();
        let negligible = bits as f64 * std::f64::consts::LN_2;
        if self.bath.heat.exponent(table.least - low) > negligible {
            return;
        }
        self.weigh(table, low, weights);
        let (high, [total, energy, square]) = (table.high, powers(table.energies, low, weights));
        self.energy += energy;
        self.square += square;
        if self.table.is_empty() {
            self.total += total;
            return;
        }
        add(&mut self.table, weights);
        let (inner, outer) = self.spins.split_at_mut(table.fields.len());
        let mut firsts = [0.0; 64];
        let firsts = &mut firsts[..inner.len()];
        let total = fold(weights, firsts);
        self.total += total;
        add(inner, firsts);
        let sites = inner.len() + outer.len();
        for (j, &spin) in high.iter().enumerate() {
            outer[j] += spin * total;
            let (with_inner, with_outer) =
                self.products[j * sites..(j + 1) * sites].split_at_mut(inner.len());
            for (sum, first) in with_inner.iter_mut().zip(&*firsts) {
                *sum += spin * first;
            }
            for (sum, other) in with_outer.iter_mut().zip(&high[..j]) {
                *sum += spin * total * other;
            }
        }
    }

    /// Writes the weights of a table, relative to the energy `low`.
    ///
    /// A weight is a product of what the fields on one half of the spins make of it, those on the other half, and the
    /// couplings between all of them, which are the same in every table. (With an exponential a state, all together took
    /// 2.5 times as long.)
    fn weigh(&self, table: &Table<'_>, low: f64, weights: &mut [f64]) {
        let Heat { beta, tolerance } = self.bath.heat;
        let bound = table.outer + self.bath.least_pair - table.fields.iter().map(|f| f.abs()).sum::<f64>();
        let scale = beta * (low - bound);
        if scale <= LARGEST_SCALE && beta < f64::INFINITY {
            let (inner, outer) = table.fields.split_at(table.fields.len() / 2);
            let (inner, mut outer) = (field_weights(beta, inner), field_weights(beta, outer));
            let scale = exp(scale);
            for w in &mut outer {
                *w *= scale;
            }
            let rows = weights
                .chunks_exact_mut(inner.len())
                .zip(self.bath.pairs.chunks_exact(inner.len()));
            for ((weights, pairs), outer) in rows.zip(&outer) {
                for ((w, pair), inner) in weights.iter_mut().zip(pairs).zip(&inner) {
                    *w = pair * inner * outer;
                }
            }
            return;
        }
        let states = weights.iter_mut().zip(table.energies);
        if beta == f64::INFINITY {
            states.for_each(|(w, e)| *w = f64::from(u8::from(e - low <= tolerance)));
        } else {
            states.for_each(|(w, e)| *w = decay(-beta * (e - low)));
        }
    }

    /// Mean of the product of two spins, by the larger site and the smaller.
    pub fn mean_products(&self, plan: &Plan) -> Vec<f64> {
        let sites = plan.sites;
        let mut means = vec![0.0; sites * sites];
        means[plan.low * sites..].copy_from_slice(&self.products);
        let mut table = self.table.clone();
        for i in (0..plan.low).rev() {
            let (minus, plus) = table.split_at_mut(1 << i);
            let mut difference: Vec<f64> = plus.iter().zip(&*minus).map(|(p, m)| p - m).collect();
            fold(&mut difference, &mut means[i * sites..][..i]);
            add(minus, plus);
            table.truncate(1 << i);
        }
        for mean in &mut means {
            *mean /= self.total;
        }
        means
    }
}

/// The weights of all states of some spins in their fields, relative to the largest.
fn field_weights(beta: f64, fields: &[f64]) -> Vec<f64> {
    let mut weights = vec![1.0];
    for field in fields {
        let against = decay(-2.0 * beta * field.abs());
        let (minus, plus) = if *field > 0.0 {
            (1.0, against)
        } else {
            (against, 1.0)
        };
        for at in 0..weights.len() {
            weights.push(weights[at] * plus);
            weights[at] *= minus;
        }
    }
    weights
}

/// Sums of weights, of weights times energies, and times their squares.
fn powers(energies: &[f64], low: f64, weights: &[f64]) -> [f64; 3] {
    let mut sums = [[0.0; LANES]; 3];
    let mut one = |e: f64, w: f64, lane: usize| {
        let gap = e - low;
        let part = w * gap;
        sums[0][lane] += w;
        sums[1][lane] += part;
        sums[2][lane] += part * gap;
    };
    let whole = energies.len() / LANES * LANES;
    let lanes = energies.chunks_exact(LANES).zip(weights.chunks_exact(LANES));
    for (energies, weights) in lanes {
        for lane in 0..LANES {
            one(energies[lane], weights[lane], lane);
        }
    }
    for (e, w) in energies[whole..].iter().zip(&weights[whole..]) {
        one(*e, *w, 0);
    }
    sums.map(|lanes| lanes.iter().sum())
}

fn add(sums: &mut [f64], others: &[f64]) {
    for (sum, x) in sums.iter_mut().zip(others) {
        *sum += x;
    }
}
