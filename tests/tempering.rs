//! Replica exchange keeps the law of every rung: ladders that start at exact draws of an enumerable model must stay exact
//! draws, whatever the kernel, the way of choosing pairs, and cluster moves between ladders. Wrong moves must not pass.

mod common;

use common::law::{Verdict, draws, exact, judge, number};
use common::models::{self, Model};
use magnetite::kernel::{Kernel, Scan};
use magnetite::run::{Chains, ClusterMoves, Clusters, Ladder, Swaps, Temper, TemperOptions};

/// Ladders of a cell.
const LADDERS: usize = 6_000;

/// Rungs, as multiples of the model's own beta; the first is hot enough for the rule at beta = 0.
const RUNGS: [f64; 5] = [0.0, 0.3, 0.7, 1.0, 1.4];

fn betas(model: &Model) -> Vec<f64> {
    RUNGS.map(|share| share * model.beta).to_vec()
}

/// Exact draws at every rung, by ladder, rung and site.
fn starts(model: &Model, held: &[(usize, i8)], betas: &[f64]) -> Vec<i8> {
    let n = model.num_sites();
    // Every rung takes its own part of the draws: from the same uniforms, rungs would not be independent.
    let of_rung = |(rung, &beta): (usize, &f64)| {
        let law = exact(model, held, beta);
        draws(model, held, beta, &law, LADDERS * betas.len()).split_off(rung * LADDERS * n)
    };
    let of_rung: Vec<Vec<i8>> = betas.iter().enumerate().map(of_rung).collect();
    (0..LADDERS)
        .flat_map(|ladder| {
            of_rung
                .iter()
                .flat_map(move |states| states[ladder * n..(ladder + 1) * n].to_vec())
        })
        .collect()
}

fn options(
    model: &Model,
    held: &[(usize, i8)],
    kernel: Kernel,
    swaps: Swaps,
    clusters: bool,
) -> TemperOptions {
    let betas = betas(model);
    TemperOptions {
        chains: Chains {
            model: model.ising(),
            seed: 20_261_122,
            first_chain: 0,
            count: LADDERS * betas.len(),
            kernel,
            scan: Scan::Sequential,
            initial_states: None,
            clamped: held.to_vec(),
            num_threads: 2,
        },
        num_ladders: LADDERS,
        num_sweeps: 0,
        warmup: 0,
        thin: 1,
        first_sweep: 0,
        swaps,
        swap_interval: 1,
        clusters: ClusterMoves {
            interval: u64::from(clusters),
            rungs: vec![true; betas.len()],
        },
        observe_interval: 0,
        links: false,
        moments: false,
        store_states: false,
        betas,
    }
}

fn run(options: &TemperOptions, sweeps: u64) -> Temper {
    let mut run = Temper::new(TemperOptions {
        num_sweeps: sweeps,
        thin: sweeps.max(1),
        ..options.clone()
    })
    .expect("valid options");
    while !run.advance(10.0) {}
    run
}

/// A verdict on every rung, from states by ladder, rung and site.
fn verdicts(model: &Model, held: &[(usize, i8)], betas: &[f64], states: &[i8]) -> Vec<Verdict> {
    let n = model.num_sites();
    let of_rung = |(rung, &beta): (usize, &f64)| {
        let law = exact(model, held, beta);
        let mut counts = vec![0; law.len()];
        for ladder in states.chunks_exact(n * betas.len()) {
            counts[number(&ladder[rung * n..(rung + 1) * n], model.core)] += 1;
        }
        judge(&counts, &law)
    };
    betas.iter().enumerate().map(of_rung).collect()
}

