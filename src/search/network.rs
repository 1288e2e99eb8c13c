//! An energy under reduction: couplings that come and go.

use crate::error::Result;
use crate::model::Ising;

/// The other end of a field: a spin held at +1.
pub(super) const HELD: u32 = u32::MAX;

/// Sites with more couplings are not looked at: to see whether the largest dominates takes a walk over all of them.
pub(super) const MOST_COUPLINGS: u32 = 16;

/// Sums of coefficients within this part of their terms are zero, and those as near to each other equal: tenths are
/// reduced as whole numbers are, and no coupling of rounding errors is left behind.
const ROUNDING: f64 = 1e-12;

/// `sum`, or zero if it is what rounding has left of terms of this `size`.
fn rounded(sum: f64, size: f64) -> f64 {
    if sum.abs() <= ROUNDING * size { 0.0 } else { sum }
}

/// A term of a local field: the other spin (or [`HELD`]) and the coupling to it.
pub(super) type Term = (u32, f64);

/// A coupling.
struct Edge {
    ends: [u32; 2],
    /// Zero once the edge is gone.
    weight: f64,
}

/// An energy under reduction: couplings that come and go.
pub(super) struct Network {
    edges: Vec<Edge>,
    /// Edges of each site, some of which may be gone.
    lists: Vec<Vec<u32>>,
    /// Edges of each site that are there.
    degrees: Vec<u32>,
    fields: Vec<f64>,
    constant: f64,
}

impl Network {
    /// `num_sites` spins that nothing acts on.
    pub fn new(num_sites: usize) -> Self {
        Self {
            edges: Vec::new(),
            lists: vec![Vec::new(); num_sites],
            degrees: vec![0; num_sites],
            fields: vec![0.0; num_sites],
            constant: 0.0,
        }
    }

    /// Number of sites.
    pub fn num_sites(&self) -> usize {
        self.fields.len()
    }

    /// The energy of `model` when the sites of `clamped` are held.
    pub fn of(model: &Ising, clamped: &[(usize, i8)]) -> Self {
        let mut held = vec![0.0; model.num_sites()];
        for &(site, spin) in clamped {
            held[site] = f64::from(spin);
        }
        let mut network = Self::new(model.num_sites());
        network.constant = model.offset();
        for (i, &h) in model.fields().iter().enumerate() {
            network.add_terms(&[i], &held, h);
            for (j, w) in model.upper_row(i) {
                network.add_terms(&[i, j], &held, w);
            }
        }
        network
    }

    /// Adds `weight` times the product of the spins at `sites`, of which those that are `held` are not zero.
    fn add_terms(&mut self, sites: &[usize], held: &[f64], weight: f64) {
        let free: Vec<u32> = sites
            .iter()
            .filter(|&&i| held[i] == 0.0)
            .map(|&i| i as u32)
            .collect();
        let value: f64 = sites.iter().map(|&i| held[i]).filter(|&s| s != 0.0).product();
        match free[..] {
            [i, j] => self.append(i, j, weight),
            [i] => self.couple(i, HELD, weight * value),
            _ => self.constant += weight * value,
        }
    }

    /// Adds a constant.
    pub fn add_constant(&mut self, energy: f64) {
        self.constant += energy;
    }

    /// Adds a coupling between two spins that have none.
    pub fn append(&mut self, i: u32, j: u32, weight: f64) {
        if weight != 0.0 {
            for end in [i, j] {
                self.lists[end as usize].push(self.edges.len() as u32);
                self.degrees[end as usize] += 1;
            }
            self.edges.push(Edge { ends: [i, j], weight });
        }
    }

    /// Adds to the coupling between two spins, either of which may be [`HELD`].
    pub fn couple(&mut self, i: u32, j: u32, weight: f64) {
        match (i, j) {
            (HELD, HELD) => self.constant += weight,
            (HELD, k) | (k, HELD) => {
                let field = &mut self.fields[k as usize];
                *field = rounded(*field + weight, weight.abs());
            }
            _ => match self.find(i, j) {
                None => self.append(i, j, weight),
                Some(edge) => {
                    let sum = &mut self.edges[edge as usize].weight;
                    *sum = rounded(*sum + weight, weight.abs());
                    if *sum == 0.0 {
                        self.degrees[i as usize] -= 1;
                        self.degrees[j as usize] -= 1;
                    }
                }
            },
        }
    }

