//! The search finds least energies, and is a function of its options alone.

use magnetite::exact::{Order, Part, Tree, lowest_state};
use magnetite::model::Ising;
use magnetite::search::{Solve, SolveOptions, Step};
use proptest::prelude::*;
use std::sync::Arc;

/// Numbers that look random, the same ones every time.
fn noise(index: usize) -> f64 {
    let mixed = magnetite::rng::mix64(index as u64);
    (mixed >> 11) as f64 / (1u64 << 53) as f64
}

/// A random graph with couplings +-1 or, with `reals`, between -1 and 1.
fn graph(n: usize, degree: f64, reals: bool, fields: bool, instance: usize) -> Arc<Ising> {
    let mut draw = (instance * 1_000_000..).map(noise);
    let mut next = || draw.next().unwrap_or(0.5);
    let (mut rows, mut columns, mut weights) = (vec![], vec![], vec![]);
    for i in 0..n as i64 {
        for j in i + 1..n as i64 {
            let (chance, weight) = (next(), 2.0 * next() - 1.0);
            if chance < degree / (n - 1) as f64 {
                rows.push(i);
                columns.push(j);
                weights.push(if reals { weight } else { weight.signum() });
            }
        }
    }
    let fields = (0..n)
        .map(|_| if fields { next().round() } else { 0.0 })
        .collect();
    Arc::new(Ising::from_edges(&rows, &columns, &weights, fields, 0.25).expect("valid"))
}

fn options(model: &Arc<Ising>, num_rounds: u64) -> SolveOptions {
    SolveOptions {
        model: model.clone(),
        seed: 7,
        initial_states: vec![],
        clamped: vec![],
        num_rounds,
        num_best: 8,
        num_threads: 1,
    }
}

/// Rounds enough to get to an epoch that begins with tempering.
const LONG: u64 = 30;

fn finished(options: SolveOptions) -> Solve {
    let mut solve = Solve::new(options).expect("valid");
    while !solve.advance(60.0).expect("memory") {}
    solve
}

fn least(model: &Ising, clamped: &[(usize, i8)]) -> f64 {
    let n = model.num_sites();
    let state = |bits: u32| {
        (0..n)
            .map(|i| if bits >> i & 1 == 1 { 1 } else { -1 })
            .collect::<Vec<i8>>()
    };
    let fits = |state: &Vec<i8>| clamped.iter().all(|&(site, spin)| state[site] == spin);
    let energies = (0..1u32 << n).map(state).filter(fits).map(|s| model.energy(&s));
    energies.fold(f64::INFINITY, f64::min)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn small_problems_are_solved(
        degree in 2.0f64..11.0,
        reals: bool,
        fields: bool,
        instance in 0usize..100,
        clamped in prop::collection::btree_map(0usize..12, prop_oneof![Just(1i8), Just(-1)], 0..3),
    ) {
        let model = graph(12, degree, reals, fields, instance);
        let clamped: Vec<(usize, i8)> = clamped.into_iter().collect();
        let solve = finished(SolveOptions { clamped: clamped.clone(), ..options(&model, 2) });
        let (states, count) = solve.states();
        let states: Vec<&[i8]> = states.chunks_exact(12).collect();
        prop_assert_eq!(states.len(), count);
        prop_assert!((solve.best_energy() - least(&model, &clamped)).abs() < 1e-9);
        prop_assert_eq!(model.energy(&solve.best_state()), solve.best_energy());
        prop_assert!(states.windows(2).all(|w| w[0] != w[1] && model.energy(w[0]) <= model.energy(w[1]) + 1e-9));
        prop_assert!(clamped.iter().all(|&(site, spin)| states.iter().all(|state| state[site] == spin)));
    }
}

/// A torus that is narrow enough for an exact optimum, and has too many sites for the search to see that.
fn torus(width: i64, length: i64, instance: usize) -> Arc<Ising> {
    let site = |r: i64, c: i64| (r % length) * width + c % width;
    let places = (0..length).flat_map(|r| (0..width).map(move |c| (r, c)));
    let pairs = places.flat_map(|(r, c)| [(site(r, c), site(r, c + 1)), (site(r, c), site(r + 1, c))]);
    let (rows, columns): (Vec<_>, Vec<_>) = pairs.unzip();
    let weights: Vec<f64> = (0..rows.len())
        .map(|k| (2.0 * noise(instance * 10_000 + k) - 1.0).signum())
        .collect();
    let fields = (0..width * length).map(|k| noise(k as usize) - 0.5);
    let fields = fields
        .map(|h| if instance.is_multiple_of(2) { 0.0 } else { h })
        .collect();
    Arc::new(Ising::from_edges(&rows, &columns, &weights, fields, 0.0).expect("valid"))
}

#[test]
fn tori_are_solved_by_rounds() {
    for instance in 0..2 {
        let model = torus(5, 60, instance);
        let part = Part::free(&model, &[]).expect("no clamps");
        let tree = Tree::new(&part, &Order::find(&part).expect("narrow"));
        let least = model.energy(&part.state(&lowest_state(&tree)));
        let solve = finished(options(&model, 20));
        assert!(!solve.is_solved());
        assert!(
            (solve.best_energy() - least).abs() < 1e-9,
            "{} > {least}",
            solve.best_energy()
        );
    }
}

