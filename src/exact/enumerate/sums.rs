//! What is summed over states at one beta.

use super::plan::Plan;
use crate::exact::algebra::Heat;
use crate::exact::marginals::fold;
use crate::math::decay;

const LANES: usize = 8;

/// Sums over states, relative to the lowest energy so far.
#[derive(Clone)]
pub(super) struct Sums {
    heat: Heat,
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
    pub fn new(plan: &Plan, heat: Heat) -> Self {
        let sized = |size: usize| vec![0.0; if plan.moments { size } else { 0 }];
        Self {
            heat,
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
        let factor = self.heat.factor(gap);
        self.square = factor * (self.square + gap * (2.0 * self.energy + gap * self.total));
        self.energy = factor * (self.energy + gap * self.total);
        self.total *= factor;
        for sum in [&mut self.spins, &mut self.table, &mut self.products] {
            sum.iter_mut().for_each(|x| *x *= factor);
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

    /// Adds a table whose lowest energy is `least` above the reference; all other spins are `high`.
    pub fn add_table(&mut self, energies: &[f64], least: f64, low: f64, high: &[f64], weights: &mut [f64]) {
        // What is left out is below one in 2^53 of the sum, however many tables there are.
        let negligible = f64::from(53 + high.len() as u32) * std::f64::consts::LN_2;
        if self.heat.exponent(least) > negligible {
            return;
        }
        let (total, energy, square) = self.weigh(energies, low, weights);
        self.energy += energy;
        self.square += square;
        if self.spins.is_empty() && self.table.is_empty() {
            self.total += total;
            return;
        }
        add(&mut self.table, weights);
        let (inner, outer) = self.spins.split_at_mut(energies.len().trailing_zeros() as usize);
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

    /// Writes the weights of a table; returns their sum, and those of weights times energies and their squares.
    fn weigh(&self, energies: &[f64], low: f64, weights: &mut [f64]) -> (f64, f64, f64) {
        let Heat { beta, tolerance } = self.heat;
        if beta == f64::INFINITY {
            return weigh(energies, low, weights, |gap| f64::from(u8::from(gap <= tolerance)));
        }
        weigh(energies, low, weights, |gap| decay(-beta * gap))
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

fn weigh(
    energies: &[f64],
    low: f64,
    weights: &mut [f64],
    weight: impl Fn(f64) -> f64,
) -> (f64, f64, f64) {
    let mut sums = [[0.0; LANES]; 3];
    let mut one = |e: f64, w: &mut f64, lane: usize| {
        let gap = e - low;
        *w = weight(gap);
        let part = *w * gap;
        sums[0][lane] += *w;
        sums[1][lane] += part;
        sums[2][lane] += part * gap;
    };
    let whole = energies.len() / LANES * LANES;
    let lanes = energies.chunks_exact(LANES).zip(weights.chunks_exact_mut(LANES));
    for (energies, weights) in lanes {
        for lane in 0..LANES {
            one(energies[lane], &mut weights[lane], lane);
        }
    }
    for (e, w) in energies[whole..].iter().zip(&mut weights[whole..]) {
        one(*e, w, 0);
    }
    let [total, energy, square] = sums.map(|lanes| lanes.iter().sum());
    (total, energy, square)
}

fn add(sums: &mut [f64], others: &[f64]) {
    for (sum, x) in sums.iter_mut().zip(others) {
        *sum += x;
    }
}