    /// The edge between two sites. The shorter list is searched, from its end: there is what was added last.
    fn find(&self, i: u32, j: u32) -> Option<u32> {
        let (i, j) = if self.lists[i as usize].len() <= self.lists[j as usize].len() {
            (i, j)
        } else {
            (j, i)
        };
        let joins = |&edge: &u32| {
            let Edge { ends, weight } = &self.edges[edge as usize];
            *weight != 0.0 && ends.contains(&j)
        };
        self.lists[i as usize].iter().rev().copied().find(joins)
    }

    /// All terms of the local field of `site`.
    fn terms(&mut self, site: u32) -> Vec<Term> {
        let edges = &self.edges;
        let list = &mut self.lists[site as usize];
        list.retain(|&edge| edges[edge as usize].weight != 0.0);
        let other = |&edge: &u32| {
            let Edge { ends, weight } = &edges[edge as usize];
            (ends[usize::from(ends[0] == site)], *weight)
        };
        let field = self.fields[site as usize];
        let held = (field != 0.0).then_some((HELD, field));
        list.iter().map(other).chain(held).collect()
    }

    /// Takes a site and its couplings out.
    fn cut_out(&mut self, site: u32) {
        for edge in std::mem::take(&mut self.lists[site as usize]) {
            let edge = &mut self.edges[edge as usize];
            edge.weight = 0.0;
            self.degrees[edge.ends[usize::from(edge.ends[0] == site)] as usize] -= 1;
        }
        self.degrees[site as usize] = 0;
        self.fields[site as usize] = 0.0;
    }

    /// Puts the least energy over `site` in its place, where that can be written with couplings; the terms it had.
    pub fn eliminate(&mut self, site: u32) -> Option<Vec<Term>> {
        if self.degrees[site as usize] > MOST_COUPLINGS {
            return None;
        }
        let terms = self.terms(site);
        let size: f64 = terms.iter().map(|t| t.1.abs()).sum();
        let largest = terms
            .iter()
            .copied()
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        match (&terms[..], largest) {
            (&[], _) | (_, None) => self.cut_out(site),
            (_, Some((first, weight))) if weight.abs() >= (size - weight.abs()) * (1.0 - ROUNDING) => {
                self.cut_out(site);
                self.constant -= weight.abs();
                for &(other, w) in terms.iter().filter(|t| t.0 != first) {
                    self.couple(first, other, -weight.signum() * w);
                }
            }
            (&[(i, a), (j, b), (k, c)], _) => {
                self.cut_out(site);
                let [all, ab, ac, bc] = [a + b + c, a + b - c, a - b + c, b + c - a].map(|x| -0.25 * x.abs());
                self.constant += all + ab + ac + bc;
                self.couple(i, j, rounded(all + ab - ac - bc, size));
                self.couple(i, k, rounded(all - ab + ac - bc, size));
                self.couple(j, k, rounded(all - ab - ac + bc, size));
            }
            _ => return None,
        }
        Some(terms)
    }

    /// The model of the sites of `kept`, where no other has a coupling left.
    pub fn model_of(&self, kept: &[u32]) -> Result<Ising> {
        let mut place = vec![-1i64; self.fields.len()];
        for (at, &site) in (0..).zip(kept) {
            place[site as usize] = at;
        }
        let there = || self.edges.iter().filter(|edge| edge.weight != 0.0);
        let end = |which: usize| {
            there()
                .map(|edge| place[edge.ends[which] as usize])
                .collect::<Vec<_>>()
        };
        let weights: Vec<f64> = there().map(|edge| edge.weight).collect();
        let fields = kept.iter().map(|&site| self.fields[site as usize]).collect();
        Ising::from_edges(&end(0), &end(1), &weights, fields, self.constant)
    }
}
