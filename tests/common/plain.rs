//! The plainest chain there can be, from the definitions: one draw a visit, one threshold, fields summed afresh.

use magnetite::ensemble::Setup;
use magnetite::kernel::{Acceptance, Scan};
use magnetite::rng::{Purpose, Stream, below};

/// Visits of a sweep: (number of the visit, site).
pub fn order(setup: &Setup, sweep: u64) -> Vec<(u32, usize)> {
    let mut free: Vec<usize> = setup.plan.free.iter().map(|&site| site as usize).collect();
    let count = free.len() as u64;
    let number = |sites: Vec<usize>| {
        sites
            .into_iter()
            .enumerate()
            .map(|(v, site)| (v as u32, site))
            .collect()
    };
    match setup.scan {
        Scan::Sequential => {
            let places = setup
                .plan
                .visits
                .iter()
                .enumerate()
                .filter(|(_, site)| **site != u32::MAX);
            places
                .map(|(visit, &site)| (visit as u32, site as usize))
                .collect()
        }
        Scan::Permutation => {
            let stream = Stream::new(setup.seed, Purpose::Order, 0);
            for i in (1..free.len()).rev() {
                free.swap(i, below(&stream, sweep, i as u64, i as u64 + 1) as usize);
            }
            number(free)
        }
        Scan::Random => {
            let stream = Stream::new(setup.seed, Purpose::Order, 1);
            number(
                (0..count)
                    .map(|i| free[below(&stream, sweep, i, count) as usize])
                    .collect(),
            )
        }
    }
}

/// The local field of a site in units of the grid.
pub fn field(setup: &Setup, spins: &[i8], site: usize) -> f64 {
    let (columns, weights) = setup.model.row(site);
    let terms = columns
        .iter()
        .zip(weights)
        .map(|(&j, &w)| setup.grid.quantise(w) * f64::from(spins[j as usize]));
    setup.grid.quantise(setup.model.fields()[site]) + terms.sum::<f64>()
}

/// Carries one chain through one sweep with the given local fields.
pub fn sweep_with(
    setup: &Setup,
    (chain, sweep): (u64, u64),
    beta: f64,
    spins: &mut [i8],
    field: impl Fn(&[i8], usize) -> f64,
) {
    let key = Stream::new(setup.seed, Purpose::Sweep, chain).key(sweep);
    for (visit, site) in order(setup, sweep) {
        let alone = setup.model.degree(site) == 0 && setup.model.fields()[site] == 0.0;
        let rule = if alone {
            setup.kernel.rule_of_isolated()
        } else {
            setup.kernel.rule(beta)
        };
        let acceptance = Acceptance::new(rule, beta, setup.grid.unit);
        spins[site] = acceptance.new_spin(spins[site], field(spins, site), key, visit);
    }
}

/// Carries one chain through one sweep.
pub fn sweep(setup: &Setup, place: (u64, u64), beta: f64, spins: &mut [i8]) {
    sweep_with(setup, place, beta, spins, |spins, site| field(setup, spins, site));
}

/// The states at the start and after every sweep of a schedule.
pub fn history(setup: &Setup, chain: u64, start: &[i8], betas: &[f64]) -> Vec<Vec<i8>> {
    let mut spins = start.to_vec();
    let mut states = vec![spins.clone()];
    for (number, &beta) in betas.iter().enumerate() {
        sweep(setup, (chain, number as u64), beta, &mut spins);
        states.push(spins.clone());
    }
    states
}
