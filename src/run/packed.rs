//! States put aside, a bit a spin.

/// States of so many sites each, one after the other.
#[derive(Default)]
pub(super) struct Packed {
    /// Bit set = spin -1; a state begins at a word of its own.
    words: Vec<u64>,
    words_a_state: usize,
}

impl Packed {
    /// Room for `num_states` states of `num_sites` spins.
    pub fn new(num_states: usize, num_sites: usize) -> Self {
        let words_a_state = num_sites.div_ceil(64);
        Self {
            words: Vec::with_capacity(num_states * words_a_state),
            words_a_state,
        }
    }

    /// Takes one more state in.
    pub fn push(&mut self, state: &[i8]) {
        let word = |spins: &[i8]| {
            spins
                .iter()
                .rev()
                .fold(0, |bits, &s| bits << 1 | u64::from(s < 0))
        };
        self.words.extend(state.chunks(64).map(word));
    }

    /// Writes one of the states.
    pub fn write(&self, index: usize, state: &mut [i8]) {
        let words = &self.words[index * self.words_a_state..];
        for (spins, &bits) in state.chunks_mut(64).zip(words) {
            for (bit, spin) in spins.iter_mut().enumerate() {
                *spin = if bits >> bit & 1 == 1 { -1 } else { 1 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn states_come_back(num_sites in 0usize..200, spins in prop::collection::vec(prop::bool::ANY, 600)) {
            let spin = |&up: &bool| if up { 1i8 } else { -1 };
            let states: Vec<Vec<i8>> = (0..3)
                .map(|k| spins[k * num_sites..][..num_sites].iter().map(spin).collect())
                .collect();
            let mut packed = Packed::new(3, num_sites);
            for state in &states {
                packed.push(state);
            }
            let mut found = vec![0; num_sites];
            for (k, state) in states.iter().enumerate() {
                packed.write(k, &mut found);
                prop_assert_eq!(&found, state);
            }
        }
    }
}
