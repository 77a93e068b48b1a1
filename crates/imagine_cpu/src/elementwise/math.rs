//! Transcendental functions of one number, without branches, so that a loop over them runs in vectors.
//!
//! Only additions, multiplications, divisions and selections: no fused multiply-add, whose rounding depends on the instruction set. So they
//! give the same bits on every machine. Coefficients are weighted least-maximum fits of polynomials made for this file; the tests state the
//! errors against `f64`.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_PI, FRAC_2_SQRT_PI, LOG2_E};

/// `ln 2` as a number of few bits, so that its product with a small whole number is exact, and the rest.
const LN2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// `1.5 * 2^23`: the sum with a number below `2^22` is rounded to a whole number, which its last bits hold.
const WHOLE: f32 = 12_582_912.0;
/// The same for `f64`.
const WHOLE_64: f64 = 6_755_399_441_055_744.0;
/// `pi / 2` as two numbers of eleven bits and the rest.
const HALF_PI: [f32; 3] = [1.570_312_5, 4.837_513e-4, 7.549_79e-8];
/// Largest argument of [`sin`] and [`cos`].
pub const LARGEST_ANGLE: f32 = 8192.0;

/// The polynomial with these coefficients, from the constant one on.
macro_rules! polynomial {
    ($x:expr, $last:expr) => { $last };
    ($x:expr, $first:expr, $($rest:expr),+) => { $first + $x * polynomial!($x, $($rest),+) };
}

/// `a`, or `limit` if it is larger. NaN stays.
#[inline(always)]
fn at_most(a: f32, limit: f32) -> f32 {
    if a > limit { limit } else { a }
}

/// `a`, or `limit` if it is smaller. NaN stays.
#[inline(always)]
fn at_least(a: f32, limit: f32) -> f32 {
    if a < limit { limit } else { a }
}

/// `e^r - 1` and the whole number n, with `x = n ln 2 + r` and `|r| <= ln(2) / 2`.
#[inline(always)]
fn reduced_exp(x: f32) -> (f32, i32) {
    let shifted = x * LOG2_E + WHOLE;
    let n = shifted - WHOLE;
    let r = (x - n * LN2[0]) - n * LN2[1];
    let q = polynomial!(r, 0.5, 0.166_665_18, 0.041_666_206, 0.008_368_953, 0.001_395_06);
    (r + r * r * q, (shifted.to_bits() as i32).wrapping_sub(WHOLE.to_bits() as i32))
}

/// `2^n` for n from -126 to 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// `e^x`.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let (less_one, n) = reduced_exp(at_least(at_most(x, 89.0), -104.0));
    // In two steps, because a subnormal result is below the range of one.
    let half = n >> 1;
    (1.0 + less_one) * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// `e^x - 1`, accurate near 0, for x at most 40.
#[inline(always)]
pub fn exp_less_one(x: f32) -> f32 {
    let (less_one, n) = reduced_exp(at_least(at_most(x, 40.0), -18.0));
    let scale = power_of_two(n);
    scale * less_one + (scale - 1.0)
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let e = exp_less_one(at_most(2.0 * x.abs(), 20.0));
    (e / (e + 2.0)).copysign(x)
}

/// The error function, as `1 - e^-P(x)`.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let a = at_most(x.abs(), 4.0);
    let p = polynomial!(
        a,
        FRAC_2_SQRT_PI,
        FRAC_2_PI,
        0.102_771_275,
        -0.019_117_694,
        -2.530_610_4e-4,
        0.001_799_353_9,
        -7.406_858_4e-4,
        1.674_809_3e-4,
        -2.135_458_3e-5,
        1.193_297_1e-6
    );
    (-exp_less_one(-(a * p))).copysign(x)
}

/// `x` times the probability that a normal number is at most `x`.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    x * (0.5 * (erf(x * FRAC_1_SQRT_2) + 1.0))
}

