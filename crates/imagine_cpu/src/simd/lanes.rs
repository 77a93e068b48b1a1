//! What a loop may ask of an instruction set.

/// A loop that is compiled for each instruction set.
pub(crate) trait Kernel {
    /// What it returns.
    type Output;

    /// Runs it. Implementations are `#[inline(always)]`.
    fn run<S: Lanes>(self) -> Self::Output;
}

/// An instruction set.
///
/// # Safety
/// Functions may be called only where the instruction set is there: inside [`Kernel::run`].
pub(crate) unsafe trait Lanes: Copy {
    /// Numbers of a vector.
    const N: usize;
    /// Vectors that the processor has registers for.
    const REGISTERS: usize;
    /// A vector of [`Self::N`] numbers.
    type V: Copy;

    /// `a * b + c` of single numbers, rounded once if the instruction set can.
    fn mul_add(a: f32, b: f32, c: f32) -> f32;
    /// The same number in all lanes.
    fn splat(x: f32) -> Self::V;
    /// Reads [`Self::N`] numbers.
    ///
    /// # Safety
    /// They are readable.
    unsafe fn load(from: *const f32) -> Self::V;
    /// Writes [`Self::N`] numbers.
    ///
    /// # Safety
    /// They are writable.
    unsafe fn store(to: *mut f32, x: Self::V);
    /// Reads the first `count` numbers, fewer than [`Self::N`]; the other lanes are 0.
    ///
    /// # Safety
    /// They are readable.
    unsafe fn load_first(from: *const f32, count: usize) -> Self::V;
    /// Writes the first `count` lanes, fewer than [`Self::N`].
    ///
    /// # Safety
    /// They are writable.
    unsafe fn store_first(to: *mut f32, x: Self::V, count: usize);
    /// `a * b + c`.
    fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a + b`.
    fn add(a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`.
    fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// `a` if it is larger, else `b`, also if one is NaN.
    fn larger(a: Self::V, b: Self::V) -> Self::V;
    /// `a` if it is smaller, else `b`, also if one is NaN.
    fn smaller(a: Self::V, b: Self::V) -> Self::V;
    /// `x` if it is at least 0, else `alpha * x`.
    fn leaky(x: Self::V, alpha: Self::V) -> Self::V;
}
