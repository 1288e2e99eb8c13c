//! A chain is a function of seed, number and options alone: every path, vector level, block width, slice length and
//! number of threads gives the bits of the plain chain.

mod common;

use common::every::{RULES, SCANS};
use common::models::{self, setup};
use common::paths::{WHOLE, advance};
use common::plain;
use magnetite::ensemble::{Ensemble, Factory, Level, Setup};
use magnetite::kernel::Kernel;
use magnetite::model::Ising;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::sync::Arc;

/// The same examples on every run.
fn examples(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20_261_121),
        failure_persistence: None,
        ..Default::default()
    }
}

/// Visits at a time: one, a few, a window and more than a sweep.
const PIECES: [usize; 4] = [1, 7, 64, WHOLE];

/// What a random case is made of.
#[derive(Clone, Debug)]
struct Case {
    num_sites: usize,
    edges: Vec<(usize, usize, f64)>,
    fields: Vec<f64>,
    held: Vec<(usize, i8)>,
    betas: Vec<f64>,
    rule: usize,
    scan: usize,
    first_chain: u64,
}

impl Case {
    fn model(&self) -> Arc<Ising> {
        let edges: Vec<_> = self.edges.iter().filter(|e| e.0 != e.1).collect();
        let rows: Vec<i64> = edges.iter().map(|e| e.0 as i64).collect();
        let columns: Vec<i64> = edges.iter().map(|e| e.1 as i64).collect();
        let weights: Vec<f64> = edges.iter().map(|e| e.2).collect();
        Arc::new(
            Ising::from_edges(&rows, &columns, &weights, self.fields.clone(), 0.0).expect("a valid model"),
        )
    }

    fn setup(&self) -> Setup {
        let coldest = self.betas.iter().copied().fold(0.0, f64::max);
        setup(
            self.model(),
            RULES[self.rule],
            SCANS[self.scan],
            &self.held,
            coldest,
        )
    }
}

/// Signs, small whole numbers, reals, reals beside penalties, and multiples of units that are no powers of two.
fn weight(kind: usize) -> BoxedStrategy<f64> {
    match kind {
        0 => prop_oneof![Just(1.0), Just(-1.0)].boxed(),
        1 => (-4i8..5).prop_map(f64::from).boxed(),
        2 => (-2.0..2.0f64).boxed(),
        3 => (-4i8..5).prop_map(|w| 0.1 * f64::from(w)).boxed(),
        4 => prop_oneof![Just(1.0 / 3.0), Just(-1.0 / 3.0)].boxed(),
        _ => prop_oneof![3 => -2.0..2.0f64, 1 => Just(1.0e8), 1 => Just(-1.0e8)].boxed(),
    }
}

fn beta() -> impl Strategy<Value = f64> {
    prop_oneof![1 => Just(0.0), 1 => Just(f64::INFINITY), 1 => Just(1.0e4), 5 => 0.01..3.0f64]
}

fn cases() -> impl Strategy<Value = Case> {
    (1usize..40, 0usize..6, 0usize..12).prop_flat_map(|(num_sites, kind, degree)| {
        let field = prop_oneof![1 => Just(0.0), 1 => weight(kind)];
        (
            prop::collection::vec((0..num_sites, 0..num_sites, weight(kind)), num_sites * degree / 2),
            prop::collection::vec(field, num_sites),
            prop::collection::btree_map(
                0..num_sites,
                prop_oneof![Just(1i8), Just(-1i8)],
                0..num_sites.min(5),
            ),
            prop::collection::vec(beta(), 1..4),
            (0..RULES.len(), 0..SCANS.len()),
            prop_oneof![Just(0u64), 1u64..1000, Just(u64::MAX / 2)],
        )
            .prop_map(
                move |(edges, fields, held, betas, (rule, scan), first_chain)| Case {
                    num_sites,
                    edges,
                    fields,
                    held: held.into_iter().collect(),
                    betas,
                    rule,
                    scan,
                    first_chain,
                },
            )
    })
}

/// The start of a chain of `setup` that holds what is held.
fn start(setup: &Setup, chain: u64, held: &[(usize, i8)]) -> Vec<i8> {
    let mut state = setup.random_state(chain);
    for &(site, spin) in held {
        state[site] = spin;
    }
    state
}

/// The present states of all lanes.
fn states(ensemble: &dyn Ensemble, num_sites: usize) -> Vec<Vec<i8>> {
    let state = |lane| {
        let mut spins = vec![0; num_sites];
        ensemble.state(lane, &mut spins);
        spins
    };
    (0..ensemble.num_lanes()).map(state).collect()
}

/// Every path, width and level there is for a setup.
fn factories(setup: &Setup) -> Vec<Factory> {
    Level::available()
        .into_iter()
        .flat_map(|level| Factory::every(setup, level))
        .collect()
}

