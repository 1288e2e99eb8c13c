//! Annealed importance sampling: the mean weight is the ratio of partition functions, upwards and downwards.

mod common;

use common::law::{draws, energy, exact};
use common::models::{self, Model};
use magnetite::kernel::{Kernel, Scan};
use magnetite::run::{Ais, Chains};

const CHAINS: usize = 4000;

fn log_weights(model: &Model, betas: &[f64], states: Option<Vec<i8>>, num_threads: usize) -> Vec<f64> {
    let chains = Chains {
        model: model.ising(),
        seed: 5,
        first_chain: 0,
        count: CHAINS,
        kernel: Kernel::Metropolis,
        scan: Scan::Sequential,
        initial_states: states,
        clamped: Vec::new(),
        num_threads,
    };
    let mut run = Ais::new(chains, betas).expect("valid options");
    while !run.advance(10.0) {}
    run.log_weights()
}

/// By how many standard errors the mean weight misses `exp(truth)`.
fn deviation(log_weights: &[f64], truth: f64) -> f64 {
    let count = log_weights.len() as f64;
    let ratios: Vec<f64> = log_weights.iter().map(|w| (w - truth).exp()).collect();
    let mean = ratios.iter().sum::<f64>() / count;
    let squares: f64 = ratios.iter().map(|r| (r - mean) * (r - mean)).sum();
    (mean - 1.0) / (squares / (count - 1.0) / count).sqrt()
}

fn subjects() -> [Model; 4] {
    [
        models::sparse_signs(),
        models::sparse_reals(),
        models::dense_signs(),
        models::dense_reals(),
    ]
}

/// The logarithm of Z over the number of states.
fn log_ratio(model: &Model) -> f64 {
    let states = 1usize << model.core;
    let sum: f64 = (0..states)
        .map(|s| (-model.beta * energy(model, &[], s)).exp())
        .sum();
    (sum / states as f64).ln()
}

fn steps(model: &Model, count: u32) -> Vec<f64> {
    (0..=count)
        .map(|k| f64::from(k) / f64::from(count) * model.beta)
        .collect()
}

#[test]
fn weights_are_right_in_both_directions() {
    for model in subjects() {
        let truth = log_ratio(&model);
        for count in [1, 2, 10] {
            let up = log_weights(&model, &steps(&model, count), None, 1);
            let off = deviation(&up, truth);
            assert!(off.abs() < 4.5, "{}, {count} steps up: {off} errors", model.name);
            let law = exact(&model, &[], model.beta);
            let starts = draws(&model, &[], model.beta, &law, CHAINS);
            let betas: Vec<f64> = steps(&model, count).into_iter().rev().collect();
            let off = deviation(&log_weights(&model, &betas, Some(starts), 1), -truth);
            assert!(
                off.abs() < 4.5,
                "{}, {count} steps down: {off} errors",
                model.name
            );
        }
    }
}

/// The test above has power: weights of starts that are no draws at the first beta are refused.
#[test]
fn wrong_starts_are_noticed() {
    for model in subjects() {
        let betas: Vec<f64> = steps(&model, 3).into_iter().rev().collect();
        let law = exact(&model, &[], 0.7 * model.beta);
        let starts = draws(&model, &[], 0.7 * model.beta, &law, CHAINS);
        let off = deviation(&log_weights(&model, &betas, Some(starts), 1), -log_ratio(&model));
        assert!(off.abs() > 6.0, "{}: {off} errors", model.name);
    }
}

#[test]
fn threads_change_nothing() {
    for model in subjects() {
        let one = log_weights(&model, &steps(&model, 5), None, 1);
        assert_eq!(one, log_weights(&model, &steps(&model, 5), None, 3));
    }
}
