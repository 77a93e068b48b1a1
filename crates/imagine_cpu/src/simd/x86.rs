//! AVX2 with FMA, and AVX-512.

use std::arch::x86_64::*;

use super::lanes::{Kernel, Lanes};

/// AVX2 with FMA.
#[derive(Clone, Copy)]
pub(super) struct Avx2;

/// AVX-512 F, VL, BW and DQ.
#[derive(Clone, Copy)]
pub(super) struct Avx512;

#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
pub(super) unsafe fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

macro_rules! lanes {
    ($name:ident, $n:literal, $registers:literal, $vector:ty, $splat:ident, $load:ident, $store:ident, $fma:ident, $add:ident, $load_mask:ident, $store_mask:ident, $mul:ident, $max:ident, $min:ident, $leaky:ident) => {
        // SAFETY: every function needs the instruction set, which is there inside a kernel; pointers are the caller's.
        unsafe impl Lanes for $name {
            const N: usize = $n;
            const REGISTERS: usize = $registers;
            type V = $vector;

            #[inline(always)]
            fn mul_add(a: f32, b: f32, c: f32) -> f32 {
                a.mul_add(b, c)
            }

            #[inline(always)]
            fn splat(x: f32) -> $vector {
                // SAFETY: inside a kernel the instruction set is there.
                unsafe { $splat(x) }
            }

            #[inline(always)]
            unsafe fn load(from: *const f32) -> $vector {
                // SAFETY: inside a kernel the instruction set is there; the caller's numbers are readable.
                unsafe { $load(from) }
            }

            #[inline(always)]
            unsafe fn store(to: *mut f32, x: $vector) {
                // SAFETY: inside a kernel the instruction set is there; the caller's numbers are writable.
                unsafe { $store(to, x) }
            }

            #[inline(always)]
            unsafe fn load_first(from: *const f32, count: usize) -> $vector {
                // SAFETY: inside a kernel the instruction set is there; the caller's numbers are readable, others are not read.
                unsafe { $load_mask(from, count) }
            }

            #[inline(always)]
            unsafe fn store_first(to: *mut f32, x: $vector, count: usize) {
                // SAFETY: inside a kernel the instruction set is there; the caller's numbers are writable, others are not written.
                unsafe { $store_mask(to, x, count) }
            }

            #[inline(always)]
            fn fma(a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: inside a kernel the instruction set is there.
                unsafe { $fma(a, b, c) }
            }

            #[inline(always)]
            fn add(a: $vector, b: $vector) -> $vector {
                // SAFETY: inside a kernel the instruction set is there.
                unsafe { $add(a, b) }
            }

            #[inline(always)]
            fn mul(a: $vector, b: $vector) -> $vector {
                // SAFETY: inside a kernel the instruction set is there.
                unsafe { $mul(a, b) }
            }

            #[inline(always)]
            fn larger(a: $vector, b: $vector) -> $vector {
                // SAFETY: inside a kernel the instruction set is there.
                unsafe { $max(a, b) }
            }

            #[inline(always)]
            fn smaller(a: $vector, b: $vector) -> $vector {
                // SAFETY: inside a kernel the instruction set is there.
                unsafe { $min(a, b) }
            }

            #[inline(always)]
            fn leaky(x: $vector, alpha: $vector) -> $vector {
                // SAFETY: inside a kernel the instruction set is there.
                unsafe { $leaky(x, alpha) }
            }
        }
    };
}

#[inline(always)]
unsafe fn leaky_avx2(x: __m256, alpha: __m256) -> __m256 {
    // SAFETY: AVX2 is there.
    unsafe {
        let keep = _mm256_cmp_ps::<_CMP_GE_OQ>(x, _mm256_setzero_ps());
        _mm256_blendv_ps(_mm256_mul_ps(alpha, x), x, keep)
    }
}

#[inline(always)]
unsafe fn leaky_avx512(x: __m512, alpha: __m512) -> __m512 {
    // SAFETY: AVX-512 is there.
    unsafe {
        let keep = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(x, _mm512_setzero_ps());
        _mm512_mask_blend_ps(keep, _mm512_mul_ps(alpha, x), x)
    }
}

/// Lanes below `count`.
#[inline(always)]
unsafe fn mask_avx2(count: usize) -> __m256i {
    const ONES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: AVX2 is there; eight integers begin at any of the first nine.
    unsafe { _mm256_loadu_si256(ONES.as_ptr().add(8 - count.min(8)).cast()) }
}

#[inline(always)]
unsafe fn load_avx2(from: *const f32, count: usize) -> __m256 {
    // SAFETY: AVX2 is there; only the lanes of the mask are read.
    unsafe { _mm256_maskload_ps(from, mask_avx2(count)) }
}

#[inline(always)]
unsafe fn store_avx2(to: *mut f32, x: __m256, count: usize) {
    // SAFETY: AVX2 is there; only the lanes of the mask are written.
    unsafe { _mm256_maskstore_ps(to, mask_avx2(count), x) }
}

#[inline(always)]
fn mask_avx512(count: usize) -> __mmask16 {
    ((1u32 << count.min(16)) - 1) as __mmask16
}

#[inline(always)]
unsafe fn load_avx512(from: *const f32, count: usize) -> __m512 {
    // SAFETY: AVX-512 is there; only the lanes of the mask are read.
    unsafe { _mm512_maskz_loadu_ps(mask_avx512(count), from) }
}

#[inline(always)]
unsafe fn store_avx512(to: *mut f32, x: __m512, count: usize) {
    // SAFETY: AVX-512 is there; only the lanes of the mask are written.
    unsafe { _mm512_mask_storeu_ps(to, mask_avx512(count), x) }
}

lanes!(
    Avx2,
    8,
    16,
    __m256,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_fmadd_ps,
    _mm256_add_ps,
    load_avx2,
    store_avx2,
    _mm256_mul_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    leaky_avx2
);
lanes!(
    Avx512,
    16,
    32,
    __m512,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_fmadd_ps,
    _mm512_add_ps,
    load_avx512,
    store_avx512,
    _mm512_mul_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    leaky_avx512
);
