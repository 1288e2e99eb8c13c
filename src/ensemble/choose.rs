//! Which layout a run takes: by coefficients, density and number of chains, never by the user.

use super::bits;
use super::bytes::{self, Bytes};
use super::cached::{self, Cached};
use super::floats::{self, Floats};
use super::rows::Rows;
use super::simd::Level;
use super::{Ensemble, Setup};
use crate::kernel::Scan;
use crate::model::Precision;
use std::sync::Arc;

/// A layout with the tables that all blocks of a run share.
enum Tables {
    Bits(Arc<bits::Layout>),
    Bytes(Arc<bytes::Layout>),
    Single(Arc<Rows<f32>>),
    Double(Arc<Rows<f64>>),
    CachedByte(Arc<cached::Layout<i8>>),
    CachedShort(Arc<cached::Layout<i16>>),
    CachedSingle(Arc<cached::Layout<f32>>),
    CachedDouble(Arc<cached::Layout<f64>>),
}

/// Makes the blocks of a run.
pub struct Factory {
    setup: Setup,
    level: Level,
    tables: Tables,
    width: usize,
    name: String,
}

/// Nanoseconds an update is expected to take on each path, on average over an annealing run (fitted to measurements on one
/// machine; only their order matters, and where two are close it matters little which is taken).
struct Costs {
    bits: f64,
    bytes: f64,
    floats: f64,
    cached_dense: f64,
    cached_sparse: f64,
}

/// A full matrix of couplings larger than this stays a list.
const MOST_DENSE_BYTES: usize = 4 << 30;

/// Largest local fields that 8 and 16 bits hold beside the mark of a gap.
const BYTE_BOUND: f64 = 126.0;
const SHORT_BOUND: f64 = 32_766.0;

impl Costs {
    fn new(setup: &Setup, per_thread: usize) -> Self {
        let n = setup.model.num_sites().max(1) as f64;
        let degree = 2.0 * setup.model.num_couplings() as f64 / n;
        let bytes_per_number = match setup.grid.precision {
            Precision::Single if setup.grid.exact && setup.grid.bound <= SHORT_BOUND => 2.0,
            Precision::Single => 4.0,
            Precision::Double => 8.0,
        };
        let matrix = n * n * bytes_per_number;
        let lanes = |most: usize| per_thread.min(most) as f64;
        let words = n / 64.0;
        Self {
            bits: if per_thread < bits::MANY {
                8.0 + words
            } else {
                (25.0 + words) / lanes(8)
            },
            bytes: (8.0 + 0.35 * degree) / lanes(32),
            floats: (37.0 + degree * (0.4 + 0.15 * bytes_per_number)) / lanes(floats::WIDTH),
            cached_dense: if matrix > MOST_DENSE_BYTES as f64 {
                f64::INFINITY
            } else {
                6.0 + 0.0055 * n * bytes_per_number
            },
            cached_sparse: 3.5 + 0.13 * degree,
        }
    }
}

impl Factory {
    /// The layout for `num_chains` chains on `num_threads` threads; `width` forces blocks of that many lanes.
    #[must_use]
    pub fn new(
        setup: Setup,
        level: Level,
        num_chains: usize,
        num_threads: usize,
        width: Option<usize>,
    ) -> Self {
        let per_thread = num_chains.div_ceil(num_threads.max(1)).max(1);
        let costs = Costs::new(&setup, per_thread);
        let lanes = width.unwrap_or(per_thread);
        let made =
            Self::bytes(&setup, level, lanes, &costs).or_else(|| Self::bits(&setup, level, lanes, &costs));
        if let Some(factory) = made {
            return factory;
        }
        if costs.floats < costs.cached_dense.min(costs.cached_sparse)
            && lanes <= floats::WIDTH.max(per_thread)
        {
            return Self::floats(setup, level);
        }
        Self::cached(setup, level, costs.cached_dense < costs.cached_sparse, lanes)
    }

    fn bytes(setup: &Setup, level: Level, lanes: usize, costs: &Costs) -> Option<Self> {
        let best_other = costs.floats.min(costs.cached_dense).min(costs.cached_sparse);
        if setup.scan != Scan::Sequential || costs.bytes > best_other {
            return None;
        }
        let width = match lanes {
            0..=8 => 8,
            9..=16 => 16,
            _ => 32,
        };
        let layout = bytes::Layout::new(setup, width)?;
        let heavy = layout.num_heavy() * 8 > setup.model.num_sites();
        (!heavy).then(|| Self {
            setup: setup.clone(),
            level,
            tables: Tables::Bytes(Arc::new(layout)),
            width,
            name: format!("bytes, {width} chains a block"),
        })
    }

