//! Neighbour lists by row of the plan, in the number type of a path, and the numbers themselves.

use super::Setup;
use super::plan::EMPTY;

/// A number type that local fields are kept in; whole numbers of grid units, exact.
pub(super) trait Number: Copy + Send + Sync + PartialOrd + std::fmt::Debug + 'static {
    /// Zero.
    const ZERO: Self;
    /// A whole number of units.
    fn from_units(units: f64) -> Self;
    /// The number as f64.
    fn units(self) -> f64;
    /// The number rounded to f32.
    fn single(self) -> f32;
    /// `self * spin`.
    fn times(self, spin: i8) -> Self;
    /// Sum.
    fn plus(self, other: Self) -> Self;
    /// Difference.
    fn minus(self, other: Self) -> Self;
    /// True if `-spin * self <= limit`: flipping is not ruled out.
    fn within(self, spin: i8, limit: Self) -> bool;
    /// `limit` as a number that [`Number::within`] compares with.
    fn limit(reach: f64) -> Self;
}

macro_rules! integer {
    ($integer:ident) => {
        impl Number for $integer {
            const ZERO: Self = 0;

            fn from_units(units: f64) -> Self {
                units as $integer
            }

            fn units(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn single(self) -> f32 {
                f32::from(self)
            }

            #[inline(always)]
            fn times(self, spin: i8) -> Self {
                self.wrapping_mul($integer::from(spin))
            }

            // An increment of twice a coupling may wrap; the sum itself is bounded by the grid and comes out right.
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            #[inline(always)]
            fn within(self, spin: i8, limit: Self) -> bool {
                self.wrapping_mul(-$integer::from(spin)) <= limit
            }

            fn limit(reach: f64) -> Self {
                reach as $integer
            }
        }
    };
}
integer!(i8);
integer!(i16);

macro_rules! float {
    ($float:ident) => {
        impl Number for $float {
            const ZERO: Self = 0.0;

            fn from_units(units: f64) -> Self {
                units as $float
            }

            #[allow(
                clippy::useless_conversion,
                reason = "f64 to f64 in one of the two expansions"
            )]
            fn units(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            #[allow(
                clippy::unnecessary_cast,
                reason = "f32 to f32 in one of the two expansions"
            )]
            fn single(self) -> f32 {
                self as f32
            }

            #[inline(always)]
            fn times(self, spin: i8) -> Self {
                self * $float::from(spin)
            }

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }

            #[inline(always)]
            fn within(self, spin: i8, limit: Self) -> bool {
                -$float::from(spin) * self <= limit
            }

            fn limit(reach: f64) -> Self {
                reach as $float
            }
        }
    };
}
float!(f32);
float!(f64);

/// The couplings of every visited site by row, and its field.
pub(super) struct Rows<T> {
    starts: Vec<usize>,
    /// Where the visited neighbours of each row end and clamped ones follow; empty when none is clamped.
    visited_ends: Vec<usize>,
    neighbours: Vec<u32>,
    weights: Vec<T>,
    /// Field of each row.
    pub fields: Vec<T>,
    /// Bit t of entry w: row `32 w + t` is that of a site, not a gap.
    pub occupied: Vec<u32>,
    /// Bit t of entry w: row `32 w + t` has a neighbour in the same entry.
    crowded: Vec<u32>,
    /// True for rows of sites with neither coupling nor field; empty when there are none.
    pub isolated: Vec<bool>,
}

