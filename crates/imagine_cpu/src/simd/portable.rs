//! Plain arrays, for processors without a known vector unit.

use super::lanes::Lanes;

/// Plain arrays.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

// SAFETY: plain Rust.
unsafe impl Lanes for Portable {
    const N: usize = 8;
    const REGISTERS: usize = 8;
    type V = [f32; 8];

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }

    #[inline(always)]
    fn splat(x: f32) -> [f32; 8] {
        [x; 8]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 8] {
        // SAFETY: the caller's numbers are readable; arrays of floats may be unaligned here.
        unsafe { from.cast::<[f32; 8]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, x: [f32; 8]) {
        // SAFETY: as for `load`.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(x) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> [f32; 8] {
        let mut result = [0.0; 8];
        // SAFETY: the caller's numbers are readable.
        unsafe { std::ptr::copy_nonoverlapping(from, result.as_mut_ptr(), count.min(8)) };
        result
    }

    #[inline(always)]
    unsafe fn store_first(to: *mut f32, x: [f32; 8], count: usize) {
        // SAFETY: the caller's numbers are writable.
        unsafe { std::ptr::copy_nonoverlapping(x.as_ptr(), to, count.min(8)) };
    }

    #[inline(always)]
    fn fma(a: [f32; 8], b: [f32; 8], c: [f32; 8]) -> [f32; 8] {
        let mut result = c;
        for i in 0..8 {
            result[i] += a[i] * b[i];
        }
        result
    }

    #[inline(always)]
    fn add(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        let mut result = a;
        for i in 0..8 {
            result[i] += b[i];
        }
        result
    }

    #[inline(always)]
    fn mul(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| a[i] * b[i])
    }

    #[inline(always)]
    fn larger(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn smaller(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn leaky(x: [f32; 8], alpha: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| if x[i] >= 0.0 { x[i] } else { alpha[i] * x[i] })
    }
}