    fn bits(setup: &Setup, level: Level, lanes: usize, costs: &Costs) -> Option<Self> {
        if costs.bits > costs.floats.min(costs.cached_dense).min(costs.cached_sparse) {
            return None;
        }
        let layout = Arc::new(bits::Layout::new(setup)?);
        let width = lanes.clamp(1, bits::MOST_LANES);
        let name = "bits, exclusive-or and count".to_owned();
        Some(Self {
            setup: setup.clone(),
            level,
            tables: Tables::Bits(layout),
            width,
            name,
        })
    }

    fn floats(setup: Setup, level: Level) -> Self {
        let (tables, number) = match setup.grid.precision {
            Precision::Single => (Tables::Single(Arc::new(Rows::new(&setup))), "f32"),
            Precision::Double => (Tables::Double(Arc::new(Rows::new(&setup))), "f64"),
        };
        let name = format!("recomputed {number} fields, {} chains a block", floats::WIDTH);
        Self {
            setup,
            level,
            tables,
            width: floats::WIDTH,
            name,
        }
    }

    fn cached(setup: Setup, level: Level, dense: bool, lanes: usize) -> Self {
        let short = setup.grid.exact && setup.grid.bound <= SHORT_BOUND;
        let byte = !dense && short && setup.grid.bound <= BYTE_BOUND;
        let (tables, number) = match setup.grid.precision {
            _ if byte => (
                Tables::CachedByte(Arc::new(cached::Layout::new(&setup, dense))),
                "i8",
            ),
            _ if short => (
                Tables::CachedShort(Arc::new(cached::Layout::new(&setup, dense))),
                "i16",
            ),
            Precision::Single => (
                Tables::CachedSingle(Arc::new(cached::Layout::new(&setup, dense))),
                "f32",
            ),
            Precision::Double => (
                Tables::CachedDouble(Arc::new(cached::Layout::new(&setup, dense))),
                "f64",
            ),
        };
        let width = if dense {
            lanes.clamp(1, cached::MOST_LANES)
        } else {
            1
        };
        let layout = if dense { "dense" } else { "sparse" };
        Self {
            setup,
            level,
            tables,
            width,
            name: format!("cached {number} fields, {layout}"),
        }
    }

    /// Most chains of a block.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// What the path is, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model and how it is visited.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Vector level of the kernels.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// A block of `num_lanes` chains from `first_chain` on, in the given states (one after the other, by site).
    #[must_use]
    pub fn block(&self, first_chain: u64, num_lanes: usize, states: &[i8]) -> Box<dyn Ensemble> {
        let setup = self.setup.clone();
        let level = self.level;
        match &self.tables {
            Tables::Bits(t) => bits::block(setup, t.clone(), first_chain, num_lanes, states, level),
            Tables::Bytes(t) => match self.width {
                8 => Box::new(Bytes::<8>::new(
                    setup,
                    t.clone(),
                    first_chain,
                    num_lanes,
                    states,
                    level,
                )),
                16 => Box::new(Bytes::<16>::new(
                    setup,
                    t.clone(),
                    first_chain,
                    num_lanes,
                    states,
                    level,
                )),
                _ => Box::new(Bytes::<32>::new(
                    setup,
                    t.clone(),
                    first_chain,
                    num_lanes,
                    states,
                    level,
                )),
            },
            Tables::Single(t) => Box::new(Floats::new(
                setup,
                t.clone(),
                first_chain,
                num_lanes,
                states,
                level,
            )),
            Tables::Double(t) => Box::new(Floats::new(
                setup,
                t.clone(),
                first_chain,
                num_lanes,
                states,
                level,
            )),
            Tables::CachedByte(t) => Box::new(Cached::new(
                setup,
                t.clone(),
                first_chain,
                num_lanes,
                states,
                level,
            )),
            Tables::CachedShort(t) => Box::new(Cached::new(
                setup,
                t.clone(),
                first_chain,
                num_lanes,
                states,
                level,
            )),
            Tables::CachedSingle(t) => Box::new(Cached::new(
                setup,
                t.clone(),
                first_chain,
                num_lanes,
                states,
                level,
            )),
            Tables::CachedDouble(t) => Box::new(Cached::new(
                setup,
                t.clone(),
                first_chain,
                num_lanes,
                states,
                level,
            )),
        }
    }
}
