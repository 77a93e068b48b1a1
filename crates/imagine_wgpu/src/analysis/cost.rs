//! Cost of GPU work: FLOP and bytes moved.

/// What a kernel call costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Floating-point operations; a fused multiply-add counts as two.
    pub flop: u64,
    /// Bytes that must move at least once between memory and the kernel.
    pub bytes: u64,
}

impl Cost {
    /// One number to compare and to budget with: the larger of FLOP and 4 times the bytes.
    pub fn work(self) -> u64 {
        self.flop.max(self.bytes.saturating_mul(4))
    }
}

impl std::ops::Add for Cost {
    type Output = Cost;

    fn add(self, other: Cost) -> Cost {
        Cost { flop: self.flop.saturating_add(other.flop), bytes: self.bytes.saturating_add(other.bytes) }
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Cost>>(costs: I) -> Cost {
        costs.fold(Cost::default(), |a, b| a + b)
    }
}
