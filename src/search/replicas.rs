//! Replica exchange as a source of members: two ladders that a search keeps, and goes on with from leg to leg.

use super::child::plain_chains;
use super::rounds::MEMBERS;
use crate::error::Result;
use crate::math::{exp, ln};
use crate::model::Ising;
use crate::run::{Chains, ClusterMoves, Flow, Swaps, Temper, TemperOptions};
use std::sync::Arc;

const LADDERS: usize = 2;
const RUNGS: usize = MEMBERS / LADDERS;

/// The coldest rungs of each ladder, whose states become members.
const COLD: usize = 4;

/// Members that a round makes, and rounds that make a population.
const MADE: usize = LADDERS * COLD;
pub(super) const LEG: u64 = (MEMBERS / MADE) as u64;

/// Which part of the way (on a logarithmic scale) from the hot to the cold end of the annealing range ladders span:
/// hotter replicas are free anyway, and colder ones only fall down.
const SPAN: (f64, f64) = (0.25, 0.85);

/// Rounds after which betas stay as they are.
const TUNED: u64 = LEG;

/// Sweeps from one cluster move to the next; the most couplings a site with which they are tried; and the part of the
/// differing sites above which a cluster is all of them. (As in `mg.temper`.)
const CLUSTER_INTERVAL: u64 = 4;
const SPARSE: f64 = 12.0;
const PERCOLATION: f64 = 0.8;

/// Two ladders as the last round left them.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicas {
    /// Inverse temperatures of the rungs.
    pub betas: Vec<f64>,
    /// States of the kernel by ladder, rung and site; empty before the first round.
    pub states: Vec<i8>,
    /// The rungs that move clusters.
    pub clusters: Vec<bool>,
    /// Rounds done.
    pub rounds: u64,
}

impl Replicas {
    /// Ladders over a part of an annealing range, before their first round.
    pub(super) fn new(range: (f64, f64)) -> Self {
        let (hot, cold) = (ln(range.0), ln(range.1));
        let beta = |rung: usize| {
            let part = SPAN.0 + (SPAN.1 - SPAN.0) * rung as f64 / (RUNGS - 1) as f64;
            exp(hot + (cold - hot) * part)
        };
        Self {
            betas: (0..RUNGS).map(beta).collect(),
            states: Vec::new(),
            clusters: vec![false; RUNGS],
            rounds: 0,
        }
    }

    /// True if these can be ladders of a kernel of `num_sites`.
    pub(super) fn fit(&self, num_sites: usize) -> bool {
        let states = if self.rounds == 0 { 0 } else { MEMBERS * num_sites };
        self.betas.len() == RUNGS
            && self.clusters.len() == RUNGS
            && self.states.len() == states
            && self.states.iter().all(|s| s.abs() == 1)
    }

    /// The next round: so many sweeps of all replicas, chains of `seed` from `first_chain` on.
    pub(super) fn run(
        &self,
        model: &Arc<Ising>,
        seed: u64,
        first_chain: u64,
        num_sweeps: u64,
        num_threads: usize,
    ) -> Result<Temper> {
        let states = (self.rounds > 0).then(|| self.states.clone());
        Temper::new(TemperOptions {
            chains: Chains {
                first_chain,
                initial_states: states,
                ..plain_chains(model.clone(), seed, MEMBERS, num_threads)
            },
            num_ladders: LADDERS,
            betas: self.betas.clone(),
            num_sweeps,
            warmup: 0,
            thin: num_sweeps,
            first_sweep: 0,
            swaps: Swaps::EvenOdd,
            swap_interval: 1,
            clusters: ClusterMoves {
                interval: CLUSTER_INTERVAL,
                rungs: self.clusters.clone(),
            },
            observe_interval: 0,
            links: false,
            moments: false,
            store_states: false,
        })
    }

    /// Takes up what a round has done: its states, and what it says of rungs and clusters.
    pub(super) fn take(&mut self, run: &Temper) {
        self.states = run.states();
        if self.rounds < TUNED {
            let add = |mut sum: Flow, other| {
                sum.add(&other);
                sum
            };
            let flow = run.flows().cloned().reduce(add).unwrap_or_default();
            self.betas = equalised(&self.betas, &flow);
        }
        // The first round begins at random states, which say nothing of clusters; the second tries all rungs.
        let model = &run.options().chains.model;
        let degree = 2.0 * model.num_couplings() as f64 / model.num_sites().max(1) as f64;
        match self.rounds {
            0 => self.clusters.fill(degree <= SPARSE),
            1 => {
                for (moves, [_, sizes, differing]) in self.clusters.iter_mut().zip(run.cluster_counts()) {
                    *moves &= *sizes > 0 && (*sizes as f64) < PERCOLATION * *differing as f64;
                }
            }
            _ => (),
        }
        self.rounds += 1;
    }

    /// The states of the coldest rungs, coldest first.
    pub(super) fn cold(&self, num_sites: usize) -> impl ExactSizeIterator<Item = &[i8]> {
        (0..MADE).map(move |k| {
            let at = (k % LADDERS) * RUNGS + RUNGS - 1 - k / LADDERS;
            &self.states[at * num_sites..(at + 1) * num_sites]
        })
    }
}

/// Betas between the same ends at equal steps of the summed rejection rates (Syed et al. 2022).
fn equalised(betas: &[f64], flow: &Flow) -> Vec<f64> {
    const LEAST: f64 = 1e-3;
    let rejection = |(&tried, accepted): (&u64, &f64)| (1.0 - accepted / tried.max(1) as f64).max(LEAST);
    let mut heights = vec![0.0];
    for step in flow.tried.iter().zip(&flow.accepted).map(rejection) {
        heights.push(heights[heights.len() - 1] + step);
    }
    let last = betas.len() - 1;
    let placed = |rung: usize| {
        if rung == 0 || rung == last {
            return betas[rung];
        }
        let level = heights[last] * rung as f64 / last as f64;
        let k = heights.partition_point(|&h| h <= level).clamp(1, last) - 1;
        let part = (level - heights[k]) / (heights[k + 1] - heights[k]);
        betas[k] + part * (betas[k + 1] - betas[k])
    };
    (0..=last).map(placed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_move_to_where_exchanges_fail() {
        let flow = Flow {
            tried: vec![100, 100],
            accepted: vec![40.0, 80.0],
            ..Flow::default()
        };
        let betas = equalised(&[0.0, 1.0, 2.0], &flow);
        assert!((betas[1] - 2.0 / 3.0).abs() < 1e-12 && (betas[0], betas[2]) == (0.0, 2.0));
    }

    #[test]
    fn members_are_the_coldest_of_both_ladders() {
        let mut replicas = Replicas::new((0.1, 10.0));
        assert!(replicas.fit(1) && replicas.betas.windows(2).all(|pair| pair[0] < pair[1]));
        replicas.states = (0..MEMBERS as i8).collect();
        let cold: Vec<i8> = replicas.cold(1).map(|state| state[0]).collect();
        assert_eq!(cold, [31, 63, 30, 62, 29, 61, 28, 60]);
    }
}
