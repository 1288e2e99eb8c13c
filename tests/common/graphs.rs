//! Graphs too large to enumerate, for what is to be the same bits whatever happens on the way.

use super::law::Uniform;
use magnetite::model::Ising;
use std::sync::Arc;

/// So many sites that a slice of no length stops inside a sweep.
pub const SITES: usize = 600;

/// A graph of `SITES` sites and about `degree` couplings a site, drawn by `weight`.
fn graph(degree: usize, mut weight: impl FnMut(f64) -> f64, field: f64) -> Arc<Ising> {
    let mut uniform = Uniform(degree as u64);
    let mut index = || (uniform.next() * SITES as f64) as i64;
    let (rows, columns): (Vec<i64>, Vec<i64>) = (0..SITES * degree / 2)
        .map(|_| (index(), index()))
        .filter(|p| p.0 != p.1)
        .unzip();
    let weights: Vec<f64> = rows.iter().map(|_| weight(uniform.next() - 0.5)).collect();
    Arc::new(Ising::from_edges(&rows, &columns, &weights, vec![field; SITES], 0.5).expect("a valid model"))
}

/// Models that take different paths.
pub fn models() -> Vec<(&'static str, Arc<Ising>)> {
    vec![
        ("signs", graph(6, f64::signum, 0.0)),
        ("reals", graph(6, |x| x, 0.1)),
        ("dense signs", graph(100, f64::signum, 1.0)),
        ("dense reals", graph(100, |x| x, 0.1)),
        (
            "reals beside penalties",
            graph(6, |x| if x > 0.45 { 1.0e8 } else { x }, 0.1),
        ),
    ]
}
