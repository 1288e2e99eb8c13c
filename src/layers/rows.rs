//! The left factor of a product: rows, and of those with few nonzero entries where these are.

use super::kernel::{CHUNK, Entries, Number};
use super::shape::{SLACK, transpose};
use super::stock::{Lent, Stocks};
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

/// Where the rows of a left factor are.
pub(super) enum Left<'a, T> {
    /// One after the other.
    Rows(&'a [T]),
    /// They are the columns of matrices that stand one upon the other.
    Columns(Vec<&'a [T]>),
}

/// `count` rows of `depth` numbers each, in blocks; a block is looked through when it is first asked for.
pub(super) struct Rows<'a, T: Number> {
    tier: Tier,
    left: Left<'a, T>,
    count: usize,
    depth: usize,
    size: usize,
    blocks: Vec<OnceLock<Block<'a, T>>>,
    stocks: &'a Stocks,
}

/// What was found in the rows of a block.
pub(super) struct Block<'a, T: Number> {
    /// The rows, where they were columns.
    turned: Option<Lent<'a, T>>,
    ways: Vec<Way>,
    /// Room for the entries of each row.
    room: usize,
    places: Lent<'a, u32>,
    values: Lent<'a, T>,
    /// Entries of each row before the end of each chunk.
    ends: Vec<usize>,
}

impl<'a, T: Number> Rows<'a, T> {
    pub fn new(tier: Tier, stocks: &'a Stocks, left: Left<'a, T>, [count, depth]: [usize; 2]) -> Self {
        let blocks = count.div_ceil(BLOCK);
        let size = count.div_ceil(blocks.max(1)).next_multiple_of(TOGETHER);
        Self {
            tier,
            left,
            count,
            depth,
            size,
            blocks: (0..count.div_ceil(size.max(1)))
                .map(|_| OnceLock::new())
                .collect(),
            stocks,
        }
    }

    pub fn count(&self) -> usize {
        self.count
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

    /// The numbers of a block's rows, and what was found in them.
    pub fn block(&self, block: usize) -> (&[T], &Block<'a, T>) {
        let found = self.blocks[block].get_or_init(|| self.look_through(block));
        (self.numbers(block, found.turned.as_deref()), found)
    }

    fn numbers<'s>(&self, block: usize, turned: Option<&'s [T]>) -> &'s [T]
    where
        'a: 's,
    {
        let rows = self.rows(block);
        match (turned, &self.left) {
            (Some(numbers), _) => numbers,
            (None, Left::Rows(data)) => &data[rows.start * self.depth..rows.end * self.depth],
            (None, Left::Columns(_)) => &[],
        }
    }

    /// The rows of a block, where they are columns.
    fn turned(&self, block: usize) -> Option<Lent<'a, T>> {
        let Left::Columns(parts) = &self.left else {
            return None;
        };
        let rows = self.rows(block);
        let mut turned = T::stock(self.stocks).take(rows.len() * self.depth);
        let mut start = 0;
        for part in parts {
            let lines = part.len() / self.count;
            let from = &part[rows.start.min(part.len())..];
            transpose(
                self.tier,
                from,
                self.count,
                [lines, rows.len()],
                &mut turned[start..],
                self.depth,
            );
            start += lines;
        }
        Some(turned)
    }

    fn look_through(&self, block: usize) -> Block<'a, T> {
        let turned = self.turned(block);
        let numbers = self.numbers(block, turned.as_deref());
        let (count, depth) = (self.rows(block).len(), self.depth);
        let most = depth / SPARSE;
        let (chunks, room) = (depth.div_ceil(CHUNK), most + CHUNK.min(depth) + SLACK);
        let mut found = Block {
            turned: None,
            ways: vec![Way::Dense; count],
            room,
            places: self.stocks.places.take(count * room),
            values: T::stock(self.stocks).take(count * room),
            ends: vec![0; count * chunks],
        };
        for (row, numbers) in numbers.chunks_exact(depth).enumerate() {
            let places = &mut found.places[row * room..][..room];
            let values = &mut found.values[row * room..][..room];
            let ends = &mut found.ends[row * chunks..][..chunks];
            found.ways[row] = find(self.tier, numbers, most, places, values, ends);
        }
        found.turned = turned;
        found
    }
}

impl<T: Number> Block<'_, T> {
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
