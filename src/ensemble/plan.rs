//! The order of a sequential sweep, rearranged so that four neighbouring visits do not see each other.
//!
//! Exchanging two consecutive visits changes nothing when the two sites are not coupled. A site may therefore be
//! visited as soon as its neighbours of smaller number have been, and sites that may be visited at the same time are
//! not coupled: any four of them make a quad that can be computed side by side. Quads are put together from sites with
//! like numbers of neighbours, which makes loops regular. The transition is, to the bit, that of the ascending order;
//! only the numbering of visits (and so of draws) follows the plan.

use crate::model::Ising;

/// Mark of a position without a site.
pub const EMPTY: u32 = u32::MAX;

/// Visits computed side by side; also the number of draws that share one hash.
pub const QUAD: usize = 4;

/// A plan with more than this many positions a site is not worth its gaps; the plain ascending order is taken.
const MOST_POSITIONS_PER_SITE: f64 = 1.25;

/// Up to so many ready sites the best quad is searched for; among more of them neighbours in sorted order are alike.
const MOST_SEARCHED: usize = 128;

/// Where every site stands and in which order free sites are visited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Free site visited at each position ([`EMPTY`] where the quad has a gap); a multiple of four long.
    pub visits: Vec<u32>,
    /// Row in which each site is stored: its position, or, if clamped, a row behind all positions.
    pub row_of: Vec<u32>,
    /// True when the four sites of every quad are mutually uncoupled.
    pub independent: bool,
    /// The free sites, ascending.
    pub free: Vec<u32>,
}

impl Plan {
    /// The plan of `model` when only the sites of `free` (ascending) are visited.
    #[must_use]
    pub fn new(model: &Ising, free: Vec<u32>) -> Self {
        let limit = (free.len() as f64 * MOST_POSITIONS_PER_SITE) as usize + QUAD;
        let (visits, independent) = match quads(model, &free) {
            Some(visits) if visits.len() <= limit => (visits, true),
            _ => {
                let mut visits = free.clone();
                visits.resize(free.len().next_multiple_of(QUAD), EMPTY);
                (visits, false)
            }
        };
        let row_of = rows(model.num_sites(), &visits);
        Self {
            visits,
            row_of,
            independent,
            free,
        }
    }

    /// Number of rows that hold a spin or a gap: positions, then clamped sites.
    #[must_use]
    pub fn num_rows(&self) -> usize {
        self.visits.len() + self.row_of.len() - self.free.len()
    }
}

/// Positions first, then clamped sites in ascending order.
fn rows(num_sites: usize, visits: &[u32]) -> Vec<u32> {
    let mut row_of = vec![EMPTY; num_sites];
    for (position, &site) in visits.iter().enumerate() {
        if site != EMPTY {
            row_of[site as usize] = position as u32;
        }
    }
    let behind = visits.len() as u32..;
    for (row, next) in row_of.iter_mut().filter(|row| **row == EMPTY).zip(behind) {
        *row = next;
    }
    row_of
}

/// A free site that waits for its turn.
#[derive(Clone, Copy, Default)]
struct Candidate {
    site: u32,
    /// Coupled free sites of smaller number still to be visited.
    waits_for: u32,
    /// Length of the longest chain of visits, each waiting for the one before, that begins here; 0 for clamped sites.
    height: u32,
    /// Number of couplings of either sign, as far as it fits.
    positive: u16,
    negative: u16,
}

impl Candidate {
    fn degree(&self) -> u32 {
        u32::from(self.positive) + u32::from(self.negative)
    }
}

/// Every site as it stands before the first visit.
fn candidates(model: &Ising, free: &[u32]) -> Vec<Candidate> {
    let mut sites = vec![Candidate::default(); model.num_sites()];
    for &site in free.iter().rev() {
        let (columns, weights) = model.row(site as usize);
        let mut above = 0;
        for &j in columns.iter().rev().take_while(|&&j| j > site) {
            let other = &mut sites[j as usize];
            other.waits_for += 1;
            above = above.max(other.height);
        }
        let positive = weights.iter().filter(|w| **w > 0.0).count();
        let fitting = |count: usize| count.min(u16::MAX.into()) as u16;
        let own = &mut sites[site as usize];
        own.site = site;
        own.height = above + 1;
        (own.positive, own.negative) = (fitting(positive), fitting(weights.len() - positive));
    }
    sites
}

/// Quads of uncoupled sites in an order equivalent to the ascending one; `None` where chains are too long to try.
fn quads(model: &Ising, free: &[u32]) -> Option<Vec<u32>> {
    let mut sites = candidates(model, free);
    let depth = sites.iter().map(|c| c.height as usize).max().unwrap_or(0);
    if depth * 2 > free.len() {
        return None;
    }
    let mut visits = Vec::with_capacity(free.len() + free.len() / 16 + QUAD);
    let mut ready: Vec<Candidate> = free
        .iter()
        .map(|&site| sites[site as usize])
        .filter(|c| c.waits_for == 0)
        .collect();
    while !ready.is_empty() {
        let done = visits.len();
        if ready.len() > MOST_SEARCHED {
            take_all(&mut ready, &mut visits);
        } else {
            take_best(&mut ready, &mut visits);
        }
        for &site in visits[done..].iter().filter(|&&site| site != EMPTY) {
            for &j in model.row(site as usize).0.iter().rev().take_while(|&&j| j > site) {
                let other = &mut sites[j as usize];
                other.waits_for = other.waits_for.wrapping_sub(1);
                if other.waits_for == 0 && other.height > 0 {
                    ready.push(*other);
                }
            }
        }
    }
    Some(visits)
}

