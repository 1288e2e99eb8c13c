//! Signs and presence of couplings as bit rows.

use super::super::Setup;
use super::super::plan::EMPTY;
use super::WORD;

/// Signs and presence of couplings by row.
pub(in super::super) struct Layout {
    /// Words of a row.
    pub words: usize,
    /// Words of each visited row: bit set = negative coupling.
    signs: Vec<u64>,
    /// Bit set = coupled; empty when every site is coupled to all others.
    present: Vec<u64>,
    /// Local field of each row when all neighbours pull up, in units.
    tops: Vec<i32>,
    isolated: Vec<bool>,
}

impl Layout {
    /// The rows of a model all of whose couplings have the size of the unit; otherwise `None`.
    pub fn new(setup: &Setup) -> Option<Self> {
        let (model, plan) = (&setup.model, &setup.plan);
        let sites = 0..model.num_sites();
        let is_unit = |w: &f64| w.abs() == setup.grid.unit;
        if !setup.grid.exact || !sites.clone().all(|i| model.row(i).1.iter().all(is_unit)) {
            return None;
        }
        let positions = plan.visits.len();
        let words = plan.num_rows().div_ceil(WORD);
        let mut layout = Self {
            words,
            signs: vec![0; positions * words],
            present: vec![0; positions * words],
            tops: vec![0; positions],
            isolated: vec![false; positions],
        };
        for (row, &site) in plan.visits.iter().enumerate().filter(|(_, s)| **s != EMPTY) {
            let site = site as usize;
            let (columns, weights) = model.row(site);
            for (&j, &w) in columns.iter().zip(weights) {
                let at = plan.row_of[j as usize] as usize;
                layout.present[row * words + at / WORD] |= 1 << (at % WORD);
                layout.signs[row * words + at / WORD] |= u64::from(w < 0.0) << (at % WORD);
            }
            layout.tops[row] = setup.grid.quantise(model.fields()[site]) as i32 + columns.len() as i32;
            layout.isolated[row] = setup.is_isolated(site);
        }
        if sites.clone().all(|i| model.degree(i) + 1 == model.num_sites()) {
            layout.present = Vec::new();
        }
        Some(layout)
    }

    /// True for a site with neither coupling nor field.
    #[inline(always)]
    pub fn is_isolated(&self, row: usize) -> bool {
        self.isolated[row]
    }

    /// Signs and, unless complete, presence of the couplings of a row.
    #[inline(always)]
    pub fn row(&self, row: usize) -> (&[u64], &[u64]) {
        let range = row * self.words..(row + 1) * self.words;
        let present = if self.present.is_empty() {
            &[]
        } else {
            &self.present[range.clone()]
        };
        (&self.signs[range], present)
    }

    /// The local field of a row whose neighbours all pull up, in units.
    #[inline(always)]
    pub fn top(&self, row: usize) -> i32 {
        self.tops[row]
    }
}
