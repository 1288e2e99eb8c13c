//! Which layout a run takes: by coefficients, density and number of chains, never by the user.

use super::bits;
use super::bytes::{self, Bytes};
use super::cached::{self, Cached};
use super::floats::{self, Floats};
use super::rows::Rows;
use super::setup::Start;
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

/// An implementation, with what it is told from.
#[derive(Clone, Copy, Debug)]
enum Path {
    Bytes,
    Bits,
    Floats,
    CachedDense,
    CachedSparse,
}

impl Path {
    const ALL: [Self; 5] = [
        Self::Bytes,
        Self::Bits,
        Self::Floats,
        Self::CachedDense,
        Self::CachedSparse,
    ];

    /// Most chains of a block.
    fn most_lanes(self) -> usize {
        match self {
            Self::Bytes => bytes::MOST_LANES,
            Self::Bits => bits::MOST_LANES,
            Self::Floats => floats::WIDTH,
            Self::CachedDense | Self::CachedSparse => cached::MOST_LANES,
        }
    }
}

/// A full matrix of couplings larger than this stays a list.
const MOST_DENSE_BYTES: usize = 4 << 30;

/// Largest local fields that 8 and 16 bits hold beside the mark of a gap.
const BYTE_BOUND: f64 = 126.0;
const SHORT_BOUND: f64 = 32_766.0;

/// All paths, cheapest first: by the nanoseconds an update is expected to take on average over an annealing run with so
/// many chains on a thread. (Fitted to measurements on one machine; only the order matters, and where two are close it
/// matters little which is taken.)
fn by_cost(setup: &Setup, per_thread: usize) -> [Path; 5] {
    let n = setup.model.num_sites().max(1) as f64;
    let degree = 2.0 * setup.model.num_couplings() as f64 / n;
    let bytes_per_number = match setup.grid.precision {
        Precision::Single if setup.grid.exact && setup.grid.bound <= SHORT_BOUND => 2.0,
        Precision::Single => 4.0,
        Precision::Double => 8.0,
    };
    let words = n / 64.0;
    let lanes = |most: usize| per_thread.min(most) as f64;
    let cost = |path: &Path| match path {
        Path::Bytes => (8.0 + 0.35 * degree) / lanes(bytes::MOST_LANES),
        Path::Bits if per_thread < bits::MANY => 8.0 + words,
        Path::Bits => (25.0 + words) / lanes(8),
        Path::Floats => (37.0 + degree * (0.4 + 0.15 * bytes_per_number)) / lanes(floats::WIDTH),
        Path::CachedDense if n * n * bytes_per_number > MOST_DENSE_BYTES as f64 => f64::INFINITY,
        Path::CachedDense => 6.0 + 0.0055 * n * bytes_per_number,
        Path::CachedSparse => 3.5 + 0.13 * degree,
    };
    let mut paths = Path::ALL;
    paths.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
    paths
}

impl Factory {
    /// The layout for `num_chains` chains on `num_threads` threads; `width` forces blocks of that many lanes.
    #[must_use]
    pub fn new(
        setup: &Setup,
        level: Level,
        num_chains: usize,
        num_threads: usize,
        width: Option<usize>,
    ) -> Self {
        let per_thread = num_chains.div_ceil(num_threads.max(1)).max(1);
        let fits = |path: &Path| width.is_none_or(|width| width <= path.most_lanes());
        let make = |path: Path| {
            let lanes = width.unwrap_or(per_thread).min(path.most_lanes());
            Self::of(path, setup, level, lanes)
        };
        let mut fitting = by_cost(setup, per_thread).into_iter().filter(fits);
        let sparse = || Self::cached(setup, level, false, 1);
        fitting.find_map(make).unwrap_or_else(sparse)
    }

