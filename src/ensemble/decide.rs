//! Decisions of one chain at one site, for paths that look at chains one by one.

use super::Setup;
use crate::kernel::{Acceptance, Cuts, Rule, is_below};
use crate::rng::{Key, Stream, word};
use std::ops::Range;
use std::sync::Arc;

/// Sites looked at together; their leading bytes are hashed together too.
pub(super) const WINDOW: usize = 32;

/// The rule of a block at one beta, shared by its chains.
#[derive(Clone)]
struct Law {
    beta: f64,
    acceptance: Acceptance,
    units: f32,
    /// Thresholds by k, then a zero that stands for every larger k where the table is complete.
    table: Arc<[u32]>,
    /// True if every k past the thresholds in the table has threshold zero, or cannot be.
    complete: bool,
}

/// Decides for one chain during one sweep.
pub(super) struct Decider {
    law: Law,
    isolated: Rule,
    stream: Stream,
    key: Key,
    sweep: Option<u64>,
}

/// Entries a table of thresholds may have for each window that a sweep of the block looks at: building it stays cheap
/// beside using it.
const ENTRIES_PER_WINDOW: usize = 2;

impl Law {
    fn new(setup: &Setup, beta: f64, num_chains: usize) -> Self {
        let acceptance = Acceptance::new(setup.kernel.rule(beta), beta, setup.grid.unit);
        let mut table = Vec::new();
        let room = 16 + setup.plan.visits.len() * num_chains / WINDOW * ENTRIES_PER_WINDOW;
        if setup.grid.exact {
            acceptance.fill_table(&mut table, room.min(setup.grid.bound as usize));
        }
        let complete = setup.grid.exact && (table.len() <= room || table.len() > setup.grid.bound as usize);
        table.push(0);
        Self {
            beta,
            acceptance,
            units: acceptance.units_per_exponent(),
            table: table.into(),
            complete,
        }
    }
}

/// The laws that a block had last: an exchange of betas between chains makes no new tables.
#[derive(Default)]
pub(super) struct Laws {
    known: Vec<Law>,
    oldest: usize,
}

/// As many laws as two ladders have rungs.
const MOST_LAWS: usize = 2 * super::MOST_LANES;

/// Laws with longer tables are made again rather than kept: 2 MiB a block is enough.
const MOST_KEPT: usize = 4096;

impl Laws {
    fn at(&mut self, beta: f64, setup: &Setup, num_chains: usize) -> Law {
        if let Some(law) = self.known.iter().rev().find(|law| law.beta == beta) {
            return law.clone();
        }
        let law = Law::new(setup, beta, num_chains);
        if law.table.len() > MOST_KEPT {
            return law;
        }
        if self.known.len() < MOST_LAWS {
            self.known.push(law.clone());
        } else {
            self.known[self.oldest] = law.clone();
            self.oldest = (self.oldest + 1) % MOST_LAWS;
        }
        law
    }
}

impl Decider {
    /// A decider at beta = 0.
    pub fn new(setup: &Setup, chain: u64) -> Self {
        Self {
            law: Law::new(setup, 0.0, 0),
            isolated: setup.kernel.rule_of_isolated(),
            stream: setup.stream(chain),
            key: Key::default(),
            sweep: None,
        }
    }

    /// Sets the beta of one of `deciders`; chains of equal beta share a table.
    pub fn set_beta(deciders: &mut [Self], laws: &mut Laws, lane: usize, setup: &Setup, beta: f64) {
        if deciders[lane].law.beta == beta && deciders[lane].sweep.is_some() {
            return;
        }
        deciders[lane].law = laws.at(beta, setup, deciders.len());
        deciders[lane].sweep = None;
    }

    /// Takes the key of a sweep.
    pub fn enter(&mut self, sweep: u64) {
        if self.sweep != Some(sweep) {
            self.key = self.stream.key(sweep);
            self.sweep = Some(sweep);
        }
    }

    /// Key of the present sweep.
    #[inline(always)]
    pub fn key(&self) -> Key {
        self.key
    }