/// [`gelu`] by the approximation with the hyperbolic tangent.
#[inline(always)]
pub fn gelu_tanh(x: f32) -> f32 {
    const SQRT_2_OVER_PI: f32 = 0.797_884_6;
    x * (0.5 * (tanh((x + x * (x * x) * 0.044_715) * SQRT_2_OVER_PI) + 1.0))
}

/// The natural logarithm.
#[inline(always)]
pub fn log(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let scaled = if subnormal { x * 8_388_608.0 } else { x };
    // The mantissa from sqrt(1/2) to sqrt(2).
    let bits = scaled.to_bits() as i32;
    let exponent = bits.wrapping_sub(0x3f35_04f3) >> 23;
    let f = f32::from_bits(bits.wrapping_sub(exponent << 23) as u32) - 1.0;
    let n = (exponent as f32) - if subnormal { 23.0 } else { 0.0 };
    let p = polynomial!(
        f,
        0.333_333_13,
        -0.250_000_1,
        0.200_021_2,
        -0.166_679_96,
        0.142_195_18,
        -0.124_055_47,
        0.118_883_94,
        -0.116_760_39,
        0.067_465_88
    );
    let small = (f * f * f * p + n * LN2[1]) - 0.5 * f * f;
    let y = n * LN2[0] + (f + small);
    let y = if x == f32::INFINITY { x } else { y };
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    if x >= 0.0 { y } else { f32::NAN }
}

/// `log(1 + x)` for x from 0 to 1.
#[inline(always)]
fn log_of_one_more(x: f32) -> f32 {
    let sum = 1.0 + x;
    log(sum) + (x - (sum - 1.0)) / sum
}

/// `log(1 + e^x)`, which cannot overflow.
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    at_least(x, 0.0) + log_of_one_more(exp(-x.abs()))
}

/// `x tanh(softplus(x))`.
#[inline(always)]
pub fn mish(x: f32) -> f32 {
    let e = exp(at_most(x, 20.0));
    let square = e * (e + 2.0);
    x * (square / (square + 2.0))
}

/// The quarter turns nearest to `x` radians, and the rest.
#[inline(always)]
fn quarter_turns(x: f32) -> (i32, f32) {
    let shifted = x * FRAC_2_PI + WHOLE;
    let n = shifted - WHOLE;
    let rest = ((x - n * HALF_PI[0]) - n * HALF_PI[1]) - n * HALF_PI[2];
    (shifted.to_bits() as i32, rest)
}

/// Sine of `rest` plus so many quarter turns.
#[inline(always)]
fn turned_sine(quarters: i32, rest: f32) -> f32 {
    let z = rest * rest;
    let sine = rest + rest * z * polynomial!(z, -0.166_666_67, 0.008_333_329, -1.983_932_8e-4, 2.718_237_3e-6);
    let cosine =
        (1.0 - 0.5 * z) + z * z * polynomial!(z, 0.041_666_668, -0.001_388_888_3, 2.479_945_2e-5, -2.720_504_7e-7);
    let y = if quarters & 1 == 0 { sine } else { cosine };
    f32::from_bits(y.to_bits() ^ ((quarters as u32 & 2) << 30))
}

/// The sine of `x` radians up to [`LARGEST_ANGLE`].
#[inline(always)]
pub fn sin(x: f32) -> f32 {
    let (quarters, rest) = quarter_turns(x);
    turned_sine(quarters, rest)
}

/// The cosine of `x` radians up to [`LARGEST_ANGLE`].
#[inline(always)]
pub fn cos(x: f32) -> f32 {
    let (quarters, rest) = quarter_turns(x);
    turned_sine(quarters.wrapping_add(1), rest)
}

