//! Random numbers keyed by place: seed, purpose, chain, sweep, visit.
//!
//! There is no generator state. Every site visit owns one 32-bit draw whose value is a function of where it
//! happens, so a chain's path cannot depend on threads, block widths, slices or other chains, a run can stop and
//! resume anywhere, and a draw that nobody looks at costs nothing.
//!
//! A draw is cut in two. Its leading byte is a byte of [`word`]`(key, visit / 4)`: one hash serves four visits. The
//! other 24 bits are [`tail`]`(key, visit)`. A kernel compares the leading byte first, which settles 255 of 256
//! decisions, and computes the tail only on a tie: the decision is that of the full 32-bit draw at a quarter of the
//! cost.

/// What a stream is used for; streams of different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Acceptance draws of a chain's sweeps.
    Sweep = 1,
    /// Initial states.
    Start = 2,
    /// The order of a permuted or random scan (one a sweep, shared by all chains).
    Order = 3,
    /// Exchanges of a ladder.
    Exchange = 4,
    /// Seeds of clusters, a pair of ladders each.
    Cluster = 5,
    /// Choices of a search: mates, temperatures.
    Search = 6,
    /// Where the combs of a population's resamplings begin.
    Resample = 7,
    /// Visible units of layers, a draw each a step.
    Visible = 8,
    /// Hidden units of layers.
    Hidden = 9,
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Finaliser of `SplitMix64` (Steele, Lea and Flood 2014; variant 13 of Stafford): a bijection of 64 bits.
#[must_use]
pub const fn mix64(x: u64) -> u64 {
    let x = x.wrapping_add(GOLDEN);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The stream of one chain (128 bits of key): a key for every sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    base: u64,
    twist: u64,
}

impl Stream {
    /// The stream of `chain` for `purpose` under `seed`.
    #[must_use]
    pub const fn new(seed: u64, purpose: Purpose, chain: u64) -> Self {
        let root = mix64(seed ^ mix64(purpose as u64));
        let base = mix64(root ^ mix64(chain));
        Self {
            base,
            twist: mix64(base ^ root.rotate_left(32)),
        }
    }

    /// The key of one sweep of this chain.
    #[must_use]
    pub const fn key(&self, sweep: u64) -> Key {
        let x = mix64(mix64(self.base.wrapping_add(sweep.wrapping_mul(GOLDEN))) ^ self.twist);
        Key {
            first: x as u32,
            second: (x >> 32) as u32,
        }
    }
}

/// Key of the draws of one sweep of one chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// Enters before the first multiplication.
    pub first: u32,
    /// Enters between the two multiplications.
    pub second: u32,
}

/// Multipliers and shifts of the three rounds of [`word`].
pub(crate) const ROUNDS: [(u32, u32); 3] = [(0xED5A_D4BB, 11), (0xAC4C_1B51, 15), (0x3184_8BAB, 14)];

/// The leading bytes of the draws of visits `4 quad .. 4 quad + 4`, lowest byte first.
///
/// Three multiply-xorshift rounds with the constants of Wellons's `triple32`, keyed before the first and the second.
/// (Two rounds are 6 % faster for the whole sweep and fail a test of permutations, dieharder's `operm5`, in the
/// natural order of one chain; three pass the battery.)
#[inline(always)]
#[must_use]
pub const fn word(key: Key, quad: u32) -> u32 {
    let [first, second, third] = ROUNDS;
    let x = (quad ^ key.first).wrapping_mul(first.0);
    let x = (x ^ (x >> first.1))
        .wrapping_add(key.second)
        .wrapping_mul(second.0);
    let x = (x ^ (x >> second.1)).wrapping_mul(third.0);
    x ^ (x >> third.1)
}

/// The leading byte of the draw of `visit`.
#[inline(always)]
#[must_use]
pub const fn lead(key: Key, visit: u32) -> u8 {
    (word(key, visit >> 2) >> (8 * (visit & 3))) as u8
}

