//! Population annealing: the population at the last beta has the Boltzmann distribution and log Z is right, whatever
//! the threads, slices and interruptions.

mod common;

use common::law::{Verdict, energy, exact, judge, number};
use common::models::{self, Model};
use magnetite::kernel::{Kernel, Scan};
use magnetite::run::{Chains, Cooling, Population, PopulationCheckpoint, PopulationOptions, Tally};
use std::sync::Arc;

const CULLING: f64 = 0.1;

fn options(model: &Model, held: &[(usize, i8)], size: usize, populations: usize) -> PopulationOptions {
    PopulationOptions {
        chains: Chains {
            model: model.ising(),
            seed: 7,
            first_chain: 0,
            count: size * populations,
            kernel: Kernel::Metropolis,
            scan: Scan::Sequential,
            initial_states: None,
            clamped: held.to_vec(),
            num_threads: 1,
        },
        size,
        cooling: Cooling::Adaptive {
            beta: model.beta,
            culling: CULLING,
        },
        sweeps_per_step: 2,
    }
}

fn finished(options: PopulationOptions) -> Population {
    let mut run = Population::new(options).expect("valid options");
    while !run.advance(10.0) {}
    run
}

fn judged(run: &Population, model: &Model, law: &[f64]) -> Verdict {
    let mut counts = vec![0; law.len()];
    for state in run.states().chunks(model.num_sites()) {
        counts[number(state, model.core)] += 1;
    }
    judge(&counts, law)
}

fn log_z(model: &Model, held: &[(usize, i8)], beta: f64) -> f64 {
    let allowed = |state: usize| {
        let mut held = held.iter();
        held.all(|&(site, spin)| (state >> site & 1 == 1) == (spin == 1))
    };
    let weight = |state| (-beta * energy(model, held, state)).exp();
    (0..1 << model.core)
        .filter(|&s| allowed(s))
        .map(weight)
        .sum::<f64>()
        .ln()
}

fn last(run: &Population) -> Vec<Tally> {
    run.steps().last().expect("a step").tallies.clone()
}

/// The mean of log Z over the populations, and its distance to `truth` in standard errors by their spread.
fn deviation(run: &Population, truth: f64) -> f64 {
    let values: Vec<f64> = last(run).iter().map(|tally| tally.log_z).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean - truth) / (squares / (count - 1.0) / count).sqrt()
}

fn subjects() -> Vec<Model> {
    let with_leaves = |model: &Model| model.core < model.num_sites();
    models::all()
        .into_iter()
        .filter(|model| !with_leaves(model))
        .collect()
}

/// Many small populations: replicas of one family are not independent, which a chi-square over few families would take
/// for an error; sweeps enough at the end make them so.
#[test]
fn populations_end_in_the_boltzmann_distribution() {
    for model in subjects() {
        for clamped in [false, true] {
            let held = model.held(clamped);
            let law = exact(&model, &held, model.beta);
            let mut options = options(&model, &held, 500, 40);
            options.sweeps_per_step = 20;
            let run = finished(options);
            let verdict = judged(&run, &model, &law);
            assert!(
                verdict.accepts(),
                "{}, clamped {clamped}: {verdict:?}",
                model.name
            );
            let off = deviation(&run, log_z(&model, &held, model.beta));
            assert!(
                off.abs() < 4.5,
                "{}, clamped {clamped}: log Z is {off} errors off",
                model.name
            );
        }
    }
}