/// `x^y` for finite numbers.
#[inline(always)]
pub fn pow(x: f32, y: f32) -> f32 {
    let power = exp2(log2(x.abs()) * f64::from(y)) as f32;
    let power = if x == 0.0 { if y > 0.0 { 0.0 } else { f32::INFINITY } } else { power };
    let power = if y == 0.0 { 1.0 } else { power };
    // Beyond 2^24 every float is even.
    let whole = if y.abs() < 16_777_216.0 { y as i32 } else { 0 };
    let is_whole = y.abs() >= 16_777_216.0 || whole as f32 == y;
    let power = if x < 0.0 && !is_whole { f32::NAN } else { power };
    let sign = x.to_bits() & 0x8000_0000 & ((whole as u32) << 31);
    f32::from_bits(power.to_bits() ^ sign)
}

/// The binary logarithm of a positive `x`, to about 40 bits.
#[inline(always)]
fn log2(x: f32) -> f64 {
    let bits = f64::from(x).to_bits();
    // The mantissa from sqrt(1/2) to sqrt(2); the exponent plus 1023.
    let exponent = bits.wrapping_add(0x3ff0_0000_0000_0000 - 0x3fe6_a09e_667f_3bcd) >> 52;
    let mantissa = f64::from_bits(bits.wrapping_sub(exponent << 52).wrapping_add(0x3ff0_0000_0000_0000));
    // `2^52 + exponent` is a number with these bits.
    let n = f64::from_bits(0x4330_0000_0000_0000 | exponent) - (4_503_599_627_370_496.0 + 1023.0);
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    n + s * polynomial!(
        z,
        2.885_390_081_777_849_5,
        0.961_796_694_114_034_6,
        0.577_077_942_174_133_9,
        0.412_209_271_099_211_74,
        0.319_904_944_036_335_9,
        0.282_910_760_329_560_5
    )
}

