//! Betas per sweep, made from + - x / only: the same bits on every CPU.

use crate::error::{Result, invalid};
use crate::math::{exp, ln};

/// Shape of a named schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Equal ratios.
    Geometric,
    /// Equal steps.
    Linear,
}

impl Shape {
    /// The shape called `name`.
    ///
    /// # Errors
    /// An unknown name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "geometric" => Ok(Self::Geometric),
            "linear" => Ok(Self::Linear),
            _ => invalid(format!(
                "beta_schedule must be 'geometric' or 'linear', got '{name}'"
            )),
        }
    }
}

/// A named schedule: betas from one end to the other, each made when it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Betas {
    shape: Shape,
    first: f64,
    last: f64,
    num_sweeps: u64,
    log_ratio: f64,
}

impl Betas {
    /// `num_sweeps` betas from `first` to `last`, both ends exact; a single sweep gets `last`.
    ///
    /// # Errors
    /// Ends that are not finite and non-negative, or not positive for a geometric schedule.
    pub fn new(shape: Shape, first: f64, last: f64, num_sweeps: u64) -> Result<Self> {
        for beta in [first, last] {
            if !beta.is_finite() || beta < 0.0 {
                return invalid(format!(
                    "beta_range must hold finite, non-negative betas, got {beta}"
                ));
            }
            if shape == Shape::Geometric && beta == 0.0 {
                return invalid("beta_range of a geometric schedule must be positive, got 0".to_string());
            }
        }
        let log_ratio = match shape {
            Shape::Geometric => ln(last) - ln(first),
            Shape::Linear => 0.0,
        };
        Ok(Self {
            shape,
            first,
            last,
            num_sweeps,
            log_ratio,
        })
    }

    /// Number of sweeps.
    #[must_use]
    pub fn num_sweeps(&self) -> u64 {
        self.num_sweeps
    }

    /// Beta of a sweep.
    #[must_use]
    pub fn beta(&self, sweep: u64) -> f64 {
        let steps = self.num_sweeps.saturating_sub(1);
        if sweep >= steps {
            return self.last;
        }
        if sweep == 0 {
            return self.first;
        }
        let fraction = sweep as f64 / steps as f64;
        match self.shape {
            Shape::Geometric => scaled(self.first, self.log_ratio * fraction),
            Shape::Linear => self.first + (self.last - self.first) * fraction,
        }
    }

    /// The larger end.
    #[must_use]
    pub fn coldest(&self) -> f64 {
        match self.num_sweeps {
            0 => 0.0,
            1 => self.last,
            _ => self.first.max(self.last),
        }
    }
}

/// The betas of a named schedule as an array; see [`Betas::new`].
///
/// # Errors
/// As [`Betas::new`].
pub fn betas(shape: Shape, first: f64, last: f64, num_sweeps: usize) -> Result<Vec<f64>> {
    let betas = Betas::new(shape, first, last, num_sweeps as u64)?;
    Ok((0..betas.num_sweeps).map(|sweep| betas.beta(sweep)).collect())
}

/// `x * e^log`, in three steps where the factor alone would leave the range of numbers; |log| < 1455 between any two.
fn scaled(x: f64, log: f64) -> f64 {
    if log.abs() < 700.0 {
        return x * exp(log);
    }
    let part = exp(log / 3.0);
    x * part * part * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_exact_and_ratios_equal() {
        let b = betas(Shape::Geometric, 0.1, 3.0, 101).expect("valid");
        assert_eq!((b[0], b[100]), (0.1, 3.0));
        for w in b.windows(2) {
            assert!((w[1] / w[0] / 30f64.powf(0.01) - 1.0).abs() < 1e-13);
        }
        let b = betas(Shape::Linear, 3.0, 0.0, 4).expect("valid");
        assert_eq!(b, vec![3.0, 2.0, 1.0, 0.0]);
    }

    #[test]
    fn ends_may_be_as_far_apart_as_numbers_go() {
        for (first, last) in [(5e-324, f64::MAX), (f64::MIN_POSITIVE, 1e308), (1e300, 1e-300)] {
            let b = betas(Shape::Geometric, first, last, 1001).expect("valid");
            let ascends = b.windows(2).all(|w| w[0] <= w[1]);
            assert!(ascends == (first < last), "{first} to {last}");
            let middle = f64::midpoint(first.ln(), last.ln());
            assert!((b[500].ln() - middle).abs() < 1e-9 * middle.abs().max(1.0));
        }
    }

    #[test]
    fn one_sweep_is_the_last_beta_and_none_is_empty() {
        assert_eq!(betas(Shape::Geometric, 0.1, 3.0, 1), Ok(vec![3.0]));
        assert_eq!(betas(Shape::Linear, 0.1, 3.0, 0), Ok(vec![]));
    }

    #[test]
    fn the_coldest_is_the_largest_of_all() {
        for num_sweeps in [0, 1, 2, 7] {
            for (first, last) in [(0.1, 3.0), (3.0, 0.1), (1.0, 1.0)] {
                for shape in [Shape::Geometric, Shape::Linear] {
                    let each = betas(shape, first, last, num_sweeps).expect("valid");
                    let named = Betas::new(shape, first, last, num_sweeps as u64).expect("valid");
                    assert_eq!(named.coldest(), each.into_iter().fold(0.0, f64::max));
                }
            }
        }
    }

    #[test]
    fn bad_ends_are_refused() {
        assert!(betas(Shape::Geometric, 0.0, 1.0, 10).is_err());
        assert!(betas(Shape::Linear, -1.0, 1.0, 10).is_err());
        assert!(betas(Shape::Linear, 0.0, f64::INFINITY, 10).is_err());
    }
}