/// States and energies of the blocks of `factory` against plain chains, after every sweep.
fn follows_plain_chains(
    case: &Case,
    factory: &Factory,
    lanes: usize,
    piece: usize,
) -> Result<(), TestCaseError> {
    let setup = factory.setup();
    let first = case.first_chain;
    let chains: Vec<u64> = (first..first + lanes as u64).collect();
    let starts: Vec<Vec<i8>> = chains
        .iter()
        .map(|&chain| start(setup, chain, &case.held))
        .collect();
    let histories: Vec<_> = chains
        .iter()
        .zip(&starts)
        .map(|(&c, s)| plain::history(setup, c, s, &case.betas))
        .collect();
    let mut ensemble = factory.block(first, lanes, &starts.concat());
    for (sweep, &beta) in case.betas.iter().enumerate() {
        advance(&mut *ensemble, beta, 1, piece);
        prop_assert_eq!(ensemble.position(), (sweep as u64 + 1, 0));
        for (lane, state) in states(&*ensemble, case.num_sites).iter().enumerate() {
            prop_assert_eq!(
                state,
                &histories[lane][sweep + 1],
                "{}, lane {}",
                factory.name(),
                lane
            );
            let energy = setup.energy_units(state) * setup.grid.unit;
            prop_assert_eq!(ensemble.energy(lane), energy, "{}, lane {}", factory.name(), lane);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(examples(192))]

    #[test]
    fn every_path_follows_the_plain_chain(case in cases(), piece in 0..PIECES.len(), fewer in 0usize..3) {
        for factory in factories(&case.setup()) {
            let lanes = factory.width().saturating_sub(fewer).max(1);
            follows_plain_chains(&case, &factory, lanes, PIECES[piece])?;
        }
    }

    /// A block that stops anywhere, and is made anew from what it shows, goes on as if nothing had been.
    #[test]
    fn a_block_made_anew_goes_on(case in cases(), visits in 1usize..40) {
        let setup = case.setup();
        for factory in factories(&setup) {
            let lanes = factory.width();
            let starts: Vec<i8> = (0..lanes as u64).flat_map(|chain| start(&setup, chain, &case.held)).collect();
            let mut whole = factory.block(0, lanes, &starts);
            let mut part = factory.block(0, lanes, &starts);
            for &beta in &case.betas {
                advance(&mut *whole, beta, 1, WHOLE);
                (0..lanes).for_each(|lane| part.set_beta(lane, beta));
                if !part.advance(visits) {
                    let mut anew = factory.block(0, lanes, &states(&*part, case.num_sites).concat());
                    anew.set_position(part.position());
                    prop_assert_eq!(anew.position(), part.position());
                    part = anew;
                    (0..lanes).for_each(|lane| part.set_beta(lane, beta));
                    while !part.advance(visits) {}
                }
                prop_assert_eq!(part.position(), whole.position());
                prop_assert_eq!(states(&*part, case.num_sites), states(&*whole, case.num_sites), "{}", factory.name());
            }
        }
    }

    /// Lanes of different betas do what each would do alone.
    #[test]
    fn lanes_do_not_see_each_others_beta(case in cases()) {
        let setup = case.setup();
        let beta_of = |lane: usize| case.betas[lane % case.betas.len()];
        for factory in factories(&setup) {
            let lanes = factory.width();
            let starts: Vec<Vec<i8>> = (0..lanes as u64).map(|chain| start(&setup, chain, &case.held)).collect();
            let mut ensemble = factory.block(0, lanes, &starts.concat());
            (0..lanes).for_each(|lane| ensemble.set_beta(lane, beta_of(lane)));
            for _ in 0..2 {
                while !ensemble.advance(WHOLE) {}
            }
            for (lane, state) in states(&*ensemble, case.num_sites).iter().enumerate() {
                let alone = plain::history(&setup, lane as u64, &starts[lane], &[beta_of(lane); 2]);
                prop_assert_eq!(state, &alone[2], "{}, lane {}", factory.name(), lane);
            }
        }
    }

    /// Bit rows, shadows, turned spins and replaced states say what states say.
    #[test]
    fn shadows_and_bit_rows_are_the_states(case in cases(), mask in any::<u64>()) {
        let setup = case.setup();
        let n = case.num_sites;
        for factory in factories(&setup) {
            let lanes = factory.width();
            let starts: Vec<Vec<i8>> = (0..lanes as u64).map(|chain| start(&setup, chain, &case.held)).collect();
            let mut ensemble = factory.block(0, lanes, &starts.concat());
            advance(&mut *ensemble, 0.3, 1, WHOLE);
            ensemble.keep(mask);
            let present = states(&*ensemble, n);
            let mut rows = vec![0; n];
            ensemble.bit_rows(&mut rows);
            let mut kept = vec![0; n];
            for lane in 0..lanes {
                let bits: Vec<i8> = rows.iter().map(|row| if row >> lane & 1 == 1 { -1 } else { 1 }).collect();
                prop_assert_eq!(&bits, &present[lane], "{}", factory.name());
                ensemble.kept(lane, &mut kept);
                let expected = if mask >> lane & 1 == 1 { &present[lane] } else { &starts[lane] };
                prop_assert_eq!(&kept, expected, "{}", factory.name());
            }
            let free: Vec<u32> = setup.plan.free.iter().copied().filter(|site| site % 3 != 1).collect();
            let mut turned = present[lanes - 1].clone();
            for &site in &free {
                turned[site as usize] *= -1;
            }
            let change = setup.energy_units(&turned) - setup.energy_units(&present[lanes - 1]);
            ensemble.flip(lanes - 1, &free, change);
            ensemble.state(lanes - 1, &mut kept);
            prop_assert_eq!(&kept, &turned, "{}", factory.name());
            prop_assert_eq!(ensemble.energy(lanes - 1), setup.energy_units(&turned) * setup.grid.unit, "{}", factory.name());
            advance(&mut *ensemble, 0.3, 1, WHOLE);
            let after = states(&*ensemble, n);
            for lane in 0..lanes {
                let mut alone = if lane + 1 == lanes { turned.clone() } else { present[lane].clone() };
                plain::sweep(&setup, (lane as u64, 1), 0.3, &mut alone);
                prop_assert_eq!(&after[lane], &alone, "{}, lane {}", factory.name(), lane);
            }
            ensemble.set_state(lanes - 1, &starts[0]);
            ensemble.state(lanes - 1, &mut kept);
            prop_assert_eq!(&kept, &starts[0]);
            prop_assert_eq!(ensemble.energy(lanes - 1), setup.energy_units(&starts[0]) * setup.grid.unit);
        }
    }
}

/// Models too large for the random cases: hubs, many words of bits, many windows.
#[test]
fn large_models_follow_the_plain_chain() {
    let complete = |n: usize, weight: fn(usize, usize) -> f64| -> Vec<(usize, usize, f64)> {
        (0..n)
            .flat_map(|i| (i + 1..n).map(move |j| (i, j, weight(i, j))))
            .collect()
    };
    let sign = |i: usize, j: usize| {
        if (i * i + 3 * i * j + j) % 7 < 3 {
            1.0
        } else {
            -1.0
        }
    };
    let real = |i: usize, j: usize| ((i * 31 + j * 17) as f64).sin();
    let hub = models::hub();
    let cases = [
        (hub.num_sites(), hub.pairs, hub.fields),
        (450, complete(450, sign), vec![0.0; 450]),
        (130, complete(130, real), vec![0.25; 130]),
        (70, complete(70, sign), (0..70).map(f64::from).collect()),
    ];
    for (number, (num_sites, edges, fields)) in cases.into_iter().enumerate() {
        for rule in 0..2 {
            let held = vec![(3, 1), (num_sites - 1, -1)];
            let (edges, fields) = (edges.clone(), fields.clone());
            let betas = vec![0.02, 0.2, 3.0];
            let scan = (number + rule) % 3;
            let case = Case {
                num_sites,
                edges,
                fields,
                held,
                betas,
                rule,
                scan,
                first_chain: 5,
            };
            for factory in factories(&case.setup()) {
                let lanes = factory.width().min(9);
                follows_plain_chains(&case, &factory, lanes, PIECES[2]).expect("the same bits");
            }
        }
    }
}

/// Without energy differences: fair spins from Metropolis and Gibbs, a strict alternation from D-Wave's rule.
#[test]
fn at_beta_zero_only_the_literal_rule_oscillates() {
    let model = models::integers();
    for rule in RULES {
        let setup = model.setup(rule, magnetite::kernel::Scan::Sequential, &[], 0.0);
        for factory in factories(&setup) {
            let lanes = factory.width();
            let starts = vec![1; lanes * 6];
            let mut ensemble = factory.block(0, lanes, &starts);
            for sweep in 1..=64 {
                advance(&mut *ensemble, 0.0, 1, WHOLE);
                let states = states(&*ensemble, 6);
                let all = |spin: i8| states.iter().flatten().all(|&s| s == spin);
                match rule {
                    Kernel::Literal => assert!(all(if sweep % 2 == 1 { -1 } else { 1 })),
                    Kernel::Metropolis | Kernel::Gibbs => assert!(lanes < 4 || !(all(1) || all(-1))),
                }
            }
        }
    }
}
