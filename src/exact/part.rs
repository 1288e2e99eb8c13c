//! The free sites of a model as a small model of its own, given the spins of all others.

use crate::error::Result;
use crate::model::{Grid, Ising};
use crate::run::check_clamped;

/// Energies that differ by less than this part of the sum of all coefficients are the same, where rounding may have
/// parted them.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

const EXPONENT: u64 = 0x7FF << 52;

/// The unit that coefficients are counted in.
///
/// Where all are whole multiples of a unit ([`Grid::exact`]), energies are whole numbers: exact, and equal where they
/// are equal. Elsewhere the unit is a power of two, which changes no digit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    grid: Option<Grid>,
    /// One unit, in the energy's own units.
    pub unit: f64,
    /// Energies that differ by no more than this, in units, count as equal.
    pub tolerance: f64,
}

impl Scale {
    /// The scale of a model.
    #[must_use]
    pub fn new(model: &Ising) -> Self {
        let grid = Grid::new(model, 0.0);
        if grid.exact {
            return Self {
                grid: Some(grid),
                unit: grid.unit,
                tolerance: 0.0,
            };
        }
        let fields: f64 = model.fields().iter().map(|h| h.abs()).sum();
        let couplings = |i| model.upper_row(i).map(|(_, w)| w.abs()).sum::<f64>();
        let total = fields + (0..model.num_sites()).map(couplings).sum::<f64>();
        let unit = f64::from_bits(total.to_bits() & EXPONENT).max(f64::MIN_POSITIVE);
        Self {
            grid: None,
            unit,
            tolerance: ROUNDING * (total / unit),
        }
    }

    /// True where energies are whole numbers of units.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.grid.is_some()
    }

    /// A coefficient in units.
    #[must_use]
    pub fn count(&self, coefficient: f64) -> f64 {
        match &self.grid {
            Some(grid) => grid.quantise(coefficient),
            None => coefficient / self.unit,
        }
    }

    /// A beta for energies in units: 0, positive and finite, or infinite, as it was given.
    #[must_use]
    pub fn beta(&self, beta: f64) -> f64 {
        if beta.is_infinite() {
            return beta;
        }
        (beta * self.unit).min(f64::MAX)
    }
}

/// A sub-model: couplings among some sites, and the fields that they feel when all other spins are given.
///
/// Sites of the part are numbered from 0 in the order of `sites`; coefficients are in units of its [`Scale`].
#[derive(Clone, Debug)]
pub struct Part {
    /// Sites of the model, ascending.
    pub sites: Vec<u32>,
    /// Spins of all sites of the model; those of the part stand for nothing.
    pub spins: Vec<i8>,
    /// The unit.
    pub scale: Scale,
    /// Fields, those of the given spins included.
    pub fields: Vec<f64>,
    /// Energy of the spins that are held, in units, without the model's offset.
    pub given: f64,
    starts: Vec<usize>,
    neighbours: Vec<(u32, f64)>,
}

impl Part {
    /// The part of `model` made of `sites` (ascending), where every other site has its spin of `spins`; `given` is left
    /// at 0. Apart from a copy of `spins`, the time is that of the rows of `sites`.
    #[must_use]
    pub fn new(model: &Ising, scale: Scale, sites: &[u32], spins: &[i8]) -> Self {
        let mut starts = vec![0];
        let mut neighbours = Vec::new();
        for &site in sites {
            let (columns, weights) = model.row(site as usize);
            for (j, &w) in columns.iter().zip(weights) {
                if let Ok(place) = sites.binary_search(j) {
                    neighbours.push((place as u32, scale.count(w)));
                }
            }
            starts.push(neighbours.len());
        }
        let mut part = Self {
            sites: sites.to_vec(),
            spins: spins.to_vec(),
            scale,
            fields: vec![0.0; sites.len()],
            given: 0.0,
            starts,
            neighbours,
        };
        part.feel(model, spins);
        part
    }

    /// The part of all sites but those that are held at given spins.
    ///
    /// # Errors
    /// A site that does not exist, or a value that is no spin.
    pub fn free(model: &Ising, clamped: &[(usize, i8)]) -> Result<Self> {
        check_clamped(model.num_sites(), clamped)?;
        let mut spins = vec![0; model.num_sites()];
        for &(site, spin) in clamped {
            spins[site] = spin;
        }
        let free: Vec<u32> = (0..spins.len() as u32)
            .filter(|&i| spins[i as usize] == 0)
            .collect();
        let mut part = Self::new(model, Scale::new(model), &free, &spins);
        part.given = (0..spins.len())
            .filter(|&i| spins[i] != 0)
            .map(|i| {
                // Free spins are 0 here, and so are their shares.
                let pairs = model.upper_row(i);
                let field: f64 = pairs
                    .map(|(j, w)| part.scale.count(w) * f64::from(spins[j]))
                    .sum();
                f64::from(spins[i]) * (part.scale.count(model.fields()[i]) + field)
            })
            .sum();
        Ok(part)
    }

    /// The state of the model in which the sites of the part have these spins.
    #[must_use]
    pub fn state(&self, spins: &[i8]) -> Vec<i8> {
        let mut state = self.spins.clone();
        for (&site, &spin) in self.sites.iter().zip(spins) {
            state[site as usize] = spin;
        }
        state
    }

    /// Sets the fields to those that the model's other sites exert with `spins`.
    pub fn feel(&mut self, model: &Ising, spins: &[i8]) {
        for (field, &site) in self.fields.iter_mut().zip(&self.sites) {
            let (columns, weights) = model.row(site as usize);
            let others = columns.iter().zip(weights);
            let felt: f64 = others
                .filter(|(j, _)| self.sites.binary_search(j).is_err())
                .map(|(&j, &w)| self.scale.count(w) * f64::from(spins[j as usize]))
                .sum();
            *field = self.scale.count(model.fields()[site as usize]) + felt;
        }
    }

    /// Number of sites.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// True without sites.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// Neighbours of a site within the part and the couplings to them, ascending.
    #[must_use]
    pub fn row(&self, site: usize) -> &[(u32, f64)] {
        &self.neighbours[self.starts[site]..self.starts[site + 1]]
    }

    /// True without any field: a state and its mirror image have the same energy.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        self.fields.iter().all(|&h| h == 0.0)
    }

    /// The sum of the sizes of all couplings and fields within the part: no energy is further from `given`.
    #[must_use]
    pub fn reach(&self) -> f64 {
        let row = |i: usize| self.row(i).iter().map(|&(_, w)| 0.5 * w.abs()).sum::<f64>();
        (0..self.len()).map(|i| self.fields[i].abs() + row(i)).sum()
    }
}
