//! What AVX-512 has instructions for: turning square blocks, collecting what is not zero.

#![allow(clippy::wildcard_imports, reason = "intrinsics")]

use std::arch::x86_64::*;

/// Transposes 16 x 16 numbers; rows are `stride` numbers apart where they come from, `pitch` where they go.
///
/// # Safety
/// AVX-512 F; pointers must be valid for all of it.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn turn_16(from: *const f32, stride: usize, to: *mut f32, pitch: usize) {
    let mut a: [__m512; 16] = [_mm512_setzero_ps(); 16];
    for (k, row) in a.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *row = unsafe { _mm512_loadu_ps(from.add(k * stride)) };
    }
    // Pairs, then fours within quarters of a register, then quarters.
    let mut b = a;
    for k in 0..8 {
        b[2 * k] = _mm512_unpacklo_ps(a[2 * k], a[2 * k + 1]);
        b[2 * k + 1] = _mm512_unpackhi_ps(a[2 * k], a[2 * k + 1]);
    }
    for k in 0..4 {
        let pair = |x: usize| _mm512_castps_pd(b[4 * k + x]);
        a[4 * k] = _mm512_castpd_ps(_mm512_unpacklo_pd(pair(0), pair(2)));
        a[4 * k + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(pair(0), pair(2)));
        a[4 * k + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(pair(1), pair(3)));
        a[4 * k + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(pair(1), pair(3)));
    }
    for c in 0..4 {
        let low = _mm512_shuffle_f32x4::<0x88>(a[c], a[4 + c]);
        let high = _mm512_shuffle_f32x4::<0x88>(a[8 + c], a[12 + c]);
        let odd_low = _mm512_shuffle_f32x4::<0xDD>(a[c], a[4 + c]);
        let odd_high = _mm512_shuffle_f32x4::<0xDD>(a[8 + c], a[12 + c]);
        b[c] = _mm512_shuffle_f32x4::<0x88>(low, high);
        b[4 + c] = _mm512_shuffle_f32x4::<0x88>(odd_low, odd_high);
        b[8 + c] = _mm512_shuffle_f32x4::<0xDD>(low, high);
        b[12 + c] = _mm512_shuffle_f32x4::<0xDD>(odd_low, odd_high);
    }
    for (k, &row) in b.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe { _mm512_storeu_ps(to.add(k * pitch), row) };
    }
}

/// Transposes 8 x 8 numbers, as [`turn_16`].
///
/// # Safety
/// As [`turn_16`].
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn turn_8(from: *const f64, stride: usize, to: *mut f64, pitch: usize) {
    let mut a: [__m512d; 8] = [_mm512_setzero_pd(); 8];
    for (k, row) in a.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *row = unsafe { _mm512_loadu_pd(from.add(k * stride)) };
    }
    let mut b = a;
    for k in 0..4 {
        b[2 * k] = _mm512_unpacklo_pd(a[2 * k], a[2 * k + 1]);
        b[2 * k + 1] = _mm512_unpackhi_pd(a[2 * k], a[2 * k + 1]);
    }
    for c in 0..2 {
        let low = _mm512_shuffle_f64x2::<0x88>(b[c], b[2 + c]);
        let high = _mm512_shuffle_f64x2::<0x88>(b[4 + c], b[6 + c]);
        let odd_low = _mm512_shuffle_f64x2::<0xDD>(b[c], b[2 + c]);
        let odd_high = _mm512_shuffle_f64x2::<0xDD>(b[4 + c], b[6 + c]);
        a[c] = _mm512_shuffle_f64x2::<0x88>(low, high);
        a[2 + c] = _mm512_shuffle_f64x2::<0x88>(odd_low, odd_high);
        a[4 + c] = _mm512_shuffle_f64x2::<0xDD>(low, high);
        a[6 + c] = _mm512_shuffle_f64x2::<0xDD>(odd_low, odd_high);
    }
    for (k, &row) in a.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe { _mm512_storeu_pd(to.add(k * pitch), row) };
    }
}

/// Collects the numbers that are not zero, and their places; returns how many, and whether all of these are 1.
///
/// # Safety
/// AVX-512 F, VL; `places` and `values` must have room for 16 more than there are.
#[target_feature(enable = "avx512f,avx512vl,popcnt")]
pub(super) unsafe fn collect_16(row: &[f32], places: *mut u32, values: *mut f32) -> (usize, bool) {
    let (mut count, mut ones) = (0, true);
    let mut at = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for block in row.chunks(16) {
        let valid = (1u32 << block.len()).wrapping_sub(1) as u16;
        // SAFETY: no more than the block is read; there is room, as the caller promises.
        unsafe {
            let x = _mm512_maskz_loadu_ps(valid, block.as_ptr());
            let some = _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(x, _mm512_setzero_ps());
            let one = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(x, _mm512_set1_ps(1.0));
            ones &= some == one;
            _mm512_storeu_si512(places.add(count).cast(), _mm512_maskz_compress_epi32(some, at));
            _mm512_storeu_ps(values.add(count), _mm512_maskz_compress_ps(some, x));
            count += some.count_ones() as usize;
        }
        at = _mm512_add_epi32(at, _mm512_set1_epi32(16));
    }
    (count, ones)
}

/// As [`collect_16`].
///
/// # Safety
/// As [`collect_16`].
#[target_feature(enable = "avx512f,avx512vl,popcnt")]
pub(super) unsafe fn collect_8(row: &[f64], places: *mut u32, values: *mut f64) -> (usize, bool) {
    let (mut count, mut ones) = (0, true);
    let mut at = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for block in row.chunks(8) {
        let valid = (1u32 << block.len()).wrapping_sub(1) as u8;
        // SAFETY: no more than the block is read; there is room, as the caller promises.
        unsafe {
            let x = _mm512_maskz_loadu_pd(valid, block.as_ptr());
            let some = _mm512_cmp_pd_mask::<_CMP_NEQ_UQ>(x, _mm512_setzero_pd());
            let one = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(x, _mm512_set1_pd(1.0));
            ones &= some == one;
            _mm256_storeu_si256(places.add(count).cast(), _mm256_maskz_compress_epi32(some, at));
            _mm512_storeu_pd(values.add(count), _mm512_maskz_compress_pd(some, x));
            count += some.count_ones() as usize;
        }
        at = _mm256_add_epi32(at, _mm256_set1_epi32(8));
    }
    (count, ones)
}
