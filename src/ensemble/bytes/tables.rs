//! Thresholds by field for the betas of the lanes: one table where all lanes share a beta, else one a lane.

use super::layout::Layout;
use crate::kernel::{Acceptance, Rule};
use std::sync::Arc;

/// Thresholds by level (k, or |k| under the Gibbs rule).
pub(super) struct Tables<const W: usize> {
    /// The rule of the lanes that are not hot.
    pub rule: Rule,
    pub acceptance: Vec<Acceptance>,
    /// True when all lanes share a beta.
    pub uniform: bool,
    /// Thresholds of the first lane, by level; complete when all lanes share a beta.
    pub shared: Vec<u32>,
    /// Thresholds by level and lane, where lanes differ or the vector path is off.
    pub by_lane: Vec<[u32; W]>,
    /// The same for vectors.
    pub rows: Rows,
    columns: Vec<Column>,
    bound: usize,
    parity: Option<usize>,
}

/// Leading bytes of thresholds by level, for vectors: lanes as often as they fit a row.
#[derive(Default)]
pub(super) struct Rows {
    /// Rows of levels `first`, `first + step` ..; as many as a power of two, the last of them zeros.
    pub leads: Vec<Row>,
    /// From where on a lane's thresholds are zero.
    pub lens: Row,
    /// All ones in lanes under the Gibbs rule among others under that of Metropolis: those at beta = 0, whose spins are
    /// drawn afresh. Their rows are zeros.
    pub hot: Row,
    /// Every second level is not met: fields of all sites are even, or all are odd.
    pub halved: bool,
}

/// A vector of bytes.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Row(pub [u8; 64]);

impl Default for Row {
    fn default() -> Self {
        Self([0; 64])
    }
}

/// The thresholds of one beta.
#[derive(Clone)]
struct Column {
    beta: f64,
    thresholds: Arc<[u32]>,
}

impl Column {
    fn new(beta: f64, acceptance: &Acceptance, bound: usize) -> Self {
        let mut table = Vec::new();
        acceptance.fill_table(&mut table, bound);
        Self {
            beta,
            thresholds: table.into(),
        }
    }
}

impl<const W: usize> Tables<W> {
    /// Empty tables for the fields of a layout.
    pub fn new(layout: &Layout) -> Self {
        Self {
            rule: Rule::Gibbs,
            acceptance: Vec::new(),
            uniform: true,
            shared: Vec::new(),
            by_lane: Vec::new(),
            rows: Rows::default(),
            columns: Vec::new(),
            bound: layout.bound,
            parity: layout.parity,
        }
    }

    /// Brings everything up to date with the betas of the lanes.
    pub fn fill(&mut self, betas: &[f64], rule_at: impl Fn(f64) -> Acceptance, vector: bool) {
        self.acceptance = betas.iter().map(|&beta| rule_at(beta)).collect();
        // The lanes of a Metropolis run at beta = 0 alone differ in rule from the others.
        self.rule = if self.acceptance.iter().any(|a| a.rule == Rule::Metropolis) {
            Rule::Metropolis
        } else {
            Rule::Gibbs
        };
        self.uniform = betas.iter().all(|&beta| beta == betas[0]);
        self.by_lane.clear();
        self.acceptance[0].fill_table(&mut self.shared, self.bound);
        if vector && self.uniform {
            return;
        }
        self.fill_columns(betas);
        let levels = self.columns.iter().map(|c| c.thresholds.len()).max();
        self.by_lane.resize(levels.unwrap_or(0), [0; W]);
        for (lane, column) in self.columns.iter().enumerate() {
            for (row, &threshold) in self.by_lane.iter_mut().zip(&*column.thresholds) {
                row[lane] = threshold;
            }
        }
        if vector {
            self.fill_rows();
        }
    }

    /// An exchange of betas between lanes makes no new thresholds: what is known is kept.
    fn fill_columns(&mut self, betas: &[f64]) {
        let known = std::mem::take(&mut self.columns);
        let column = |(&beta, acceptance): (&f64, &Acceptance)| {
            let same = known.iter().find(|column| column.beta == beta).cloned();
            same.unwrap_or_else(|| Column::new(beta, acceptance, self.bound))
        };
        self.columns = betas.iter().zip(&self.acceptance).map(column).collect();
    }

    fn fill_rows(&mut self) {
        let (first, step) = self.levels();
        let cold = |lane: usize| self.acceptance[lane].rule == self.rule;
        let len = |lane: usize| {
            if cold(lane) {
                self.columns[lane].thresholds.len()
            } else {
                0
            }
        };
        let longest = (0..W)
            .map(len)
            .max()
            .unwrap_or(0)
            .saturating_sub(first)
            .div_ceil(step);
        let spread = |byte: &dyn Fn(usize) -> u8| {
            let lanes: [u8; W] = std::array::from_fn(byte);
            Row(std::array::from_fn(|at| lanes[at % W]))
        };
        let threshold = |level: usize, lane: usize| match self.by_lane.get(level) {
            Some(row) if level < len(lane) => (row[lane] >> 24) as u8,
            _ => 0,
        };
        self.rows.leads.clear();
        for row in 0..longest.next_power_of_two().max(4) {
            let row = spread(&|lane| threshold(first + row * step, lane));
            self.rows.leads.push(row);
        }
        self.rows.lens = spread(&|lane| len(lane).saturating_sub(self.base()) as u8);
        self.rows.hot = spread(&|lane| if cold(lane) { 0 } else { u8::MAX });
        self.rows.halved = step == 2;
    }

    /// The level that vectors count from: under the Metropolis rule levels below 1 are accepted without a draw.
    pub fn base(&self) -> usize {
        usize::from(self.rule == Rule::Metropolis)
    }

    /// The first level of which there is a row, and how far it is to the next.
    fn levels(&self) -> (usize, usize) {
        let base = self.base();
        match self.parity {
            Some(parity) => (base + (base + parity) % 2, 2),
            None => (base, 1),
        }
    }
}
