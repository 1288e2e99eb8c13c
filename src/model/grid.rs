//! Coefficients as whole numbers of a unit, so that every sum of them is exact.
//!
//! Couplings and fields are rounded once to multiples of a unit so coarse that every partial sum of a site's local
//! field is a whole number that fits the mantissa. Sums then do not depend on order, caching, blocking or vector
//! width, cached fields never drift, and every implementation of a kernel sees the same field to the bit.

use super::Ising;
use crate::math::gcd;

/// Mantissa bits that the fields of a run are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// f32: 24 bits.
    Single,
    /// f64: 53 bits, taken when rounding to 24 bits would be felt at the coldest beta.
    Double,
}

impl Precision {
    /// Mantissa bits.
    #[must_use]
    pub fn bits(self) -> i32 {
        match self {
            Self::Single => 24,
            Self::Double => 53,
        }
    }
}

/// A grid felt by less than this (unit times coldest beta) is fine enough.
const ROUNDING_FELT: f64 = 1e-3;

/// The unit of a model's coefficients and how large the whole numbers get.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// One step of the grid, in the energy's own units.
    pub unit: f64,
    /// Largest `|h_i| + sum_j |J_ij|` of any site, in units; a whole number where the grid is exact.
    pub bound: f64,
    /// Mantissa needed by the largest local field.
    pub precision: Precision,
    /// True when no coefficient was changed by rounding.
    pub exact: bool,
}

impl Grid {
    /// The grid of `model` for a run whose coldest sweep has `coldest_beta`.
    #[must_use]
    pub fn new(model: &Ising, coldest_beta: f64) -> Self {
        let extent = Extent::new(model);
        let bound = extent.bound;
        if bound == 0.0 {
            return Self {
                unit: 1.0,
                bound: 0.0,
                precision: Precision::Single,
                exact: true,
            };
        }
        let exact = |unit: f64| Self {
            unit,
            // A whole number: 6 sites of 0.1 are 5.999999999999999 units by division alone.
            bound: round(bound / unit),
            precision: Precision::Single,
            exact: true,
        };
        let limit = 2f64.powi(Precision::Single.bits());
        let unit = dyadic_unit(model, &extent).or_else(|| common_fraction(model, extent.smallest));
        if let Some(grid) = unit.map(exact).filter(|g| g.bound < limit) {
            return grid;
        }
        let single = Self::rounded(bound, bound, Precision::Single);
        if single.unit * coldest_beta <= ROUNDING_FELT {
            single
        } else {
            Self::rounded(bound, extent.total, Precision::Double)
        }
    }

    /// The grid on which sums as large as `largest` are exact. In f64 that is the sum over all sites, so that energies,
    /// which are kept in f64 too, are exact as well.
    fn rounded(bound: f64, largest: f64, precision: Precision) -> Self {
        // One bit in hand: rounding may lift a sum of k terms by k/2 units.
        let (_, exponent) = split(largest);
        let unit = power_of_two(exponent + 2 - precision.bits());
        Self {
            unit,
            bound: bound / unit,
            precision,
            exact: false,
        }
    }

    /// A coefficient in units, a whole number.
    #[must_use]
    pub fn quantise(&self, coefficient: f64) -> f64 {
        round(coefficient / self.unit)
    }
}

/// The nearest whole number, of two the even one; unlike `round_ties_even` without a call where the target has no such
/// instruction.
#[inline(always)]
fn round(x: f64) -> f64 {
    /// From here on all numbers are whole, so adding it to a smaller one rounds that.
    const WHOLE: f64 = (1u64 << 52) as f64;
    let size = x.abs();
    let rounded = if size < WHOLE {
        (size + WHOLE) - WHOLE
    } else {
        size
    };
    rounded.copysign(x)
}

/// What one pass over a model's coefficients tells.
struct Extent {
    /// Largest local field of any site.
    bound: f64,
    /// Smallest size of a coefficient that is not zero.
    smallest: f64,
    /// Sum of the local field bounds of all sites.
    total: f64,
    /// Exponent of the lowest bit set in any coefficient.
    lowest_bit: i32,
}

impl Extent {
    fn new(model: &Ising) -> Self {
        let bounds = (0..model.num_sites()).map(|i| model.field_bound(i));
        let (bound, total) = bounds.fold((0.0f64, 0.0), |(most, sum), b| (most.max(b), sum + b));
        let start = Self {
            bound,
            total,
            smallest: f64::INFINITY,
            lowest_bit: i32::MAX,
        };
        coefficients(model).fold(start, |extent, w| Self {
            bound,
            total,
            smallest: extent.smallest.min(w),
            lowest_bit: extent.lowest_bit.min(odd_part(w).1),
        })
    }
}

fn coefficients(model: &Ising) -> impl Iterator<Item = f64> + '_ {
    let nonzero = |w: &&f64| **w != 0.0;
    model
        .weights
        .iter()
        .chain(&model.fields)
        .filter(nonzero)
        .map(|w| w.abs())
}

/// The odd part and the power of two of a positive normal number: `x = odd * 2^exponent`.
fn odd_part(x: f64) -> (u64, i32) {
    let (mantissa, exponent) = split(x);
    let zeros = mantissa.trailing_zeros() as i32;
    (mantissa >> zeros, exponent - 52 + zeros)
}

