//! What is measured of the replicas on the way, in memory that does not grow with the run.
//!
//! Every measurement adds to sums by rung. Time is cut into equal parts, whose sums stand apart: errors of whatever is
//! computed from them come from the jackknife over parts and ladders, and drift shows.

use super::TemperOptions;
use super::archive::{Reader, Writer};
use crate::ensemble::transpose;
use crate::error::Result;

/// Parts of time whose sums stand apart.
pub const PARTS: usize = 64;

/// Parts of time in which the sums of spins and products stand apart: enough to tell an error, as there are many of them.
pub const MOMENT_PARTS: usize = 16;

/// Sums a ladder and rung: energy, its square; magnetisation a site, its size, square and fourth power.
pub const SINGLE: usize = 6;

/// Sums a pair of ladders and rung: overlap a site, its size, square and fourth power; link overlap and its square.
pub const PAIR: usize = 6;

/// Most bins of a histogram of overlaps.
const MOST_BINS: usize = 201;

/// Sums by ladder (or pair), rung and part.
pub struct Measure {
    num_rungs: usize,
    num_sites: usize,
    /// Measurements made in each part.
    pub counts: Vec<u64>,
    /// By ladder, rung, part and quantity; empty where nothing is measured, as the next.
    pub single: Vec<f64>,
    /// By pair of ladders, rung, part and quantity.
    pub pairs: Vec<f64>,
    /// Of overlaps, by rung and bin, over all pairs.
    pub overlaps: Vec<u64>,
    /// Of link overlaps, the same.
    pub links: Vec<u64>,
    /// Bins of the two histograms.
    pub bins: [usize; 2],
    /// By the parts of [`MOMENT_PARTS`] and rung, over all ladders: sums of spins by site, then of products by coupling;
    /// where they are asked for.
    pub moments: Vec<i64>,
}

/// The lanes of a block by lane: bits of 64 sites (or couplings) a word; bit set = -1.
#[derive(Default)]
pub struct Packed {
    words: Vec<u64>,
    words_a_lane: usize,
    /// From lane to lane: an odd number of cache lines, for lanes a power of two apart would drive each other out.
    stride: usize,
}

impl Packed {
    /// Turns bit rows (bit l of row i = lane l at site i) on their side; narrow ones several at a time.
    pub fn fill(&mut self, rows: impl ExactSizeIterator<Item = u64>, num_lanes: usize) {
        self.words_a_lane = rows.len().div_ceil(64);
        self.stride = (self.words_a_lane.div_ceil(8) | 1) * 8;
        self.words.resize(num_lanes * self.stride, 0);
        let width = num_lanes.next_power_of_two();
        let abreast = 64 / width;
        // Lanes that idle along may have bits, too.
        let used = u64::MAX >> (64 - num_lanes);
        let mut rows = rows;
        for first in (0..self.words_a_lane).step_by(abreast) {
            let mut square = [0; 64];
            for side in 0..abreast {
                for (word, row) in square.iter_mut().zip(rows.by_ref().take(64)) {
                    *word |= (row & used) << (side * width);
                }
            }
            transpose(&mut square);
            for side in 0..abreast.min(self.words_a_lane - first) {
                for (lane, &word) in square[side * width..].iter().enumerate().take(num_lanes) {
                    self.words[lane * self.stride + first + side] = word;
                }
            }
        }
    }

    /// The words of a lane.
    pub fn lane(&self, lane: usize) -> &[u64] {
        &self.words[lane * self.stride..][..self.words_a_lane]
    }
}

impl Measure {
    /// Sums for a run; the large ones only where it is going to measure anything.
    pub fn new(options: &TemperOptions) -> Self {
        let model = &options.chains.model;
        let (n, m, num_rungs) = (model.num_sites(), model.num_couplings(), options.betas.len());
        let parts = if options.observes() { num_rungs * PARTS } else { 0 };
        let bins = [n, m].map(|most| (most + 1).min(MOST_BINS));
        let num_moments = if options.moments { n + m } else { 0 };
        Self {
            num_rungs,
            num_sites: n,
            counts: vec![0; PARTS],
            single: vec![0.0; options.num_ladders * parts * SINGLE],
            pairs: vec![0.0; options.num_ladders / 2 * parts * PAIR],
            overlaps: vec![0; num_rungs * bins[0]],
            links: vec![0; num_rungs * bins[1]],
            bins,
            moments: vec![0; MOMENT_PARTS * num_rungs * num_moments],
        }
    }

