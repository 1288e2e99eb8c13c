//! Chains that start at exact draws of an enumerable model must stay exact draws, for every kernel, energy, scan,
//! clamping, path and vector level. Unlike "run long and compare histograms" this knows no mixing time: a chain at
//! its law is at its law after any number of sweeps.
//!
//! A permuted or random order is shared by all chains. Given the order, chains are independent and every single visit
//! keeps the law, so the chi-square holds for these scans as well.

mod common;

use common::every::{KERNELS, SCANS};
use common::law::{Verdict, draws, exact, judge, number};
use common::models::{self, Model};
use common::paths::{WHOLE, advance, extreme_levels, family, paths};
use common::plain;
use magnetite::ensemble::{Factory, Level, Setup};
use magnetite::kernel::{Kernel, Scan};

/// Site visits a sweep of all chains of a cell; what remains for a large model is still enough to tell.
const VISITS: usize = 40_000 * 7;

/// Chains of a cell for a model of `num_sites` sites.
fn chains(num_sites: usize) -> usize {
    (VISITS / num_sites).clamp(8_000, 40_000)
}

/// Sweeps after which a cell is judged.
const SWEEPS: [u64; 3] = [1, 4, 16];

/// What became of the chains of a cell.
struct Outcome {
    /// After each of `SWEEPS`.
    verdicts: Vec<Verdict>,
    /// Share of chains whose core is not where it started, after the last sweep.
    moved: f64,
}

/// Exact draws of a model, and the law they are of.
struct Starts {
    core: usize,
    num_sites: usize,
    law: Vec<f64>,
    states: Vec<i8>,
}

impl Starts {
    fn new(model: &Model, held: &[(usize, i8)]) -> Self {
        let law = exact(model, held, model.beta);
        let num_free = model.num_sites() - model.held.len();
        let states = draws(model, held, model.beta, &law, chains(num_free + 1));
        Self {
            core: model.core,
            num_sites: model.num_sites(),
            law,
            states,
        }
    }

    /// Carries all chains through so many sweeps at `beta`, in blocks of `factory`, and judges them each time.
    fn run(&self, factory: &Factory, beta: f64, sweeps: &[u64]) -> Outcome {
        let n = self.num_sites;
        let last = sweeps[sweeps.len() - 1];
        let mut counts = vec![vec![0u64; self.law.len()]; sweeps.len()];
        let mut moved = 0;
        let mut spins = vec![0; n];
        for (block, states) in self.states.chunks(factory.width() * n).enumerate() {
            let first = (block * factory.width()) as u64;
            let mut ensemble = factory.block(first, states.len() / n, states);
            let mut done = 0;
            for (&until, counts) in sweeps.iter().zip(&mut counts) {
                advance(&mut *ensemble, beta, until - done, WHOLE);
                done = until;
                for (lane, start) in states.chunks(n).enumerate() {
                    ensemble.state(lane, &mut spins);
                    counts[number(&spins, self.core)] += 1;
                    moved += u64::from(done == last && spins[..self.core] != start[..self.core]);
                }
            }
        }
        let verdicts = counts.iter().map(|counts| judge(counts, &self.law)).collect();
        Outcome {
            verdicts,
            moved: moved as f64 / (self.states.len() / n) as f64,
        }
    }
}

/// All paths; a sequential scan at the lowest and the highest vector level, a permuted one at the highest, a random one
/// at the lowest (that levels do not differ in a bit is tested elsewhere).
fn all_paths(setup: &Setup) -> Vec<Factory> {
    let mut levels = extreme_levels();
    match setup.scan {
        Scan::Sequential => {}
        Scan::Permutation => drop(levels.drain(..levels.len() - 1)),
        Scan::Random => levels.truncate(1),
    }
    levels.into_iter().flat_map(|level| paths(setup, level)).collect()
}