/// A verdict on the number of core sites at which the replicas of a rung of two ladders differ.
fn overlap_verdict(
    model: &Model,
    held: &[(usize, i8)],
    betas: &[f64],
    states: &[i8],
    rung: usize,
) -> Verdict {
    let (n, core) = (model.num_sites(), model.core);
    let law = exact(model, held, betas[rung]);
    let mut expected = vec![0.0; core + 1];
    for (a, p) in law.iter().enumerate() {
        for (b, q) in law.iter().enumerate() {
            expected[(a ^ b).count_ones() as usize] += p * q;
        }
    }
    let mut counts = vec![0; core + 1];
    for pair in states.chunks_exact(2 * n * betas.len()) {
        let [a, b] = [0, betas.len()].map(|ladder| number(&pair[(ladder + rung) * n..][..n], core));
        counts[(a ^ b).count_ones() as usize] += 1;
    }
    judge(&counts, &expected)
}

fn stays_exact(model: &Model, clamped: bool) {
    let held = model.held(clamped);
    let betas = betas(model);
    let starts = starts(model, &held, &betas);
    for kernel in [Kernel::Metropolis, Kernel::Gibbs] {
        for (swaps, clusters) in [
            (Swaps::EvenOdd, false),
            (Swaps::EvenOdd, true),
            (Swaps::Stochastic, true),
        ] {
            let mut options = options(model, &held, kernel, swaps, clusters);
            options.chains.initial_states = Some(starts.clone());
            for sweeps in [1, 4, 15] {
                let run = run(&options, sweeps);
                let states = run.states();
                let cell = format!(
                    "{}, {kernel:?}, {swaps:?}, clusters {clusters}, {sweeps} sweeps",
                    model.name
                );
                for (rung, verdict) in verdicts(model, &held, &betas, &states).iter().enumerate() {
                    assert!(verdict.accepts(), "{cell}, rung {rung}: {verdict:?}");
                    let overlap = overlap_verdict(model, &held, &betas, &states, rung);
                    assert!(overlap.accepts(), "{cell}, overlap at rung {rung}: {overlap:?}");
                }
                let flows: Vec<_> = run.flows().collect();
                assert!(
                    flows
                        .iter()
                        .any(|flow| flow.accepted.iter().any(|&sum| sum > 0.0)),
                    "{cell}"
                );
                let moved = run.cluster_counts().iter().map(|counts| counts[1]).sum::<u64>();
                assert_eq!(clusters, moved > 0, "{cell}");
            }
        }
    }
}

#[test]
fn signs_without_fields_stay_exact() {
    stays_exact(&models::sparse_signs(), false);
}

#[test]
fn integers_with_fields_stay_exact() {
    stays_exact(&models::integers(), false);
    stays_exact(&models::integers(), true);
}

#[test]
fn reals_stay_exact() {
    stays_exact(&models::sparse_reals(), false);
    stays_exact(&models::dense_reals(), true);
}

#[test]
fn hubs_and_leaves_stay_exact() {
    stays_exact(&models::dense_signs(), false);
}

/// From all spins up every rung arrives at its law.
#[test]
fn the_start_is_forgotten() {
    let model = models::integers();
    let mut options = options(&model, &[], Kernel::Metropolis, Swaps::EvenOdd, true);
    options.chains.initial_states = Some(vec![1; options.chains.count * model.num_sites()]);
    let states = run(&options, 60).states();
    for (rung, verdict) in verdicts(&model, &[], &betas(&model), &states).iter().enumerate() {
        assert!(verdict.accepts(), "rung {rung}: {verdict:?}");
    }
}

/// Mistakes that the matrix must not let pass.
mod mistakes {
    use super::*;

