//! Chains that all start in one state must follow the exact law of that start, sweep by sweep: not only is the right law
//! kept, the transitions are those of the rule. After enough sweeps they arrive at the Boltzmann law.

mod common;

use common::every::{RULES, SCANS};
use common::law::{Verdict, exact, judge, number, visit};
use common::models::{self, Model};
use common::paths::{WHOLE, advance, extreme_levels, paths};
use common::plain;
use magnetite::ensemble::{Factory, Setup};
use magnetite::kernel::{Kernel, Scan};

const CHAINS: usize = 8_000;

/// Sweeps after which chains are judged; the last is long after the start is forgotten.
const SWEEPS: [u64; 4] = [1, 2, 5, 40];

/// The law of the core after each of `SWEEPS`, from the transition matrices of single visits.
fn exact_laws(model: &Model, setup: &Setup, held: &[(usize, i8)], beta: f64, start: usize) -> Vec<Vec<f64>> {
    let mut law = vec![0.0; 1 << model.core];
    law[start] = 1.0;
    let mut laws = Vec::new();
    for sweep in 0..SWEEPS[SWEEPS.len() - 1] {
        let sites: Vec<usize> = match setup.scan {
            // By definition, not by the plan: rearranging it must not show.
            Scan::Sequential => setup.plan.free.iter().map(|&site| site as usize).collect(),
            Scan::Permutation | Scan::Random => plain::order(setup, sweep).into_iter().map(|v| v.1).collect(),
        };
        for site in sites {
            visit(model, held, setup.kernel, beta, site, &mut law);
        }
        if SWEEPS.contains(&(sweep + 1)) {
            // What rounding left of impossible states.
            laws.push(law.iter().map(|&p| if p < 1e-14 { 0.0 } else { p }).collect());
        }
    }
    laws
}

/// Counts of core states of chains that start in `start`, against `laws`.
fn verdicts(model: &Model, factory: &Factory, beta: f64, start: &[i8], laws: &[Vec<f64>]) -> Vec<Verdict> {
    let n = model.num_sites();
    let mut counts = vec![vec![0u64; 1 << model.core]; SWEEPS.len()];
    let mut spins = vec![0; n];
    for first in (0..CHAINS).step_by(factory.width()) {
        let lanes = factory.width().min(CHAINS - first);
        let mut ensemble = factory.block(first as u64, lanes, &start.repeat(lanes));
        let mut done = 0;
        for (&sweeps, counts) in SWEEPS.iter().zip(&mut counts) {
            advance(&mut *ensemble, beta, sweeps - done, WHOLE);
            done = sweeps;
            for lane in 0..lanes {
                ensemble.state(lane, &mut spins);
                counts[number(&spins, model.core)] += 1;
            }
        }
    }
    counts
        .iter()
        .zip(laws)
        .map(|(counts, law)| judge(counts, law))
        .collect()
}

/// Every kernel x scan x path from the state with all free spins up.
fn follows_the_law(model: &Model, beta: f64, clamped: bool) {
    let held = model.held(clamped);
    let mut start = vec![1; model.num_sites()];
    for &(site, spin) in &held {
        start[site] = spin;
    }
    for kernel in RULES {
        for scan in SCANS {
            let setup = model.setup(kernel, scan, &held, beta);
            let laws = exact_laws(model, &setup, &held, beta, number(&start, model.core));
            let level = extreme_levels().pop().expect("at least one level");
            for factory in paths(&setup, level) {
                for (verdict, sweeps) in verdicts(model, &factory, beta, &start, &laws).iter().zip(SWEEPS) {
                    let cell = format!("{}, {kernel:?}, {scan:?}, {}", model.name, factory.name());
                    assert!(
                        verdict.accepts(),
                        "{cell}, clamped {clamped}, {sweeps} sweeps: {verdict:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn sparse_models_follow_the_exact_law() {
    for model in [models::integers(), models::sparse_reals(), models::isolated()] {
        follows_the_law(&model, model.beta, false);
        follows_the_law(&model, model.beta, true);
    }
}

#[test]
fn dense_models_follow_the_exact_law() {
    for model in [models::dense_signs(), models::dense_reals()] {
        follows_the_law(&model, model.beta, false);
    }
}

#[test]
fn penalised_models_follow_the_exact_law() {
    follows_the_law(&models::penalties(), models::penalties().beta, true);
}

/// Fair spins from Metropolis and Gibbs, a rigid alternation from D-Wave's rule.
#[test]
fn beta_zero_follows_the_exact_law() {
    follows_the_law(&models::integers(), 0.0, false);
    follows_the_law(&models::dense_reals(), 0.0, true);
}

/// At infinite beta nothing rises, and what costs nothing flips (Metropolis) or is drawn (Gibbs).
#[test]
fn infinite_beta_follows_the_exact_law() {
    follows_the_law(&models::sparse_signs(), f64::INFINITY, false);
    follows_the_law(&models::dense_reals(), f64::INFINITY, true);
}

/// The exact law of the start has become the Boltzmann law by the last sweep, held sites included.
#[test]
fn the_start_is_forgotten() {
    for model in [
        models::integers(),
        models::sparse_reals(),
        models::dense_reals(),
        models::isolated(),
    ] {
        for clamped in [false, true] {
            let held = model.held(clamped);
            for kernel in [Kernel::Metropolis, Kernel::Gibbs] {
                let setup = model.setup(kernel, Scan::Sequential, &held, model.beta);
                let start = held.iter().fold(
                    63,
                    |start, &(site, spin)| if spin < 0 { start & !(1 << site) } else { start },
                );
                let last = exact_laws(&model, &setup, &held, model.beta, start)
                    .pop()
                    .expect("laws");
                let law = exact(&model, &held, model.beta);
                let distance: f64 = last.iter().zip(&law).map(|(a, b)| (a - b).abs()).sum();
                assert!(
                    distance < 1e-3,
                    "{}, {kernel:?}, clamped {clamped}: {distance}",
                    model.name
                );
            }
        }
    }
}