/// 53-bit mantissa and binary exponent: `x = mantissa * 2^(exponent - 52)`.
fn split(x: f64) -> (u64, i32) {
    let bits = x.to_bits();
    (bits & ((1 << 52) - 1) | 1 << 52, (bits >> 52) as i32 - 1023)
}

fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent.clamp(-1022, 1023) + 1023) as u64) << 52)
}

/// The greatest common divisor of coefficients that are whole multiples of a power of two (integers, say), if their
/// sums fit 53 bits.
fn dyadic_unit(model: &Ising, extent: &Extent) -> Option<f64> {
    let base = power_of_two(extent.lowest_bit);
    if extent.bound / base >= 2f64.powi(53) {
        return None;
    }
    let mut divisor = 0u64;
    for w in coefficients(model) {
        divisor = gcd((w / base) as u64, divisor);
        if divisor == 1 {
            break;
        }
    }
    Some(base * divisor as f64)
}

/// The smallest coefficient, or a half, third or fourth of it, if all are whole multiples of that within rounding
/// (couplings of +-0.1 or of 1/3 and 2/3, say).
fn common_fraction(model: &Ising, smallest: f64) -> Option<f64> {
    let fits = |unit: f64| {
        coefficients(model).all(|w| {
            let multiple = w / unit;
            (multiple - round(multiple)).abs() <= 4.0 * f64::EPSILON * multiple
        })
    };
    [1.0, 2.0, 3.0, 4.0]
        .into_iter()
        .map(|parts| smallest / parts)
        .find(|&unit| fits(unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chain(weights: &[f64]) -> Ising {
        let n = weights.len() as i64;
        let rows: Vec<_> = (0..n).collect();
        let columns: Vec<_> = (1..=n).collect();
        Ising::from_edges(&rows, &columns, weights, vec![0.0; weights.len() + 1], 0.0).expect("valid")
    }

    #[test]
    fn integers_are_kept_in_units_of_their_divisor() {
        let g = Grid::new(&chain(&[300_000.0, -300_000.0, 600_000.0]), 1.0);
        assert_eq!((g.unit, g.bound, g.exact), (300_000.0, 3.0, true));
        assert_eq!(Grid::new(&chain(&[0.75, -0.5]), 1.0).unit, 0.25);
    }

    #[test]
    fn a_common_decimal_unit_is_found() {
        let g = Grid::new(&chain(&[0.1, -0.3, 0.2]), 1.0);
        assert_eq!((g.unit, g.quantise(-0.3), g.exact), (0.1, -3.0, true));
        assert_eq!(g.bound, 5.0);
    }

    #[test]
    fn bounds_are_whole_numbers() {
        for unit in [0.1, 1.0 / 3.0, 0.7, 1e-3, 7.3e11] {
            for count in 1..200 {
                let star = Ising::from_edges(
                    &vec![0; count],
                    &(1..=count as i64).collect::<Vec<_>>(),
                    &vec![unit; count],
                    vec![0.0; count + 1],
                    0.0,
                );
                let grid = Grid::new(&star.expect("valid"), 1.0);
                assert_eq!(
                    (grid.bound, grid.exact),
                    (count as f64, true),
                    "{count} of {unit}"
                );
            }
        }
    }

    #[test]
    fn penalties_beside_ones_keep_every_bit_when_cold() {
        let weights = [1.0e9, 1.0, -1.000_000_1];
        let hot = Grid::new(&chain(&weights), 1e-9);
        assert_eq!(hot.precision, Precision::Single);
        let cold = Grid::new(&chain(&weights), 1.0);
        assert_eq!(cold.precision, Precision::Double);
        assert!(cold.unit < 1e-5);
    }

    #[test]
    fn an_empty_model_has_a_grid() {
        assert_eq!(Grid::new(&chain(&[0.0]), f64::INFINITY).bound, 0.0);
    }

    proptest! {
        #[test]
        fn rounding_is_to_the_nearest_even(x in prop::num::f64::NORMAL | prop::num::f64::ZERO, half in -9i8..9) {
            prop_assert_eq!(round(x).to_bits(), x.round_ties_even().to_bits());
            let tie = f64::from(half) + 0.5;
            prop_assert_eq!(round(tie).to_bits(), tie.round_ties_even().to_bits());
        }

        #[test]
        fn every_partial_sum_fits_the_mantissa(weights in prop::collection::vec(-1.0e3..1.0e3_f64, 1..40)) {
            let model = chain(&weights);
            let grid = Grid::new(&model, 1e-6);
            for i in 0..model.num_sites() {
                let sum: f64 = model.row(i).1.iter().map(|&w| grid.quantise(w).abs()).sum();
                prop_assert!(sum < 2f64.powi(grid.precision.bits()));
                for &w in model.row(i).1 {
                    prop_assert!((grid.quantise(w) * grid.unit - w).abs() <= 0.5 * grid.unit);
                    prop_assert_eq!(f64::from(grid.quantise(w) as f32), grid.quantise(w));
                }
            }
        }
    }
}
