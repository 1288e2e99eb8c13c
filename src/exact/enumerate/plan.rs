//! How the states of a part are cut up: which spins stand in a table, which are walked over, which number the jobs.

use crate::exact::Asked;
use crate::exact::algebra::Heat;
use crate::exact::part::Part;
use std::sync::{Arc, Mutex};

/// Spins that stand in the table: its numbers stay in the cache, and what is done once a table hardly counts. (With ten,
/// all together took 1.4 times as long.)
const LOW: usize = 12;
/// Jobs are 2 to this, or fewer: enough for any number of threads, few enough to keep what each has summed.
const JOBS: usize = 6;
/// Levels of energy that are counted, at most.
const MOST_LEVELS: usize = 1 << 20;

/// What all jobs share.
pub(super) struct Plan {
    /// Number of sites of the part.
    pub sites: usize,
    /// True when the last site is +1 throughout and stands for its mirror image too.
    pub mirrored: bool,
    /// Spins in the table.
    pub low: usize,
    /// Spins that number the jobs.
    pub job_bits: usize,
    pub fields: Vec<f64>,
    /// By site and site.
    pub couplings: Vec<f64>,
    /// Energies of the couplings within the table.
    pub pairs: Vec<f64>,
    pub tolerance: f64,
    /// What is the same in all tables at each beta.
    pub baths: Vec<Arc<Bath>>,
    pub moments: bool,
    pub num_states: usize,
    pub levels: Option<Levels>,
}

/// Counts of states by energy.
pub(super) struct Levels {
    /// The highest energy that there may be, in units.
    pub reach: f64,
    /// Counters; a power of two, so that a mask bounds the index.
    pub size: usize,
    pub counts: Mutex<Vec<u64>>,
}

impl Levels {
    fn new(part: &Part) -> Option<Self> {
        let reach = part.reach();
        if !part.scale.is_whole() || reach >= MOST_LEVELS as f64 {
            return None;
        }
        let size = (reach as usize + 1).next_power_of_two();
        Some(Self {
            reach,
            size,
            counts: Mutex::new(vec![0; size]),
        })
    }
}

/// A beta and the weights that it gives to the couplings within a table.
pub(super) struct Bath {
    pub heat: Heat,
    /// By the states of the table, relative to the largest.
    pub pairs: Vec<f64>,
    /// The energy that has the largest.
    pub least_pair: f64,
}

impl Bath {
    fn new(heat: Heat, energies: &[f64]) -> Self {
        let least_pair = energies.iter().copied().fold(f64::INFINITY, f64::min);
        Self {
            heat,
            pairs: energies
                .iter()
                .map(|pair| heat.factor(pair - least_pair))
                .collect(),
            least_pair,
        }
    }
}

impl Plan {
    /// The plan for the betas of one round; ground states and levels are found in the first.
    pub fn new(part: &Part, asked: &Asked, betas: &[f64], is_first: bool) -> Self {
        let sites = part.len();
        let mut couplings = vec![0.0; sites * sites];
        for i in 0..sites {
            for &(j, w) in part.row(i) {
                couplings[i * sites + j as usize] = w;
            }
        }
        let mirrored = sites > 0 && part.is_symmetric();
        let bits = sites - usize::from(mirrored);
        let low = bits.min(LOW);
        let pairs = pair_energies(low, |i, j| couplings[i * sites + j]);
        let bath = |&beta: &f64| {
            let heat = Heat {
                beta: part.scale.beta(beta),
                tolerance: part.scale.tolerance,
            };
            Arc::new(Bath::new(heat, &pairs))
        };
        Self {
            sites,
            mirrored,
            low,
            job_bits: (bits - low).min(JOBS),
            fields: part.fields.clone(),
            baths: betas.iter().map(bath).collect(),
            pairs,
            couplings,
            tolerance: part.scale.tolerance,
            moments: asked.moments,
            num_states: if is_first { asked.num_states } else { 0 },
            levels: if is_first { Levels::new(part) } else { None },
        }
    }

    /// Spins that are walked over or number jobs.
    pub fn bits(&self) -> usize {
        self.sites - usize::from(self.mirrored)
    }

    /// Tables of a job.
    pub fn tables(&self) -> u64 {
        1 << (self.bits() - self.low - self.job_bits)
    }

    /// Couplings of a site to all.
    pub fn row(&self, site: usize) -> &[f64] {
        &self.couplings[site * self.sites..][..self.sites]
    }
}

/// `sum_{i<j} J_ij s_i s_j` over all states of the first `count` sites.
fn pair_energies(count: usize, coupling: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let spin = |state: usize, site: usize| if state >> site & 1 == 1 { 1.0 } else { -1.0 };
    let energy = |state: usize| {
        let field = |i: usize| (0..i).map(|j| coupling(i, j) * spin(state, j)).sum::<f64>();
        (0..count).map(|i| spin(state, i) * field(i)).sum()
    };
    (0..1 << count).map(energy).collect()
}
