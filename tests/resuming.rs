//! Whole runs: what comes out depends on neither threads nor slices, nor on what else is recorded, nor on being put
//! aside in the middle of a sweep and taken up by another number of threads.

mod common;

use common::every::{RULES, SCANS};
use common::graphs::{SITES, models};
use magnetite::kernel::{Kernel, Scan};
use magnetite::model::Ising;
use magnetite::run::{Anneal, AnnealOptions, Chains, Checkpoint, Entry, Keep, Sample, SampleOptions};
use magnetite::schedule::{Betas, Shape, betas};
use std::sync::Arc;

fn chains(model: &Arc<Ising>, count: usize, num_threads: usize) -> Chains {
    Chains {
        model: model.clone(),
        seed: 11,
        first_chain: 0,
        count,
        kernel: Kernel::Metropolis,
        scan: Scan::Sequential,
        initial_states: None,
        clamped: vec![(0, 1), (17, -1)],
        num_threads,
    }
}

/// A run of a few sweeps that records everything.
fn options(chains: Chains) -> AnnealOptions {
    let betas = vec![0.0, 0.1, 0.4, 0.2, 0.9, 2.0, 4.0, f64::INFINITY];
    AnnealOptions {
        chains,
        betas,
        keep: Keep::Best,
        num_best: 5,
        trajectory: 8,
    }
}

/// All that a run of annealing tells.
#[derive(Debug, PartialEq)]
struct Told {
    states: Vec<i8>,
    best: Option<Vec<i8>>,
    best_energy: f64,
    distinct: Vec<Entry>,
    trajectory: Vec<f64>,
}

fn told(run: &Anneal) -> Told {
    Told {
        states: run.states(),
        best: run.best_state(),
        best_energy: run.best_energy(),
        distinct: run.distinct(),
        trajectory: run.trajectory().1,
    }
}

fn finish(mut run: Anneal) -> Anneal {
    while !run.advance(10.0) {}
    run
}

fn made(options: AnnealOptions) -> Anneal {
    Anneal::new(options).expect("valid options")
}

/// Fails with the name of what differs, not with two thousand spins.
fn assert_same(a: &Told, b: &Told, what: &str) {
    assert!(a.states == b.states, "states differ: {what}");
    assert_eq!(a.best_energy, b.best_energy, "best energies differ: {what}");
    assert!(a.best == b.best, "best states differ: {what}");
    assert!(a.trajectory == b.trajectory, "trajectories differ: {what}");
    assert!(a.distinct == b.distinct, "distinct best states differ: {what}");
}

#[test]
fn threads_change_nothing() {
    for (name, model) in models() {
        for (kernel, scan) in RULES
            .into_iter()
            .zip(SCANS)
            .chain([(Kernel::Gibbs, Scan::Sequential)])
        {
            let run = |num_threads| {
                told(&finish(made(options(Chains {
                    kernel,
                    scan,
                    ..chains(&model, 37, num_threads)
                }))))
            };
            let one = run(1);
            for num_threads in [2, 5, 37] {
                assert_same(
                    &one,
                    &run(num_threads),
                    &format!("{name}, {kernel:?}, {scan:?}, {num_threads} threads"),
                );
            }
        }
    }
}

#[test]
fn reads_do_not_depend_on_how_many_there_are_or_where_they_run() {
    for (name, model) in models() {
        let all = finish(made(options(chains(&model, 40, 1))));
        for (first, count) in [(0, 1), (0, 7), (3, 1), (13, 20), (39, 1)] {
            let chains = Chains {
                first_chain: first as u64,
                ..chains(&model, count, 1)
            };
            let part = finish(made(options(chains))).states();
            assert!(
                part == all.states()[first * SITES..][..count * SITES],
                "{name}: {count} reads from {first} on"
            );
        }
    }
}

#[test]
fn slices_change_nothing() {
    for (name, model) in models() {
        let mut sliced = made(options(chains(&model, 6, 2)));
        let mut slices = 1;
        while !sliced.advance(0.0) {
            slices += 1;
        }
        assert!(slices > 2, "{name}: {slices} slices");
        assert_same(
            &told(&finish(made(options(chains(&model, 6, 2))))),
            &told(&sliced),
            name,
        );
    }
}

