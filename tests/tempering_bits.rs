//! A ladder is a function of seed and options alone: threads, slices, interruptions and other ladders do not show.

use magnetite::kernel::{Kernel, Scan};
use magnetite::model::Ising;
use magnetite::rng::mix64;
use magnetite::run::{
    Archive, Chains, Checkpoint, ClusterMoves, MOMENT_PARTS, PARTS, Swaps, Temper, TemperOptions,
};
use std::sync::Arc;

const RUNGS: usize = 9;

fn model(n: usize, degree: usize, weight: impl Fn(u64) -> f64, field: f64) -> Arc<Ising> {
    let (mut rows, mut columns, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..n {
        for step in 1..=degree / 2 {
            rows.push(i as i64);
            columns.push(((i + step * step) % n) as i64);
            weights.push(weight(mix64((i * 100 + step) as u64)));
        }
    }
    let fields = (0..n).map(|i| if i % 3 == 0 { field } else { 0.0 }).collect();
    Arc::new(Ising::from_edges(&rows, &columns, &weights, fields, 0.5).expect("valid"))
}

/// One model for every family of paths.
fn models() -> Vec<Arc<Ising>> {
    let sign = |bits: u64| if bits & 1 == 1 { 1.0 } else { -1.0 };
    let real = |bits: u64| (bits >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
    vec![
        model(150, 6, sign, 0.0),
        model(150, 6, |bits| 1.0 + (bits % 3) as f64, 1.0),
        model(150, 4, real, 0.25),
        model(90, 18, real, 0.0),
        model(90, 18, sign, 0.0),
    ]
}

fn options(model: &Arc<Ising>, num_ladders: usize, num_threads: usize) -> TemperOptions {
    TemperOptions {
        chains: Chains {
            model: model.clone(),
            seed: 7,
            first_chain: 0,
            count: num_ladders * RUNGS,
            kernel: Kernel::Metropolis,
            scan: Scan::Sequential,
            initial_states: None,
            clamped: vec![(3, -1), (8, 1)],
            num_threads,
        },
        num_ladders,
        betas: (0..RUNGS).map(|rung| 0.15 * rung as f64).collect(),
        num_sweeps: 120,
        warmup: 30,
        thin: 5,
        first_sweep: 1000,
        swaps: Swaps::EvenOdd,
        swap_interval: 2,
        clusters: ClusterMoves {
            interval: 7,
            rungs: (0..RUNGS).map(|rung| rung > 2).collect(),
        },
        observe_interval: 3,
        links: true,
        moments: true,
        store_states: true,
    }
}

/// All that a run shows.
fn shown(run: &Temper) -> impl PartialEq + std::fmt::Debug + use<> {
    let energies: Vec<u64> = run.energies().iter().map(|e| e.to_bits()).collect();
    let flows: Vec<_> = run.flows().cloned().collect();
    let sums = (
        run.single_sums().to_vec(),
        run.pair_sums().to_vec(),
        run.moments().to_vec(),
    );
    let histograms = run.histograms().0.map(<[u64]>::to_vec);
    (
        (energies, run.draws().to_vec()),
        flows,
        sums,
        histograms,
        run.states(),
        run.cluster_counts().to_vec(),
        (run.best_energy(), run.best_state()),
    )
}

fn done(options: TemperOptions) -> Temper {
    let mut run = Temper::new(options).expect("valid options");
    while !run.advance(10.0) {}
    run
}

#[test]
fn threads_and_slices_do_not_show() {
    for model in models() {
        let expected = shown(&done(options(&model, 4, 1)));
        for threads in [2, 5] {
            let mut run = Temper::new(options(&model, 4, threads)).expect("valid options");
            while !run.advance(0.0) {}
            assert_eq!(
                shown(&run),
                expected,
                "{threads} threads, {}",
                run.factory().name()
            );
        }
    }
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_bits() {
    for model in models() {
        let expected = shown(&done(options(&model, 3, 1)));
        // Up and down: blocks stay as they were cut for one thread or for five, whatever the threads now are.
        let mut threads = [2, 5, 1].into_iter().cycle();
        let mut run = Temper::new(options(&model, 3, 1)).expect("valid options");
        let mut finished = false;
        while !finished {
            let (checkpoint, archive) = run.checkpoint();
            let now = threads.next().expect("a cycle");
            let mut again = Temper::new(options(&model, 3, now)).expect("valid options");
            again.restore(&checkpoint, &archive).expect("its own checkpoint");
            // (As text: energies not reached are NaN, which equals nothing.)
            assert_eq!(
                format!("{:?}", again.checkpoint()),
                format!("{:?}", (checkpoint, archive))
            );
            run = again;
            for _ in 0..5 {
                finished = run.advance(0.0);
            }
        }
        // What had been the best of a block may have been met under another cut; its energy is the same.
        assert_eq!(shown(&run), expected);
    }
}

/// Ladders 2 and 3 of four are the same ladders when they are run alone.
#[test]
fn ladders_can_be_run_elsewhere() {
    for model in models() {
        let all = done(options(&model, 4, 1));
        let mut part = options(&model, 2, 1);
        part.chains.first_chain = 2 * RUNGS as u64;
        let part = done(part);
        let half = all.states().len() / 2;
        assert_eq!(part.states(), all.states()[half..]);
        let bits = |energies: &[f64]| energies.iter().map(|e| e.to_bits()).collect::<Vec<_>>();
        assert_eq!(
            bits(part.energies()),
            bits(&all.energies()[all.energies().len() / 2..])
        );
    }
}

#[test]
fn what_is_measured_is_what_was_there() {
    let model = &models()[1];
    let run = done(TemperOptions {
        num_sweeps: 1,
        warmup: 0,
        thin: 1,
        observe_interval: 1,
        ..options(model, 2, 1)
    });
    let (n, states) = (model.num_sites(), run.states());
    let state = |ladder: usize, rung: usize| &states[(ladder * RUNGS + rung) * n..][..n];
    let part = run
        .counts()
        .iter()
        .position(|&count| count == 1)
        .expect("one measurement");
    let edges: Vec<(usize, usize)> = (0..n)
        .flat_map(|i| model.upper_row(i).map(move |(j, _)| (i, j)))
        .collect();
    for rung in 0..RUNGS {
        let [a, b] = [state(0, rung), state(1, rung)];
        let mean = |values: &mut dyn Iterator<Item = i8>, count: usize| {
            values.map(f64::from).sum::<f64>() / count as f64
        };
        let m = mean(&mut a.iter().copied(), n);
        let q = mean(&mut a.iter().zip(b).map(|(x, y)| x * y), n);
        let l = mean(
            &mut edges.iter().map(|&(i, j)| a[i] * a[j] * b[i] * b[j]),
            edges.len(),
        );
        let single =
            &run.single_sums()[(rung * magnetite::run::PARTS + part) * magnetite::run::SINGLE..][..6];
        let energy = model.energy(a);
        assert_eq!(run.energies()[rung], energy);
        assert_eq!(&run.draws()[rung * n..(rung + 1) * n], a);
        for (found, expected) in single
            .iter()
            .zip([energy, energy * energy, m, m.abs(), m * m, m.powi(4)])
        {
            assert!(
                (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                "{found} {expected}"
            );
        }
        let pair = &run.pair_sums()[(rung * magnetite::run::PARTS + part) * magnetite::run::PAIR..][..6];
        for (found, expected) in pair.iter().zip([q, q.abs(), q * q, q.powi(4), l, l * l]) {
            assert!((found - expected).abs() <= 1e-12, "{found} {expected}");
        }
        let width = n + edges.len();
        // Both ends of a part of 64 lie in the same of 16.
        let row = part * MOMENT_PARTS / PARTS * RUNGS + rung;
        for (site, &sum) in run.moments()[row * width..][..n].iter().enumerate() {
            assert_eq!(sum, i64::from(a[site]) + i64::from(b[site]));
        }
    }
}

#[test]
fn bad_options_are_refused() {
    let model = &models()[0];
    let refused = |change: fn(&mut TemperOptions), words: &str| {
        let mut options = options(model, 2, 1);
        change(&mut options);
        let message = Temper::new(options).err().expect("refused").to_string();
        assert!(message.contains(words), "{message}");
    };
    refused(
        |o| o.betas[2] = -0.5,
        "betas must be finite and not negative, got -0.5 at index 2",
    );
    refused(|o| o.betas[2] = f64::NAN, "betas must be finite");
    refused(|o| o.betas[8] = f64::INFINITY, "betas must be finite");
    refused(|o| o.betas.swap(3, 4), "betas must ascend");
    refused(|o| o.thin = 0, "thin");
    refused(|o| o.num_ladders = 3, "num_ladders");
    refused(|o| o.clusters.rungs.clear(), "cluster");
    refused(|o| o.num_ladders = usize::MAX, "num_ladders");
    refused(
        |o| (o.num_ladders, o.chains.count) = (usize::MAX, usize::MAX),
        "do not fit in memory",
    );
}

/// Large replicas, whose cluster moves are made a few at a time.
fn large(num_threads: usize) -> TemperOptions {
    let sign = |bits: u64| if bits & 1 == 1 { 1.0 } else { -1.0 };
    TemperOptions {
        num_sweeps: 3,
        warmup: 1,
        thin: 1,
        swap_interval: 1,
        clusters: ClusterMoves {
            interval: 1,
            rungs: (0..RUNGS).map(|rung| rung != 4).collect(),
        },
        moments: false,
        store_states: false,
        ..options(&model(140_000, 4, sign, 0.0), 2, num_threads)
    }
}

#[test]
fn cluster_moves_can_be_interrupted() {
    let expected = shown(&done(large(1)));
    let mut run = Temper::new(large(2)).expect("valid options");
    let mut threads = [1, 5, 2].into_iter().cycle();
    let mut amid = 0;
    while !run.advance(0.0) {
        let (checkpoint, archive) = run.checkpoint();
        if archive.integers[1] == 0 {
            continue;
        }
        amid += 1;
        if amid % 3 == 1 {
            run = Temper::new(large(threads.next().expect("a cycle"))).expect("valid options");
            run.restore(&checkpoint, &archive).expect("its own checkpoint");
        }
    }
    assert!(amid > 5, "{amid} stops between cluster moves");
    assert_eq!(shown(&run), expected);
}

#[test]
fn what_is_not_measured_takes_no_memory() {
    let model = &models()[0];
    for observe_interval in [0, 25] {
        let run = done(TemperOptions {
            observe_interval,
            ..options(model, 2, 1)
        });
        assert!(run.single_sums().is_empty() && run.pair_sums().is_empty());
        assert!(run.counts().iter().all(|&count| count == 0));
    }
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    type Damage = fn(&mut Checkpoint, &mut Archive);
    let model = &models()[0];
    let made = || {
        let mut options = options(model, 2, 1);
        // Far from one stop to the next, so that a slice of no length ends between them.
        (options.warmup, options.num_sweeps, options.thin) = (4_000, 8_000, 4_000);
        (options.swap_interval, options.clusters.interval) = (2_000, 2_000);
        Temper::new(options).expect("valid options")
    };
    let mut run = made();
    while run.sweeps_done() < 4_000 || run.checkpoint().0.sweeps[0] == run.sweeps_done() {
        assert!(!run.advance(0.0), "no slice ended between two stops");
    }
    let whole = run.checkpoint();
    let restored = |damage: Damage| {
        let (mut checkpoint, mut archive) = whole.clone();
        damage(&mut checkpoint, &mut archive);
        made().restore(&checkpoint, &archive).is_ok()
    };
    assert!(restored(|_, _| {}));
    // Ladders begin behind places, counts of cluster moves and when the best states were met.
    let damages: [Damage; 16] = [
        |c, _| c.energies.truncate(5),
        |c, _| c.draws.truncate(5),
        |c, _| c.states[0] = 0,
        |c, _| c.visits[0] = 1 << 40,
        |c, _| c.sweeps[0] += 1 << 40,
        |c, _| c.sweeps[0] += 2_000,
        |c, _| c.sweeps[0] -= 2_000,
        |c, _| c.block_starts.clear(),
        |_, a| a.integers[0] = 1 << 40,
        |_, a| a.integers[0] += 2_000,
        |_, a| a.integers[0] -= 2_000,
        |_, a| a.integers[0] -= 1,
        |_, a| a.integers[1] = 1,
        |_, a| a.integers[2 + 3 * RUNGS + 2 * RUNGS] = RUNGS as u64,
        |_, a| a.integers.push(0),
        |_, a| a.reals.truncate(3),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        assert!(!restored(damage), "damage {number} was not noticed");
    }
}