#[test]
fn the_same_bits_at_any_number_of_threads_and_length_of_slices() {
    let model = graph(120, 6.0, false, false, 1);
    let one = finished(options(&model, LONG));
    assert!(one.rounds().iter().any(|round| round.step == Step::Temper));
    let mut other = Solve::new(SolveOptions {
        num_threads: 3,
        ..options(&model, LONG)
    })
    .expect("valid");
    while !other.advance(1e-4).expect("memory") {}
    assert_eq!(one.rounds(), other.rounds());
    assert_eq!(one.states(), other.states());
    assert_eq!(one.sweeps_done(), other.sweeps_done());
    let another = finished(SolveOptions {
        seed: 8,
        ..options(&model, 12)
    });
    assert_ne!(one.rounds(), another.rounds());
}

#[test]
fn rounds_anneal_then_breed_and_the_population_gets_no_worse() {
    let solve = finished(options(&graph(300, 7.0, true, true, 2), 12));
    let rounds = solve.rounds();
    assert_eq!(rounds.len(), 12);
    assert_eq!(rounds[0].step, Step::Anneal);
    for pair in rounds.windows(2).filter(|pair| pair[1].step == Step::Breed) {
        assert!(pair[1].mean_energy <= pair[0].mean_energy + 1e-9);
        assert!(pair[1].best_energy <= pair[0].best_energy + 1e-9);
    }
    assert!(rounds.iter().any(|round| round.recombined > 0));
    assert!(rounds.iter().any(|round| round.reheated > 0));
}

#[test]
fn dense_problems_do_without_clusters() {
    let solve = finished(options(&graph(150, 149.0, true, false, 6), 6));
    let rounds = solve.rounds();
    assert!(rounds[1..].iter().all(|round| round.clusters == 1.0));
    assert!(rounds[5].mean_energy < rounds[0].mean_energy);
    assert!(
        rounds
            .iter()
            .all(|round| solve.best_energy() <= round.best_energy + 1e-9)
    );
}

#[test]
fn a_checkpoint_goes_on_to_the_same_bits() {
    let model = graph(200, 6.0, false, true, 3);
    let whole = finished(options(&model, LONG));
    let tempering = whole.rounds().iter().position(|round| round.step == Step::Temper);
    for cut in [0, 1, 4, tempering.expect("it tempers") + 3] {
        let mut first = Solve::new(options(&model, LONG)).expect("valid");
        while first.rounds().len() < cut {
            first.advance(1e-4).expect("memory");
        }
        first.advance(1e-3).expect("memory");
        let checkpoint = first.checkpoint();
        let mut second = Solve::new(SolveOptions {
            num_threads: 2,
            ..options(&model, LONG)
        })
        .expect("valid");
        second.restore(&checkpoint).expect("fits");
        while !second.advance(60.0).expect("memory") {}
        assert_eq!(second.rounds(), whole.rounds());
        assert_eq!(second.states(), whole.states());
    }
}

#[test]
fn checkpoints_of_other_searches_are_refused() {
    let checkpoint = finished(options(&graph(200, 6.0, false, true, 3), 2)).checkpoint();
    let mut other = Solve::new(options(&graph(210, 6.0, false, true, 3), 2)).expect("valid");
    let refused = other.restore(&checkpoint).expect_err("another kernel");
    assert!(refused.to_string().contains("snapshot does not belong"));
}

#[test]
fn the_answer_is_never_worse_than_an_initial_state() {
    let model = graph(250, 6.0, false, false, 4);
    let good = finished(options(&model, 20));
    let started = SolveOptions {
        initial_states: good.best_state(),
        ..options(&model, 0)
    };
    assert_eq!(finished(started).best_energy(), good.best_energy());
}

#[test]
fn trees_and_held_models_are_solved_by_reduction_alone() {
    let n = 1000;
    let rows: Vec<i64> = (1..n).map(|i| (i - 1) / 2).collect();
    let columns: Vec<i64> = (1..n).collect();
    let weights: Vec<f64> = (1..n).map(|i| noise(i as usize) - 0.5).collect();
    let tree =
        Arc::new(Ising::from_edges(&rows, &columns, &weights, vec![0.0; n as usize], 0.0).expect("valid"));
    let solve = finished(options(&tree, 5));
    assert!(solve.is_solved() && solve.rounds().is_empty());
    let least: f64 = -weights.iter().map(|w| w.abs()).sum::<f64>();
    assert!((solve.best_energy() - least).abs() < 1e-9);
    let model = graph(30, 9.0, false, false, 5);
    let held: Vec<(usize, i8)> = (0..30).map(|i| (i, if i % 3 == 0 { -1 } else { 1 })).collect();
    let solve = finished(SolveOptions {
        clamped: held.clone(),
        ..options(&model, 5)
    });
    assert!(solve.is_solved());
    assert_eq!(solve.best_state(), held.iter().map(|c| c.1).collect::<Vec<_>>());
}

#[test]
fn an_empty_model_has_one_state() {
    let model = Arc::new(Ising::from_edges(&[], &[], &[], vec![], 2.5).expect("valid"));
    let solve = finished(options(&model, 5));
    assert_eq!((solve.best_energy(), solve.states()), (2.5, (vec![], 1)));
}
