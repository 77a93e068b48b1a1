//! What is done with sums of products when they are written: normalisation by known statistics, and activations.

use crate::simd::{self, Kernel, Lanes};

/// What is done with each sum before it is written: a factor and an addend of its row, then an activation. Each gives the bits that the
/// operator alone gives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Finish<'a> {
    pub affine: Option<&'a [(f32, f32)]>,
    pub activation: Activation<'a>,
}

/// An activation of sums.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Activation<'a> {
    #[default]
    None,
    Relu,
    Leaky(f32),
    /// The slope below 0 of each row, or of all.
    PRelu(&'a [f32]),
    Clip(f32, f32),
}

impl<'a> Finish<'a> {
    /// That of some rows.
    pub fn of_rows(self, rows: std::ops::Range<usize>) -> Self {
        let activation = match self.activation {
            Activation::PRelu(slopes) if slopes.len() > 1 => Activation::PRelu(&slopes[rows.clone()]),
            activation => activation,
        };
        Self { affine: self.affine.map(|affine| &affine[rows]), activation }
    }

    /// Whether it changes sums.
    #[inline(always)]
    pub fn is_something(&self) -> bool {
        self.affine.is_some() || !matches!(self.activation, Activation::None)
    }

    /// Whether it has a number for each of `rows`.
    pub fn fits(&self, rows: usize) -> bool {
        let slopes = match self.activation {
            Activation::PRelu(slopes) => slopes.len() == 1 || slopes.len() == rows,
            _ => true,
        };
        slopes && self.affine.is_none_or(|affine| affine.len() == rows)
    }

    /// The sums of `row`, in place.
    pub fn row(&self, row: usize, sums: &mut [f32]) {
        if self.is_something() {
            simd::run(FinishRow(*self, row, sums));
        }
    }

    /// A single sum of `row`.
    pub fn number(&self, row: usize, x: f32) -> f32 {
        simd::run(FinishNumber(*self, row, x))
    }

    #[inline(always)]
    pub fn apply<S: Lanes, const WIDTH: usize>(&self, row: usize, sums: &mut [S::V; WIDTH]) {
        if let Some(affine) = self.affine {
            let (factor, addend) = affine[row];
            let (factor, addend) = (S::splat(factor), S::splat(addend));
            sums.iter_mut().for_each(|x| *x = S::fma(*x, factor, addend));
        }
        let zero = S::splat(0.0);
        match self.activation {
            Activation::None => {}
            Activation::Relu => sums.iter_mut().for_each(|x| *x = S::larger(*x, zero)),
            Activation::Leaky(alpha) => {
                let alpha = S::splat(alpha);
                sums.iter_mut().for_each(|x| *x = S::leaky(*x, alpha));
            }
            Activation::PRelu(slopes) => {
                let slope = S::splat(slopes[if slopes.len() == 1 { 0 } else { row }]);
                sums.iter_mut().for_each(|x| *x = S::add(S::larger(*x, zero), S::mul(slope, S::smaller(*x, zero))));
            }
            Activation::Clip(low, high) => {
                let (low, high) = (S::splat(low), S::splat(high));
                sums.iter_mut().for_each(|x| *x = S::smaller(S::larger(*x, low), high));
            }
        }
    }
}

struct FinishNumber<'a>(Finish<'a>, usize, f32);

impl Kernel for FinishNumber<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Lanes>(self) -> f32 {
        let mut sums = [S::splat(self.2)];
        self.0.apply::<S, 1>(self.1, &mut sums);
        let mut number = 0.0;
        // SAFETY: one number is written.
        unsafe { S::store_first(&mut number, sums[0], 1) };
        number
    }
}

struct FinishRow<'a, 'b>(Finish<'a>, usize, &'b mut [f32]);

impl Kernel for FinishRow<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self) {
        for part in self.2.chunks_mut(S::N) {
            // SAFETY: as many numbers as the part has are read and written.
            unsafe {
                let mut sums = [S::load_first(part.as_ptr(), part.len())];
                self.0.apply::<S, 1>(self.1, &mut sums);
                S::store_first(part.as_mut_ptr(), sums[0], part.len());
            }
        }
    }
}