    /// States by ladder and rung after one exchange by energies that `spoil` has changed, worst verdict of any rung.
    fn after_exchange(model: &Model, spoil: impl Fn(usize, &[f64]) -> f64) -> bool {
        let (betas, n) = (betas(model), model.num_sites());
        let starts = starts(model, &[], &betas);
        let ising = model.ising();
        let mut states = Vec::with_capacity(starts.len());
        for (number, ladder_states) in starts.chunks_exact(n * betas.len()).enumerate() {
            let mut ladder = Ladder::new(betas.len(), Swaps::EvenOdd, 5, number as u64);
            let energies: Vec<f64> = ladder_states
                .chunks_exact(n)
                .map(|state| ising.energy(state))
                .collect();
            let spoilt: Vec<f64> = (0..betas.len())
                .map(|replica| spoil(replica, &energies))
                .collect();
            for exchange in 0..2 {
                ladder.exchange(exchange, &betas, &spoilt);
            }
            for &replica in ladder.replicas() {
                states.extend_from_slice(&ladder_states[replica * n..(replica + 1) * n]);
            }
        }
        verdicts(model, &[], &betas, &states).iter().all(Verdict::accepts)
    }

    #[test]
    fn only_an_exchange_by_the_right_energies_passes() {
        let model = models::integers();
        assert!(after_exchange(&model, |replica, energies| energies[replica]));
        let wrong: [fn(usize, &[f64]) -> f64; 4] = [
            |replica, energies| 0.5 * energies[replica],
            |replica, energies| -energies[replica],
            |_, _| 0.0,
            |replica, energies| energies[(replica + 1) % energies.len()],
        ];
        for (number, spoil) in wrong.into_iter().enumerate() {
            assert!(!after_exchange(&model, spoil), "mistake {number} passes");
        }
    }

    /// Cluster moves between pairs of exact draws at one beta; `complement` allows clusters of agreeing sites, `single`
    /// turns over one site of the cluster only.
    fn after_clusters(model: &Model, complement: bool, single: bool) -> bool {
        let (n, beta) = (model.num_sites(), model.beta);
        let law = exact(model, &[], beta);
        let ising = model.ising();
        let mut states = draws(model, &[], beta, &law, 40_000);
        let bits = |state: &[i8]| (0..n).map(|i| u64::from(state[i] < 0) << i).sum::<u64>();
        let mut clusters = Clusters::default();
        for (number, pair) in states.chunks_exact_mut(2 * n).enumerate() {
            let (first, second) = pair.split_at_mut(n);
            let count = clusters.compare(&[bits(first)], &[bits(second)], n, complement);
            let sites = clusters.take(&ising, number % count.max(1)).to_vec();
            for &site in &sites[..if single { sites.len().min(1) } else { sites.len() }] {
                first[site as usize] *= -1;
                second[site as usize] *= -1;
            }
        }
        let mut counts = vec![0; law.len()];
        for state in states.chunks_exact(n) {
            counts[common::law::number(state, model.core)] += 1;
        }
        judge(&counts, &law).accepts()
    }

    #[test]
    fn only_whole_clusters_of_differing_sites_pass() {
        let (with_fields, without) = (models::integers(), models::sparse_signs());
        assert!(after_clusters(&with_fields, false, false));
        assert!(after_clusters(&without, true, false));
        assert!(
            !after_clusters(&with_fields, true, false),
            "agreeing sites with fields"
        );
        assert!(!after_clusters(&without, false, true), "a single site");
    }

