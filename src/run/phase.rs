//! A phase of learning: chains, each with values of its own at the sites that are held, move along given betas, and
//! their mean spins and products of coupled spins over the last sweeps are what a gradient is made of.

use super::engine::even_width;
use super::{Job, Workers};
use crate::ensemble::{Ensemble, Factory, Level, Plan, Setup};
use crate::error::{Result, invalid};
use crate::kernel::{Kernel, Scan};
use crate::model::{Grid, Ising};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Visits of all chains from which on a second thread pays for being woken.
const MANY_VISITS: usize = 1 << 17;

/// Bits that sums of spins, each times the share of its chain in whole numbers, may take.
const SUM_BITS: i32 = 61;

/// A graph on which weights change from call to call, and the rule by which chains move on it.
pub struct Phase {
    edges: Vec<(usize, usize)>,
    plan: Arc<Plan>,
    num_sites: usize,
    kernel: Kernel,
    scan: Scan,
    seed: u64,
    num_threads: usize,
    /// Made when first wanted, and anew in a process that was forked off since.
    workers: Mutex<Option<(u32, Workers)>>,
}

/// How chains are to move, and what of it counts.
#[derive(Clone, Copy)]
pub struct Course<'a> {
    /// Beta of each sweep.
    pub betas: &'a [f64],
    /// So many of the last sweeps count.
    pub num_collected: usize,
    /// Number of the first sweep: that of the last call plus its sweeps, so that no draw is used twice.
    pub first_sweep: u64,
    /// What each chain counts, relative to the others.
    pub shares: &'a [f64],
}

impl Phase {
    /// A phase on the graph of given edges `i < j`, in ascending order, that visits all sites but those `held`.
    ///
    /// # Errors
    /// Sites that do not exist, or edges in another order.
    pub fn new(num_sites: usize, edges: &[(i64, i64)], held: &[i64], chains: &Rule) -> Result<Self> {
        let (rows, columns): (Vec<i64>, Vec<i64>) = edges.iter().copied().unzip();
        let ones = vec![1.0; edges.len()];
        let graph = Ising::from_edges(&rows, &columns, &ones, vec![0.0; num_sites], 0.0)?;
        if edges.iter().any(|(i, j)| i >= j) || !edges.is_sorted() || graph.num_couplings() != edges.len() {
            return invalid("edges must be pairs i < j in ascending order, each once");
        }
        let mut is_held = vec![false; num_sites];
        for &site in held {
            match usize::try_from(site).ok().and_then(|i| is_held.get_mut(i)) {
                Some(mark) => *mark = true,
                None => return invalid(format!("held sites must be in 0..{num_sites}, got {site}")),
            }
        }
        let free = (0..num_sites as u32).filter(|&i| !is_held[i as usize]);
        // The plan is that of the graph, whatever the weights: the same draws for the same sites throughout.
        let plan = Arc::new(Plan::new(&graph, free.collect()));
        Ok(Self {
            edges: edges.iter().map(|&(i, j)| (i as usize, j as usize)).collect(),
            plan,
            num_sites,
            kernel: chains.kernel,
            scan: chains.scan,
            seed: chains.seed,
            num_threads: chains.num_threads,
            workers: Mutex::new(None),
        })
    }

    /// Moves chains, `states` by chain and site, along `course` under the energy with these couplings (an edge each) and
    /// fields. Returns mean spins by site and then mean products by edge; they do not depend on the threads.
    ///
    /// # Errors
    /// Numbers that are not finite, or lengths and spins that do not fit.
    pub fn advance(
        &self,
        couplings: &[f64],
        fields: &[f64],
        states: &mut [i8],
        course: &Course<'_>,
    ) -> Result<Vec<f64>> {
        let count = course.shares.len();
        self.check(couplings, fields, states, course)?;
        let (rows, columns): (Vec<i64>, Vec<i64>) =
            self.edges.iter().map(|&(i, j)| (i as i64, j as i64)).unzip();
        let model = Arc::new(Ising::from_edges(
            &rows,
            &columns,
            couplings,
            fields.to_vec(),
            0.0,
        )?);
        let coldest = course.betas.iter().copied().fold(0.0, f64::max);
        let setup = Setup {
            grid: Grid::new(&model, coldest),
            plan: self.plan.clone(),
            model,
            kernel: self.kernel,
            scan: self.scan,
            seed: self.seed,
        };
        let visits = count * setup.sweep_length().max(1) * course.betas.len();
        let threads = if visits < MANY_VISITS { 1 } else { self.num_threads };
        let factory = Factory::new(&setup, Level::chosen()?, count, threads, None);
        let width = even_width(count, threads, factory.width());
        let weights = whole_shares(course.shares, course.num_collected);
        let n = self.num_sites;
        let mut parts: Vec<Part<'_>> = states
            .chunks_mut((width * n).max(1))
            .zip(weights.chunks(width))
            .enumerate()
            .map(|(index, (states, weights))| Part {
                phase: self,
                factory: &factory,
                course,
                first_chain: (index * width) as u64,
                states,
                weights: LaneWeights::new(weights),
                sums: vec![0; n + self.edges.len()],
                done: false,
            })
            .collect();
        self.workers(threads, parts.len()).advance(&mut parts, f64::MAX);
        let total: i64 = weights.iter().sum();
        let scale = total as f64 * course.num_collected.max(1) as f64;
        let mut sums = vec![0; n + self.edges.len()];
        for part in &parts {
            for (sum, more) in sums.iter_mut().zip(&part.sums) {
                *sum += more;
            }
        }
        Ok(sums.into_iter().map(|sum| sum as f64 / scale).collect())
    }

