//! Which couplings tie spins to clusters.

use crate::model::Ising;

/// A coupling ties its spins from this part of the strongest at either of them on: with weights that decay, as in one
/// dimension with distance, ties along all of them would make one cluster of nearly everything. (Biq Mac's ising2.5 of
/// 200 and 250 and ising3.0 of 200 spins: solved in none of 6 runs of 5 s without this, in 6 of 6 within 1 s with it.)
const TIE: f64 = 0.1;

/// With so many ties a site two or three parents fall into as many clusters, the best child is one of them, and the time
/// is better spent on reheating it. (On K2000 the clusters took 45 % of the time.)
const DENSE: f64 = 100.0;

/// The strengths of the couplings of a model.
pub(super) struct Bonds {
    strongest: Vec<f64>,
    ties_a_site: f64,
}

impl Bonds {
    /// Looks at all couplings of `model`.
    pub fn new(model: &Ising) -> Self {
        let n = model.num_sites();
        let largest = |site: usize| {
            model
                .row(site)
                .1
                .iter()
                .fold(0.0, |most: f64, w| most.max(w.abs()))
        };
        let mut bonds = Self {
            strongest: (0..n).map(largest).collect(),
            ties_a_site: 0.0,
        };
        let ties = |i: usize| model.upper_row(i).filter(|&(j, w)| bonds.tie(i, j, w)).count();
        bonds.ties_a_site = 2.0 * (0..n).map(ties).sum::<usize>() as f64 / n.max(1) as f64;
        bonds
    }

    /// True if a coupling between two sites ties them where all parents agree on it.
    pub fn tie(&self, i: usize, j: usize, weight: f64) -> bool {
        weight.abs() >= TIE * self.strongest[i].min(self.strongest[j])
    }

    /// True if clusters are not worth the time.
    pub fn are_dense(&self) -> bool {
        self.ties_a_site > DENSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_couplings_do_not_tie_strong_spins() {
        let weights = [1.0, 0.05, 0.05, 0.2];
        let model =
            Ising::from_edges(&[0, 1, 2, 3], &[1, 2, 3, 4], &weights, vec![0.0; 5], 0.0).expect("valid");
        let bonds = Bonds::new(&model);
        assert!(bonds.tie(0, 1, 1.0));
        assert!(bonds.tie(2, 3, 0.05), "the strongest of site 2");
        assert!(bonds.tie(3, 4, 0.2));
        assert!(!Bonds::new(&model).tie(0, 3, 0.01));
        assert!(!bonds.are_dense());
    }
}
