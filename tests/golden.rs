//! Pinned bits: the streams, the schedules, and one short run for each kernel and scan. A change here changes every
//! seeded result there is; it needs a line in the changelog.

mod common;

use common::every::{RULES, SCANS};
use common::law::Uniform;
use magnetite::model::Ising;
use magnetite::rng::{Purpose, Stream, below, draw, mix64};
use magnetite::run::{Anneal, AnnealOptions, Chains, Keep};
use magnetite::schedule::{Shape, betas};
use std::sync::Arc;

/// Fowler, Noll and Vo's hash (FNV-1a, 64 bits).
fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    })
}

#[test]
fn the_streams() {
    // The first output of SplitMix64 from state 0, as published with it.
    assert_eq!(mix64(0), 0xE220_A839_7B1D_CDAF);
    let key = Stream::new(1, Purpose::Sweep, 2).key(3);
    assert_eq!([key.first, key.second], [0x4763_3465, 0xACE8_1426]);
    assert_eq!(
        [draw(key, 0), draw(key, 1), draw(key, 1_000_000)],
        [0x7F11_6498, 0x9EF2_6574, 0xC040_651D]
    );
    let order = Stream::new(1, Purpose::Order, 0);
    assert_eq!(
        [0, 1, 2, 3].map(|index| below(&order, 5, index, 1000)),
        [800, 909, 639, 512]
    );
    let draws = (0..100u64).flat_map(|chain| {
        let key = Stream::new(7, Purpose::Start, chain).key(chain * chain);
        (0..100).flat_map(move |visit| draw(key, visit).to_le_bytes())
    });
    assert_eq!(hash(draws), 0x65C9_FE6E_F429_DC14);
}

#[test]
fn the_schedules() {
    let bits = |shape| {
        betas(shape, 0.1, 3.7, 1000)
            .expect("valid")
            .into_iter()
            .flat_map(|b| b.to_bits().to_le_bytes())
    };
    assert_eq!(
        [Shape::Geometric, Shape::Linear].map(|shape| hash(bits(shape))),
        [0x53B7_AAF8_23E4_96F4, 0x608F_482D_2984_5A7B]
    );
}

/// A graph of 50 sites with whole or real coefficients.
fn model(whole: bool) -> Arc<Ising> {
    let mut uniform = Uniform(1);
    let mut number = || {
        let x = 4.0 * (uniform.next() - 0.5);
        if whole { x.ceil() } else { x }
    };
    let (rows, columns): (Vec<i64>, Vec<i64>) = (0..50)
        .flat_map(|i| [1, 7, 19].map(|step| (i, (i + step) % 50)))
        .unzip();
    let weights: Vec<f64> = rows.iter().map(|_| number()).collect();
    let fields = (0..50).map(|_| number()).collect();
    Arc::new(Ising::from_edges(&rows, &columns, &weights, fields, 0.0).expect("a valid model"))
}

/// Hash of the last states of 20 reads of 30 sweeps, one of them at beta = 0, where the literal rule differs.
fn run(model: &Arc<Ising>, rule: usize, scan: usize) -> u64 {
    let chains = Chains {
        model: model.clone(),
        seed: 2026,
        first_chain: 3,
        count: 20,
        kernel: RULES[rule],
        scan: SCANS[scan],
        initial_states: None,
        clamped: vec![(4, 1)],
        num_threads: 2,
    };
    let mut betas = betas(Shape::Geometric, 0.05, 2.0, 30).expect("valid");
    betas[7] = 0.0;
    let options = AnnealOptions {
        chains,
        betas,
        keep: Keep::Last,
        num_best: 0,
        trajectory: 0,
    };
    let mut run = Anneal::new(options).expect("valid options");
    while !run.advance(10.0) {}
    hash(run.states().into_iter().map(|spin| spin as u8))
}

/// By kernel (Metropolis, Gibbs, literal) and scan (sequential, permutation, random).
fn runs(whole: bool) -> [[u64; 3]; 3] {
    let model = model(whole);
    [0, 1, 2].map(|rule| [0, 1, 2].map(|scan| run(&model, rule, scan)))
}

#[test]
fn the_runs_on_whole_numbers() {
    assert_eq!(
        runs(true),
        [
            [
                0xB57F_44A1_F98A_E38D,
                0x4601_7EEF_2DD6_D585,
                0x1DF6_89C0_92F5_E17B
            ],
            [
                0x5751_4FA8_0E2C_2085,
                0x3CC3_99DD_43B9_1C57,
                0xC5B9_3E5B_0D79_1BAF
            ],
            [
                0x222F_2881_B695_69F5,
                0x40FB_D82B_1A06_9D6B,
                0xE3E4_1C37_0D0D_9BDD
            ]
        ]
    );
}

#[test]
fn the_runs_on_reals() {
    assert_eq!(
        runs(false),
        [
            [
                0x8DAB_CA24_37EB_733F,
                0x9A17_C3E6_A6E5_F437,
                0x6749_655D_0C46_9DE5
            ],
            [
                0x06DC_069B_6985_D341,
                0xEA42_7AE6_D283_8FC5,
                0xBAAB_BFB2_789D_6A4B
            ],
            [
                0xFF6C_900E_78CE_236D,
                0x1BB6_5C09_5F7E_4C61,
                0x059F_8749_E16F_B23B
            ]
        ]
    );
}