/// Moves all ready sites to `visits`, sorted, but for up to three that do not fill a quad.
fn take_all(ready: &mut Vec<Candidate>, visits: &mut Vec<u32>) {
    ready.sort_unstable_by_key(|c| (c.degree(), c.positive, c.site));
    let whole = ready.len() / QUAD * QUAD;
    visits.extend(ready.drain(..whole).map(|c| c.site));
}

/// Moves the ready site that most depends on, and the three that go with it best, to `visits`.
fn take_best(ready: &mut Vec<Candidate>, visits: &mut Vec<u32>) {
    let urgent = (0..ready.len()).min_by_key(|&k| (u32::MAX - ready[k].height, ready[k].site));
    let mut next = urgent;
    let (mut positive, mut negative) = (0, 0);
    for _ in 0..QUAD {
        let Some(k) = next else {
            visits.push(EMPTY);
            continue;
        };
        let taken = ready.swap_remove(k);
        visits.push(taken.site);
        positive = taken.positive.max(positive);
        negative = taken.negative.max(negative);
        // Idle additions that a site brings to the quad, in quarters, less its height.
        let cost = |c: &Candidate| {
            let longer = [
                c.positive.saturating_sub(positive),
                c.negative.saturating_sub(negative),
            ];
            let idle = QUAD as i64 * longer.map(i64::from).iter().sum::<i64>() - i64::from(c.degree());
            4 * idle - i64::from(c.height)
        };
        next = (0..ready.len()).min_by_key(|&k| (cost(&ready[k]), ready[k].site));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn model(n: usize, edges: &[(usize, usize)]) -> Ising {
        let rows: Vec<i64> = edges.iter().map(|e| e.0 as i64).collect();
        let columns: Vec<i64> = edges.iter().map(|e| e.1 as i64).collect();
        Ising::from_edges(&rows, &columns, &vec![1.0; edges.len()], vec![0.0; n], 0.0).expect("valid")
    }

    #[test]
    fn a_dense_model_keeps_the_ascending_order() {
        let edges: Vec<_> = (0..9).flat_map(|i| (i + 1..9).map(move |j| (i, j))).collect();
        let plan = Plan::new(&model(9, &edges), (0..9).collect());
        assert!(!plan.independent);
        assert_eq!(&plan.visits[..9], &[0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(plan.visits.len(), 12);
    }

    #[test]
    fn an_empty_model_has_an_empty_plan() {
        let plan = Plan::new(&model(0, &[]), vec![]);
        assert_eq!((plan.visits.len(), plan.num_rows()), (0, 0));
    }

    #[test]
    fn sites_with_like_numbers_of_neighbours_share_a_quad() {
        // Four stars and four pairs.
        let stars = (0..4).flat_map(|hub| (0..5).map(move |leaf| (hub, 8 + 5 * hub + leaf)));
        let edges: Vec<_> = stars.chain((4..8).map(|i| (i, i + 24))).collect();
        let plan = Plan::new(&model(32, &edges), (0..32).collect());
        let mut first = plan.visits[..4].to_vec();
        first.sort_unstable();
        assert_eq!((first, plan.visits.len()), (vec![0, 1, 2, 3], 32));
    }

    /// Enough that both ways to put quads together are taken.
    const SITES: usize = 300;

    proptest! {
        /// Coupled free sites keep their order and never share a quad; every free site is visited once.
        #[test]
        fn equivalent_to_ascending_order(
            edges in prop::collection::vec((0usize..SITES, 0usize..SITES), 0..600),
            clamped in prop::collection::btree_set(0u32..SITES as u32, 0..50),
        ) {
            let edges: Vec<_> = edges.into_iter().filter(|e| e.0 != e.1).collect();
            let model = model(SITES, &edges);
            let free: Vec<u32> = (0..SITES as u32).filter(|i| !clamped.contains(i)).collect();
            let plan = Plan::new(&model, free.clone());
            let mut seen: Vec<u32> = plan.visits.iter().copied().filter(|&s| s != EMPTY).collect();
            seen.sort_unstable();
            prop_assert_eq!(&seen, &free);
            for &(i, j) in &edges {
                if free.contains(&(i as u32)) && free.contains(&(j as u32)) {
                    let (a, b) = (plan.row_of[i.min(j)], plan.row_of[i.max(j)]);
                    prop_assert!(a < b);
                    prop_assert!(!plan.independent || a / 4 != b / 4);
                }
            }
            let mut rows = plan.row_of.clone();
            rows.sort_unstable();
            rows.dedup();
            prop_assert_eq!(rows.len(), SITES);
            prop_assert!(rows.iter().all(|&r| (r as usize) < plan.num_rows()));
        }
    }
}
