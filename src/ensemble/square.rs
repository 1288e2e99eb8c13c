//! Squares of bits turned on their side.

/// Transposes a matrix of 64 x 64 bits: bit l of word i becomes bit i of word l.
pub fn transpose(square: &mut [u64; 64]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has the instructions.
        return unsafe { transpose_avx2(square) };
    }
    stages(square);
}

/// The same code, with vectors of four words.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn transpose_avx2(square: &mut [u64; 64]) {
    stages(square);
}

/// Quarters change places, ever smaller.
#[inline(always)]
fn stages(square: &mut [u64; 64]) {
    stage::<32>(square, 0x0000_0000_FFFF_FFFF);
    stage::<16>(square, 0x0000_FFFF_0000_FFFF);
    stage::<8>(square, 0x00FF_00FF_00FF_00FF);
    stage::<4>(square, 0x0F0F_0F0F_0F0F_0F0F);
    stage::<2>(square, 0x3333_3333_3333_3333);
    stage::<1>(square, 0x5555_5555_5555_5555);
}

#[inline(always)]
fn stage<const HALF: usize>(square: &mut [u64; 64], mask: u64) {
    for pair in square.chunks_exact_mut(2 * HALF) {
        let (low, high) = pair.split_at_mut(HALF);
        for (x, y) in low.iter_mut().zip(high) {
            let swapped = (*x >> HALF ^ *y) & mask;
            *x ^= swapped << HALF;
            *y ^= swapped;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_become_columns(rows in prop::collection::vec(any::<u64>(), 64)) {
            let mut turned: [u64; 64] = rows.clone().try_into().expect("64 of them");
            let mut plain = turned;
            transpose(&mut turned);
            stages(&mut plain);
            prop_assert_eq!(turned, plain);
            for (i, row) in rows.iter().enumerate() {
                for (l, column) in turned.iter().enumerate() {
                    prop_assert_eq!(row >> l & 1, column >> i & 1);
                }
            }
        }
    }
}
