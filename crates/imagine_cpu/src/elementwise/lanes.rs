//! Functions over slices of words: the loops that run in vectors. A word holds a float's bits, an integer, or a truth value as 0 or 1.
//!
//! The same loops are compiled for several instruction sets and chosen at run time. They give the same bits on each, see [`super::math`].

use super::function::Function;
use super::math;
use crate::simd::{self, Kernel, Lanes};

/// A value in a word.
trait Word {
    fn load(word: u32) -> Self;
    fn store(self) -> u32;
}

impl Word for f32 {
    #[inline(always)]
    fn load(word: u32) -> Self {
        f32::from_bits(word)
    }

    #[inline(always)]
    fn store(self) -> u32 {
        self.to_bits()
    }
}

impl Word for i32 {
    #[inline(always)]
    fn load(word: u32) -> Self {
        word as i32
    }

    #[inline(always)]
    fn store(self) -> u32 {
        self as u32
    }
}

impl Word for u32 {
    #[inline(always)]
    fn load(word: u32) -> Self {
        word
    }

    #[inline(always)]
    fn store(self) -> u32 {
        self
    }
}

impl Word for bool {
    #[inline(always)]
    fn load(word: u32) -> Self {
        word != 0
    }

    #[inline(always)]
    fn store(self) -> u32 {
        u32::from(self)
    }
}

/// Writes `function` of the operands, slices as long as `y` as far as the function reads them, to `y`.
pub fn apply(function: Function, operands: [&[u32]; 3], y: &mut [u32]) {
    simd::run(Apply { function, operands, y });
}

/// Applies a function of one float to floats in place.
pub fn apply_in_place(function: Function, data: &mut [f32]) {
    let mut copy = [0; 256];
    for y in bytemuck::cast_slice_mut::<f32, u32>(data).chunks_mut(copy.len()) {
        let x = &mut copy[..y.len()];
        x.copy_from_slice(y);
        apply(function, [x, &[], &[]], y);
    }
}

struct Apply<'a> {
    function: Function,
    operands: [&'a [u32]; 3],
    y: &'a mut [u32],
}

impl Kernel for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self) {
        apply_any(self.function, self.operands, self.y);
    }
}

