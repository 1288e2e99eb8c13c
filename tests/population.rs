//! Population annealing: the population at the last beta has the Boltzmann distribution and log Z is right, whatever
//! the threads, slices and interruptions.

mod common;

use common::graphs::{self, SITES};
use common::law::{Verdict, energy, exact, judge, number};
use common::models::{self, Model};
use common::plain;
use magnetite::ensemble::Setup;
use magnetite::kernel::{Kernel, Scan};
use magnetite::math::exp;
use magnetite::model::Ising;
use magnetite::rng::{Purpose, Stream, below};
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

/// Sweeps a step below: so few, at steps so long, that sweeps alone do not mend a wrong resampling.
const FEW: u64 = 1;

/// Population annealing as a book has it, on plain chains, along given betas. `factor` multiplies the step in beta that
/// the resampling goes by: 1 is right, -1 has the wrong sign.
fn by_the_book(setup: &Setup, betas: &[f64], size: usize, populations: usize, factor: f64) -> Vec<i8> {
    let n = setup.model.num_sites();
    let mut all = Vec::new();
    for first in (0..populations).map(|p| p * size) {
        let mut states: Vec<Vec<i8>> = (first..first + size)
            .map(|c| setup.random_state(c as u64))
            .collect();
        let stream = Stream::new(setup.seed, Purpose::Resample, first as u64);
        for (step, pair) in betas.windows(2).enumerate() {
            let energies: Vec<f64> = states
                .iter()
                .map(|s| setup.energy_units(s) * setup.grid.unit)
                .collect();
            let lowest = energies.iter().copied().fold(f64::INFINITY, f64::min);
            let by = factor * (pair[1] - pair[0]);
            let weights: Vec<f64> = energies.iter().map(|e| exp(-by * (e - lowest))).collect();
            let start = below(&stream, step as u64 + 1, 0, 1 << 53) as f64 / (1u64 << 53) as f64;
            states = comb(&weights, start, &states);
            for (lane, state) in states.iter_mut().enumerate() {
                for sweep in 0..FEW {
                    let place = ((first + lane) as u64, step as u64 * FEW + sweep);
                    plain::sweep(setup, place, pair[1], state);
                }
            }
        }
        all.extend(states.concat());
    }
    assert_eq!(all.len(), size * populations * n);
    all
}

/// Systematic resampling: survivors keep their place, and places of the dead are filled in order.
fn comb(weights: &[f64], start: f64, states: &[Vec<i8>]) -> Vec<Vec<i8>> {
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    let mut teeth = (0..weights.len()).map(|k| start + k as f64).peekable();
    let mut sum = 0.0;
    let mut copies = vec![0usize; weights.len()];
    for (count, w) in copies.iter_mut().zip(weights) {
        sum += w / mean;
        while teeth.next_if(|&tooth| tooth < sum).is_some() {
            *count += 1;
        }
    }
    *copies.last_mut().expect("a replica") += teeth.count();
    let mut next: Vec<Vec<i8>> = states.to_vec();
    let mut dead = (0..states.len()).filter(|&at| copies[at] == 0);
    for (at, &count) in copies.iter().enumerate() {
        for _ in 1..count {
            next[dead.next().expect("as many dead as copies")].clone_from(&states[at]);
        }
    }
    next
}

fn few_sweeps(model: &Model, populations: usize) -> PopulationOptions {
    PopulationOptions {
        sweeps_per_step: FEW,
        cooling: Cooling::Given((0..=2).map(|k| f64::from(k) / 2.0 * model.beta).collect()),
        ..options(model, &[], 500, populations)
    }
}

fn betas(options: &PopulationOptions) -> Vec<f64> {
    match &options.cooling {
        Cooling::Given(betas) => betas.to_vec(),
        Cooling::Adaptive { .. } => unreachable!("betas are given"),
    }
}

#[test]
fn every_bit_is_by_the_book() {
    for model in models::all() {
        let options = few_sweeps(&model, 2);
        let betas = betas(&options);
        let setup = Setup {
            seed: 7,
            ..model.setup(Kernel::Metropolis, Scan::Sequential, &[], model.beta)
        };
        let expected = by_the_book(&setup, &betas, 500, 2, 1.0);
        assert!(finished(options).states() == expected, "{}", model.name);
    }
}

#[test]
fn a_wrong_resampling_is_noticed() {
    for model in [
        models::sparse_reals(),
        models::integers(),
        models::dense_reals(),
        models::dense_signs(),
    ] {
        let law = exact(&model, &[], model.beta);
        let options = few_sweeps(&model, 40);
        let verdict = judged(&finished(options.clone()), &model, &law);
        assert!(verdict.accepts(), "{}: {verdict:?}", model.name);
        let setup = model.setup(Kernel::Metropolis, Scan::Sequential, &[], model.beta);
        for factor in [-1.0, 0.0, 0.5, 2.0] {
            let states = by_the_book(&setup, &betas(&options), 500, 40, factor);
            let mut counts = vec![0; law.len()];
            for state in states.chunks(model.num_sites()) {
                counts[number(state, model.core)] += 1;
            }
            let verdict = judge(&counts, &law);
            assert!(
                !verdict.accepts(),
                "{}, {factor} times the step: {verdict:?}",
                model.name
            );
        }
    }
}

/// Two populations of a graph that a slice of no length stops in the middle of a sweep.
fn glass(model: &Arc<Ising>, scan: Scan, num_threads: usize) -> PopulationOptions {
    PopulationOptions {
        chains: Chains {
            model: model.clone(),
            seed: 11,
            first_chain: 3,
            count: 2 * 25,
            kernel: Kernel::Metropolis,
            scan,
            initial_states: None,
            clamped: vec![(0, 1), (17, -1)],
            num_threads,
        },
        size: 25,
        cooling: Cooling::Adaptive {
            beta: 0.3,
            culling: 0.3,
        },
        sweeps_per_step: 2,
    }
}

