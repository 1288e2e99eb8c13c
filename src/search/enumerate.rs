//! What the tests of this module share: small random models, and enumeration.

use crate::model::Ising;
use proptest::prelude::*;

/// All states of `n` spins.
pub fn states(n: usize) -> impl Iterator<Item = Vec<i8>> {
    let spin = |up: bool| if up { 1 } else { -1 };
    (0..1u32 << n).map(move |bits| (0..n).map(|i| spin(bits >> i & 1 == 1)).collect())
}

/// The least energy.
pub fn least(model: &Ising) -> f64 {
    states(model.num_sites())
        .map(|s| model.energy(&s))
        .fold(f64::INFINITY, f64::min)
}

/// Models of `n` sites, sparse or dense, of small integers or reals, with fields or without.
pub fn any_model(n: usize) -> impl Strategy<Value = Ising> {
    let pairs: Vec<(i64, i64)> = (0..n as i64)
        .flat_map(|i| (i + 1..n as i64).map(move |j| (i, j)))
        .collect();
    let integer = (-2i32..3).prop_map(f64::from);
    let weight = prop_oneof![integer, -1.5f64..1.5];
    let weights = prop::collection::vec(weight.clone(), pairs.len());
    let present = prop::collection::vec(0.0f64..1.0, pairs.len());
    let fields = prop::collection::vec(weight, n);
    (weights, present, fields, 0.0f64..1.0, prop::bool::ANY).prop_map(
        move |(weights, present, fields, density, with_fields)| {
            let there = (0..pairs.len()).filter(|&k| present[k] < density);
            let (rows, columns): (Vec<_>, Vec<_>) = there.clone().map(|k| pairs[k]).unzip();
            let weights: Vec<f64> = there.map(|k| weights[k]).collect();
            let fields = fields
                .iter()
                .map(|h| if with_fields { *h } else { 0.0 })
                .collect();
            Ising::from_edges(&rows, &columns, &weights, fields, 0.5).expect("valid")
        },
    )
}