/// The 24 bits below the leading byte of the draw of `visit`.
#[inline(always)]
#[must_use]
pub const fn tail(key: Key, visit: u32) -> u32 {
    let other = Key {
        first: key.second ^ 0x9E37_79B9,
        second: key.first ^ 0x85EB_CA6B,
    };
    word(other, visit) >> 8
}

/// The whole 32-bit draw of `visit`.
#[inline(always)]
#[must_use]
pub const fn draw(key: Key, visit: u32) -> u32 {
    (lead(key, visit) as u32) << 24 | tail(key, visit)
}

/// Sixty-four bits of their own place, for what happens seldom.
#[must_use]
fn bits(stream: &Stream, sweep: u64, index: u64) -> u64 {
    mix64(stream.base ^ mix64(sweep ^ stream.twist).wrapping_add(index.wrapping_mul(GOLDEN)))
}

/// An integer uniform on `0..bound` made from 64 keyed bits (bias below `bound / 2^64`).
#[must_use]
pub fn below(stream: &Stream, sweep: u64, index: u64, bound: u64) -> u64 {
    ((u128::from(bits(stream, sweep, index)) * u128::from(bound)) >> 64) as u64
}

/// A number uniform on `[0, 1)`, a multiple of 2^-53.
#[must_use]
pub fn uniform(stream: &Stream, sweep: u64, index: u64) -> f64 {
    (bits(stream, sweep, index) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_stream() {
        let key = Stream::new(1, Purpose::Sweep, 2).key(3);
        assert_eq!([key.first, key.second], [0x4763_3465, 0xACE8_1426]);
        assert_eq!(
            [draw(key, 0), draw(key, 1), draw(key, 1_000_000)],
            [0x7F11_6498, 0x9EF2_6574, 0xC040_651D]
        );
    }

    #[test]
    fn a_draw_is_its_lead_and_its_tail() {
        let key = Stream::new(7, Purpose::Sweep, 0).key(0);
        for visit in 0..100 {
            assert_eq!(draw(key, visit) >> 24, u32::from(lead(key, visit)));
            assert_eq!(draw(key, visit) & 0xFF_FFFF, tail(key, visit));
        }
    }

    /// Chi-square of every byte position over many keys; 255 degrees of freedom, bound at 6 standard deviations.
    #[test]
    fn bytes_are_uniform() {
        let mut counts = [[0u32; 256]; 4];
        for chain in 0..64 {
            for sweep in 0..64 {
                let key = Stream::new(5, Purpose::Sweep, chain).key(sweep);
                for visit in 0..64 {
                    for (byte, count) in counts.iter_mut().enumerate() {
                        count[(draw(key, visit) >> (8 * byte) & 255) as usize] += 1;
                    }
                }
            }
        }
        let expected = 64.0 * 64.0 * 64.0 / 256.0;
        for count in counts {
            let chi2: f64 = count
                .iter()
                .map(|&c| (f64::from(c) - expected).powi(2) / expected)
                .sum();
            assert!(
                (chi2 - 255.0).abs() < 6.0 * (2.0 * 255.0f64).sqrt(),
                "chi2 {chi2}"
            );
        }
    }

    #[test]
    fn streams_differ_by_seed_purpose_chain_and_sweep() {
        let mut keys = std::collections::HashSet::new();
        for seed in 0..4 {
            for purpose in [Purpose::Sweep, Purpose::Start, Purpose::Order, Purpose::Resample] {
                for chain in 0..16 {
                    for sweep in 0..16 {
                        let key = Stream::new(seed, purpose, chain).key(sweep);
                        assert!(keys.insert((key.first, key.second)));
                    }
                }
            }
        }
    }

    #[test]
    fn below_stays_below_and_covers() {
        let stream = Stream::new(3, Purpose::Order, 0);
        let mut seen = [false; 7];
        for i in 0..200 {
            seen[below(&stream, 1, i, 7) as usize] = true;
        }
        assert!(seen.iter().all(|&s| s));
    }
}
