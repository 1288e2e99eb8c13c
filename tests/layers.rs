//! Two layers of units: laws of single units against sums and integrals, promises of bits, and stationarity.

mod common;

use common::machines::{Machine, exact_draws, judge_steps};
use magnetite::layers::{Draws, Phase, Side};
use magnetite::rng::mix64;
use magnetite::units::{self, Kind, Real};
use proptest::prelude::*;

/// Simpson's rule.
fn integral(from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (n, h) = (20_000, (to - from) / 20_000.0);
    let inner: f64 = (1..n)
        .map(|k| f(from + f64::from(k) * h) * if k % 2 == 1 { 4.0 } else { 2.0 })
        .sum();
    (f(from) + inner + f(to)) * h / 3.0
}

/// Mean and log norm of a law on values from `from` up, by integration around its bulk.
fn by_integration(x: f64, q: f64, from: f64) -> (f64, f64) {
    let peak = (x / q).max(from);
    // How far the law reaches beyond its peak: as a Gaussian, or as an exponential where it is cut in its tail.
    let whole = 40.0 / q.sqrt();
    let reach = if peak == from {
        whole.min(80.0 / (-x).max(1e-9))
    } else {
        whole
    };
    let low = (peak - 40.0 / q.sqrt()).max(from);
    let log = |s: f64| s * x - q * s * s / 2.0;
    let top = log(peak);
    let norm = integral(low, peak + reach, |s| (log(s) - top).exp());
    let mean = integral(low, peak + reach, |s| s * (log(s) - top).exp()) / norm;
    (mean, norm.ln() + top)
}

/// Laplace's continued fraction of the mean excess, which neither cancels nor switches between formulas.
#[test]
fn mean_excesses_are_continued_fractions() {
    for a in [5.0, 20.0, 49.999, 50.001, 60.0, 1e3, 1e6] {
        let rest = (2..2_000).rev().fold(0.0, |below, k| f64::from(k) / (a + below));
        let exact = 1.0 / (a + rest);
        assert!((units::mean_excess(a) / exact - 1.0).abs() < 1e-11, "{a}");
    }
}

proptest! {
    #[test]
    fn units_of_two_values_are_sums(x in -30.0..30.0_f64) {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-14 * (1.0 + b.abs());
        prop_assert!(near(units::sigmoid(x), 1.0 / (1.0 + (-x).exp())));
        prop_assert!(near(units::softplus(x), x.max(0.0) + (-x.abs()).exp().ln_1p()));
        prop_assert!(near(units::spin_mean(x), x.tanh()));
        prop_assert!(near(units::ln_2_cosh(x), x.abs() + (-2.0 * x.abs()).exp().ln_1p()));
        prop_assert!((units::sigmoid(x as f32).wide() - units::sigmoid(x)).abs() < 2e-6 * units::sigmoid(x).max(1e-9));
    }

    #[test]
    fn categorical_units_are_sums(x in prop::collection::vec(-20.0..20.0_f64, 1..6), u in 1e-9..1.0_f64) {
        let total: f64 = x.iter().map(|v| v.exp()).sum();
        prop_assert!((units::log_sum_exp(&x) - total.ln()).abs() < 1e-12);
        let mut p = x.clone();
        units::softmax(&mut p);
        let mut below = 0.0;
        let state = units::categorical_sample(&p, u);
        for (k, v) in x.iter().enumerate() {
            prop_assert!((p[k] - v.exp() / total).abs() < 1e-13);
            if k < state {
                below += p[k];
            }
        }
        prop_assert!(below <= u && (u < below + p[state] || state + 1 == x.len()));
    }

    #[test]
    fn real_units_are_integrals(x in -25.0..25.0_f64, q in 0.2..5.0_f64) {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-7 * (1.0 + b.abs());
        let (mean, norm) = by_integration(x, q, f64::NEG_INFINITY);
        prop_assert!(near(x / q, mean), "{} {mean}", x / q);
        prop_assert!(near(units::gaussian_log_norm(x, q), norm), "{} {norm}", units::gaussian_log_norm(x, q));
        let (mean, norm) = by_integration(x, q, 0.0);
        prop_assert!(near(units::rectified_mean(x, q), mean), "{} {mean}", units::rectified_mean(x, q));
        prop_assert!(near(units::rectified_log_norm(x, q), norm), "{} {norm}", units::rectified_log_norm(x, q));
    }

    /// The distribution function at a sample is the uniform it was drawn by, in both tails.
    #[test]
    fn samples_invert_distribution_functions(x in -200.0..60.0_f64, q in 0.2..5.0_f64, word in 0..u32::MAX) {
        let u = f64::uniform(word);
        let s = units::gaussian_sample(x, q, u);
        let z = (x / q - s) * q.sqrt() * std::f64::consts::FRAC_1_SQRT_2;
        prop_assert!((units::erfc(z) / 2.0 - u).abs() < 1e-12);
        let s = units::rectified_sample(x, q, u);
        prop_assert!(s >= 0.0);
        // Tail at s over tail at 0, by scaled functions: neither over- nor underflows.
        let at = |s: f64| (q * s - x) / (2.0 * q).sqrt();
        let log_tail = |s: f64| units::ln_erfcx(at(s)) - at(s) * at(s);
        prop_assert!((log_tail(s) - log_tail(0.0) - (1.0 - u).ln()).abs() < 1e-10 * (1.0 + at(0.0) * at(0.0)));
    }

    /// Rows of a batch are what they are alone, and every number of threads gives the same bits.
    #[test]
    fn rows_do_not_know_of_each_other(
        sizes in (1usize..300, 1usize..150),
        rows in 1usize..70,
        density in 0.0..1.0_f64,
        seed in 0..1000u64,
    ) {
        for kind in [Kind::Binary, Kind::Gaussian] {
            let machine = Machine::<f32>::random([(kind, sizes.0), (Kind::Binary, sizes.1)], 0.3, seed);
            let v = machine.rows(rows, density, seed);
            let betas = vec![0.7; rows];
            let draws = |first_chain| Some(Draws { seed, first_chain, step: 4 });
            let one = machine.layers(1).hidden(&v, &machine.pair(), &betas, draws(0)).expect("valid");
            for threads in [2, 5] {
                prop_assert_eq!(&machine.layers(threads).hidden(&v, &machine.pair(), &betas, draws(0)).expect("valid"), &one);
            }
            let row = seed as usize % rows;
            let part = machine.layers(2);
            let alone = part
                .hidden(&v[row * sizes.0..][..sizes.0], &machine.pair(), &[0.7], draws(row as u64))
                .expect("valid");
            prop_assert_eq!(&alone.0[..], &one.0[row * sizes.1..][..sizes.1]);
            prop_assert_eq!(&alone.1.expect("valid")[..], &one.1.expect("valid")[row * sizes.1..][..sizes.1]);
        }
    }
}

