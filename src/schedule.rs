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

/// `num_sweeps` betas from `first` to `last`, both ends exact; a single sweep gets `last`.
///
/// # Errors
/// Ends that are not finite and non-negative, or not positive for a geometric schedule.
pub fn betas(shape: Shape, first: f64, last: f64, num_sweeps: usize) -> Result<Vec<f64>> {
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
    let steps = num_sweeps.saturating_sub(1);
    let log_ratio = if shape == Shape::Geometric && steps > 0 {
        ln(last) - ln(first)
    } else {
        0.0
    };
    Ok((0..num_sweeps)
        .map(|i| {
            let fraction = i as f64 / steps as f64;
            if i == steps {
                last
            } else if i == 0 {
                first
            } else if shape == Shape::Geometric {
                scaled(first, log_ratio * fraction)
            } else {
                first + (last - first) * fraction
            }
        })
        .collect())
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
    fn bad_ends_are_refused() {
        assert!(betas(Shape::Geometric, 0.0, 1.0, 10).is_err());
        assert!(betas(Shape::Linear, -1.0, 1.0, 10).is_err());
        assert!(betas(Shape::Linear, 0.0, f64::INFINITY, 10).is_err());
    }
}
