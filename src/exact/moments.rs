//! Means of spins and of products of coupled spins, of a part and of the whole model.

use super::part::Part;
use crate::model::Ising;

/// Means over the states of a part.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Mean spin of each site.
    pub spins: Vec<f64>,
    /// Mean product of each coupled pair i < j, sorted.
    pub products: Vec<f64>,
}

impl Moments {
    /// Takes the products of the coupled pairs from `product(i, j)`, i < j.
    pub(super) fn new(part: &Part, spins: Vec<f64>, product: impl Fn(usize, usize) -> f64) -> Self {
        let upper = |i: usize| part.row(i).iter().filter(move |&&(j, _)| j as usize > i);
        let products = (0..part.len())
            .flat_map(|i| upper(i).map(move |&(j, _)| (i, j as usize)))
            .map(|(i, j)| product(i, j))
            .collect();
        Self { spins, products }
    }

    /// Means over the states of `model` in which all sites outside of `part` have the spins that it is given.
    #[must_use]
    pub fn of_model(&self, model: &Ising, part: &Part) -> Self {
        let mut spins: Vec<f64> = part.spins.iter().map(|&s| f64::from(s)).collect();
        let mut free = vec![false; spins.len()];
        for (&site, &mean) in part.sites.iter().zip(&self.spins) {
            spins[site as usize] = mean;
            free[site as usize] = true;
        }
        let mut inside = self.products.iter();
        let mut products = Vec::with_capacity(model.num_couplings());
        for i in 0..spins.len() {
            for (j, _) in model.upper_row(i) {
                // A spin that is given is a factor; two that are free stand in the same order here as in the part.
                products.push(match inside.as_slice() {
                    [first, ..] if free[i] && free[j] => {
                        inside.next();
                        *first
                    }
                    _ => spins[i] * spins[j],
                });
            }
        }
        Self { spins, products }
    }
}