#[test]
fn what_is_recorded_changes_no_chain() {
    for (name, model) in models() {
        let full = finish(made(options(chains(&model, 9, 1))));
        let bare = AnnealOptions {
            num_best: 0,
            trajectory: 0,
            ..options(chains(&model, 9, 1))
        };
        let bare = finish(made(bare));
        assert!(
            full.states() == bare.states() && full.best_state() == bare.best_state(),
            "{name}"
        );
        assert!(bare.distinct().is_empty() && bare.trajectory().1.is_empty());
        let last = finish(made(AnnealOptions {
            keep: Keep::Last,
            ..options(chains(&model, 9, 1))
        }));
        assert!(
            full.best_state() == last.best_state() && full.distinct() == last.distinct(),
            "{name}"
        );
        assert!(full.trajectory() == last.trajectory(), "{name}");
    }
}

#[test]
fn a_named_schedule_is_its_betas() {
    let (_, model) = models().remove(1);
    for (shape, first, last) in [(Shape::Geometric, 0.05, 4.0), (Shape::Linear, 3.0, 0.0)] {
        let each = AnnealOptions {
            betas: betas(shape, first, last, 9).expect("valid"),
            ..options(chains(&model, 5, 1))
        };
        let named = AnnealOptions {
            chains: chains(&model, 5, 1),
            betas: Betas::new(shape, first, last, 9).expect("valid"),
            keep: Keep::Best,
            num_best: 5,
            trajectory: 8,
        };
        let named = Anneal::new(named).expect("valid options");
        assert_same(
            &told(&finish(made(each))),
            &told(&finish(named)),
            &format!("{shape:?}"),
        );
    }
}

fn assert_same_checkpoint(a: &Checkpoint, b: &Checkpoint, what: &str) {
    assert_eq!(a.block_starts, b.block_starts, "blocks differ: {what}");
    assert_eq!(
        (&a.sweeps, &a.visits),
        (&b.sweeps, &b.visits),
        "places differ: {what}"
    );
    assert!(a.states == b.states, "states differ: {what}");
    assert!(a.best_states == b.best_states, "best states differ: {what}");
    let bits = |energies: &[f64]| energies.iter().map(|e| e.to_bits()).collect::<Vec<_>>();
    assert!(bits(&a.energies) == bits(&b.energies), "energies differ: {what}");
    assert!(
        a.distinct_states == b.distinct_states,
        "distinct states differ: {what}"
    );
}

/// Put aside after every slice and restored into a new run, with 1, 2, 3, 1 ... threads.
#[test]
fn a_run_put_aside_in_the_middle_of_a_sweep_goes_on() {
    for (name, model) in models() {
        for scan in SCANS {
            let options = |num_threads| {
                options(Chains {
                    scan,
                    ..chains(&model, 6, num_threads)
                })
            };
            let whole = told(&finish(made(options(1))));
            let mut run = made(options(1));
            let mut cuts = 0;
            while !run.advance(0.0) && cuts < 20 {
                let checkpoint = run.checkpoint();
                cuts += usize::from(checkpoint.visits.iter().any(|&v| v > 0));
                let mut next = made(options(1 + cuts % 3));
                next.restore(&checkpoint).expect("its own checkpoint");
                assert_same_checkpoint(&next.checkpoint(), &checkpoint, &format!("{name}, {scan:?}"));
                run = next;
            }
            let run = finish(run);
            assert!(cuts > 3, "{name}, {scan:?}: {cuts} cuts inside a sweep");
            assert_same(&whole, &told(&run), &format!("{name}, {scan:?}"));
        }
    }
}

