//! What runs report is what their chains passed through: energies, best states, the k best, trajectories, moments.

mod common;

use common::law::Uniform;
use common::plain;
use magnetite::ensemble::Setup;
use magnetite::kernel::{Kernel, Scan};
use magnetite::model::Ising;
use magnetite::run::{Anneal, AnnealOptions, Chains, Keep, Sample, SampleOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

const SITES: usize = 24;
const READS: usize = 21;
const HELD: [(usize, i8); 2] = [(2, 1), (9, -1)];
const OFFSET: f64 = -3.5;

/// A random graph; `whole` rounds couplings and fields up to whole numbers.
fn model(whole: bool) -> Arc<Ising> {
    let mut uniform = Uniform(3);
    let mut number = || {
        let x = 5.0 * (uniform.next() - 0.5);
        if whole { x.ceil() } else { x }
    };
    let pairs: Vec<(i64, i64)> = (0..SITES as i64)
        .flat_map(|i| {
            (i + 1..SITES as i64)
                .filter(move |j| (i + j) % 4 == 1)
                .map(move |j| (i, j))
        })
        .collect();
    let (rows, columns): (Vec<i64>, Vec<i64>) = pairs.into_iter().unzip();
    let weights: Vec<f64> = rows.iter().map(|_| number()).collect();
    let fields = (0..SITES).map(|_| number()).collect();
    Arc::new(Ising::from_edges(&rows, &columns, &weights, fields, OFFSET).expect("a valid model"))
}

fn chains(model: &Arc<Ising>) -> Chains {
    Chains {
        model: model.clone(),
        seed: 5,
        first_chain: 100,
        count: READS,
        kernel: Kernel::Metropolis,
        scan: Scan::Sequential,
        initial_states: None,
        clamped: HELD.to_vec(),
        num_threads: 2,
    }
}

/// Not sorted, so that the best state is not always the last.
const BETAS: [f64; 9] = [0.1, 0.3, 0.2, 0.9, 1.5, 0.05, 0.6, 0.8, 0.4];

fn anneal(model: &Arc<Ising>, keep: Keep, num_best: usize, trajectory: usize) -> Anneal {
    let options = AnnealOptions {
        chains: chains(model),
        betas: BETAS.to_vec(),
        keep,
        num_best,
        trajectory,
    };
    let mut run = Anneal::new(options).expect("valid options");
    while !run.advance(10.0) {}
    run
}

/// Start and sweep ends of every read, by the plain chain.
fn histories(setup: &Setup) -> Vec<Vec<Vec<i8>>> {
    let history = |chain| {
        let mut start = setup.random_state(chain);
        for (site, spin) in HELD {
            start[site] = spin;
        }
        plain::history(setup, chain, &start, &BETAS)
    };
    (100..100 + READS as u64).map(history).collect()
}

/// How far an energy from rounded coefficients may be from one of the coefficients as given.
fn rounding(setup: &Setup) -> f64 {
    let model = &setup.model;
    let lost = |w: f64| (setup.grid.quantise(w) * setup.grid.unit - w).abs();
    let couplings = (0..SITES).flat_map(|i| model.upper_row(i)).map(|(_, w)| lost(w));
    couplings.sum::<f64>() + model.fields().iter().map(|&h| lost(h)).sum::<f64>() + 1e-12
}

#[test]
fn the_best_of_a_read_is_the_lowest_of_its_sweep_ends() {
    for whole in [true, false] {
        let model = model(whole);
        let run = anneal(&model, Keep::Best, 0, 0);
        let tolerance = if whole {
            0.0
        } else {
            rounding(run.factory().setup())
        };
        let states = run.states();
        let mut lowest = f64::INFINITY;
        for (state, history) in states.chunks(SITES).zip(histories(run.factory().setup())) {
            let minimum = history
                .iter()
                .map(|s| model.energy(s))
                .fold(f64::INFINITY, f64::min);
            assert!(model.energy(state) - minimum <= 2.0 * tolerance);
            assert!(
                history.iter().any(|s| s == state),
                "a state that the read was never in"
            );
            lowest = lowest.min(minimum);
        }
        assert!(run.best_energy() - lowest <= 2.0 * tolerance);
        assert_eq!(
            run.best_energy(),
            model.energy(&run.best_state().expect("a run that began"))
        );
    }
}

#[test]
fn the_last_of_a_read_is_its_last() {
    let model = model(false);
    let run = anneal(&model, Keep::Last, 0, 0);
    let last: Vec<i8> = histories(run.factory().setup())
        .into_iter()
        .flat_map(|h| h[BETAS.len()].clone())
        .collect();
    assert_eq!(run.states(), last);
}

#[test]
fn the_best_states_are_the_lowest_distinct_ones_of_the_run() {
    for (whole, num_best) in [(true, 1), (true, 10), (true, 1000), (false, 10), (false, 1000)] {
        let model = model(whole);
        let run = anneal(&model, Keep::Best, num_best, 0);
        let setup = run.factory().setup();
        let mut first_met: BTreeMap<Vec<i8>, (u64, u64)> = BTreeMap::new();
        for (chain, history) in (0..).zip(histories(setup)) {
            for (sweeps, state) in (0..).zip(history) {
                let met = first_met.entry(state).or_insert((sweeps, chain));
                *met = (sweeps, chain).min(*met);
            }
        }
        let mut expected: Vec<_> = first_met
            .into_iter()
            .map(|(state, met)| (setup.energy_units(&state), met, state))
            .collect();
        expected.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        expected.truncate(num_best);
        let found: Vec<_> = run.distinct().iter().map(|e| (e.met, e.state.to_vec())).collect();
        let expected: Vec<_> = expected.into_iter().map(|e| (e.1, e.2)).collect();
        assert!(found == expected, "whole numbers {whole}, {num_best} states");
    }
}

#[test]
fn the_trajectory_is_the_energies_at_its_sweeps() {
    for (whole, points) in [(true, 9), (true, 4), (false, 9), (false, 1), (true, 50)] {
        let model = model(whole);
        let run = anneal(&model, Keep::Best, 0, points);
        let setup = run.factory().setup();
        let tolerance = if whole { 0.0 } else { rounding(setup) };
        let (sweeps, energies) = run.trajectory();
        assert_eq!(sweeps.len(), points.min(BETAS.len()));
        assert_eq!(sweeps.last(), Some(&(BETAS.len() as u64)));
        for (row, history) in energies.chunks(sweeps.len()).zip(histories(setup)) {
            for (energy, &sweep) in row.iter().zip(sweeps) {
                let exact = model.energy(&history[sweep as usize]);
                assert!((energy - exact).abs() <= tolerance, "{energy} for {exact}");
            }
        }
    }
}

#[test]
fn draws_and_moments_are_those_of_the_chains() {
    let model = model(true);
    let (warmup, thin, num_sweeps) = (2, 3, 7);
    let options = SampleOptions {
        chains: chains(&model),
        beta: 0.2,
        num_sweeps,
        warmup,
        thin,
        store_states: true,
        moments: true,
    };
    let mut run = Sample::new(options).expect("valid options");
    while !run.advance(10.0) {}
    let setup = run.factory().setup();
    let (mut draws, mut energies, mut last) = (Vec::new(), Vec::new(), Vec::new());
    let mut sums = vec![0i64; SITES + model.num_couplings()];
    let pairs: Vec<_> = (0..SITES)
        .flat_map(|i| model.upper_row(i).map(move |(j, _)| (i, j)))
        .collect();
    for chain in 100..100 + READS as u64 {
        let mut start = setup.random_state(chain);
        for (site, spin) in HELD {
            start[site] = spin;
        }
        let history = plain::history(setup, chain, &start, &[0.2; 9]);
        for state in [&history[5], &history[8]] {
            draws.extend(state);
            energies.push(model.energy(state));
            let products = pairs.iter().map(|&(i, j)| i64::from(state[i] * state[j]));
            let terms = state.iter().map(|&s| i64::from(s)).chain(products);
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
        last.extend(&history[9]);
    }
    assert_eq!(
        (run.draws(), run.energies(), run.states()),
        (draws, energies, last)
    );
    assert_eq!(run.moments(), (sums, 2 * READS as u64));
}
