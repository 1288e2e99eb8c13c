//! Isoenergetic cluster moves between two replicas at one beta (Houdayer, Eur. Phys. J. B 22 (2001) 479; on any graph:
//! Zhu, Ochoa and Katzgraber, Phys. Rev. Lett. 115 (2015) 077201).
//!
//! Sites where the replicas differ fall into connected clusters of the model's graph. Turning such a cluster over in
//! both replicas exchanges its spins between them: every term of the energy that the one gains the other loses, fields
//! included, so the sum of their energies stays and the move is always accepted. Where the replicas differ stays too, so
//! that a cluster may be chosen by anything that is read off the differences.

use crate::model::{Grid, Ising};

/// Finds clusters; its buffers are used again and again.
#[derive(Clone, Default)]
pub struct Clusters {
    /// Bit set = the replicas differ there.
    differ: Vec<u64>,
    /// The same where the site has not been reached yet.
    open: Vec<u64>,
    /// Sites of the cluster that was taken last.
    sites: Vec<u32>,
}

impl Clusters {
    /// Reads off where two states of `num_sites` spins (a bit a spin) differ; with `either`, where they agree if that is
    /// at fewer sites. (Turning the whole of one replica over costs nothing without fields.) Returns how many sites these
    /// are.
    pub fn compare(&mut self, first: &[u64], second: &[u64], num_sites: usize, either: bool) -> usize {
        self.differ.clear();
        self.differ.extend(first.iter().zip(second).map(|(x, y)| x ^ y));
        let mut count = self.differ.iter().map(|word| word.count_ones() as usize).sum();
        if either && 2 * count > num_sites {
            for (at, word) in self.differ.iter_mut().enumerate() {
                let sites = (num_sites - 64 * at).min(64);
                *word = !*word & (u64::MAX >> (64 - sites));
            }
            count = num_sites - count;
        }
        self.open.clone_from(&self.differ);
        count
    }

    /// Sites of the cluster that was taken last.
    #[must_use]
    pub fn sites(&self) -> &[u32] {
        &self.sites
    }

    /// What turning that cluster over changes in the energy of a replica whose spins are -1 where bits are set, in units
    /// of the grid. (All neighbours that differ belong to the cluster: only bonds to the others count.)
    #[must_use]
    pub fn change(&self, model: &Ising, grid: &Grid, negative: &[u64]) -> f64 {
        let bit = |words: &[u64], site: u32| words[site as usize / 64] >> (site % 64) & 1;
        let spin = |site: u32| 1.0 - 2.0 * bit(negative, site) as f64;
        let of_site = |&site: &u32| {
            let (neighbours, weights) = model.row(site as usize);
            let bonds = neighbours
                .iter()
                .zip(weights)
                .filter(|(j, _)| bit(&self.differ, **j) == 0);
            let pull: f64 = bonds.map(|(&j, &w)| grid.quantise(w) * spin(j)).sum();
            -2.0 * spin(site) * (grid.quantise(model.fields()[site as usize]) + pull)
        };
        self.sites.iter().map(of_site).sum()
    }

    /// The cluster of the `number`-th open site; its sites are closed. Empty if there are not so many.
    pub fn take(&mut self, model: &Ising, number: usize) -> &[u32] {
        self.sites.clear();
        let Some(seed) = self.site(number) else {
            return &self.sites;
        };
        self.close(seed);
        let mut next = 0;
        while let Some(&site) = self.sites.get(next) {
            next += 1;
            for &other in model.row(site as usize).0 {
                if self.open[other as usize / 64] >> (other % 64) & 1 == 1 {
                    self.close(other);
                }
            }
        }
        &self.sites
    }

    fn close(&mut self, site: u32) {
        self.open[site as usize / 64] &= !(1 << (site % 64));
        self.sites.push(site);
    }

    /// The open site before which there are `number` others.
    fn site(&self, number: usize) -> Option<u32> {
        let mut before = 0;
        for (at, &word) in self.open.iter().enumerate() {
            let here = word.count_ones() as usize;
            if number < before + here {
                let rest = (before..number).fold(word, |bits, _| bits & (bits - 1));
                return Some(64 * at as u32 + rest.trailing_zeros());
            }
            before += here;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain of nine sites: clusters are runs of differing sites.
    #[test]
    fn clusters_are_connected_and_whole() {
        let rows: Vec<i64> = (0..8).collect();
        let columns: Vec<i64> = (1..9).collect();
        let model = Ising::from_edges(&rows, &columns, &[1.0; 8], vec![0.0; 9], 0.0).expect("valid");
        let mut clusters = Clusters::default();
        assert_eq!(clusters.compare(&[0b1_1010_0110], &[0], 9, true), 4);
        assert_eq!(clusters.compare(&[0b1_1010_0110], &[0], 9, false), 5);
        for (number, expected) in [(0, vec![1, 2]), (0, vec![5]), (1, vec![8, 7]), (0, vec![])] {
            assert_eq!(clusters.take(&model, number), expected);
        }
    }
}
