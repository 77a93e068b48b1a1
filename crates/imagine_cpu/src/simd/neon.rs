//! NEON.

use std::arch::aarch64::*;

use super::lanes::{Kernel, Lanes};

/// NEON.
#[derive(Clone, Copy)]
pub(super) struct Neon;

#[target_feature(enable = "neon")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Neon>()
}

// SAFETY: every function needs NEON, which is there inside a kernel; pointers are the caller's.
unsafe impl Lanes for Neon {
    const N: usize = 4;
    const REGISTERS: usize = 32;
    type V = float32x4_t;

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn splat(x: f32) -> float32x4_t {
        // SAFETY: inside a kernel NEON is there.
        unsafe { vdupq_n_f32(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> float32x4_t {
        // SAFETY: inside a kernel NEON is there; the caller's numbers are readable.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, x: float32x4_t) {
        // SAFETY: inside a kernel NEON is there; the caller's numbers are writable.
        unsafe { vst1q_f32(to, x) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> float32x4_t {
        let mut result = [0.0; 4];
        // SAFETY: the caller's numbers are readable.
        unsafe { std::ptr::copy_nonoverlapping(from, result.as_mut_ptr(), count.min(4)) };
        // SAFETY: inside a kernel NEON is there.
        unsafe { vld1q_f32(result.as_ptr()) }
    }

    #[inline(always)]
    unsafe fn store_first(to: *mut f32, x: float32x4_t, count: usize) {
        let mut result = [0.0; 4];
        // SAFETY: inside a kernel NEON is there.
        unsafe { vst1q_f32(result.as_mut_ptr(), x) };
        // SAFETY: the caller's numbers are writable.
        unsafe { std::ptr::copy_nonoverlapping(result.as_ptr(), to, count.min(4)) };
    }

    #[inline(always)]
    fn fma(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        // SAFETY: inside a kernel NEON is there.
        unsafe { vfmaq_f32(c, a, b) }
    }

    #[inline(always)]
    fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: inside a kernel NEON is there.
        unsafe { vaddq_f32(a, b) }
    }

    #[inline(always)]
    fn mul(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: inside a kernel NEON is there.
        unsafe { vmulq_f32(a, b) }
    }

    #[inline(always)]
    fn larger(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: inside a kernel NEON is there.
        unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
    }

    #[inline(always)]
    fn smaller(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: inside a kernel NEON is there.
        unsafe { vbslq_f32(vcltq_f32(a, b), a, b) }
    }

    #[inline(always)]
    fn leaky(x: float32x4_t, alpha: float32x4_t) -> float32x4_t {
        // SAFETY: inside a kernel NEON is there.
        unsafe { vbslq_f32(vcgeq_f32(x, vdupq_n_f32(0.0)), x, vmulq_f32(alpha, x)) }
    }
}