/// Mean and sample of rectified units far out in the tail are those of an exponential.
#[test]
fn far_tails_are_exponential() {
    for x in [-1e3, -1e5, -1e8] {
        let mean = units::rectified_mean(x, 1.0);
        assert!((mean * -x - 1.0).abs() < 3.0 / (x * x) + 1e-12, "{x}: {mean}");
        for u in [1e-9, 0.3, 0.999_999] {
            let s = units::rectified_sample(x, 1.0, u);
            let exponential = -(1.0 - u).ln() / -x;
            assert!(
                (s / exponential - 1.0).abs() < 20.0 / (x * x) + 5e-16 / u,
                "{x} {u}: {s} {exponential}"
            );
        }
    }
}

/// A uniform on the threshold itself is not below it.
#[test]
fn boundaries_are_strict() {
    assert_eq!(units::categorical_sample(&[0.25, 0.25, 0.5], 0.25), 1);
    assert_eq!(units::categorical_sample(&[0.25, 0.25, 0.25], 0.9), 2);
    assert_eq!(units::categorical_sample(&[0.0_f32, 1.0], f32::uniform(0)), 1);
}

#[test]
fn phases_of_different_sizes_do_not_depend_on_threads() {
    let machine = Machine::<f64>::random([(Kind::Binary, 150), (Kind::Binary, 90)], 1.0, 3);
    let (v, w) = (machine.rows(5000, 0.2, 1), vec![0.3; 5000]);
    let h: Vec<f64> = (0..5000 * 90).map(|k| f64::uniform(mix64(k) as u32)).collect();
    let phase = |rows: usize| Phase {
        v: &v[..rows * 150],
        h: &h[..rows * 90],
        weights: &w[..rows],
    };
    let offsets: [&[f64]; 2] = [&[0.0; 150], &[0.0; 90]];
    let of = |num_threads: usize| {
        let layers = machine.layers(num_threads);
        let mut weights = vec![1.0; 150 * 90];
        let rest = layers.moments(phase(5000), phase(2100), offsets, &mut weights);
        (weights, rest.expect("valid"))
    };
    let one = of(1);
    assert_eq!(of(2), one);
    for (i, j) in [(0, 0), (149, 89), (77, 3)] {
        let term = |r: usize| 0.3 * v[r * 150 + i] * h[r * 90 + j];
        let exact: f64 = (2100..5000).map(term).sum();
        assert!((one.0[i * 90 + j] - exact).abs() < 1e-9);
    }
}

#[test]
fn bad_sizes_are_refused() {
    let machine = Machine::<f64>::random([(Kind::Binary, 6), (Kind::Binary, 4)], 1.0, 3);
    let layers = machine.layers(1);
    let v = machine.rows(3, 0.5, 1);
    let refused = layers.hidden(&v[1..], &machine.pair(), &[1.0; 3], None);
    let message = refused.expect_err("a row too short").to_string();
    assert!(message.contains("v must have 6 columns"), "{message}");
    assert!(Side::new("visible", &[(Kind::Binary, 0)]).is_err());
    assert!(Side::new("visible", &[(Kind::Categorical(3), 4)]).is_err());
    assert!(Side::new("visible", &[]).is_err());
}

/// Chains that start at exact draws are exact draws after every step; at a beta 10 % off they are not.
fn is_stationary<T: magnetite::layers::Number>(machine: &Machine<T>, seed: u64) {
    let (law, v, h) = exact_draws(machine, 1.0, 40_000, seed);
    for steps in [1, 4] {
        let right = judge_steps(machine, 1.0, steps, seed, (&law, &v, &h));
        assert!(right.accepts(), "after {steps}: {right:?}");
    }
    let wrong = judge_steps(machine, 1.1, 4, seed, (&law, &v, &h));
    assert!(!wrong.accepts(), "negative control: {wrong:?}");
}

#[test]
fn binary_machines_are_stationary() {
    let groups = [(Kind::Binary, 6), (Kind::Binary, 4)];
    is_stationary(&Machine::<f32>::random(groups, 1.5, 1), 11);
    is_stationary(&Machine::<f64>::random(groups, 1.5, 2), 12);
}

#[test]
fn spin_machines_are_stationary() {
    is_stationary(
        &Machine::<f32>::random([(Kind::Spin, 6), (Kind::Spin, 4)], 0.5, 3),
        13,
    );
}

#[test]
fn categorical_machines_are_stationary() {
    is_stationary(
        &Machine::<f32>::random([(Kind::Categorical(3), 6), (Kind::Binary, 4)], 1.5, 4),
        14,
    );
}
