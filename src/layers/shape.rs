//! Moving numbers about: transposes, lists of what is not zero.

use super::stock::{Stock, Stocks};
use super::tier::Tier;
use crate::units::Real;

/// Numbers beyond those found that [`Shape::collect`] may write.
pub(super) const SLACK: usize = 16;

/// A number whose arrays are moved about.
pub trait Shape: Real + Default {
    /// Side of the squares that are transposed at a time.
    #[doc(hidden)]
    const SIDE: usize;

    /// Transposes a square at the start of `from` to the start of `to`; rows are `stride` and `pitch` numbers apart.
    #[doc(hidden)]
    fn turn(tier: Tier, from: &[Self], stride: usize, to: &mut [Self], pitch: usize);

    /// Lists the numbers that are not zero and their places, with [`SLACK`] to spare; how many, and whether all are 1.
    #[doc(hidden)]
    fn collect(tier: Tier, row: &[Self], places: &mut [u32], values: &mut [Self]) -> (usize, bool);

    /// The arrays of this type.
    #[doc(hidden)]
    fn stock(stocks: &Stocks) -> &Stock<Self>;
}

macro_rules! shape {
    ($float:ident, $side:literal, $turn:ident, $collect:ident, $stock:ident) => {
        impl Shape for $float {
            const SIDE: usize = $side;

            fn turn(tier: Tier, from: &[Self], stride: usize, to: &mut [Self], pitch: usize) {
                assert!(from.len() > ($side - 1) * stride + $side - 1);
                assert!(to.len() > ($side - 1) * pitch + $side - 1);
                #[cfg(target_arch = "x86_64")]
                if tier == Tier::Full {
                    // SAFETY: the tier says that this CPU has these instructions; bounds are checked above.
                    return unsafe { super::x86::$turn(from.as_ptr(), stride, to.as_mut_ptr(), pitch) };
                }
                let _ = tier;
                for row in 0..$side {
                    for column in 0..$side {
                        to[column * pitch + row] = from[row * stride + column];
                    }
                }
            }

            fn collect(tier: Tier, row: &[Self], places: &mut [u32], values: &mut [Self]) -> (usize, bool) {
                assert!(places.len() >= row.len() + SLACK && values.len() >= row.len() + SLACK);
                #[cfg(target_arch = "x86_64")]
                if tier == Tier::Full {
                    // SAFETY: as above.
                    return unsafe { super::x86::$collect(row, places.as_mut_ptr(), values.as_mut_ptr()) };
                }
                let _ = tier;
                let (mut count, mut ones) = (0, true);
                for (k, &x) in row.iter().enumerate() {
                    places[count] = k as u32;
                    values[count] = x;
                    count += usize::from(x != 0.0);
                    ones &= x == 0.0 || x == 1.0;
                }
                (count, ones)
            }

            fn stock(stocks: &Stocks) -> &Stock<Self> {
                &stocks.$stock
            }
        }
    };
}
shape!(f32, 16, turn_16, collect_16, single);
shape!(f64, 8, turn_8, collect_8, double);

/// Writes the transpose of `rows` x `columns` numbers; rows are `stride`, and those of the result `pitch` numbers apart.
pub(super) fn transpose<T: Shape>(
    tier: Tier,
    from: &[T],
    stride: usize,
    [rows, columns]: [usize; 2],
    to: &mut [T],
    pitch: usize,
) {
    let whole = |n: usize| n / T::SIDE * T::SIDE;
    for left in (0..columns).step_by(T::SIDE) {
        let square = left < whole(columns);
        let start = if square { whole(rows) } else { 0 };
        for row in (0..start).step_by(T::SIDE) {
            let (from, to) = (&from[row * stride + left..], &mut to[left * pitch + row..]);
            T::turn(tier, from, stride, to, pitch);
        }
        for row in start..rows {
            let right = (left + T::SIDE).min(columns);
            for (k, &x) in from[row * stride + left..row * stride + right].iter().enumerate() {
                to[(left + k) * pitch + row] = x;
            }
        }
    }
}