#[inline(always)]
fn apply_any(function: Function, [a, b, c]: [&[u32]; 3], y: &mut [u32]) {
    // The expressions stand in the loops themselves: a closure might not be compiled for the instruction set around it.
    macro_rules! one {
        (|$x:ident: $type:ty| $result:expr) => {{
            for (y, &x) in y.iter_mut().zip(a) {
                let $x = <$type as Word>::load(x);
                *y = ($result).store();
            }
        }};
    }
    macro_rules! two {
        (|$left:ident, $right:ident: $type:ty| $result:expr) => {{
            for ((y, &left), &right) in y.iter_mut().zip(a).zip(b) {
                let ($left, $right) = (<$type as Word>::load(left), <$type as Word>::load(right));
                *y = ($result).store();
            }
        }};
    }
    match function {
        Function::Relu => one!(|x: f32| larger(x, 0.0)),
        Function::LeakyRelu(alpha) => one!(|x: f32| if x >= 0.0 { x } else { alpha * x }),
        Function::ThresholdedRelu(alpha) => one!(|x: f32| if x <= alpha { 0.0 } else { x }),
        Function::Elu(alpha) => one!(|x: f32| larger(x, 0.0) + math::exp_less_one(smaller(x, 0.0)) * alpha),
        Function::Selu { alpha, gamma } => {
            one!(|x: f32| (larger(x, 0.0) + math::exp_less_one(smaller(x, 0.0)) * alpha) * gamma)
        }
        Function::Gelu => one!(|x: f32| math::gelu(x)),
        Function::GeluTanh => one!(|x: f32| math::gelu_tanh(x)),
        Function::Mish => one!(|x: f32| math::mish(x)),
        Function::Softplus => one!(|x: f32| math::softplus(x)),
        Function::Softsign => one!(|x: f32| x / (x.abs() + 1.0)),
        Function::HardSigmoid { alpha, beta } => one!(|x: f32| ramp(x, alpha, beta)),
        Function::HardSwish => one!(|x: f32| x * ramp(x, 1.0 / 6.0, 0.5)),
        Function::Sigmoid => one!(|x: f32| math::sigmoid(x)),
        Function::Tanh => one!(|x: f32| math::tanh(x)),
        Function::Sin => {
            one!(|x: f32| math::sin(x));
            mend_angles(a, y, f32::sin);
        }
        Function::Cos => {
            one!(|x: f32| math::cos(x));
            mend_angles(a, y, f32::cos);
        }
        Function::Asin => one!(|x: f32| x.asin()),
        Function::Acos => one!(|x: f32| x.acos()),
        Function::Atan => one!(|x: f32| x.atan()),
        Function::Exp => one!(|x: f32| math::exp(x)),
        Function::Log => one!(|x: f32| math::log(x)),
        Function::Sqrt => one!(|x: f32| x.sqrt()),
        Function::Reciprocal => one!(|x: f32| 1.0 / x),
        Function::Erf => one!(|x: f32| math::erf(x)),
        Function::Floor => one!(|x: f32| x.floor()),
        Function::Ceil => one!(|x: f32| x.ceil()),
        Function::Round => one!(|x: f32| x.round_ties_even()),
        Function::Neg => one!(|x: f32| -x),
        Function::Abs => one!(|x: f32| x.abs()),
        Function::Sign => one!(|x: f32| if x > 0.0 {
            1.0
        } else if x < 0.0 {
            -1.0
        } else {
            // NaN stays.
            x * 0.0
        }),
        Function::AtLeast(low) => one!(|x: f32| larger(x, low)),
        Function::AtMost(high) => one!(|x: f32| smaller(x, high)),
        Function::Bfloat16 => one!(|x: u32| bfloat16(x)),
        Function::NegInt => one!(|x: i32| x.wrapping_neg()),
        Function::AbsInt => one!(|x: i32| x.wrapping_abs()),
        Function::SignInt => one!(|x: i32| x.signum()),
        Function::Not => one!(|x: u32| x ^ 1),
        Function::FloatToInt => one!(|x: f32| x as i32),
        Function::FloatToBool => one!(|x: f32| x != 0.0),
        Function::IntToFloat | Function::BoolToFloat => one!(|x: i32| x as f32),
        Function::IntToBool => one!(|x: i32| x != 0),
        Function::BoolToInt => one!(|x: u32| x),
        Function::Add => two!(|a, b: f32| a + b),
        Function::Sub => two!(|a, b: f32| a - b),
        Function::Mul => two!(|a, b: f32| a * b),
        Function::Div => two!(|a, b: f32| a / b),
        Function::Min => two!(|a, b: f32| smaller(a, b)),
        Function::Max => two!(|a, b: f32| larger(a, b)),
        Function::Fmod => two!(|a, b: f32| a - (a / b).trunc() * b),
        Function::Pow => {
            two!(|a, b: f32| math::pow(a, b));
            mend_powers(a, b, y);
        }
        Function::PRelu => two!(|x, slope: f32| larger(x, 0.0) + slope * smaller(x, 0.0)),
        Function::AddInt => two!(|a, b: i32| a.wrapping_add(b)),
        Function::SubInt => two!(|a, b: i32| a.wrapping_sub(b)),
        Function::MulInt => two!(|a, b: i32| a.wrapping_mul(b)),
        Function::DivInt => two!(|a, b: i32| a.wrapping_div(if b == 0 { 1 } else { b })),
        Function::MinInt => two!(|a, b: i32| a.min(b)),
        Function::MaxInt => two!(|a, b: i32| a.max(b)),
        Function::ModInt => two!(|a, b: i32| remainder(a, b)),
        Function::FmodInt => two!(|a, b: i32| a.wrapping_rem(if b == 0 { 1 } else { b })),
        Function::Greater => two!(|a, b: f32| a > b),
        Function::GreaterOrEqual => two!(|a, b: f32| a >= b),
        Function::Less => two!(|a, b: f32| a < b),
        Function::LessOrEqual => two!(|a, b: f32| a <= b),
        Function::Equal => two!(|a, b: f32| a == b),
        Function::GreaterInt => two!(|a, b: i32| a > b),
        Function::GreaterOrEqualInt => two!(|a, b: i32| a >= b),
        Function::LessInt => two!(|a, b: i32| a < b),
        Function::LessOrEqualInt => two!(|a, b: i32| a <= b),
        Function::EqualInt => two!(|a, b: u32| a == b),
        Function::And => two!(|a, b: u32| a & b),
        Function::Or => two!(|a, b: u32| a | b),
        Function::Xor => two!(|a, b: u32| a ^ b),
        Function::Where(_) => {
            for (((y, &condition), &left), &right) in y.iter_mut().zip(a).zip(b).zip(c) {
                *y = if bool::load(condition) { left } else { right };
            }
        }
    }
}