    /// Adds a replica: its energy and where its spins are -1.
    pub fn add_single(&mut self, ladder: usize, rung: usize, part: usize, energy: f64, negative: u64) {
        let n = self.num_sites.max(1) as f64;
        let m = (self.num_sites as f64 - 2.0 * negative as f64) / n;
        let at = ((ladder * self.num_rungs + rung) * PARTS + part) * SINGLE;
        let values = [energy, energy * energy, m, m.abs(), m * m, (m * m) * (m * m)];
        add(&mut self.single[at..at + SINGLE], &values);
    }

    /// Adds a pair of replicas: at how many of the sites and of the couplings they differ.
    pub fn add_pair(&mut self, pair: usize, rung: usize, part: usize, sites: u64, links: (u64, usize)) {
        let n = self.num_sites.max(1) as f64;
        let (differing, num_links) = links;
        let q = (self.num_sites as f64 - 2.0 * sites as f64) / n;
        let m = num_links.max(1) as f64;
        let l = (num_links as f64 - 2.0 * differing as f64) / m;
        let at = ((pair * self.num_rungs + rung) * PARTS + part) * PAIR;
        add(
            &mut self.pairs[at..at + PAIR],
            &[q, q.abs(), q * q, (q * q) * (q * q), l, l * l],
        );
        let bin =
            |different: u64, most: usize, bins: usize| (most as u64 - different) as usize * bins / (most + 1);
        let [q_bins, l_bins] = self.bins;
        self.overlaps[rung * q_bins + bin(sites, self.num_sites, q_bins)] += 1;
        self.links[rung * l_bins + bin(differing, num_links, l_bins)] += 1;
    }

    /// Adds the spins of a replica and the products of its coupled spins.
    pub fn add_moments(&mut self, rung: usize, part: usize, sites: &[u64], links: &[u64]) {
        let width = self.moments.len() / (MOMENT_PARTS * self.num_rungs).max(1);
        let row = part * MOMENT_PARTS / PARTS * self.num_rungs + rung;
        let sums = &mut self.moments[row * width..][..width];
        let (spins, products) = sums.split_at_mut(self.num_sites);
        for (sums, words) in [(spins, sites), (products, links)] {
            for (sums, &word) in sums.chunks_mut(64).zip(words) {
                for (bit, sum) in sums.iter_mut().enumerate() {
                    *sum += 1 - 2 * (word >> bit & 1) as i64;
                }
            }
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.integers(self.counts.iter().copied());
        out.integers(self.overlaps.iter().chain(&self.links).copied());
        out.integers(self.moments.iter().map(|&x| x as u64));
        out.reals(&self.single);
        out.reals(&self.pairs);
    }

    pub(super) fn read(&mut self, from: &mut Reader) -> Result<()> {
        self.counts = from.integers(PARTS)?.to_vec();
        self.overlaps = from.integers(self.overlaps.len())?.to_vec();
        self.links = from.integers(self.links.len())?.to_vec();
        let moments = from.integers(self.moments.len())?;
        self.moments = moments.iter().map(|&x| x as i64).collect();
        self.single = from.reals(self.single.len())?.to_vec();
        self.pairs = from.reals(self.pairs.len())?.to_vec();
        Ok(())
    }
}

fn add(sums: &mut [f64], values: &[f64]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::ones;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lanes_are_rows_on_their_side(rows in prop::collection::vec(any::<u64>(), 1..200), lanes in 1usize..64) {
            let mut packed = Packed::default();
            packed.fill(rows.iter().copied(), lanes);
            for lane in 0..lanes {
                for (site, row) in rows.iter().enumerate() {
                    prop_assert_eq!(packed.lane(lane)[site / 64] >> (site % 64) & 1, row >> lane & 1);
                }
                prop_assert_eq!(ones(packed.lane(lane)), rows.iter().map(|row| row >> lane & 1).sum::<u64>());
            }
        }
    }
}