/// Every kernel x scan x path with `part` in its name, for one model and clamping.
fn stays_exact(model: &Model, clamped: bool, part: &str) {
    let held = model.held(clamped);
    let starts = Starts::new(model, &held);
    // Two independent draws differ with this probability; chains that are stuck stay far below it.
    let differ = 1.0 - starts.law.iter().map(|p| p * p).sum::<f64>();
    for kernel in KERNELS {
        for scan in SCANS {
            let mut factories = all_paths(&model.setup(kernel, scan, &held, model.beta));
            factories.retain(|factory| factory.name().contains(part));
            assert!(
                !factories.is_empty(),
                "{}: no path has '{part}' in its name",
                model.name
            );
            for factory in factories {
                let outcome = starts.run(&factory, model.beta, &SWEEPS);
                let cell = format!(
                    "{}, {kernel:?}, {scan:?}, clamped {clamped}, {}, {:?}",
                    model.name,
                    factory.name(),
                    factory.level()
                );
                for (verdict, sweeps) in outcome.verdicts.iter().zip(SWEEPS) {
                    assert!(verdict.accepts(), "{cell}, {sweeps} sweeps: {verdict:?}");
                }
                assert!(
                    outcome.moved > 0.5 * differ,
                    "{cell}: only {} of the chains moved",
                    outcome.moved
                );
            }
        }
    }
}

macro_rules! stationary {
    ($($name:ident: $model:expr;)*) => {$(
        #[test]
        fn $name() {
            for clamped in [false, true] {
                stays_exact(&$model, clamped, "");
            }
        }
    )*};
}

stationary! {
    sparse_signs: models::sparse_signs();
    integers: models::integers();
    tenths: models::tenths();
    sparse_reals: models::sparse_reals();
    dense_signs: models::dense_signs();
    dense_reals: models::dense_reals();
    hub: models::hub();
    isolated: models::isolated();
    penalties: models::penalties();
    dense_penalties: models::dense_penalties();
}

/// Held sites that make a model so sparse that cached fields are updated along lists.
const PADDING: usize = 30;

#[test]
fn cached_fields_of_sparse_models() {
    for model in [
        models::integers(),
        models::sparse_reals(),
        models::isolated(),
        models::penalties(),
    ] {
        stays_exact(&model.padded(PADDING), true, "sparse");
    }
}

#[test]
fn bit_rows() {
    for model in [models::sparse_signs(), models::dense_signs()] {
        stays_exact(&surrounded(&model), true, "bits");
    }
}

/// So many held sites, so densely coupled, that fields are counted from bits.
fn surrounded(model: &Model) -> Model {
    model.surrounded(400, 50)
}

/// The matrix above is complete: every path that there is was in it.
#[test]
fn every_path_is_in_the_matrix() {
    let mut families: Vec<String> = Vec::new();
    let mut models = vec![
        surrounded(&models::sparse_signs()),
        surrounded(&models::dense_signs()),
    ];
    models.extend(
        models::all()
            .iter()
            .flat_map(|model| [model.clone(), model.padded(PADDING)]),
    );
    for model in models {
        let setup = model.setup(
            Kernel::Metropolis,
            Scan::Sequential,
            &model.held(false),
            model.beta,
        );
        families.extend(paths(&setup, Level::Baseline).iter().map(family));
    }
    families.sort();
    families.dedup();
    for family in [
        "bits",
        "bytes",
        "cached f32 dense",
        "cached f32 sparse",
        "cached f64 dense",
        "cached f64 sparse",
        "cached i16 dense",
        "cached i16 sparse",
        "cached i8 sparse",
        "recomputed f32",
        "recomputed f64",
    ] {
        assert!(
            families.iter().any(|f| f == family),
            "{family} is not among {families:?}"
        );
    }
}

/// Lanes of one block may have different betas; each keeps its own law.
#[test]
fn every_lane_has_its_own_beta() {
    for model in [models::integers(), models::sparse_reals(), models::dense_signs()] {
        let betas = [0.0, 0.5 * model.beta, model.beta, 2.0 * model.beta];
        for kernel in KERNELS {
            let held = model.held(false);
            for factory in all_paths(&model.setup(kernel, Scan::Sequential, &held, 2.0 * model.beta)) {
                for (verdict, beta) in lanes_of_many_betas(&model, &factory, &betas).iter().zip(betas) {
                    let path = factory.name();
                    assert!(
                        verdict.accepts(),
                        "{}, {kernel:?}, {path}, beta {beta}: {verdict:?}",
                        model.name
                    );
                }
            }
        }
    }
}

/// Chains of all betas together.
const CHAINS: usize = 40_000;

