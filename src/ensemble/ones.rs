//! Bits set, by the CPU's own instruction where it has one: in software a word takes ten times as long.

/// Number of bits set.
#[must_use]
pub fn ones(words: &[u64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("popcnt") {
        // SAFETY: the CPU has the instruction.
        return unsafe { x86::ones(words) };
    }
    count(words.iter().copied())
}

/// Number of bits that differ.
#[must_use]
pub fn differing(first: &[u64], second: &[u64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("popcnt") {
        // SAFETY: the CPU has the instruction.
        return unsafe { x86::differing(first, second) };
    }
    count(first.iter().zip(second).map(|(x, y)| x ^ y))
}

#[inline(always)]
fn count(words: impl Iterator<Item = u64>) -> u64 {
    words.map(|word| u64::from(word.count_ones())).sum()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::count;

    #[target_feature(enable = "popcnt")]
    pub fn ones(words: &[u64]) -> u64 {
        count(words.iter().copied())
    }

    #[target_feature(enable = "popcnt")]
    pub fn differing(first: &[u64], second: &[u64]) -> u64 {
        count(first.iter().zip(second).map(|(x, y)| x ^ y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_ways_count_alike(pairs in prop::collection::vec(any::<(u64, u64)>(), 0..100)) {
            let (first, second): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
            prop_assert_eq!(ones(&first), count(first.iter().copied()));
            prop_assert_eq!(differing(&first, &second), count(first.iter().zip(&second).map(|(x, y)| x ^ y)));
        }
    }
}
