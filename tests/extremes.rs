//! Coefficients of any size: as small and as large as f64 goes, alone and side by side.

use magnetite::kernel::{Kernel, Scan};
use magnetite::model::Ising;
use magnetite::run::{Anneal, AnnealOptions, Chains, Keep};
use magnetite::schedule::{Shape, betas};
use std::sync::Arc;

const SIZES: [f64; 12] = [
    5e-324, 1e-310, 3e-308, 1e-300, 1e-170, 1e-162, 1e-150, 1.0, 1e150, 1e154, 1e170, 1e300,
];

/// A ring of `n` sites, couplings `a` and `b` in turn, so that all spins up is a ground state of energy `-n (a + b) / 2`.
fn ring(n: usize, a: f64, b: f64) -> Arc<Ising> {
    let rows: Vec<i64> = (0..n as i64).collect();
    let columns: Vec<i64> = (0..n as i64).map(|i| (i + 1) % n as i64).collect();
    let weights: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { -a } else { -b }).collect();
    Arc::new(Ising::from_edges(&rows, &columns, &weights, vec![0.0; n], 0.0).expect("a valid model"))
}

/// Every pair of `n` sites coupled, weights between `a` and `b`, fields likewise: the dense paths.
fn complete(n: usize, a: f64, b: f64) -> Arc<Ising> {
    let sizes = [a, -b, -b];
    let weight = |at: usize| sizes[at % 3] / ((at % 7 + 1) * n * n) as f64;
    let matrix: Vec<f64> = (0..n * n)
        .map(|at| match (at / n, at % n) {
            (i, j) if i < j => weight(at),
            _ => 0.0,
        })
        .collect();
    Arc::new(Ising::from_dense(&matrix, (0..n).map(weight).collect(), 0.0).expect("a valid model"))
}

/// A run of 40 reads.
fn anneal(model: &Arc<Ising>, range: (f64, f64), shape: Shape) -> Anneal {
    let betas = betas(shape, range.0, range.1, 60).expect("a default range is usable");
    assert!(betas.iter().all(|b| b.is_finite() && *b > 0.0), "{range:?}");
    let chains = Chains {
        model: model.clone(),
        seed: 3,
        first_chain: 0,
        count: 40,
        kernel: Kernel::Metropolis,
        scan: Scan::Sequential,
        initial_states: None,
        clamped: Vec::new(),
        num_threads: 1,
    };
    let options = AnnealOptions {
        chains,
        betas,
        keep: Keep::Best,
        num_best: 2,
        trajectory: 3,
    };
    let mut run = Anneal::new(options).expect("valid options");
    while !run.advance(10.0) {}
    run
}

/// Both default ranges, both shapes.
fn runs(model: &Arc<Ising>) -> impl Iterator<Item = Anneal> + '_ {
    let ranges = [model.beta_range(), model.annealing_range()];
    ranges
        .into_iter()
        .flatten()
        .flat_map(move |range| [Shape::Geometric, Shape::Linear].map(|shape| anneal(model, range, shape)))
}

#[test]
fn one_size_is_solved_whatever_it_is() {
    for size in SIZES.into_iter().filter(|size| size.is_normal()) {
        for n in [2, 12] {
            let model = ring(n, size, size);
            for run in runs(&model) {
                assert_eq!(run.best_energy(), model.energy(&vec![1; n]), "{size}, {n} sites");
            }
        }
    }
}

#[test]
fn sizes_side_by_side_are_survived() {
    for a in SIZES {
        for b in SIZES {
            let models = [ring(12, a, b), complete(30, a, b)];
            for run in models.iter().flat_map(runs) {
                let best = run.best_energy();
                assert!(
                    best.is_finite() && best <= f64::MIN_POSITIVE,
                    "{a} beside {b}: {best}"
                );
            }
        }
    }
}
