//! Downwards through the tree: the probabilities of the spins of each table.

use super::algebra::{Weighed, Weight, shares};
use super::eliminate::Upward;
use super::moments::Moments;
use super::part::Part;
use super::tree::{Link, Tree};
use std::time::Instant;

/// Means and pair means of spins from the tables of an [`Upward`] walk, in slices.
///
/// A site given its scope has the odds of its two sides; its scope has the probabilities that its parent hands down
/// (Lauritzen and Spiegelhalter, J. R. Stat. Soc. B 50 (1988) 157, section 4). Tables are freed on the way.
pub struct Downward {
    walk: Upward<Weighed>,
    /// Probabilities of the spins of each scope, while they are needed.
    scopes: Vec<Vec<f64>>,
    /// Mean spins by site of the part.
    means: Vec<f64>,
    /// Mean products of the site of each bucket with those of its scope.
    products: Vec<Vec<f64>>,
    /// Buckets still to be done, and pieces done of the last of them.
    left: usize,
    piece: usize,
}

impl Downward {
    /// Prepares the way down from a finished walk with all tables kept.
    #[must_use]
    pub fn new(walk: Upward<Weighed>, tree: &Tree) -> Self {
        Self {
            walk,
            scopes: vec![Vec::new(); tree.len()],
            means: vec![0.0; tree.len()],
            products: tree.buckets.iter().map(|b| vec![0.0; b.scope.len()]).collect(),
            left: tree.len(),
            piece: 0,
        }
    }

    /// Works until `deadline` or the end; true when all is done.
    pub(super) fn advance(&mut self, tree: &Tree, deadline: Instant) -> bool {
        while self.left > 0 {
            let position = self.left - 1;
            let bucket = &tree.buckets[position];
            let links = tree.links(position);
            if self.piece == 0 {
                for link in &links {
                    self.scopes[link.child] = vec![0.0; tree.buckets[link.child].len()];
                }
                if bucket.scope.is_empty() {
                    self.scopes[position] = vec![1.0];
                }
            }
            while self.piece < bucket.pieces() {
                self.one_piece(tree, position, &links);
                self.piece += 1;
                if self.piece < bucket.pieces() && Instant::now() >= deadline {
                    return false;
                }
            }
            for link in &links {
                self.walk.messages[link.child] = Vec::new();
            }
            self.scopes[position] = Vec::new();
            (self.left, self.piece) = (position, 0);
            if Instant::now() >= deadline {
                break;
            }
        }
        self.left == 0
    }

    fn one_piece(&mut self, tree: &Tree, position: usize, links: &[Link]) {
        let (bucket, algebra) = (&tree.buckets[position], self.walk.algebra);
        let sides = tree.sides(algebra, position, self.piece, links, &self.walk.messages);
        let scope = &self.scopes[position][self.piece * sides.len()..][..sides.len()];
        let both = |([minus, plus], p): ([Weight; 2], &f64)| {
            let (down, up) = shares(algebra.log_odds(minus, plus));
            [p * down, p * up]
        };
        let joint: Vec<[f64; 2]> = sides.into_iter().zip(scope).map(both).collect();
        for link in links {
            let below = &mut self.scopes[link.child];
            for ([down, up], at) in joint.iter().zip(link.indices(self.piece)) {
                below[at] += down;
                below[at + 1] += up;
            }
        }
        let mut differences: Vec<f64> = joint.into_iter().map(|[down, up]| up - down).collect();
        let inner = differences.len().trailing_zeros() as usize;
        let products = &mut self.products[position];
        let total = fold(&mut differences, &mut products[..inner]);
        for (k, product) in products[inner..].iter_mut().enumerate() {
            *product += if self.piece >> k & 1 == 1 { total } else { -total };
        }
        self.means[bucket.site] += total;
    }

    pub(super) fn progress(&self, tree: &Tree) -> f64 {
        let size = |position: usize| tree.buckets[position].len() as f64;
        let behind: f64 = (self.left..tree.len()).map(size).sum();
        match self.left.checked_sub(1) {
            Some(open) => behind + (self.piece * tree.buckets[open].piece()) as f64,
            None => behind,
        }
    }

    /// Means of spins and of products of coupled spins.
    #[must_use]
    pub fn moments(&self, part: &Part, tree: &Tree) -> Moments {
        let mut products: Vec<(usize, usize, f64)> = Vec::new();
        for (bucket, means) in tree.buckets.iter().zip(&self.products) {
            let others = bucket.scope.iter().map(|&p| tree.buckets[p as usize].site);
            let site = bucket.site;
            products.extend(
                others
                    .zip(means)
                    .map(|(j, &mean)| (site.min(j), site.max(j), mean)),
            );
        }
        products.sort_unstable_by_key(|&(i, j, _)| (i, j));
        let product = |i: usize, j: usize| {
            let found = products.binary_search_by_key(&(i, j), |&(a, b, _)| (a, b));
            found.map_or(f64::NAN, |at| products[at].2)
        };
        Moments::new(part, self.means.clone(), product)
    }
}

/// Adds to `moments[k]` the sum of a table with the sign of bit k; returns the plain sum. The table is used up.
pub(super) fn fold(table: &mut [f64], moments: &mut [f64]) -> f64 {
    let mut size = table.len();
    for moment in moments.iter_mut().rev() {
        size /= 2;
        let (minus, plus) = table[..2 * size].split_at_mut(size);
        *moment += fold_once(minus, plus);
    }
    table[0]
}

/// Adds the upper half of a table to the lower; returns the sum of the differences.
fn fold_once(minus: &mut [f64], plus: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let mut pairs = minus.chunks_exact_mut(LANES).zip(plus.chunks_exact(LANES));
    for (low, high) in &mut pairs {
        for lane in 0..LANES {
            sums[lane] += high[lane] - low[lane];
            low[lane] += high[lane];
        }
    }
    let done = minus.len() / LANES * LANES;
    for (low, high) in minus[done..].iter_mut().zip(&plus[done..]) {
        sums[0] += high - *low;
        *low += high;
    }
    sums.iter().sum()
}
