//! Vector registers of every level behind one face, for kernels that are written once.
//!
//! The methods are to be inlined into functions that have the instructions; nothing else may call them.

use crate::units::Real;

/// A register of numbers.
///
/// # Safety
/// Every method may be called only where the CPU has the instructions of the implementation; pointers must be valid
/// for [`Vector::LANES`] numbers.
pub(super) trait Vector: Copy {
    /// What it holds.
    type Item: Real;
    /// How many of them.
    const LANES: usize;

    unsafe fn splat(x: Self::Item) -> Self;
    unsafe fn load(from: *const Self::Item) -> Self;
    unsafe fn store(self, to: *mut Self::Item);
    unsafe fn add(self, other: Self) -> Self;
    /// `a b + self`, rounded once where the CPU can.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
}

/// A vector without special instructions.
#[derive(Clone, Copy)]
pub(super) struct Plain<T, const N: usize>([T; N]);

macro_rules! plain {
    ($float:ident, $lanes:literal) => {
        impl Vector for Plain<$float, $lanes> {
            type Item = $float;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(x: $float) -> Self {
                Self([x; $lanes])
            }
            #[inline(always)]
            unsafe fn load(from: *const $float) -> Self {
                // SAFETY: the caller's promise.
                Self(unsafe { from.cast::<[$float; $lanes]>().read_unaligned() })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $float) {
                // SAFETY: the caller's promise.
                unsafe { to.cast::<[$float; $lanes]>().write_unaligned(self.0) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                Self(std::array::from_fn(|l| self.0[l] + other.0[l]))
            }
            #[inline(always)]
            unsafe fn add_product(self, a: Self, b: Self) -> Self {
                Self(std::array::from_fn(|l| {
                    // Where fusing is not part of the target, it is a call of a library.
                    if cfg!(target_arch = "aarch64") {
                        a.0[l].mul_add(b.0[l], self.0[l])
                    } else {
                        a.0[l] * b.0[l] + self.0[l]
                    }
                }))
            }
        }
    };
}
plain!(f32, 4);
plain!(f64, 2);

#[cfg(target_arch = "x86_64")]
mod x86 {
    #![allow(clippy::wildcard_imports, reason = "intrinsics")]

    use super::Vector;
    use std::arch::x86_64::*;

    macro_rules! vector {
        ($register:ident, $float:ident, $lanes:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $fused:ident) => {
            impl Vector for $register {
                type Item = $float;
                const LANES: usize = $lanes;

                #[inline(always)]
                unsafe fn splat(x: $float) -> Self {
                    // SAFETY: the caller's promise, here and below.
                    unsafe { $splat(x) }
                }
                #[inline(always)]
                unsafe fn load(from: *const $float) -> Self {
                    // SAFETY: as above.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut $float) {
                    // SAFETY: as above.
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: as above.
                    unsafe { $add(self, other) }
                }
                #[inline(always)]
                unsafe fn add_product(self, a: Self, b: Self) -> Self {
                    // SAFETY: as above.
                    unsafe { $fused(a, b, self) }
                }
            }
        };
    }
    vector!(
        __m512,
        f32,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_fmadd_ps
    );
    vector!(
        __m512d,
        f64,
        8,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_add_pd,
        _mm512_fmadd_pd
    );
    vector!(
        __m256,
        f32,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_fmadd_ps
    );
    vector!(
        __m256d,
        f64,
        4,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_add_pd,
        _mm256_fmadd_pd
    );
}
