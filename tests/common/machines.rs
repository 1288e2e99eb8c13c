//! Machines of two layers, small ones with their exact joint laws.

use super::law::{Verdict, judge};
use magnetite::layers::{Draws, Layers, Number, Pair, Side, Terms};
use magnetite::rng::mix64;
use magnetite::units::Kind;

/// A number on [0, 1) that its place decides.
fn fraction(seed: u64, place: u64) -> f64 {
    (mix64(mix64(seed).wrapping_add(place)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Two groups of units, a kind each, with random parameters.
pub struct Machine<T> {
    groups: [(Kind, usize); 2],
    weights: Vec<T>,
    biases: [Vec<T>; 2],
    precisions: [Vec<T>; 2],
    zeros: Vec<T>,
}

impl<T: Number> Machine<T> {
    pub fn random(groups: [(Kind, usize); 2], scale: f64, seed: u64) -> Self {
        let [n, m] = groups.map(|g| g.1);
        let number = |k: usize| T::of(scale * (2.0 * fraction(seed, k as u64) - 1.0));
        let precise = |(kind, n): (Kind, usize)| vec![if kind.has_precision() { T::ONE } else { T::ZERO }; n];
        Self {
            groups,
            weights: (0..n * m).map(number).collect(),
            biases: [
                (0..n).map(|k| number(n * m + k)).collect(),
                (0..m).map(|k| number(n * m + n + k)).collect(),
            ],
            precisions: groups.map(precise),
            zeros: vec![T::ZERO; n.max(m)],
        }
    }

    pub fn side(&self, which: usize) -> Side {
        Side::new("side", &[self.groups[which]]).expect("valid")
    }

    pub fn layers(&self, num_threads: usize) -> Layers {
        Layers::new(self.side(0), self.side(1), num_threads).expect("valid")
    }

    fn terms(&self, which: usize) -> Terms<'_, T> {
        let zeros = &self.zeros[..self.groups[which].1];
        Terms {
            bias: &self.biases[which],
            base_bias: zeros,
            precision: &self.precisions[which],
            base_precision: zeros,
        }
    }

    pub fn pair(&self) -> Pair<'_, T> {
        Pair {
            weights: &self.weights,
            visible: self.terms(0),
            hidden: self.terms(1),
            version: None,
        }
    }

    /// Rows of 0 and of 1, in shares that vary around `density`.
    pub fn rows(&self, count: usize, density: f64, seed: u64) -> Vec<T> {
        let n = self.groups[0].1;
        let share = |row: usize| density * 2.0 * fraction(seed ^ 1, row as u64);
        let value = |k: usize| fraction(seed ^ 2, k as u64) < share(k / n);
        (0..count * n)
            .map(|k| if value(k) { T::ONE } else { T::ZERO })
            .collect()
    }

    /// All values that the columns of a side take.
    fn states(&self, which: usize) -> Vec<Vec<f64>> {
        let (kind, n) = self.groups[which];
        let (states, columns) = match kind {
            Kind::Categorical(states) => (states, states),
            _ => (2, 1),
        };
        let units = n / columns;
        let row = |number: usize| {
            let digit = move |unit: usize| number / states.pow(unit as u32) % states;
            let of = move |unit: usize| -> Vec<f64> {
                match kind {
                    Kind::Spin => vec![2.0 * digit(unit) as f64 - 1.0],
                    Kind::Categorical(_) => (0..states)
                        .map(|s| f64::from(u8::from(s == digit(unit))))
                        .collect(),
                    _ => vec![digit(unit) as f64],
                }
            };
            (0..units).flat_map(of).collect()
        };
        (0..states.pow(units as u32)).map(row).collect()
    }

    /// `-E` of a joint state.
    fn exponent(&self, v: &[f64], h: &[f64]) -> f64 {
        let linear = |side: usize, s: &[f64]| -> f64 {
            self.biases[side].iter().zip(s).map(|(b, s)| b.wide() * s).sum()
        };
        let row = |i: usize| -> f64 {
            let weights = &self.weights[i * h.len()..];
            weights.iter().zip(h).map(|(w, h)| w.wide() * h).sum()
        };
        let product: f64 = v.iter().enumerate().map(|(i, v)| v * row(i)).sum();
        product + linear(0, v) + linear(1, h)
    }
}

/// The joint law of a machine, and as many exact draws from it: visible rows, hidden rows.
pub fn exact_draws<T: Number>(
    machine: &Machine<T>,
    beta: f64,
    count: usize,
    seed: u64,
) -> (Vec<f64>, Vec<T>, Vec<T>) {
    let (visible, hidden) = (machine.states(0), machine.states(1));
    let pairs = || visible.iter().flat_map(|v| hidden.iter().map(move |h| (v, h)));
    let mut law: Vec<f64> = pairs()
        .map(|(v, h)| (beta * machine.exponent(v, h)).exp())
        .collect();
    let total: f64 = law.iter().sum();
    for p in &mut law {
        *p /= total;
    }
    let mut sums = law.clone();
    for k in 1..sums.len() {
        sums[k] += sums[k - 1];
    }
    let (mut v, mut h) = (Vec::new(), Vec::new());
    for chain in 0..count as u64 {
        let u = fraction(seed, chain);
        let state = sums.partition_point(|&s| s <= u).min(law.len() - 1);
        v.extend(visible[state / hidden.len()].iter().map(|&x| T::of(x)));
        h.extend(hidden[state % hidden.len()].iter().map(|&x| T::of(x)));
    }
    (law, v, h)
}

/// Judges chains against a law after Gibbs steps from given rows.
pub fn judge_steps<T: Number>(
    machine: &Machine<T>,
    beta: f64,
    steps: u64,
    seed: u64,
    (law, v, h): (&[f64], &[T], &[T]),
) -> Verdict {
    let (mut v, mut h) = (v.to_vec(), h.to_vec());
    let [n, m] = machine.groups.map(|g| g.1);
    let betas = vec![beta; v.len() / n];
    let draws = Draws {
        seed,
        first_chain: 0,
        step: 1,
    };
    machine
        .layers(2)
        .gibbs(&mut v, &mut h, &machine.pair(), &betas, draws, steps, None)
        .expect("valid");
    let (visible, hidden) = (machine.states(0), machine.states(1));
    let find = |all: &[Vec<f64>], row: &[T]| {
        let same = |state: &Vec<f64>| state.iter().zip(row).all(|(a, b)| *a == b.wide());
        all.iter().position(same).expect("a state")
    };
    let mut counts = vec![0; law.len()];
    for (v, h) in v.chunks(n).zip(h.chunks(m)) {
        counts[find(&visible, v) * hidden.len() + find(&hidden, h)] += 1;
    }
    judge(&counts, law)
}
