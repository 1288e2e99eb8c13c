//! Phases of learning: what they return are sums over the states they leave, whatever the cut into calls and blocks.

use magnetite::kernel::{Kernel, Scan};
use magnetite::run::{Course, Phase, Rule};

const SITES: usize = 9;

fn edges() -> Vec<(i64, i64)> {
    let all = (0..SITES as i64).flat_map(|i| (i + 1..SITES as i64).map(move |j| (i, j)));
    all.filter(|(i, j)| (i + 2 * j) % 4 != 0).collect()
}

fn phase(held: &[i64], num_threads: usize, scan: Scan) -> Phase {
    let rule = Rule {
        kernel: Kernel::Gibbs,
        scan,
        seed: 11,
        num_threads,
    };
    Phase::new(SITES, &edges(), held, &rule).expect("valid")
}

/// Numbers between -1 and 1 that are no fractions of each other.
fn reals(count: usize) -> Vec<f64> {
    (1..=count).map(|k| ((k * k) as f64 * 0.37).sin()).collect()
}

fn starts(count: usize) -> Vec<i8> {
    (0..count * SITES)
        .map(|k| if (k * k + k / 5) % 3 == 0 { 1 } else { -1 })
        .collect()
}

fn moved(phase: &Phase, states: &mut [i8], shares: &[f64], betas: &[f64], first_sweep: u64) -> Vec<f64> {
    let (couplings, fields) = (reals(edges().len()), reals(SITES));
    let course = Course {
        betas,
        num_collected: 1,
        first_sweep,
        shares,
    };
    phase
        .advance(&couplings, &fields, states, &course)
        .expect("valid")
}

#[test]
fn moments_are_weighted_means_over_the_states_that_are_left() {
    for count in [1, 7, 64, 65, 200] {
        for equal in [true, false] {
            let share = |k: usize| if equal { 0.3 } else { (k % 5) as f64 + 0.1 };
            let shares: Vec<f64> = (0..count).map(share).collect();
            let mut states = starts(count);
            let means = moved(
                &phase(&[1, 4], 2, Scan::Sequential),
                &mut states,
                &shares,
                &[0.5, 1.0],
                0,
            );
            let total: f64 = shares.iter().sum();
            let mean = |of: &dyn Fn(&[i8]) -> i8| -> f64 {
                let each = states.chunks_exact(SITES).zip(&shares);
                each.map(|(state, share)| f64::from(of(state)) * share)
                    .sum::<f64>()
                    / total
            };
            for site in 0..SITES {
                assert!((means[site] - mean(&|state| state[site])).abs() < 1e-12);
            }
            for (&(i, j), found) in edges().iter().zip(&means[SITES..]) {
                let product = mean(&|state| state[i as usize] * state[j as usize]);
                assert!((found - product).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn calls_go_on_where_the_last_one_stopped() {
    let (count, betas) = (70, [0.3, 0.6, 0.9, 1.2, 1.0]);
    let shares = vec![1.0; count];
    for scan in [Scan::Sequential, Scan::Permutation, Scan::Random] {
        let mut whole = starts(count);
        let last = moved(&phase(&[2], 2, scan), &mut whole, &shares, &betas, 40);
        let (mut parts, one) = (starts(count), phase(&[2], 1, scan));
        moved(&one, &mut parts, &shares, &betas[..2], 40);
        assert_eq!(moved(&one, &mut parts, &shares, &betas[2..], 42), last);
        assert_eq!(parts, whole);
        let mut other = starts(count);
        moved(&one, &mut other, &shares, &betas, 41);
        assert_ne!(other, whole);
    }
}

#[test]
fn sites_that_are_held_keep_the_value_of_each_chain() {
    let (count, held) = (100, [0, 3, 8]);
    let mut states = starts(count);
    moved(
        &phase(&held, 2, Scan::Random),
        &mut states,
        &vec![1.0; count],
        &[1.0; 20],
        0,
    );
    let before = starts(count);
    let of = |states: &[i8], site: i64| -> Vec<i8> {
        states
            .iter()
            .skip(site as usize)
            .step_by(SITES)
            .copied()
            .collect()
    };
    assert!(held.iter().all(|&site| of(&states, site) == of(&before, site)));
    assert!(
        (0..SITES as i64)
            .filter(|site| !held.contains(site))
            .all(|site| of(&states, site) != of(&before, site))
    );
}
