//! The kinds of units of Boltzmann machines, as functions of their input and given uniforms.
//!
//! A unit with input `x` and precision `q` has the law `p(s) ~ exp(x s - q s^2 / 2)` on its values. Precisions are 0
//! for units of finitely many values.

mod laws;
mod normal;
mod real;

pub use laws::{
    categorical_sample, gaussian_log_norm, gaussian_sample, ln_2_cosh, log_sum_exp, rectified_log_norm,
    rectified_mean, rectified_sample, sigmoid, softmax, softplus, spin_mean,
};
pub use normal::{erfc, erfcx, ln_erfcx, log_normal_cdf, mean_excess, normal_quantile};
pub use real::Real;

use crate::error::{Result, invalid};

/// What values a unit takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 0 or 1.
    Binary,
    /// -1 or +1.
    Spin,
    /// Any real number.
    Gaussian,
    /// Any real number that is not negative.
    Rectified,
    /// One of so many states, a column each of which one is 1 and the others 0.
    Categorical(usize),
}

impl Kind {
    /// The kind that a name and a number of states (0 for all but categorical units) stand for.
    ///
    /// # Errors
    /// A name that is not a kind; states that the kind cannot have.
    pub fn parse(name: &str, states: usize) -> Result<Self> {
        let kind = match name {
            "binary" => Self::Binary,
            "spin" => Self::Spin,
            "gaussian" => Self::Gaussian,
            "rectified" => Self::Rectified,
            "categorical" if states > 0 => return Ok(Self::Categorical(states)),
            "categorical" => return invalid("states of categorical units must be positive, got 0"),
            _ => {
                return invalid(format!(
                    "kind must be one of binary, spin, gaussian, rectified, categorical, got '{name}'"
                ));
            }
        };
        if states > 0 {
            return invalid(format!("states of {name} units must be 0, got {states}"));
        }
        Ok(kind)
    }

    /// Whether its law needs a precision above 0.
    #[must_use]
    pub fn has_precision(self) -> bool {
        matches!(self, Self::Gaussian | Self::Rectified)
    }
}