/// `2^t`, to about 34 bits.
#[inline(always)]
fn exp2(t: f64) -> f64 {
    let t = if t > 1000.0 { 1000.0 } else { t };
    let t = if t < -1000.0 { -1000.0 } else { t };
    let shifted = t + WHOLE_64;
    let r = t - (shifted - WHOLE_64);
    let scale = f64::from_bits((shifted.to_bits() << 52).wrapping_add(0x3ff0_0000_0000_0000));
    scale
        * polynomial!(
            r,
            0.999_999_999_961_682,
            0.693_147_180_728_449_4,
            0.240_226_511_981_571_02,
            0.055_504_103_534_416_78,
            0.009_618_027_253_741_477,
            0.001_333_392_256_816_364_3,
            0.000_154_692_911_178_831_03,
            0.000_015_201_920_592_071_223
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from `low` to `high`, not evenly rounded.
    fn numbers(low: f32, high: f32) -> impl Iterator<Item = f32> {
        const COUNT: u32 = 300_000;
        (0..=COUNT).map(move |i| (f64::from(low) + f64::from(high - low) * f64::from(i) / f64::from(COUNT)) as f32)
    }

    /// Largest error in units of the last place of the result, which counts as at least `floor`.
    fn error(f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64, floor: f32, x: impl Iterator<Item = f32>) -> f64 {
        let one = |x: f32| {
            let exact = exact(f64::from(x));
            let scale = (exact.abs() as f32).max(floor).max(f32::MIN_POSITIVE);
            let unit = f64::from(f32::from_bits(scale.to_bits() + 1)) - f64::from(scale);
            (f64::from(f(x)) - exact).abs() / unit
        };
        x.map(one).fold(0.0, f64::max)
    }

    /// The error function by its series, or its continued fraction.
    fn exact_erf(x: f64) -> f64 {
        let a = x.abs();
        if a < 2.5 {
            let (mut term, mut sum) = (a, a);
            for n in 1..80 {
                term *= -a * a / f64::from(n);
                sum += term / f64::from(2 * n + 1);
            }
            return (sum * 2.0 / std::f64::consts::PI.sqrt()).copysign(x);
        }
        let fraction = (1..200).rev().fold(0.0, |fraction, k| f64::from(k) / 2.0 / (a + fraction));
        (1.0 - (-a * a).exp() / std::f64::consts::PI.sqrt() / (a + fraction)).copysign(x)
    }

    fn report(name: &str, found: f64, allowed: f64) {
        assert!(found <= allowed, "{name} is {found} units in the last place off, allowed {allowed}");
    }

    #[test]
    fn errors_are_a_few_units_in_the_last_place() {
        let tiny = 1e-12;
        report("exp", error(exp, f64::exp, 0.0, numbers(-87.0, 88.7)), 1.5);
        report("exp - 1", error(exp_less_one, f64::exp_m1, tiny, numbers(-20.0, 10.0)), 2.0);
        report("sigmoid", error(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 0.0, numbers(-80.0, 30.0)), 3.0);
        report("tanh", error(tanh, f64::tanh, tiny, numbers(-11.0, 11.0)), 3.5);
        report("erf", error(erf, exact_erf, tiny, numbers(-5.0, 5.0)), 3.0);
        report("log", error(log, f64::ln, 0.0, numbers(1e-3, 5.0)), 1.5);
        report("log of large numbers", error(log, f64::ln, 0.0, numbers(5.0, 3e38)), 1.5);
        report("softplus", error(softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 0.0, numbers(-80.0, 20.0)), 3.0);
        let exact_mish = |x: f64| x * x.exp().ln_1p().tanh();
        report("mish", error(mish, exact_mish, tiny, numbers(-40.0, 40.0)), 4.0);
        report("sin", error(sin, f64::sin, 1e-3, numbers(-30.0, 30.0)), 1.5);
        report("cos", error(cos, f64::cos, 1e-3, numbers(-30.0, 30.0)), 2.0);
        report("sin of large angles", error(sin, f64::sin, 0.1, numbers(-LARGEST_ANGLE, LARGEST_ANGLE)), 1.5);
        for y in [2.4, 1.0 / 2.4, -3.0, 0.5, 17.0, -0.01] {
            report("pow", error(|x| pow(x, y), |x| x.powf(f64::from(y)), 0.0, numbers(1e-3, 9.0)), 0.6);
        }
    }

    #[test]
    fn ends_of_the_ranges_are_those_of_the_functions() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert_eq!([exp(-inf), exp(0.0), exp(inf), exp(-200.0), exp(100.0)], [0.0, 1.0, inf, 0.0, inf]);
        assert!((exp(-100.0) - (-100f32).exp()).abs() < 2e-45, "subnormal");
        assert_eq!([tanh(inf), tanh(-inf), tanh(0.0), erf(inf), erf(-inf)], [1.0, -1.0, 0.0, 1.0, -1.0]);
        assert_eq!([log(0.0), log(1.0), log(inf)], [-inf, 0.0, inf]);
        assert!((log(1e-40) - (1e-40f32).ln()).abs() < 1e-5, "subnormal");
        assert_eq!([sigmoid(-inf), sigmoid(inf), softplus(-inf), softplus(inf)], [0.0, 1.0, 0.0, inf]);
        for f in [exp, tanh, erf, log, sigmoid, softplus, mish, gelu, sin, cos] {
            assert!(f(nan).is_nan());
        }
        assert!(log(-1.0).is_nan());
    }

    #[test]
    fn powers_follow_the_standard_library() {
        let numbers = [-2.5, -2.0, -1.0, -0.5, -0.0, 0.0, 0.3, 1.0, 1.5, 2.0, 3.0, 1e-40, 1e30, 33_554_432.0];
        for x in numbers {
            for y in numbers {
                let (found, expected) = (pow(x, y), x.powf(y));
                let close = (found - expected).abs() <= expected.abs() * 1.2e-7;
                assert!(
                    found == expected || close || (found.is_nan() && expected.is_nan()),
                    "{x}^{y}: {found} {expected}"
                );
            }
        }
    }
}