/// A checkpoint made before the last reads have begun: their starts are among the best states all the same.
#[test]
fn starts_of_reads_that_wait_are_not_forgotten() {
    let (_, model) = models().remove(1);
    let options = || AnnealOptions {
        betas: vec![0.5],
        num_best: 100,
        ..options(chains(&model, 40, 1))
    };
    let options = || AnnealOptions {
        trajectory: 0,
        ..options()
    };
    let mut first = made(options());
    assert!(!first.advance(0.0));
    let mut second = made(options());
    second.restore(&first.checkpoint()).expect("its own checkpoint");
    let (whole, second) = (finish(made(options())), finish(second));
    assert_eq!(whole.distinct().len(), 80);
    assert_eq!(second.distinct().len(), 80);
    assert!(whole.distinct() == second.distinct());
}

/// What was complete when a checkpoint was made is complete at once in the run that takes it up.
#[test]
fn complete_reads_are_complete_after_a_restore() {
    let (_, model) = models().remove(1);
    let options = || options(chains(&model, 40, 1));
    let done = finish(made(options()));
    let mut again = made(options());
    again.restore(&done.checkpoint()).expect("its own checkpoint");
    assert_eq!(again.reads_done(), 40);
    assert!(again.advance(0.0));
}

/// A run of draws that stores everything.
fn drawing(chains: Chains) -> SampleOptions {
    SampleOptions {
        chains,
        beta: 0.3,
        num_sweeps: 10,
        warmup: 3,
        thin: 3,
        store_states: true,
        moments: true,
    }
}

type Drawn = (Vec<i8>, Vec<i8>, Vec<f64>, (Vec<i64>, u64), Option<Vec<i8>>);

fn drawn(run: &Sample) -> Drawn {
    (
        run.states(),
        run.draws(),
        run.energies(),
        run.moments(),
        run.best_state(),
    )
}

#[test]
fn draws_do_not_depend_on_threads_slices_or_interruptions() {
    for (name, model) in models() {
        let run = |num_threads| Sample::new(drawing(chains(&model, 37, num_threads))).expect("valid options");
        let mut whole = run(1);
        while !whole.advance(10.0) {}
        let (states, draws, energies, moments, _) = drawn(&whole);
        assert_eq!(
            (draws.len(), energies.len(), moments.1),
            (37 * 3 * SITES, 37 * 3, 37 * 3)
        );
        assert!(
            draws
                .chunks(3 * SITES)
                .zip(states.chunks(SITES))
                .all(|(d, s)| s != &d[2 * SITES..])
        );
        for num_threads in [2, 5] {
            let mut other = run(num_threads);
            let mut slices = 0;
            while !other.advance(0.0) {
                slices += 1;
                if slices % 16 != 1 {
                    continue;
                }
                let mut next = run(1 + num_threads % 3);
                next.restore(&other.checkpoint()).expect("its own checkpoint");
                other = next;
            }
            let (these, those) = (drawn(&other), drawn(&whole));
            let what = format!("{name}, {num_threads} threads");
            assert!(these.0 == those.0 && these.1 == those.1, "states differ: {what}");
            assert!(these.3 == those.3, "moments differ: {what}");
            assert!(these.4 == those.4, "best states differ: {what}");
            assert!(these.2 == those.2, "energies differ: {what}");
        }
    }
}

#[test]
fn a_foreign_checkpoint_is_refused() {
    let (_, model) = models().remove(0);
    let options = |count, trajectory| AnnealOptions {
        trajectory,
        ..options(chains(&model, count, 1))
    };
    let mut run = made(options(6, 8));
    run.advance(0.0);
    let whole = run.checkpoint();
    let restored = |count, trajectory, change: fn(&mut Checkpoint)| {
        let mut checkpoint = whole.clone();
        change(&mut checkpoint);
        made(options(count, trajectory)).restore(&checkpoint).is_ok()
    };
    assert!(restored(6, 8, |_| {}));
    assert!(!restored(7, 8, |_| {}));
    assert!(!restored(6, 3, |_| {}));
    let damages: [fn(&mut Checkpoint); 7] = [
        |c| c.states.truncate(5),
        |c| c.states[0] = 0,
        |c| c.best_states[5] = 3,
        |c| c.visits[0] += 1,
        |c| c.visits[0] = 1 << 40,
        |c| c.sweeps[0] = 1 << 40,
        |c| c.block_starts.push(5),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        assert!(!restored(6, 8, damage), "damage {number} was not noticed");
    }
}
