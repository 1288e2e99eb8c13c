//! What is known of populations at a beta.

/// Numbers of a [`Tally`].
const NUMBERS: usize = 9;

/// What is known of one population at one beta.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tally {
    /// The estimate of log Z: `n_free ln 2` at beta = 0, and the logarithms of the mean factors of all steps since.
    pub log_z: f64,
    /// An estimate of its variance, from the families: see [`Tally::after`].
    pub variance: f64,
    /// Mean energy after the sweeps at this beta; NaN before.
    pub mean_energy: f64,
    /// Variance of the energies.
    pub energy_variance: f64,
    /// Share of the replicas that died on the way to this beta.
    pub culled: f64,
    /// Number of families that live.
    pub families: f64,
    /// Mean square family size, R times the sum of the squares of the families' shares (Wang, Machta and Katzgraber
    /// 2015).
    pub rho_t: f64,
    /// Sum over the steps of the relative variance of the factors.
    spread: f64,
    /// Sum over the steps of the variance that rounding gave the families' sizes, a replica.
    rounding: f64,
}

/// A beta, and what is known of each population at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Inverse temperature.
    pub beta: f64,
    /// One a population.
    pub tallies: Vec<Tally>,
}

impl Step {
    /// True once the replicas have made their sweeps at this beta.
    pub(super) fn is_measured(&self) -> bool {
        self.tallies.iter().all(|tally| !tally.mean_energy.is_nan())
    }

    /// All numbers, beta first.
    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        std::iter::once(self.beta).chain(self.tallies.iter().flat_map(Tally::numbers))
    }

    /// Steps of so many populations from the numbers of all, if they are whole.
    pub(super) fn from_numbers(numbers: &[f64], num_populations: usize) -> Option<Vec<Self>> {
        let length = 1 + num_populations * NUMBERS;
        let step = |numbers: &[f64]| Self {
            beta: numbers[0],
            tallies: numbers[1..]
                .chunks_exact(NUMBERS)
                .map(Tally::from_numbers)
                .collect(),
        };
        numbers
            .len()
            .is_multiple_of(length)
            .then(|| numbers.chunks_exact(length).map(step).collect())
    }
}

impl Tally {
    /// A population of `size` random states of `num_free` spins.
    pub(super) fn at_infinite_temperature(num_free: usize, size: usize) -> Self {
        Self {
            log_z: num_free as f64 * std::f64::consts::LN_2,
            variance: 0.0,
            mean_energy: f64::NAN,
            energy_variance: f64::NAN,
            culled: 0.0,
            families: size as f64,
            rho_t: 1.0,
            spread: 0.0,
            rounding: 0.0,
        }
    }

    /// The population after a resampling, from what the factors and the families say (the number of those that live,
    /// and the sum of the squares of their sizes).
    ///
    /// The variance of log Z is estimated from this one run by how unevenly its last replicas descend from its first
    /// (Chan and Lai 2013; Lee and Whiteley 2018): their estimator is `(rho_t - 1 - k) / R` after k multinomial
    /// resamplings, of which each alone adds one to `rho_t` whatever the factors are. A systematic one adds but the
    /// variance of its rounding to whole copies, which is known and taken off in place of k. The estimate is never
    /// less than the sum over the steps of the variances of the mean factors, which is what is left when the sweeps
    /// of a step forget the families.
    pub(super) fn after(
        &self,
        log_mean: f64,
        spread: f64,
        rounding: f64,
        died: usize,
        (alive, squares): (usize, f64),
        size: usize,
    ) -> Self {
        let count = size as f64;
        let rho_t = squares / count;
        let spread = self.spread + spread;
        let rounding = self.rounding + rounding / count;
        Self {
            log_z: self.log_z + log_mean,
            variance: (rho_t - 1.0 - rounding).max(spread) / count,
            mean_energy: f64::NAN,
            energy_variance: f64::NAN,
            culled: died as f64 / count,
            families: alive as f64,
            rho_t,
            spread,
            rounding,
        }
    }

    fn numbers(&self) -> [f64; NUMBERS] {
        [
            self.log_z,
            self.variance,
            self.mean_energy,
            self.energy_variance,
            self.culled,
            self.families,
            self.rho_t,
            self.spread,
            self.rounding,
        ]
    }

    fn from_numbers(numbers: &[f64]) -> Self {
        let &[
            log_z,
            variance,
            mean_energy,
            energy_variance,
            culled,
            families,
            rho_t,
            spread,
            rounding,
        ] = numbers.first_chunk::<NUMBERS>().unwrap_or(&[f64::NAN; NUMBERS]);
        Self {
            log_z,
            variance,
            mean_energy,
            energy_variance,
            culled,
            families,
            rho_t,
            spread,
            rounding,
        }
    }
}
