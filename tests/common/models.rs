//! Models whose law can be enumerated, one for every kind of coefficient.

use magnetite::ensemble::{Plan, Setup};
use magnetite::kernel::{Kernel, Scan};
use magnetite::model::{Grid, Ising};
use std::sync::Arc;

/// A model of a few enumerated sites (the core) and of further sites that hang on one core site each, or on nothing
/// (leaves). A leaf without a field weighs the same whichever way its core site points, so the law of the core is that
/// of the core alone; leaves make hubs, and make a model as sparse as a path wants it.
#[derive(Clone, Debug)]
pub struct Model {
    /// What is special about it.
    pub name: &'static str,
    /// Number of core sites; they come first.
    pub core: usize,
    /// Couplings (i, j, weight).
    pub pairs: Vec<(usize, usize, f64)>,
    /// Fields of all sites.
    pub fields: Vec<f64>,
    /// A beta at which all states count.
    pub beta: f64,
    /// Sites that are always held.
    pub held: Vec<(usize, i8)>,
    /// Sites that are held in addition in the clamped half of the matrix.
    pub clamps: Vec<(usize, i8)>,
}

impl Model {
    fn new(name: &'static str, beta: f64, pairs: &[(usize, usize, f64)], fields: &[f64]) -> Self {
        Self {
            name,
            core: fields.len(),
            pairs: pairs.to_vec(),
            fields: fields.to_vec(),
            beta,
            held: Vec::new(),
            clamps: vec![(1, 1), (4, -1)],
        }
    }

    /// Number of sites.
    pub fn num_sites(&self) -> usize {
        self.fields.len()
    }

    /// The model as the core library knows it.
    pub fn ising(&self) -> Arc<Ising> {
        let rows: Vec<i64> = self.pairs.iter().map(|p| p.0 as i64).collect();
        let columns: Vec<i64> = self.pairs.iter().map(|p| p.1 as i64).collect();
        let weights: Vec<f64> = self.pairs.iter().map(|p| p.2).collect();
        Arc::new(
            Ising::from_edges(&rows, &columns, &weights, self.fields.clone(), 0.0).expect("a valid model"),
        )
    }

    /// The same model with `count` more sites that are held, without couplings or fields.
    pub fn padded(&self, count: usize) -> Self {
        let mut padded = self.clone();
        let n = self.num_sites();
        padded.fields.resize(n + count, 0.0);
        padded
            .held
            .extend((n..n + count).map(|site| (site, if site % 2 == 0 { 1 } else { -1 })));
        padded
    }

    /// The same model with `count` more sites that are held, each coupled by one to `reach` others of them on either side
    /// (which changes nothing but how dense the model is).
    pub fn surrounded(&self, count: usize, reach: usize) -> Self {
        let n = self.num_sites();
        let mut dense = self.padded(count);
        let ahead = |i: usize| (1..=reach).map(move |step| (n + i, n + (i + step) % count, 1.0));
        dense.pairs.extend((0..count).flat_map(ahead));
        dense
    }

    /// Sites that are held, with or without those of the clamped half.
    pub fn held(&self, clamped: bool) -> Vec<(usize, i8)> {
        let more = if clamped { &self.clamps[..] } else { &[] };
        self.held.iter().chain(more).copied().collect()
    }

    /// The model under a rule, at betas up to `coldest`.
    pub fn setup(&self, kernel: Kernel, scan: Scan, held: &[(usize, i8)], coldest: f64) -> Setup {
        setup(self.ising(), kernel, scan, held, coldest)
    }
}

/// What ensembles are made from; the seed is fixed.
pub fn setup(model: Arc<Ising>, kernel: Kernel, scan: Scan, held: &[(usize, i8)], coldest: f64) -> Setup {
    let is_free = |site: &u32| held.iter().all(|h| h.0 != *site as usize);
    let free = (0..model.num_sites() as u32).filter(is_free).collect();
    Setup {
        grid: Grid::new(&model, coldest),
        plan: Arc::new(Plan::new(&model, free)),
        model,
        kernel,
        scan,
        seed: 20_261_121,
    }
}

/// Two rows of three sites, each coupled to two of the other row: a ring.
const RING: [(usize, usize); 6] = [(0, 3), (0, 4), (1, 4), (1, 5), (2, 5), (2, 3)];

fn ring(weights: [f64; 6]) -> Vec<(usize, usize, f64)> {
    RING.iter().zip(weights).map(|(&(i, j), w)| (i, j, w)).collect()
}

fn complete(weights: [f64; 15]) -> Vec<(usize, usize, f64)> {
    let pairs = (0..6).flat_map(|i| (i + 1..6).map(move |j| (i, j)));
    pairs.zip(weights).map(|((i, j), w)| (i, j, w)).collect()
}

