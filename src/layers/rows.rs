//! The left factor of a product: rows, and of those with few nonzero entries where these are.

use super::kernel::{CHUNK, Entries, Number};
use super::shape::SLACK;
use super::tier::Tier;
use std::ops::Range;
use std::sync::OnceLock;

/// A row is worked by its nonzero entries if they are at most one in so many. (An entry costs 2.6 times what it does
/// in a dense row: AVX-512, f32, 784 x 500.)
const SPARSE: usize = 3;

/// Rows of a block, at most: its results stay in the nearest caches.
const BLOCK: usize = 48;

/// Rows that are worked densely together, which sizes of blocks are multiples of.
const TOGETHER: usize = 6;

/// How a row is worked.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Way {
    /// Whole.
    #[default]
    Dense,
    /// By its nonzero entries, all of which are 1.
    Ones,
    /// By its nonzero entries.
    Entries,
}

/// Rows of `depth` numbers each, in blocks; a block is looked through when it is first asked for.
pub(super) struct Rows<'a, T> {
    tier: Tier,
    data: &'a [T],
    depth: usize,
    count: usize,
    size: usize,
    blocks: Vec<OnceLock<Block<T>>>,
}

/// What was found in the rows of a block.
pub(super) struct Block<T> {
    ways: Vec<Way>,
    /// Room for the entries of each row.
    room: usize,
    places: Vec<u32>,
    values: Vec<T>,
    /// Entries of each row before the end of each chunk.
    ends: Vec<usize>,
}

impl<'a, T: Number> Rows<'a, T> {
    pub fn new(tier: Tier, data: &'a [T], count: usize, depth: usize) -> Self {
        let blocks = count.div_ceil(BLOCK);
        let size = count.div_ceil(blocks.max(1)).next_multiple_of(TOGETHER);
        Self {
            tier,
            data,
            depth,
            count,
            size,
            blocks: (0..count.div_ceil(size.max(1)))
                .map(|_| OnceLock::new())
                .collect(),
        }
    }

    pub fn data(&self) -> &'a [T] {
        self.data
    }

    pub fn depth(&self) -> usize {
        self.depth
    }

    pub fn num_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The rows of a block.
    pub fn rows(&self, block: usize) -> Range<usize> {
        block * self.size..((block + 1) * self.size).min(self.count)
    }

    pub fn block(&self, block: usize) -> &Block<T> {
        self.blocks[block].get_or_init(|| {
            let rows = self.rows(block);
            let data = &self.data[rows.start * self.depth..rows.end * self.depth];
            Block::new(self.tier, data, rows.len(), self.depth)
        })
    }
}

impl<T: Number> Block<T> {
    fn new(tier: Tier, data: &[T], count: usize, depth: usize) -> Self {
        let most = depth / SPARSE;
        let (chunks, room) = (depth.div_ceil(CHUNK), most + CHUNK.min(depth) + SLACK);
        let mut block = Self {
            ways: vec![Way::Dense; count],
            room,
            places: vec![0; count * room],
            values: vec![T::ZERO; count * room],
            ends: vec![0; count * chunks],
        };
        for (row, numbers) in data.chunks_exact(depth).enumerate() {
            let places = &mut block.places[row * room..][..room];
            let values = &mut block.values[row * room..][..room];
            let ends = &mut block.ends[row * chunks..][..chunks];
            block.ways[row] = find(tier, numbers, most, places, values, ends);
        }
        block
    }

    /// Rows of the block that are worked whole.
    pub fn dense(&self) -> impl Iterator<Item = usize> {
        (0..self.ways.len()).filter(|&row| self.ways[row] == Way::Dense)
    }

    /// Entries of the other rows within a chunk.
    pub fn sparse(&self, chunk: usize) -> impl Iterator<Item = (usize, Entries<'_, T>)> {
        let chunks = self.ends.len() / self.ways.len();
        (0..self.ways.len())
            .filter(|&row| self.ways[row] != Way::Dense)
            .map(move |row| {
                let ends = &self.ends[row * chunks..];
                let start = if chunk == 0 { 0 } else { ends[chunk - 1] };
                let found = row * self.room + start..row * self.room + ends[chunk];
                let entries = Entries {
                    places: &self.places[found.clone()],
                    values: (self.ways[row] == Way::Entries).then(|| &self.values[found]),
                };
                (row, entries)
            })
    }
}

/// Lists the nonzero entries of a row by their places in their chunks, unless they are more than `most`.
fn find<T: Number>(
    tier: Tier,
    row: &[T],
    most: usize,
    places: &mut [u32],
    values: &mut [T],
    ends: &mut [usize],
) -> Way {
    let (mut count, mut ones) = (0, true);
    for (numbers, end) in row.chunks(CHUNK).zip(ends) {
        if count > most {
            return Way::Dense;
        }
        let (more, only) = T::collect(tier, numbers, &mut places[count..], &mut values[count..]);
        count += more;
        ones &= only;
        *end = count;
    }
    match (count <= most, ones) {
        (false, _) => Way::Dense,
        (true, true) => Way::Ones,
        (true, false) => Way::Entries,
    }
}