/// All that a run tells.
fn told(run: &Population) -> PopulationCheckpoint {
    let mut told = run.checkpoint();
    // Where blocks begin is a matter of the threads.
    told.chains.block_starts.clear();
    told.chains.sweeps.clear();
    told.chains.visits.clear();
    told
}

#[test]
fn threads_and_slices_change_nothing() {
    for (name, model) in graphs::models() {
        let one = finished(glass(&model, Scan::Sequential, 1));
        assert!(one.steps().len() > 5, "{name}: {} steps", one.steps().len());
        assert!(one.steps().iter().skip(1).all(|s| s.tallies[0].culled > 0.0));
        for num_threads in [2, 5, 50] {
            let mut other = Population::new(glass(&model, Scan::Sequential, num_threads)).expect("valid");
            let mut slices = 0;
            while !other.advance(0.0) {
                slices += 1;
            }
            assert!(slices > 2, "{name}: {slices} slices");
            assert!(told(&one) == told(&other), "{name}, {num_threads} threads");
            assert_eq!(one.best_energy(), other.best_energy());
        }
    }
}

/// Put aside after every slice and restored into a new run, with 1, 2, 3, 1 ... threads.
#[test]
fn a_run_put_aside_goes_on() {
    for (name, model) in graphs::models() {
        for scan in [Scan::Sequential, Scan::Permutation] {
            let whole = finished(glass(&model, scan, 1));
            let made = |num_threads| Population::new(glass(&model, scan, num_threads)).expect("valid");
            let (mut run, mut cuts) = (made(1), 0);
            while cuts < 40 && !run.advance(0.0) {
                let checkpoint = run.checkpoint();
                cuts += usize::from(checkpoint.chains.visits.iter().any(|&v| v > 0));
                run = made(1 + cuts % 3);
                run.restore(&checkpoint).expect("its own checkpoint");
                let same = same_bits(&run.checkpoint(), &checkpoint);
                assert!(same || run.steps().len() == 1, "{name}, {scan:?}");
            }
            assert!(cuts > 3, "{name}, {scan:?}: {cuts} cuts inside a sweep");
            while !run.advance(10.0) {}
            assert!(told(&whole) == told(&run), "{name}, {scan:?}");
        }
    }
}

/// True if two checkpoints are the same, what is not yet known included.
fn same_bits(a: &PopulationCheckpoint, b: &PopulationCheckpoint) -> bool {
    let bits = |steps: &[f64]| steps.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    a.chains == b.chains && a.families == b.families && bits(&a.steps) == bits(&b.steps)
}

#[test]
fn a_foreign_checkpoint_is_refused() {
    let (_, model) = graphs::models().remove(0);
    let made = || Population::new(glass(&model, Scan::Sequential, 1)).expect("valid");
    let mut run = made();
    while run.steps().len() < 3 {
        run.advance(0.0);
    }
    let whole = run.checkpoint();
    let restored = |change: fn(&mut PopulationCheckpoint)| {
        let mut checkpoint = whole.clone();
        change(&mut checkpoint);
        made().restore(&checkpoint).is_ok()
    };
    assert!(restored(|_| {}));
    let damages: [fn(&mut PopulationCheckpoint); 10] = [
        |c| c.chains.states.truncate(5),
        |c| c.chains.states[0] = -1,
        |c| c.chains.visits[0] = 1 << 40,
        |c| c.chains.sweeps[0] += 1 << 40,
        |c| c.chains.distinct_states.truncate(SITES - 1),
        |c| c.families[3] = 25,
        |c| c.families.truncate(3),
        |c| c.steps.truncate(4),
        |c| c.steps.clear(),
        |c| c.steps[0] = 0.1,
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        assert!(!restored(damage), "damage {number} was not noticed");
    }
}

#[test]
fn impossible_options_are_refused() {
    let model = models::integers();
    let refused = |change: &dyn Fn(&mut PopulationOptions), part: &str| {
        let mut options = options(&model, &[], 10, 2);
        change(&mut options);
        let error = Population::new(options).err().expect(part).to_string();
        assert!(error.contains(part), "{error}");
    };
    refused(&|o| o.size = 1, "population must be at least 2, got 1");
    refused(&|o| o.size = 7, "whole populations of 7, got 20");
    refused(
        &|o| o.sweeps_per_step = 0,
        "sweeps_per_step must be at least 1, got 0",
    );
    refused(
        &|o| o.chains.initial_states = Some(vec![1; 120]),
        "initial_states must be None",
    );
    let given =
        |betas: &'static [f64]| move |o: &mut PopulationOptions| o.cooling = Cooling::Given(betas.into());
    refused(&given(&[]), "betas must begin with 0");
    refused(&given(&[0.1, 1.0]), "betas must begin with 0");
    refused(&given(&[0.0, 0.5, 0.5]), "got 0.5 at index 2 after 0.5");
    refused(&given(&[0.0, f64::NAN]), "got NaN at index 1");
    refused(&given(&[0.0, f64::INFINITY]), "got inf at index 1");
    for (beta, culling, part) in [
        (f64::INFINITY, 0.1, "beta must be finite"),
        (-1.0, 0.1, "beta must be finite and non-negative, got -1"),
        (1.0, 0.0, "culling must be between 0 and 1, got 0"),
        (1.0, f64::NAN, "culling must be between 0 and 1, got NaN"),
    ] {
        refused(&|o| o.cooling = Cooling::Adaptive { beta, culling }, part);
    }
}
