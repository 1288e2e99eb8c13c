//! Enumeration and elimination against sums over all states, one by one, and against each other.

mod common;

use common::law::Uniform;
use common::models::model;
use magnetite::exact::{Asked, Elimination, Enumeration, Moments, Order, Part, Tree};
use magnetite::model::Ising;
use proptest::prelude::*;

const BETAS: [f64; 5] = [0.7, 0.0, 0.05, 3.0, f64::INFINITY];

/// A part of a random model: some sites free, the others given.
#[derive(Clone, Debug)]
struct Case {
    model: Ising,
    free: Vec<u32>,
    spins: Vec<i8>,
}

impl Case {
    fn part(&self) -> Part {
        let sites = (0..self.spins.len() as u32).filter(|i| !self.free.contains(i));
        let held: Vec<_> = sites.map(|i| (i as usize, self.spins[i as usize])).collect();
        Part::free(&self.model, &held).expect("spins")
    }

    fn all(model: Ising) -> Self {
        let n = model.num_sites();
        Self {
            model,
            free: (0..n as u32).collect(),
            spins: vec![1; n],
        }
    }

    /// All states with these free sites, and their energies.
    fn states(&self) -> Vec<(Vec<i8>, f64)> {
        let state = |bits: usize| {
            let mut spins = self.spins.clone();
            for (k, &site) in self.free.iter().enumerate() {
                spins[site as usize] = if bits >> k & 1 == 1 { 1 } else { -1 };
            }
            let energy = self.model.energy(&spins);
            (spins, energy)
        };
        (0..1 << self.free.len()).map(state).collect()
    }
}

fn cases() -> impl Strategy<Value = Case> {
    (0..9usize, any::<bool>(), any::<bool>(), 0..3u8, any::<u64>()).prop_map(
        |(n, whole, fields, density, seed)| {
            let mut uniform = Uniform(seed);
            let mut number = |whole: bool| {
                let x = 4.0 * (uniform.next() - 0.5);
                if whole { x.round() * 0.1 } else { x }
            };
            let mut edges = Vec::new();
            for i in 0..n {
                for j in 0..i {
                    if number(false).abs() < f64::from(density) {
                        edges.push((j, i, number(whole)));
                    }
                }
            }
            let h = (0..n).map(|_| if fields { number(whole) } else { 0.0 }).collect();
            let spins = (0..n).map(|_| if number(false) > 0.0 { 1 } else { -1 }).collect();
            let free = (0..n as u32).filter(|_| number(false) > -1.3).collect();
            Case {
                model: model(n, &edges, h),
                free,
                spins,
            }
        },
    )
}

/// What both ways tell, in the model's own units.
struct Answer {
    low: f64,
    weights: Vec<[f64; 3]>,
    moments: Vec<Moments>,
    degeneracy: u64,
    ground: Vec<Vec<i8>>,
}

type Levels = Option<(Vec<f64>, Vec<u64>)>;

fn enumerate(case: &Case, threads: usize) -> (Answer, Levels) {
    let asked = Asked {
        betas: BETAS.to_vec(),
        moments: true,
        num_states: 1 << 9,
    };
    let mut run = Enumeration::new(case.part(), &asked, threads).expect("few sites");
    while !run.advance(1e-4) {}
    assert_eq!(run.progress(), 1.0);
    let mut ground: Vec<_> = run.ground_states().iter().map(|s| case.part().state(s)).collect();
    ground.sort();
    let answer = Answer {
        low: case.model.energy(&ground[0]),
        weights: run.weights().to_vec(),
        moments: spread(case, run.moments()),
        degeneracy: run.degeneracy(),
        ground,
    };
    (answer, run.levels().cloned())
}

fn eliminate(case: &Case, threads: usize) -> Answer {
    let asked = Asked {
        betas: BETAS.to_vec(),
        moments: true,
        num_states: 1 << 9,
    };
    let part = case.part();
    let tree = Tree::new(&part, &Order::find(&part).expect("narrow"));
    let mut run = Elimination::new(part, tree, asked, threads).expect("valid");
    let mut progress = 0.0;
    while !run.advance(1e-4) {
        assert!(run.progress() >= progress);
        progress = run.progress();
    }
    let mut ground: Vec<_> = run.ground_states().iter().map(|s| case.part().state(s)).collect();
    ground.sort();
    let [(count, modulus)] = run.residues() else {
        panic!("a small number needs one residue")
    };
    assert!(count < modulus);
    Answer {
        low: case.model.energy(&ground[0]),
        weights: run.weights(),
        moments: spread(case, run.moments()),
        degeneracy: *count,
        ground,
    }
}