    /// What a hand may do wrong between two sweeps.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Slip {
        None,
        /// Exchanges by the energies from before the cluster moves.
        StaleEnergies,
        /// Every replica gets the beta of another: the map from replicas to rungs is taken for its inverse.
        WrongLane,
        /// Sweeps of a model with one field that is off, by 0.3 of a temperature.
        WrongField,
    }

    /// States at other places: by rung instead of by replica, and the other way round.
    fn moved(states: &[i8], n: usize, place: impl Fn(usize) -> usize) -> Vec<i8> {
        let count = states.len() / n.max(1);
        (0..count)
            .flat_map(|at| states[place(at) * n..][..n].to_vec())
            .collect()
    }

    /// Cluster moves between ladders 0 and 1, 2 and 3, .. at every rung.
    fn move_clusters(model: &Model, states: &mut [i8], rungs: usize, round: usize) {
        let (n, ising) = (model.num_sites(), model.ising());
        let either = ising.fields().iter().all(|&h| h == 0.0);
        let bits = |state: &[i8]| (0..n).map(|i| u64::from(state[i] < 0) << i).sum::<u64>();
        let mut clusters = Clusters::default();
        for (number, pair) in states.chunks_exact_mut(2 * rungs * n).enumerate() {
            let (first, second) = pair.split_at_mut(rungs * n);
            for rung in 0..rungs {
                let [a, b] = [&mut first[rung * n..][..n], &mut second[rung * n..][..n]];
                let count = clusters.compare(&[bits(a)], &[bits(b)], n, either);
                for &site in clusters.take(&ising, (number + 7 * rung + round) % count.max(1)) {
                    a[site as usize] *= -1;
                    b[site as usize] *= -1;
                }
            }
        }
    }

    /// From rungs to replicas, or from replicas to rungs.
    type Map = fn(&Ladder) -> &[usize];

    /// Sweeps that [`Temper`] makes, with exchanges and cluster moves in between that are made here.
    fn by_hand(model: &Model, slip: Slip) -> bool {
        let (betas, n) = (betas(model), model.num_sites());
        let rungs = betas.len();
        let mut options = options(model, &[], Kernel::Metropolis, Swaps::EvenOdd, false);
        options.swap_interval = u64::MAX;
        if slip == Slip::WrongField {
            let mut wrong = model.clone();
            wrong.fields[0] += 0.3 / model.beta;
            options.chains.model = wrong.ising();
        }
        let mut ladders: Vec<_> = (0..LADDERS as u64)
            .map(|number| Ladder::new(rungs, Swaps::EvenOdd, 5, number))
            .collect();
        let mut states = starts(model, &[], &betas);
        for round in 0..8 {
            let chain = |map: Map, at: usize| at / rungs * rungs + map(&ladders[at / rungs])[at % rungs];
            let (there, back): (Map, Map) = match slip {
                Slip::WrongLane => (Ladder::rungs, Ladder::replicas),
                _ => (Ladder::replicas, Ladder::rungs),
            };
            options.first_sweep = round as u64;
            options.chains.initial_states = Some(moved(&states, n, |at| chain(there, at)));
            let swept = run(&options, 1).states();
            let energies = |states: &[i8]| -> Vec<f64> {
                let ising = model.ising();
                states.chunks_exact(n).map(|state| ising.energy(state)).collect()
            };
            let mut by_rung = moved(&moved(&swept, n, |at| chain(back, at)), n, |at| {
                chain(Ladder::replicas, at)
            });
            let before = by_rung.clone();
            move_clusters(model, &mut by_rung, rungs, round);
            let told = energies(if slip == Slip::StaleEnergies {
                &before
            } else {
                &by_rung
            });
            let by_replica = |at| chain(Ladder::rungs, at);
            states = moved(&by_rung, n, by_replica);
            let told: Vec<f64> = (0..told.len()).map(|at| told[by_replica(at)]).collect();
            for (ladder, energies) in ladders.iter_mut().zip(told.chunks_exact(rungs)) {
                ladder.exchange(round as u64, &betas, energies);
            }
        }
        let by_rung = moved(&states, n, |at| {
            at / rungs * rungs + ladders[at / rungs].replicas()[at % rungs]
        });
        verdicts(model, &[], &betas, &by_rung)
            .iter()
            .all(Verdict::accepts)
    }

    #[test]
    fn only_sweeps_exchanges_and_clusters_without_a_slip_pass() {
        for model in [models::integers(), models::sparse_signs()] {
            assert!(by_hand(&model, Slip::None), "{}", model.name);
            for slip in [Slip::StaleEnergies, Slip::WrongLane, Slip::WrongField] {
                assert!(!by_hand(&model, slip), "{}, {slip:?} passes", model.name);
            }
        }
    }
}
