//! Vector instructions, chosen at run time: AVX-512, AVX2 with FMA, NEON, or what the compiler makes of plain arrays.
//!
//! A loop is a [`Kernel`]: its `run` is compiled once for each instruction set, and [`run`] calls the best that the processor has. Inside, either
//! write plain loops over slices, which the compiler turns into vectors (with [`Lanes::mul_add`] in place of `a * b + c`), or use the vectors
//! [`Lanes::V`] themselves. Everything that `run` calls must be `#[inline(always)]`.
//!
//! With AVX-512, AVX2 and NEON the same expression gives the same bits, as each multiplication fused with an addition is rounded once.
//! Without them it is rounded twice. `IMAGINE_CPU_SIMD` set to `avx2` or `portable` leaves out better ones, for tests and measurements.

mod lanes;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

pub(crate) use lanes::{Kernel, Lanes};
pub(crate) use portable::Portable;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// Runs `kernel` with the best instruction set of this processor.
#[inline]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    match level() {
        Level::Portable => kernel.run::<Portable>(),
        // SAFETY: the level was detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::run_avx2(kernel) },
        // SAFETY: the level was detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::run_avx512(kernel) },
        // SAFETY: the level was detected.
        #[cfg(target_arch = "aarch64")]
        Level::Neon => unsafe { neon::run(kernel) },
    }
}

/// The same with vectors of at most 256 bits, for loops that are bound by loads which cross cache lines.
#[inline]
pub(crate) fn run_narrow<K: Kernel>(kernel: K) -> K::Output {
    match level() {
        // SAFETY: AVX-512 was detected, and with it AVX2 and FMA.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::run_avx2(kernel) },
        _ => run(kernel),
    }
}

/// Name of the instruction set that kernels use on this processor.
pub fn instruction_set() -> &'static str {
    match level() {
        Level::Portable => "portable",
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => "AVX2",
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => "AVX-512",
        #[cfg(target_arch = "aarch64")]
        Level::Neon => "NEON",
    }
}

fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let wanted = std::env::var("IMAGINE_CPU_SIMD").unwrap_or_default();
        if wanted == "portable" { Level::Portable } else { detect(wanted != "avx2") }
    })
}

#[cfg(target_arch = "x86_64")]
fn detect(allow_avx512: bool) -> Level {
    use std::arch::is_x86_feature_detected as has;
    let avx2 = has!("avx2") && has!("fma");
    if avx2 && allow_avx512 && has!("avx512f") && has!("avx512vl") && has!("avx512bw") && has!("avx512dq") {
        Level::Avx512
    } else if avx2 {
        Level::Avx2
    } else {
        Level::Portable
    }
}

#[cfg(target_arch = "aarch64")]
fn detect(_: bool) -> Level {
    if std::arch::is_aarch64_feature_detected!("neon") { Level::Neon } else { Level::Portable }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detect(_: bool) -> Level {
    Level::Portable
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Dot<'a>(&'a [f32], &'a [f32]);

    impl Kernel for Dot<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn run<S: Lanes>(self) -> Vec<f32> {
            let mut sums = S::splat(0.5);
            for (a, b) in self.0.chunks_exact(S::N).zip(self.1.chunks_exact(S::N)) {
                // SAFETY: chunks have `N` numbers.
                let (a, b) = unsafe { (S::load(a.as_ptr()), S::load(b.as_ptr())) };
                sums = S::add(S::fma(a, b, sums), S::splat(0.0));
            }
            let mut result = vec![0.0; S::N];
            // SAFETY: the buffer has `N` numbers.
            unsafe { S::store(result.as_mut_ptr(), sums) };
            result
        }
    }

    #[test]
    fn vectors_compute_lane_by_lane() {
        let numbers: Vec<f32> = (0..64).map(|i| i as f32).collect();
        let ones = vec![1.0; 64];
        let sums = run(Dot(&numbers, &ones));
        let lanes = sums.len();
        let expected: Vec<f32> =
            (0..lanes).map(|lane| 0.5 + numbers.iter().skip(lane).step_by(lanes).sum::<f32>()).collect();
        assert_eq!(sums, expected, "{}", instruction_set());
    }
}