    /// Thresholds by k, if all that are not zero are known; and the rule.
    pub fn table(&self) -> Option<(&[u32], Rule)> {
        let table = &self.law.table[..self.law.table.len() - 1];
        self.law.complete.then_some((table, self.law.acceptance.rule))
    }

    /// The rule at the present beta.
    #[inline(always)]
    pub fn acceptance(&self) -> &Acceptance {
        &self.law.acceptance
    }

    /// True if this chain and `other` decide by the same table.
    pub fn has_law_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.law.table, &other.law.table)
    }

    /// The rule of isolated sites.
    pub fn isolated(&self) -> Rule {
        self.isolated
    }

    /// Largest k that may flip.
    pub fn reach(&self) -> f64 {
        self.law.acceptance.reach()
    }

    /// True if the spin flips; `k` is half the cost of that in units.
    #[inline(always)]
    pub fn flips(&self, k: f64, spin: i8, visit: u32, lead: u8, isolated: bool) -> bool {
        let rule = if isolated {
            self.isolated
        } else {
            self.law.acceptance.rule
        };
        match rule {
            Rule::Metropolis => k <= 0.0 || self.below(k, visit, lead),
            Rule::Gibbs if isolated => (lead < 128) == (spin > 0),
            Rule::Gibbs => {
                let favoured = k > 0.0 || (k == 0.0 && spin > 0);
                self.below(k.abs(), visit, lead) == favoured
            }
        }
    }

    /// [`Decider::flips`] for whole k, without branches but for rare ones.
    #[inline(always)]
    pub fn flips_whole(&self, k: i32, spin: i8, visit: u32, lead: u8, isolated: bool) -> bool {
        if isolated || !self.law.complete {
            return self.flips(f64::from(k), spin, visit, lead, isolated);
        }
        let gibbs = self.law.acceptance.rule == Rule::Gibbs;
        let level = if gibbs { k.abs() } else { k.max(0) };
        let table = &*self.law.table;
        let below = self.below_entry(table[(level as usize).min(table.len() - 1)], visit, lead);
        let favoured = (k > 0) | ((k == 0) & (spin > 0));
        if gibbs {
            below == favoured
        } else {
            (k <= 0) | below
        }
    }

    #[inline(always)]
    fn below(&self, k: f64, visit: u32, lead: u8) -> bool {
        let index = k as usize;
        let table = &*self.law.table;
        if self.law.complete {
            return self.below_entry(table[index.min(table.len() - 1)], visit, lead);
        }
        let (cuts, level) = (Cuts::get(), k as f32);
        let at = Cuts::place(self.law.acceptance.rule) | usize::from(lead);
        level <= cuts.sure[at] * self.law.units
            || (level <= cuts.never[at] * self.law.units && self.is_below_threshold(k, visit))
    }

    #[inline(always)]
    fn below_entry(&self, threshold: u32, visit: u32, lead: u8) -> bool {
        let byte = (threshold >> 24) as u8;
        if (lead == byte) & (threshold != 0) {
            return self.is_below_tied(visit, threshold);
        }
        lead < byte
    }

    #[cold]
    #[inline(never)]
    fn is_below_tied(&self, visit: u32, threshold: u32) -> bool {
        is_below(self.key, visit, threshold)
    }

    #[cold]
    #[inline(never)]
    fn is_below_threshold(&self, k: f64, visit: u32) -> bool {
        is_below(self.key, visit, self.law.acceptance.threshold(k))
    }
}

/// `range` cut where windows begin.
pub(super) fn windows(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let first = range.start - range.start % WINDOW;
    (first..range.end)
        .step_by(WINDOW)
        .map(move |at| at.max(range.start)..range.end.min(at + WINDOW))
}

/// Leading bytes of the 32 visits of a window.
#[inline(always)]
pub(super) fn leads(key: Key, first: usize) -> [u8; WINDOW] {
    let mut words = [0u32; WINDOW / 4];
    for (q, word) in words.iter_mut().enumerate() {
        *word = self::word(key, (first / 4 + q) as u32);
    }
    let mut leads = [0; WINDOW];
    for (four, word) in leads.chunks_exact_mut(4).zip(words) {
        four.copy_from_slice(&word.to_le_bytes());
    }
    leads
}