/// Couplings +-1 on a frustrated ring.
pub fn sparse_signs() -> Model {
    Model::new(
        "sparse +-1",
        0.6,
        &ring([1.0, -1.0, 1.0, 1.0, -1.0, 1.0]),
        &[0.0; 6],
    )
}

/// Small whole numbers with fields.
pub fn integers() -> Model {
    let fields = [1.0, -2.0, 0.0, 2.0, -1.0, 1.0];
    Model::new(
        "integers with fields",
        0.25,
        &ring([2.0, -1.0, 3.0, 1.0, -3.0, -2.0]),
        &fields,
    )
}

/// Couplings of a tenth, whose sums are no whole multiples of it by division: sites with six neighbours.
pub fn tenths() -> Model {
    let rows = (0..2).flat_map(|i| (2..8).map(move |j| (i, j, if (i + j) % 3 == 0 { -0.1 } else { 0.1 })));
    Model::new("tenths", 4.0, &rows.collect::<Vec<_>>(), &[0.0; 8])
}

/// Real numbers, sparse.
pub fn sparse_reals() -> Model {
    let fields = [0.31, -0.207, 0.083, 0.0, -0.411, 0.559];
    let weights = [0.721_3, -0.338_1, 0.911_7, 0.253_9, -0.640_2, -0.477_7];
    Model::new("sparse reals", 0.8, &ring(weights), &fields)
}

/// Couplings +-1 between all pairs.
pub fn dense_signs() -> Model {
    let weights = [
        1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0,
    ];
    Model::new("dense +-1", 0.4, &complete(weights), &[0.0; 6])
}

/// Real couplings between all pairs, with fields.
pub fn dense_reals() -> Model {
    let weights = [
        0.61, -0.83, 0.27, 1.13, -0.42, -0.97, 0.38, 0.74, -1.21, 0.56, -0.31, -0.66, 0.89, 0.17, 0.45,
    ];
    let fields = [0.23, -0.51, 0.0, 0.37, -0.19, 0.68];
    Model::new("dense reals", 0.45, &complete(weights), &fields)
}

/// A site with more neighbours than the sums of a byte can hold.
pub fn hub() -> Model {
    const LEAVES: usize = 128;
    let mut model = Model::new(
        "hub",
        0.5,
        &ring([1.0, -1.0, 1.0, 1.0, -1.0, 1.0]),
        &[1.0, 0.0, -1.0, 0.0, 0.0, 1.0],
    );
    for leaf in 0..LEAVES {
        model.fields.push(0.0);
        model
            .pairs
            .push((0, 6 + leaf, if leaf % 3 == 0 { -1.0 } else { 1.0 }));
    }
    // Every second leaf is held in the clamped half, so that the hub feels one unit from them.
    let held = (0..LEAVES).filter(|leaf| leaf % 2 == 0);
    model
        .clamps
        .extend(held.map(|leaf| (6 + leaf, if leaf % 4 == 0 { 1 } else { -1 })));
    model
}

/// Sites without couplings, with and without a field, beside a chain of three.
pub fn isolated() -> Model {
    let fields = [0.0, 1.0, 0.0, -1.0, 0.0, 0.0];
    Model::new("isolated sites", 0.5, &[(0, 2, 1.0), (2, 3, -1.0)], &fields)
}

/// A field that cancels a huge coupling to a held site but for a small rest: 24 bits would lose it.
pub fn penalties() -> Model {
    penalised("penalties", sparse_reals())
}

/// The same with couplings between all pairs.
pub fn dense_penalties() -> Model {
    penalised("dense penalties", dense_reals())
}

fn penalised(name: &'static str, mut model: Model) -> Model {
    model.name = name;
    model.fields[0] -= 1.0e9;
    model.fields.push(0.0);
    model.pairs.push((0, 6, 1.0e9));
    model.held.push((6, 1));
    model
}

/// One model for every kind of energy.
pub fn all() -> Vec<Model> {
    vec![
        sparse_signs(),
        integers(),
        tenths(),
        sparse_reals(),
        dense_signs(),
        dense_reals(),
        hub(),
        isolated(),
        penalties(),
        dense_penalties(),
    ]
}

/// A model of coupled pairs `(i, j, weight)`, with an offset.
pub fn model(n: usize, edges: &[(usize, usize, f64)], fields: Vec<f64>) -> Ising {
    assert_eq!(fields.len(), n);
    let rows: Vec<i64> = edges.iter().map(|e| e.0 as i64).collect();
    let columns: Vec<i64> = edges.iter().map(|e| e.1 as i64).collect();
    let weights: Vec<f64> = edges.iter().map(|e| e.2).collect();
    Ising::from_edges(&rows, &columns, &weights, fields, -1.5).expect("a valid model")
}