impl<T: Number> Rows<T> {
    pub fn new(setup: &Setup) -> Self {
        let plan = &setup.plan;
        let mut rows = Self {
            starts: vec![0],
            visited_ends: Vec::new(),
            neighbours: Vec::with_capacity(2 * setup.model.num_couplings()),
            weights: Vec::with_capacity(2 * setup.model.num_couplings()),
            fields: Vec::with_capacity(plan.visits.len()),
            occupied: vec![0; plan.visits.len().div_ceil(32)],
            crowded: vec![0; plan.visits.len().div_ceil(32)],
            isolated: Vec::new(),
        };
        for (row, &site) in plan.visits.iter().enumerate() {
            if site == EMPTY {
                rows.fields.push(T::ZERO);
            } else {
                let site = site as usize;
                rows.occupied[row / 32] |= 1 << (row % 32);
                rows.push_couplings(setup, row, site);
                rows.fields
                    .push(T::from_units(setup.grid.quantise(setup.model.fields()[site])));
                if setup.is_isolated(site) {
                    rows.isolated.resize(plan.visits.len(), false);
                    rows.isolated[row] = true;
                }
            }
            rows.starts.push(rows.neighbours.len());
        }
        rows
    }

    /// Appends the couplings of a row, those to visited rows first.
    fn push_couplings(&mut self, setup: &Setup, row: usize, site: usize) {
        let plan = &setup.plan;
        let positions = plan.visits.len();
        let any_clamped = plan.num_rows() > positions;
        let (columns, weights) = setup.model.row(site);
        for clamped in [false, true] {
            if clamped && !any_clamped {
                break;
            }
            for (&j, &w) in columns.iter().zip(weights) {
                let other = plan.row_of[j as usize];
                if (other as usize >= positions) == clamped {
                    self.neighbours.push(other);
                    self.weights.push(T::from_units(setup.grid.quantise(w)));
                    self.crowded[row / 32] |= u32::from(other as usize / 32 == row / 32) << (row % 32);
                }
            }
            if any_clamped && !clamped {
                self.visited_ends.resize(row, self.neighbours.len());
                self.visited_ends.push(self.neighbours.len());
            }
        }
    }

    /// Neighbouring rows and couplings of a row.
    #[inline(always)]
    pub fn row(&self, row: usize) -> (&[u32], &[T]) {
        let range = self.starts[row]..self.starts[row + 1];
        (&self.neighbours[range.clone()], &self.weights[range])
    }

    /// Local field of a row. Eight sums, so that additions do not wait for each other.
    pub fn field(&self, row: usize, spins: &[i8]) -> T {
        let (neighbours, weights) = self.row(row);
        let ((eights, rest), (w_eights, w_rest)) = (neighbours.as_chunks::<8>(), weights.as_chunks::<8>());
        let term = |j: u32, w: T| w.times(spins[j as usize]);
        let mut sums = [T::ZERO; 8];
        for (j, w) in eights.iter().zip(w_eights) {
            for t in 0..8 {
                sums[t] = sums[t].plus(term(j[t], w[t]));
            }
        }
        let rest = rest.iter().zip(w_rest).map(|(&j, &w)| term(j, w));
        rest.chain(sums).fold(self.fields[row], T::plus)
    }

    /// Neighbours that are visited, not clamped, and their couplings.
    #[inline(always)]
    pub fn visited(&self, row: usize) -> (&[u32], &[T]) {
        let end = self
            .visited_ends
            .get(row)
            .copied()
            .unwrap_or(self.starts[row + 1]);
        let range = self.starts[row]..end;
        (&self.neighbours[range.clone()], &self.weights[range])
    }

    /// True if a row has a neighbour among the 32 rows of its window.
    #[inline(always)]
    pub fn is_crowded(&self, row: usize) -> bool {
        self.crowded[row / 32] >> (row % 32) & 1 == 1
    }

    /// Bit t: row `first + t` is isolated.
    #[inline(always)]
    pub fn isolated_window(&self, first: usize) -> u32 {
        if self.isolated.is_empty() {
            return 0;
        }
        let window = self.isolated.iter().skip(first).take(32);
        window
            .enumerate()
            .map(|(t, &isolated)| u32::from(isolated) << t)
            .sum()
    }

    /// True for a site that no other site and no field acts on.
    #[inline(always)]
    pub fn is_isolated(&self, row: usize) -> bool {
        !self.isolated.is_empty() && self.isolated[row]
    }
}