    /// Every layout that can carry out `setup`, whatever it costs, with blocks of every kind of width.
    #[must_use]
    pub fn every(setup: &Setup, level: Level) -> Vec<Self> {
        let widths = |path| match path {
            Path::Bytes => vec![8, 16, 32],
            Path::Bits => vec![bits::MANY - 1, bits::MOST_LANES],
            Path::CachedDense => vec![1, cached::MOST_LANES],
            Path::Floats | Path::CachedSparse => vec![1],
        };
        let made = |path| {
            let factory = move |lanes| Self::of(path, setup, level, lanes);
            widths(path).into_iter().filter_map(factory)
        };
        Path::ALL.into_iter().flat_map(made).collect()
    }

    fn of(path: Path, setup: &Setup, level: Level, lanes: usize) -> Option<Self> {
        match path {
            Path::Bytes => Self::bytes(setup, level, lanes),
            Path::Bits => Self::bits(setup, level, lanes),
            Path::Floats => Some(Self::floats(setup, level)),
            Path::CachedDense => Some(Self::cached(setup, level, true, lanes)),
            Path::CachedSparse => Some(Self::cached(setup, level, false, 1)),
        }
    }

    fn bytes(setup: &Setup, level: Level, lanes: usize) -> Option<Self> {
        if setup.scan != Scan::Sequential {
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

    fn bits(setup: &Setup, level: Level, lanes: usize) -> Option<Self> {
        let layout = Arc::new(bits::Layout::new(setup)?);
        let name = "bits, exclusive-or and count".to_owned();
        Some(Self {
            setup: setup.clone(),
            level,
            tables: Tables::Bits(layout),
            width: lanes,
            name,
        })
    }

    fn floats(setup: &Setup, level: Level) -> Self {
        let (tables, number) = match setup.grid.precision {
            Precision::Single => (Tables::Single(Arc::new(Rows::new(setup))), "f32"),
            Precision::Double => (Tables::Double(Arc::new(Rows::new(setup))), "f64"),
        };
        let name = format!("recomputed {number} fields, {} chains a block", floats::WIDTH);
        Self {
            setup: setup.clone(),
            level,
            tables,
            width: floats::WIDTH,
            name,
        }
    }

    fn cached(setup: &Setup, level: Level, dense: bool, lanes: usize) -> Self {
        let short = setup.grid.exact && setup.grid.bound <= SHORT_BOUND;
        let byte = !dense && short && setup.grid.bound <= BYTE_BOUND;
        let (tables, number) = match setup.grid.precision {
            _ if byte => (
                Tables::CachedByte(Arc::new(cached::Layout::new(setup, dense))),
                "i8",
            ),
            _ if short => (
                Tables::CachedShort(Arc::new(cached::Layout::new(setup, dense))),
                "i16",
            ),
            Precision::Single => (
                Tables::CachedSingle(Arc::new(cached::Layout::new(setup, dense))),
                "f32",
            ),
            Precision::Double => (
                Tables::CachedDouble(Arc::new(cached::Layout::new(setup, dense))),
                "f64",
            ),
        };
        let layout = if dense { "dense" } else { "sparse" };
        Self {
            setup: setup.clone(),
            level,
            tables,
            width: lanes,
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
        let start = Start {
            setup: self.setup.clone(),
            level: self.level,
            first_chain,
            num_lanes,
            states,
        };
        match &self.tables {
            Tables::Bits(t) => bits::block(start, t.clone()),
            Tables::Bytes(t) => match self.width {
                8 => Box::new(Bytes::<8>::new(start, t.clone())),
                16 => Box::new(Bytes::<16>::new(start, t.clone())),
                _ => Box::new(Bytes::<32>::new(start, t.clone())),
            },
            Tables::Single(t) => Box::new(Floats::new(start, t.clone())),
            Tables::Double(t) => Box::new(Floats::new(start, t.clone())),
            Tables::CachedByte(t) => Box::new(Cached::new(start, t.clone())),
            Tables::CachedShort(t) => Box::new(Cached::new(start, t.clone())),
            Tables::CachedSingle(t) => Box::new(Cached::new(start, t.clone())),
            Tables::CachedDouble(t) => Box::new(Cached::new(start, t.clone())),
        }
    }
}
