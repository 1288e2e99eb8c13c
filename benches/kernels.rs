//! Updates a second of every path of every kernel, and exact sums: `cargo bench --no-default-features`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use magnetite::exact::{Asked, Elimination, Enumeration, Order, Part, Tree};
use magnetite::kernel::{Kernel, Scan};
use magnetite::layers::{Draws, Layers, Number, Pair, Phase, Side, Terms};
use magnetite::model::Ising;
use magnetite::rng::mix64;
use magnetite::run::{Anneal, AnnealOptions, Chains, Keep};
use magnetite::schedule::{Shape, betas};
use magnetite::units::Kind;
use std::sync::Arc;

const SWEEPS: usize = 100;

/// A random graph of mean degree `degree` (complete if that is n - 1) with couplings made from a number in [0, 1).
fn model(n: usize, degree: usize, weight: impl Fn(f64) -> f64) -> Arc<Ising> {
    let fraction = |k: u64| (mix64(k) >> 11) as f64 / (1u64 << 53) as f64;
    let (mut rows, mut columns, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..n as i64 {
        let others: Vec<i64> = if degree == n - 1 {
            (i + 1..n as i64).collect()
        } else {
            (0..degree as u64 / 2)
                .map(|k| (fraction(i as u64 * 1000 + k) * n as f64) as i64)
                .collect()
        };
        for j in others.into_iter().filter(|&j| j != i) {
            rows.push(i);
            columns.push(j);
            weights.push(weight(fraction((i * 100_003 + j) as u64 + (1 << 40))));
        }
    }
    Arc::new(Ising::from_edges(&rows, &columns, &weights, vec![0.0; n], 0.0).expect("valid"))
}

fn options(model: &Arc<Ising>, reads: usize, kernel: Kernel, scan: Scan) -> AnnealOptions {
    let (hot, cold) = model.annealing_range().expect("not empty");
    let chains = Chains {
        model: model.clone(),
        seed: 1,
        first_chain: 0,
        count: reads,
        kernel,
        scan,
        initial_states: None,
        clamped: Vec::new(),
        num_threads: 1,
    };
    let betas = betas(Shape::Geometric, hot, cold, SWEEPS).expect("valid");
    AnnealOptions {
        chains,
        betas,
        keep: Keep::Best,
        num_best: 0,
        trajectory: 0,
    }
}

fn kernels(c: &mut Criterion) {
    let sign = |u: f64| if u < 0.5 { -1.0 } else { 1.0 };
    let real = |u: f64| 2.0 * u - 1.0;
    let problems = [
        ("sparse signs, degree 6", model(8_000, 6, sign)),
        ("sparse signs, degree 48", model(800, 48, sign)),
        ("sparse reals, degree 6", model(8_000, 6, real)),
        ("dense signs", model(1_000, 999, sign)),
        ("dense reals", model(1_000, 999, real)),
    ];
    for (name, model) in &problems {
        let mut group = c.benchmark_group(*name);
        group.sample_size(10);
        for (kernel, kernel_name) in [(Kernel::Metropolis, "metropolis"), (Kernel::Gibbs, "gibbs")] {
            for (scan, scan_name) in [
                (Scan::Sequential, "sequential"),
                (Scan::Permutation, "permutation"),
            ] {
                for reads in [1, 32] {
                    let updates = (model.num_sites() * SWEEPS * reads) as u64;
                    group.throughput(Throughput::Elements(updates));
                    let id = BenchmarkId::new(
                        format!("{kernel_name}, {scan_name}, n = {}", model.num_sites()),
                        reads,
                    );
                    group.bench_function(id, |b| {
                        b.iter(|| {
                            let mut run = Anneal::new(options(model, reads, kernel, scan)).expect("valid");
                            while !run.advance(1.0) {}
                            run.best_energy()
                        });
                    });
                }
            }
        }
        group.finish();
    }
}

/// A strip with real couplings, open at both ends.
fn strip(across: usize, along: usize) -> Ising {
    let n = across * along;
    let right = (0..n - across).map(|i| (i, i + across));
    let up = (0..n).filter(|i| i % across > 0).map(|i| (i - 1, i));
    let (rows, columns): (Vec<i64>, Vec<i64>) = right.chain(up).map(|(i, j)| (i as i64, j as i64)).unzip();
    let weight = |k: u64| (mix64(k) >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
    let weights: Vec<f64> = (0..rows.len() as u64).map(weight).collect();
    Ising::from_edges(&rows, &columns, &weights, vec![0.0; n], 0.0).expect("valid")
}

fn exact_sums(c: &mut Criterion) {
    let mut group = c.benchmark_group("exact");
    group.sample_size(10);
    let asked = Asked {
        betas: vec![1.0],
        moments: true,
        num_states: 1,
    };
    let dense = model(26, 25, |u| 2.0 * u - 1.0);
    let (dense, narrow) = [&*dense, &strip(12, 40)]
        .map(|m| Part::free(m, &[]).expect("nothing is held"))
        .into();
    group.bench_function("enumeration, n = 26", |b| {
        b.iter(|| {
            let mut run = Enumeration::new(dense.clone(), &asked, 1).expect("few sites");
            while !run.advance(1.0) {}
            run.low()
        });
    });
    for threads in [1, 2] {
        let id = BenchmarkId::new("elimination, 12 x 40", threads);
        group.bench_function(id, |b| {
            b.iter(|| {
                let tree = Tree::new(&narrow, &Order::find(&narrow).expect("narrow"));
                let mut run = Elimination::new(narrow.clone(), tree, asked.clone(), threads).expect("valid");
                while !run.advance(1.0) {}
                run.low()
            });
        });
    }
    group.finish();
}

/// Numbers 1 in such a share of places, else 0.
fn bits<T: Number>(len: usize, share: f64, seed: u64) -> Vec<T> {
    let one = |k: usize| ((mix64(mix64(seed) ^ k as u64) >> 11) as f64 / (1u64 << 53) as f64) < share;
    (0..len).map(|k| if one(k) { T::ONE } else { T::ZERO }).collect()
}

/// Means, Gibbs steps and gradients of a machine of 784 x 500 binary units, data 13 % on.
fn layers<T: Number>(c: &mut Criterion) {
    const SIZES: [usize; 2] = [784, 500];
    let mut group = c.benchmark_group(format!("layers 784 x 500, {}", T::NAME));
    group.sample_size(10);
    let weights: Vec<T> = (0..SIZES[0] * SIZES[1])
        .map(|k| T::of(0.1 * ((mix64(k as u64) >> 11) as f64 / (1u64 << 53) as f64) - 0.05))
        .collect();
    let (zeros, off) = (vec![T::ZERO; SIZES[0]], vec![T::of(-1.9); SIZES[0]]);
    let terms = |bias| Terms {
        bias,
        base_bias: &zeros[..],
        precision: &zeros[..],
        base_precision: &zeros[..],
    };
    let hidden = &zeros[..SIZES[1]];
    let pair = Pair {
        weights: &weights,
        visible: terms(&off),
        hidden: Terms {
            bias: hidden,
            base_bias: hidden,
            precision: hidden,
            base_precision: hidden,
        },
        version: None,
    };
    let side = |n| Side::new("side", &[(Kind::Binary, n)]).expect("valid");
    let draws = Draws {
        seed: 1,
        first_chain: 0,
        step: 1,
    };
    for (threads, rows) in [(1, 100), (2, 100), (1, 2000), (2, 2000)] {
        let layers = Layers::new(side(SIZES[0]), side(SIZES[1]), threads).expect("valid");
        let mut v: Vec<T> = bits(rows * SIZES[0], 0.13, 1);
        let mut h: Vec<T> = bits(rows * SIZES[1], 0.5, 2);
        let (ones, weights) = (vec![1.0; rows], vec![1.0 / rows as f64; rows]);
        group.throughput(Throughput::Elements(rows as u64));
        let id = |name: &str| BenchmarkId::new(format!("{name}, {rows} rows"), threads);
        group.bench_function(id("hidden"), |b| {
            b.iter(|| layers.hidden(&v, &pair, &ones, Some(draws)));
        });
        group.bench_function(id("visible"), |b| {
            b.iter(|| layers.visible(&h, &pair, &ones, Some(draws)));
        });
        let data = v.clone();
        group.bench_function(id("gibbs"), |b| {
            b.iter(|| layers.gibbs(&mut v, &mut h, &pair, &ones, draws, 1, None));
        });
        let phase = |v| Phase {
            v,
            h: &h,
            weights: &weights,
        };
        let offsets = [
            &v[..layers.visible_side().num_columns()],
            &h[..layers.hidden_side().num_columns()],
        ];
        group.bench_function(id("moments"), |b| {
            let mut into = vec![T::of(0.0); offsets[0].len() * offsets[1].len()];
            b.iter(|| layers.moments(phase(&data), phase(&v), offsets, &mut into));
        });
    }
    group.finish();
}

criterion_group!(benches, kernels, exact_sums, layers::<f32>, layers::<f64>);
criterion_main!(benches);