/// `a` if larger, else `b`; `b` if one is NaN.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// `a` if smaller, else `b`; `b` if one is NaN.
#[inline(always)]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// `clip(slope x + offset, 0, 1)`.
#[inline(always)]
fn ramp(x: f32, slope: f32, offset: f32) -> f32 {
    smaller(larger(x * slope + offset, 0.0), 1.0)
}

/// The remainder with the sign of `b`; 0 if `b` is 0.
#[inline(always)]
fn remainder(a: i32, b: i32) -> i32 {
    let b = if b == 0 { 1 } else { b };
    let rest = a.wrapping_rem(b);
    if rest != 0 && (rest ^ b) < 0 { rest.wrapping_add(b) } else { rest }
}

/// A float's bits rounded to their upper half, halves to even. NaN stays NaN.
#[inline(always)]
fn bfloat16(bits: u32) -> u32 {
    let rounded = bits.wrapping_add(0x7fff).wrapping_add((bits >> 16) & 1) & 0xffff_0000;
    let is_nan = bits & 0x7fff_ffff > 0x7f80_0000;
    if is_nan { (bits | 0x0040_0000) & 0xffff_0000 } else { rounded }
}

/// Replaces the results of angles beyond the range of [`math::sin`] and [`math::cos`].
#[inline(always)]
fn mend_angles(x: &[u32], y: &mut [u32], exact: fn(f32) -> f32) {
    let is_large = |x: &u32| f32::from_bits(*x).abs() > math::LARGEST_ANGLE;
    if x.iter().fold(false, |any, x| any | is_large(x)) {
        let large = y.iter_mut().zip(x).filter(|(_, x)| is_large(x));
        large.for_each(|(y, x)| *y = exact(f32::from_bits(*x)).to_bits());
    }
}

/// Replaces the powers of infinities and NaN, which [`math::pow`] does not know.
#[inline(always)]
fn mend_powers(x: &[u32], exponent: &[u32], y: &mut [u32]) {
    let is_finite = |x: u32| x & 0x7f80_0000 != 0x7f80_0000;
    if x.iter().zip(exponent).fold(true, |all, (x, y)| all & is_finite(*x) & is_finite(*y)) {
        return;
    }
    for ((y, &x), &exponent) in y.iter_mut().zip(x).zip(exponent) {
        if !is_finite(x) || !is_finite(exponent) {
            *y = f32::from_bits(x).powf(f32::from_bits(exponent)).to_bits();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruction_sets_agree_to_the_bit() {
        let number = |i: u32| (i as f32 - 700.0) * 0.037;
        let [a, b]: [Vec<u32>; 2] =
            [0, 331].map(|from| (0..1400).map(|i| number((i + from) % 1400).to_bits()).collect());
        let c: Vec<u32> = (0..1400).map(|i| i * 7 % 2).collect();
        use Function::*;
        let floats = [
            Relu,
            LeakyRelu(0.2),
            Elu(1.5),
            Selu { alpha: 1.6, gamma: 1.05 },
            Gelu,
            GeluTanh,
            Mish,
            Softplus,
            Softsign,
            HardSwish,
            Sigmoid,
            Tanh,
            Sin,
            Cos,
            Exp,
            Log,
            Sqrt,
            Reciprocal,
            Erf,
            Floor,
            Ceil,
            Round,
            Sign,
            Bfloat16,
            FloatToInt,
            Add,
            Sub,
            Mul,
            Div,
            Min,
            Max,
            Fmod,
            Pow,
            PRelu,
            Greater,
            Equal,
            DivInt,
            ModInt,
            EqualInt,
        ];
        for function in floats {
            let (mut chosen, mut portable) = (vec![7; 1400], vec![9; 1400]);
            apply(function, [&a, &b, &c], &mut chosen);
            apply_any(function, [&a, &b, &c], &mut portable);
            assert!(chosen == portable, "{function:?}");
        }
    }
}
