//! Neighbour lists of the byte path: quads of rows to add and rows to subtract.

use super::super::Setup;
use super::super::plan::{EMPTY, QUAD};
use super::BYTE_BOUND;

/// Lists longer than this many additions a coupling are slower than a multiplication.
const MOST_UNITS_PER_ENTRY: f64 = 4.0;

/// How the four sites of a quad are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Side by side, in bytes.
    Light,
    /// Neither couplings nor fields.
    Isolated,
    /// One after the other, in wide integers.
    Heavy,
}

/// Four consecutive visits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quad {
    /// Light: first entry in `offsets`, then `positive` groups of four rows to add and `negative` to subtract.
    /// Heavy: first entry in `heavy`, `positive` of them.
    pub start: u32,
    pub positive: u16,
    pub negative: u16,
    pub kind: Kind,
}

/// A site whose field does not fit a byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heavy {
    pub row: u32,
    pub field: i32,
    start: u32,
    split: u32,
    end: u32,
}

impl Heavy {
    /// True without couplings and field.
    pub fn is_isolated(&self) -> bool {
        self.start == self.end && self.field == 0
    }
}

/// The lists of one model for rows of a given width; shared by all blocks.
pub(in super::super) struct Layout {
    pub(super) quads: Vec<Quad>,
    /// Byte offsets of rows (row number times width).
    pub offsets: Vec<u32>,
    /// Field of each position, in units.
    pub fields: Vec<i8>,
    pub has_fields: bool,
    pub(super) heavy: Vec<Heavy>,
    /// Largest light field.
    pub bound: usize,
    /// Remainder by 2 of every light field, where they all have the same.
    pub parity: Option<usize>,
}

impl Layout {
    /// The lists for rows of `width` lanes, or `None` where the path does not apply: coefficients that are not small
    /// whole numbers, a plan whose quads are coupled, or more rows than 32-bit offsets reach.
    pub fn new(setup: &Setup, width: usize) -> Option<Self> {
        let plan = &setup.plan;
        let addressable = u32::try_from((plan.num_rows() + 1) * width).is_ok();
        if !setup.grid.exact
            || !plan.independent
            || !addressable
            || units_per_entry(setup) > MOST_UNITS_PER_ENTRY
        {
            return None;
        }
        let mut layout = Self {
            quads: Vec::with_capacity(plan.visits.len() / QUAD),
            offsets: Vec::new(),
            fields: vec![0; plan.visits.len()],
            has_fields: setup.model.fields().iter().any(|&h| h != 0.0),
            heavy: Vec::new(),
            bound: 0,
            parity: None,
        };
        let mut parities = [false; 2];
        let mut lists = std::array::from_fn::<Lists, QUAD, _>(|_| Lists::default());
        for (number, sites) in plan.visits.chunks_exact(QUAD).enumerate() {
            layout.push_quad(setup, width as u32, number * QUAD, sites, &mut lists)?;
            if layout.quads[number].kind == Kind::Light {
                for &site in sites.iter().filter(|&&site| site != EMPTY) {
                    parities[bound_of(setup, site) as usize % 2] = true;
                }
            }
        }
        layout.parity = match parities {
            [true, true] => None,
            [_, odd] => Some(usize::from(odd)),
        };
        layout.offsets.shrink_to_fit();
        Some(layout)
    }