fn spread(case: &Case, moments: &[Moments]) -> Vec<Moments> {
    let part = case.part();
    moments.iter().map(|m| m.of_model(&case.model, &part)).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-11 * (1.0 + a.abs().max(b.abs()))
}

/// Compares with sums over the states, one by one.
fn check(case: &Case, answer: &Answer) -> Result<(), TestCaseError> {
    let states = case.states();
    let low = states.iter().map(|s| s.1).fold(f64::INFINITY, f64::min);
    let ground: Vec<_> = states
        .iter()
        .filter(|s| s.1 - low < 1e-9)
        .map(|s| s.0.clone())
        .collect();
    prop_assert!(close(answer.low, low));
    prop_assert_eq!(answer.degeneracy, ground.len() as u64);
    let mut found = answer.ground.clone();
    found.sort();
    let mut expected = ground;
    expected.sort();
    prop_assert_eq!(found, expected);
    for (k, &beta) in BETAS.iter().enumerate() {
        let weight = |e: f64| {
            if beta == f64::INFINITY {
                f64::from(u8::from(e - low < 1e-9))
            } else {
                (-beta * (e - low)).exp()
            }
        };
        let total: f64 = states.iter().map(|s| weight(s.1)).sum();
        let mean = |f: &dyn Fn(&[i8], f64) -> f64| {
            states.iter().map(|(s, e)| weight(*e) * f(s, *e)).sum::<f64>() / total
        };
        let energy = mean(&|_, e| e - low);
        let variance = mean(&|_, e| (e - low - energy) * (e - low - energy));
        for (value, exact) in answer.weights[k]
            .iter()
            .zip([total.ln(), energy, variance.sqrt()])
        {
            prop_assert!(close(*value, exact), "{} is not {} at {}", value, exact, beta);
        }
        let moments = &answer.moments[k];
        for (i, value) in moments.spins.iter().enumerate() {
            prop_assert!(close(*value, mean(&|s, _| f64::from(s[i]))));
        }
        let mut products = moments.products.iter();
        for i in 0..case.model.num_sites() {
            for (j, _) in case.model.upper_row(i) {
                let value = products.next().expect("one a coupling");
                prop_assert!(close(*value, mean(&|s, _| f64::from(s[i] * s[j]))));
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn enumeration_is_the_sum_over_all_states(case in cases()) {
        check(&case, &enumerate(&case, 2).0)?;
    }

    #[test]
    fn elimination_is_the_sum_over_all_states(case in cases()) {
        check(&case, &eliminate(&case, 2))?;
    }

    #[test]
    fn levels_are_the_energies_of_all_states(case in cases()) {
        let part = case.part();
        if let Some((energies, counts)) = enumerate(&case, 1).1 {
            prop_assert_eq!(counts.iter().sum::<u64>(), 1 << case.free.len());
            for (energy, count) in energies.iter().zip(&counts) {
                let energy = part.scale.unit * (energy + part.given) + case.model.offset();
                let met = case.states().iter().filter(|s| (s.1 - energy).abs() < 1e-9).count();
                prop_assert_eq!(met as u64, *count);
            }
        } else {
            prop_assert!(!part.scale.is_whole());
        }
    }
}

/// A model of several tables, jobs and pieces of elimination tables: `n` sites, each coupled to the `reach` before it.
fn large(n: usize, reach: usize, whole: bool, fields: bool) -> Case {
    let mut uniform = Uniform(7);
    let mut number = || {
        let x = 4.0 * (uniform.next() - 0.5);
        if whole { x.ceil() } else { x }
    };
    let pairs = (0..n).flat_map(|i| (i.saturating_sub(reach)..i).map(move |j| (j, i)));
    let edges: Vec<_> = pairs.map(|(j, i)| (j, i, number())).collect();
    let h = (0..n).map(|_| if fields { number() } else { 0.0 }).collect();
    Case::all(model(n, &edges, h))
}

fn assert_agree(case: &Case) {
    let (one, other) = (enumerate(case, 2).0, eliminate(case, 2));
    assert_eq!((one.low, one.degeneracy), (other.low, other.degeneracy));
    assert_eq!(one.ground, other.ground);
    for k in 0..BETAS.len() {
        for (a, b) in one.weights[k].iter().zip(&other.weights[k]) {
            assert!(close(*a, *b), "{a} is not {b}");
        }
        let spins = one.moments[k].spins.iter().zip(&other.moments[k].spins);
        let products = one.moments[k].products.iter().zip(&other.moments[k].products);
        assert!(spins.chain(products).all(|(a, b)| close(*a, *b)));
    }
}

#[test]
fn both_ways_agree_on_a_complete_graph() {
    for (whole, fields) in [(true, true), (true, false), (false, true), (false, false)] {
        assert_agree(&large(18, 18, whole, fields));
    }
}

#[test]
fn both_ways_agree_where_tables_are_walked_through() {
    assert_agree(&large(25, 3, false, true));
    assert_agree(&large(24, 5, true, false));
}

/// States that weigh nothing count for nothing, however high they are: fields that hold against the ferromagnet would
/// be the lowest but for one bond.
#[test]
fn what_weighs_nothing_adds_nothing() {
    for strong in [1e9, 1e12, 1e14] {
        let pairs = (0..12).flat_map(|i| (0..i).map(move |j| (j, i)));
        let weight = |(j, i)| if (j, i) == (0, 11) { -strong } else { -20.0 };
        let edges: Vec<_> = pairs.map(|(j, i)| (j, i, weight((j, i)))).collect();
        let fields = (0..12).map(|i| if i < 7 { 64.5 } else { -64.5 }).collect();
        let case = Case::all(model(12, &edges, fields));
        let asked = Asked {
            betas: vec![1.0],
            moments: false,
            num_states: 1,
        };
        let mut run = Enumeration::new(case.part(), &asked, 1).expect("few sites");
        while !run.advance(1.0) {}
        let tree = Tree::new(&case.part(), &Order::find(&case.part()).expect("narrow"));
        let mut other = Elimination::new(case.part(), tree, asked, 1).expect("valid");
        while !other.advance(1.0) {}
        // Summed with 400 digits, the variance is 5.96e-108.
        for [_, mean, deviation] in [run.weights()[0], other.weights()[0]] {
            let variance = deviation * deviation;
            assert!(
                (variance / 5.960_230_847_923_132e-108 - 1.0).abs() < 1e-9,
                "{variance}"
            );
            assert!(mean < 1e-100);
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let case = large(18, 18, false, true);
    let first = enumerate(&case, 1).0;
    let down = eliminate(&case, 1);
    for threads in [2, 5] {
        let (one, other) = (enumerate(&case, threads).0, eliminate(&case, threads));
        assert_eq!((&one.weights, &one.moments), (&first.weights, &first.moments));
        assert_eq!((&other.weights, &other.moments), (&down.weights, &down.moments));
    }
}

/// A beta among many has the bits that it has alone, and ground states and levels are found once.
#[test]
fn many_betas_are_summed_in_rounds() {
    let case = large(16, 16, true, true);
    let run = |betas: &[f64], moments: bool| {
        let asked = Asked {
            betas: betas.to_vec(),
            moments,
            num_states: 3,
        };
        let mut run = Enumeration::new(case.part(), &asked, 2).expect("few sites");
        let mut progress = 0.0;
        while !run.advance(0.0) {
            assert!((progress..=1.0).contains(&run.progress()));
            progress = run.progress();
        }
        assert_eq!(run.progress(), 1.0);
        run
    };
    let betas: Vec<f64> = (0..300).map(|k| 0.01 * f64::from(k)).collect();
    let all = run(&betas, false);
    let with_moments = run(&betas[..20], true);
    assert_eq!((all.weights().len(), with_moments.moments().len()), (300, 20));
    for at in [0, 127, 128, 299] {
        let alone = run(&betas[at..=at], false);
        assert_eq!(alone.weights()[0], all.weights()[at]);
        assert_eq!(alone.levels(), all.levels());
        assert_eq!(alone.ground_states(), all.ground_states());
        assert_eq!((alone.low(), alone.degeneracy()), (all.low(), all.degeneracy()));
    }
    assert_eq!(run(&betas[7..=7], true).moments()[0], with_moments.moments()[7]);
    assert_eq!(run(&betas[8..=8], true).moments()[0], with_moments.moments()[8]);
    assert_eq!(run(&[], false).levels(), all.levels());
}

#[test]
fn betas_are_checked() {
    let case = Case::all(model(2, &[], vec![0.0; 2]));
    for beta in [f64::NAN, -1.0] {
        let asked = Asked {
            betas: vec![1.0, beta],
            moments: false,
            num_states: 1,
        };
        let error = Enumeration::new(case.part(), &asked, 1).err().expect("refused");
        assert_eq!(
            error.to_string(),
            format!("betas must be non-negative, got {beta} at index 1")
        );
    }
}

#[test]
fn a_part_feels_what_it_is_given() {
    let case = Case {
        model: model(3, &[(0, 1, 2.0), (1, 2, -4.0)], vec![0.0, 2.0, 6.0]),
        free: vec![1],
        spins: vec![-1, 1, 1],
    };
    let mut part = case.part();
    assert_eq!((part.scale.unit, part.fields[0], part.given), (2.0, -2.0, 3.0));
    part.feel(&case.model, &[1, 1, 1]);
    assert_eq!(part.fields, [0.0]);
    assert!(Part::free(&case.model, &[(3, 1)]).is_err());
}