    fn check(&self, couplings: &[f64], fields: &[f64], states: &[i8], course: &Course<'_>) -> Result<()> {
        let (n, count) = (self.num_sites, course.shares.len());
        if couplings.len() != self.edges.len() || fields.len() != n || states.len() != count * n {
            return invalid(format!(
                "a phase of {n} sites and {} edges must have as many fields and couplings, and states of all \
                 {count} chains, got {}, {} and {} spins",
                self.edges.len(),
                fields.len(),
                couplings.len(),
                states.len()
            ));
        }
        if let Some(wrong) = states.iter().find(|s| s.abs() != 1) {
            return invalid(format!("states must hold spins -1 and +1, got {wrong}"));
        }
        if let Some(wrong) = course.betas.iter().find(|b| b.is_nan() || **b < 0.0) {
            return invalid(format!("betas must be non-negative, got {wrong}"));
        }
        if let Some(wrong) = course.shares.iter().find(|s| !s.is_finite() || **s < 0.0) {
            return invalid(format!("shares must be finite and non-negative, got {wrong}"));
        }
        Ok(())
    }

    fn workers(&self, num_threads: usize, num_parts: usize) -> Workers {
        if num_threads <= 1 || num_parts <= 1 {
            return Workers::new(1, 1);
        }
        let mut kept = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        match &*kept {
            Some((of, workers)) if *of == process => workers.clone(),
            _ => {
                let workers = Workers::new(num_threads, num_threads);
                *kept = Some((process, workers.clone()));
                workers
            }
        }
    }
}

/// How the chains of a phase move.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Transition rule.
    pub kernel: Kernel,
    /// Order of a sweep.
    pub scan: Scan,
    /// Seed of all streams.
    pub seed: u64,
    /// Threads to use.
    pub num_threads: usize,
}

/// Shares in whole numbers, of which sums are exact in any order.
fn whole_shares(shares: &[f64], num_collected: usize) -> Vec<i64> {
    let total: f64 = shares.iter().sum::<f64>() * num_collected.max(1) as f64;
    let exponent = if total > 0.0 {
        SUM_BITS - 1 - total.log2().ceil() as i32
    } else {
        0
    };
    let scale = 2f64.powi(exponent.clamp(-1000, 1000));
    shares
        .iter()
        .map(|share| (share * scale).round() as i64)
        .collect()
}

/// What the lanes of a block count.
enum LaneWeights {
    Equal {
        weight: i64,
        lanes: usize,
    },
    /// Sums of the weights of the lanes in a byte, by the byte's place and value.
    Tables {
        total: i64,
        sums: Vec<[i64; 256]>,
    },
}

impl LaneWeights {
    fn new(weights: &[i64]) -> Self {
        let first = weights.first().copied().unwrap_or(0);
        if weights.iter().all(|&w| w == first) {
            return Self::Equal {
                weight: first,
                lanes: weights.len(),
            };
        }
        let table = |eight: &[i64]| {
            std::array::from_fn(|byte| {
                (0..eight.len())
                    .filter(|l| byte >> l & 1 == 1)
                    .map(|l| eight[l])
                    .sum()
            })
        };
        Self::Tables {
            total: weights.iter().sum(),
            sums: weights.chunks(8).map(table).collect(),
        }
    }

    /// The sum of weight times spin over all lanes; a set bit is a spin -1.
    fn sum(&self, bits: u64) -> i64 {
        match self {
            Self::Equal { weight, lanes } => {
                let used = bits & (u64::MAX >> (64 - lanes));
                weight * (*lanes as i64 - 2 * i64::from(used.count_ones()))
            }
            Self::Tables { total, sums } => {
                let bytes = bits.to_le_bytes();
                let down: i64 = sums
                    .iter()
                    .zip(bytes)
                    .map(|(table, byte)| table[usize::from(byte)])
                    .sum();
                total - 2 * down
            }
        }
    }
}

/// A block of chains on its way.
struct Part<'a> {
    phase: &'a Phase,
    factory: &'a Factory,
    course: &'a Course<'a>,
    first_chain: u64,
    states: &'a mut [i8],
    weights: LaneWeights,
    sums: Vec<i64>,
    done: bool,
}

impl Part<'_> {
    fn collect(&mut self, ensemble: &dyn Ensemble, rows: &mut [u64]) {
        ensemble.bit_rows(rows);
        let (spins, products) = self.sums.split_at_mut(rows.len());
        for (sum, &bits) in spins.iter_mut().zip(rows.iter()) {
            *sum += self.weights.sum(bits);
        }
        for (sum, &(i, j)) in products.iter_mut().zip(&self.phase.edges) {
            *sum += self.weights.sum(rows[i] ^ rows[j]);
        }
    }
}

impl Job for Part<'_> {
    fn is_done(&self) -> bool {
        self.done
    }

    fn work(&mut self, _: Instant) {
        let n = self.phase.num_sites;
        let lanes = self.states.len().checked_div(n).unwrap_or(0);
        let mut ensemble = self.factory.block(self.first_chain, lanes, self.states);
        ensemble.set_position((self.course.first_sweep, 0));
        let betas = self.course.betas;
        let first_collected = betas.len() - self.course.num_collected.min(betas.len());
        let mut rows = vec![0; n];
        let mut present = f64::NAN;
        for (sweep, &beta) in betas.iter().enumerate() {
            if beta != present {
                (0..lanes).for_each(|lane| ensemble.set_beta(lane, beta));
                present = beta;
            }
            while !ensemble.advance(MANY_VISITS) {}
            if sweep >= first_collected {
                self.collect(&*ensemble, &mut rows);
            }
        }
        for (lane, state) in self.states.chunks_exact_mut(n.max(1)).enumerate() {
            ensemble.state(lane, state);
        }
        self.done = true;
    }
}
