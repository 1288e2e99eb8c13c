//! Exact laws by enumeration, exact draws from them, their evolution under a sweep, and a chi-square that judges.
//!
//! A state of the core is numbered by its bits: bit i set means that site i has spin +1.

use super::models::Model;
use magnetite::kernel::Kernel;
use magnetite::rng::mix64;

/// The spin of `site` in a core state.
pub fn spin(state: usize, site: usize) -> i8 {
    if state >> site & 1 == 1 { 1 } else { -1 }
}

/// The number of the core state that `spins` begins with.
pub fn number(spins: &[i8], core: usize) -> usize {
    (0..core)
        .filter(|&site| spins[site] == 1)
        .map(|site| 1 << site)
        .sum()
}

/// Energy of a core state beside held leaves, straight from the list of pairs.
pub fn energy(model: &Model, held: &[(usize, i8)], state: usize) -> f64 {
    let leaf = |site: usize| held.iter().find(|h| h.0 == site).map_or(0.0, |h| f64::from(h.1));
    let value = |site: usize| {
        if site < model.core {
            f64::from(spin(state, site))
        } else {
            leaf(site)
        }
    };
    // Small terms and large ones apart, so that large ones which cancel leave the small ones whole.
    let pairs = model.pairs.iter().map(|&(i, j, w)| w * value(i) * value(j));
    let fields = model.fields.iter().enumerate().map(|(i, h)| h * value(i));
    let terms: Vec<f64> = pairs.chain(fields).collect();
    let part = |large: bool| -> f64 { terms.iter().filter(|t| (t.abs() > 1e6) == large).sum() };
    part(true) + part(false)
}

/// True if a core state agrees with the held sites.
fn allowed(held: &[(usize, i8)], core: usize, state: usize) -> bool {
    held.iter()
        .filter(|h| h.0 < core)
        .all(|&(site, value)| spin(state, site) == value)
}

/// The Boltzmann law of the core given the held sites.
pub fn exact(model: &Model, held: &[(usize, i8)], beta: f64) -> Vec<f64> {
    let weight = |state| {
        if allowed(held, model.core, state) {
            (-beta * energy(model, held, state)).exp()
        } else {
            0.0
        }
    };
    let mut law: Vec<f64> = (0..1 << model.core).map(weight).collect();
    let total: f64 = law.iter().sum();
    for p in &mut law {
        *p /= total;
    }
    law
}

/// Uniform numbers that owe nothing to the generator under test but its mixer.
pub struct Uniform(pub u64);

impl Uniform {
    /// The next one, in 0..1.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        (mix64(self.0 ^ 0x5555) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// `count` states of all sites: the core from `law`, leaves from their law given the core, held sites as held.
pub fn draws(model: &Model, held: &[(usize, i8)], beta: f64, law: &[f64], count: usize) -> Vec<i8> {
    let sums: Vec<f64> = law
        .iter()
        .scan(0.0, |sum, p| {
            *sum += p;
            Some(*sum)
        })
        .collect();
    let is_held = |leaf: &usize| held.iter().any(|h| h.0 == *leaf);
    // Each free leaf with its couplings to the core.
    let leaves: Vec<(usize, Vec<(usize, f64)>)> = (model.core..model.num_sites())
        .filter(|leaf| !is_held(leaf))
        .map(|leaf| {
            let couplings = model.pairs.iter().filter(|p| p.0 < model.core && p.1 == leaf);
            (leaf, couplings.map(|p| (p.0, p.2)).collect())
        })
        .collect();
    let mut uniform = Uniform(99);
    let mut states = Vec::with_capacity(count * model.num_sites());
    for _ in 0..count {
        let u = uniform.next() * sums[sums.len() - 1];
        let state = sums.partition_point(|&sum| sum <= u);
        let start = states.len();
        states.extend((0..model.core).map(|site| spin(state, site)));
        states.resize(start + model.num_sites(), 1);
        for (leaf, couplings) in &leaves {
            let pull: f64 = couplings
                .iter()
                .map(|c| c.1 * f64::from(states[start + c.0]))
                .sum();
            let up = 1.0 / (1.0 + (2.0 * beta * pull).exp());
            states[start + leaf] = if uniform.next() < up { 1 } else { -1 };
        }
        for &(site, value) in held {
            states[start + site] = value;
        }
    }
    states
}

/// What a visit of `site` does to a law of the core (there must be no free leaves).
pub fn visit(model: &Model, held: &[(usize, i8)], kernel: Kernel, beta: f64, site: usize, law: &mut [f64]) {
    let alone = model.fields[site] == 0.0 && model.pairs.iter().all(|p| p.0 != site && p.1 != site);
    let gibbs = match kernel {
        Kernel::Gibbs => true,
        Kernel::Metropolis => beta == 0.0 || alone,
        Kernel::Literal => false,
    };
    for down in (0..law.len()).filter(|state| state >> site & 1 == 0) {
        let up = down | 1 << site;
        let cost = energy(model, held, up) - energy(model, held, down);
        // At infinite beta a cost of nothing still is nothing.
        let x = if cost == 0.0 { 0.0 } else { beta * cost };
        let logistic = |x: f64| 1.0 / (1.0 + x.exp());
        let (rise, fall) = if gibbs {
            (logistic(x), logistic(-x))
        } else {
            ((-x).exp().min(1.0), x.exp().min(1.0))
        };
        let (rising, falling) = (law[down] * rise, law[up] * fall);
        law[down] += falling - rising;
        law[up] += rising - falling;
    }
}

/// A chi-square statistic and the bound that a right law stays below with probability 1 - 1e-6.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// The statistic.
    pub chi2: f64,
    /// Its quantile.
    pub bound: f64,
}

impl Verdict {
    /// True if the counts may come from the law.
    pub fn accepts(&self) -> bool {
        self.chi2 <= self.bound
    }
}

/// Counts against a law. Cells that expect fewer than ten are taken together; a count where the law has none refutes it.
pub fn judge(counts: &[u64], law: &[f64]) -> Verdict {
    const LEAST: f64 = 10.0;
    let total = counts.iter().sum::<u64>() as f64;
    let mut cells: Vec<(f64, f64)> = law
        .iter()
        .zip(counts)
        .map(|(p, &c)| (p * total, c as f64))
        .collect();
    if cells
        .iter()
        .any(|&(expected, count)| expected == 0.0 && count > 0.0)
    {
        return Verdict {
            chi2: f64::INFINITY,
            bound: 0.0,
        };
    }
    cells.retain(|cell| cell.0 > 0.0);
    cells.sort_by(|a, b| b.0.total_cmp(&a.0));
    while cells.len() > 1 && cells[cells.len() - 1].0 < LEAST {
        let (expected, count) = cells.pop().expect("more than one");
        let last = cells.len() - 1;
        cells[last] = (cells[last].0 + expected, cells[last].1 + count);
    }
    let chi2 = cells
        .iter()
        .map(|(expected, count)| (count - expected).powi(2) / expected)
        .sum();
    Verdict {
        chi2,
        bound: quantile((cells.len() - 1) as f64),
    }
}

/// The chi-square quantile at 1 - 1e-6 (Wilson and Hilferty 1931); 0 without degrees of freedom.
pub fn quantile(freedom: f64) -> f64 {
    /// Of the normal distribution at 1 - 1e-6.
    const NORMAL: f64 = 4.753_424;
    if freedom == 0.0 {
        return 1e-9;
    }
    let spread = 2.0 / (9.0 * freedom);
    freedom * (1.0 - spread + NORMAL * spread.sqrt()).powi(3)
}