    fn push_quad(
        &mut self,
        setup: &Setup,
        width: u32,
        first: usize,
        sites: &[u32],
        lists: &mut [Lists; QUAD],
    ) -> Option<()> {
        let start = u32::try_from(self.offsets.len()).ok()?;
        let occupied = || sites.iter().filter(|&&s| s != EMPTY).map(|&s| s as usize);
        if occupied().all(|site| setup.is_isolated(site)) {
            self.quads.push(Quad {
                start,
                positive: 0,
                negative: 0,
                kind: Kind::Isolated,
            });
            return Some(());
        }
        let bound = occupied()
            .map(|site| bound_of(setup, site as u32))
            .fold(0.0, f64::max);
        // An isolated site among others takes the slow way too: it is drawn by a rule of its own.
        if bound > BYTE_BOUND || occupied().any(|site| setup.is_isolated(site)) {
            return self.push_heavy_quad(setup, width, first, sites, &mut lists[0]);
        }
        self.bound = self.bound.max(bound as usize);
        for (t, (&site, list)) in sites.iter().zip(lists.iter_mut()).enumerate() {
            list.clear();
            if site != EMPTY {
                list.fill(setup, width, site as usize);
                self.fields[first + t] = setup.grid.quantise(setup.model.fields()[site as usize]) as i8;
            }
        }
        let zeros = setup.plan.num_rows() as u32 * width;
        let positive = self.interleave(lists.each_ref().map(|l| &l.positive[..]), zeros);
        let negative = self.interleave(lists.each_ref().map(|l| &l.negative[..]), zeros);
        self.quads.push(Quad {
            start,
            positive: positive as u16,
            negative: negative as u16,
            kind: Kind::Light,
        });
        Some(())
    }

    /// Appends groups of one entry of each list, short lists filled up; returns the number of groups.
    fn interleave(&mut self, lists: [&[u32]; QUAD], filler: u32) -> usize {
        let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
        for k in 0..longest {
            self.offsets
                .extend_from_slice(&lists.map(|list| list.get(k).copied().unwrap_or(filler)));
        }
        longest
    }

    fn push_heavy_quad(
        &mut self,
        setup: &Setup,
        width: u32,
        first: usize,
        sites: &[u32],
        list: &mut Lists,
    ) -> Option<()> {
        let start = self.heavy.len() as u32;
        for (t, &site) in sites.iter().enumerate().filter(|(_, s)| **s != EMPTY) {
            list.clear();
            list.fill(setup, width, site as usize);
            let at = self.offsets.len();
            let split = at + list.positive.len();
            let end = u32::try_from(split + list.negative.len()).ok()?;
            self.offsets.append(&mut list.positive);
            self.offsets.append(&mut list.negative);
            self.heavy.push(Heavy {
                row: (first + t) as u32,
                field: setup.grid.quantise(setup.model.fields()[site as usize]) as i32,
                start: at as u32,
                split: split as u32,
                end,
            });
        }
        let count = self.heavy.len() as u32 - start;
        self.quads.push(Quad {
            start,
            positive: count as u16,
            negative: 0,
            kind: Kind::Heavy,
        });
        Some(())
    }

    /// Number of sites that are summed one at a time.
    pub fn num_heavy(&self) -> usize {
        self.heavy.len()
    }

    /// Rows to add and rows to subtract for a heavy site.
    pub(super) fn heavy_entries(&self, site: &Heavy) -> (&[u32], &[u32]) {
        let [start, split, end] = [site.start, site.split, site.end].map(|x| x as usize);
        (&self.offsets[start..split], &self.offsets[split..end])
    }
}

/// Largest local field of a site in units; every field it can have differs from it by a multiple of 2.
fn bound_of(setup: &Setup, site: u32) -> f64 {
    setup.grid.quantise(setup.model.field_bound(site as usize))
}

/// Mean size of a coupling in units.
fn units_per_entry(setup: &Setup) -> f64 {
    let model = &setup.model;
    let row_sum = |i: usize| model.row(i).1.iter().map(|w| w.abs()).sum::<f64>();
    let units = (0..model.num_sites()).map(row_sum).sum::<f64>() / setup.grid.unit;
    units / (2 * model.num_couplings()).max(1) as f64
}

/// Offsets of the rows that enter a field with either sign.
#[derive(Default)]
struct Lists {
    positive: Vec<u32>,
    negative: Vec<u32>,
}

impl Lists {
    fn clear(&mut self) {
        self.positive.clear();
        self.negative.clear();
    }

    fn fill(&mut self, setup: &Setup, width: u32, site: usize) {
        let (columns, weights) = setup.model.row(site);
        for (&j, &w) in columns.iter().zip(weights) {
            let units = setup.grid.quantise(w);
            let list = if units > 0.0 {
                &mut self.positive
            } else {
                &mut self.negative
            };
            let offset = setup.plan.row_of[j as usize] * width;
            list.extend(std::iter::repeat_n(offset, units.abs() as usize));
        }
    }
}