/// Lane l of every block starts at, and runs at, beta l mod k; a verdict for each beta.
fn lanes_of_many_betas(model: &Model, factory: &Factory, betas: &[f64; 4]) -> Vec<Verdict> {
    let n = model.num_sites();
    let laws = betas.map(|beta| exact(model, &[], beta));
    let starts: Vec<_> = betas
        .iter()
        .zip(&laws)
        .map(|(&b, law)| draws(model, &[], b, law, CHAINS / 4))
        .collect();
    let mut counts = vec![vec![0u64; laws[0].len()]; betas.len()];
    let mut spins = vec![0; n];
    let width = factory.width().next_multiple_of(betas.len()).min(32);
    for first in (0..CHAINS).step_by(width) {
        let of_chain = |chain: usize| &starts[chain % 4][chain / 4 * n..][..n];
        let chains: Vec<usize> = (first..CHAINS.min(first + width)).collect();
        for part in chains.chunks(factory.width()) {
            let states: Vec<i8> = part.iter().flat_map(|&chain| of_chain(chain)).copied().collect();
            let mut ensemble = factory.block(part[0] as u64, part.len(), &states);
            for (lane, chain) in part.iter().enumerate() {
                ensemble.set_beta(lane, betas[chain % 4]);
            }
            for _ in 0..3 {
                while !ensemble.advance(WHOLE) {}
            }
            for (lane, chain) in part.iter().enumerate() {
                ensemble.state(lane, &mut spins);
                counts[chain % 4][number(&spins, model.core)] += 1;
            }
        }
    }
    counts
        .iter()
        .zip(&laws)
        .map(|(counts, law)| judge(counts, law))
        .collect()
}

/// Mistakes that the matrix must not let pass; if one does, the matrix proves nothing.
mod mistakes {
    use super::*;

    /// The last verdict on chains of `right` that run by `wrong`, on every path, kernel and scan.
    fn are_refused(right: &Model, wrong: &Model, beta: f64, what: &str) {
        let starts = Starts::new(right, &[]);
        for kernel in KERNELS {
            for scan in SCANS {
                for factory in paths(&wrong.setup(kernel, scan, &[], beta), extreme_levels()[0]) {
                    let verdict = starts.run(&factory, beta, &[4]).verdicts[0];
                    let cell = format!("{}, {kernel:?}, {scan:?}, {}", right.name, factory.name());
                    assert!(!verdict.accepts(), "{cell}: {what} was not noticed: {verdict:?}");
                }
            }
        }
    }

    fn subjects() -> [Model; 4] {
        [
            models::integers(),
            models::sparse_reals(),
            models::dense_signs(),
            models::dense_reals(),
        ]
    }

    #[test]
    fn a_beta_wrong_by_a_tenth() {
        for model in subjects() {
            are_refused(&model, &model, 1.1 * model.beta, "a beta too large");
            are_refused(&model, &model, 0.9 * model.beta, "a beta too small");
        }
    }

    #[test]
    fn a_field_left_out() {
        for model in subjects() {
            let Some(site) = model.fields.iter().position(|&h| h != 0.0) else {
                continue;
            };
            let mut wrong = model.clone();
            wrong.fields[site] = 0.0;
            are_refused(&model, &wrong, model.beta, "a field left out");
        }
    }

    #[test]
    fn a_coupling_left_out() {
        for model in subjects() {
            let mut wrong = model.clone();
            wrong.pairs.remove(1);
            are_refused(&model, &wrong, model.beta, "a coupling left out");
        }
    }

    /// A coupling that only one of its two sites feels (in the plain chain: the library cannot be told such a thing).
    #[test]
    fn a_coupling_felt_on_one_side() {
        let model = models::sparse_reals();
        let starts = Starts::new(&model, &[]);
        let (from, to, weight) = model.pairs[0];
        for (kernel, scan) in KERNELS
            .into_iter()
            .flat_map(|kernel| SCANS.map(|scan| (kernel, scan)))
        {
            let setup = model.setup(kernel, scan, &[], model.beta);
            let verdict = |lopsided: bool| {
                let mut counts = vec![0; starts.law.len()];
                for (chain, start) in starts.states.chunks(model.core).enumerate() {
                    let mut spins = start.to_vec();
                    for number in 0..4 {
                        let field = |spins: &[i8], site: usize| {
                            let lost = if lopsided && site == to {
                                f64::from(spins[from])
                            } else {
                                0.0
                            };
                            plain::field(&setup, spins, site) - setup.grid.quantise(weight) * lost
                        };
                        plain::sweep_with(&setup, (chain as u64, number), model.beta, &mut spins, field);
                    }
                    counts[number(&spins, model.core)] += 1;
                }
                judge(&counts, &starts.law)
            };
            assert!(verdict(false).accepts(), "{kernel:?}, {scan:?}");
            assert!(!verdict(true).accepts(), "{kernel:?}, {scan:?}");
        }
    }
}
