//! Slices of a dispatch grid: boxes of workgroups that are cut to a budget or to a device's limit.

/// A box of workgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridSlice {
    /// First workgroup along x, y and z.
    pub base: [u32; 3],
    /// Number of workgroups along x, y and z.
    pub workgroups: [u32; 3],
}

impl GridSlice {
    /// The whole grid of `workgroups`.
    pub fn whole(workgroups: [u32; 3]) -> Self {
        Self { base: [0; 3], workgroups }
    }

    /// Number of workgroups.
    pub fn count(self) -> u64 {
        self.workgroups.iter().fold(1, |product: u64, &n| product.saturating_mul(u64::from(n)))
    }

    /// Slices that cover it, none with more than `limit` workgroups along an axis.
    pub fn within(self, limit: u32) -> Vec<Self> {
        match (0..3).find(|&axis| self.workgroups[axis] > limit) {
            None => vec![self],
            Some(axis) => {
                let (front, rest) = self.cut(axis, limit);
                [front.within(limit), rest.within(limit)].concat()
            }
        }
    }

    /// The part whose `price` fits into `budget`, and the rest. With `force` at least one workgroup counts as fitting. If nothing
    /// fits, the rest is empty.
    pub fn cut_to(self, budget: u64, force: bool, price: &impl Fn(Self) -> u64) -> (Option<Self>, Vec<Self>) {
        // Budgets cut along the last axis with more than one workgroup.
        let axis = (0..3).rev().find(|&axis| self.workgroups[axis] > 1).unwrap_or(0);
        let layers = self.workgroups[axis];
        let whole = price(self).max(1);
        let fitting = (u128::from(layers) * u128::from(budget) / u128::from(whole)) as u64;
        if fitting >= u64::from(layers) || (layers == 1 && force) {
            return (Some(self), Vec::new());
        }
        if fitting > 0 {
            let (front, rest) = self.cut(axis, fitting as u32);
            return (Some(front), vec![rest]);
        }
        if layers == 1 {
            return (None, Vec::new());
        }
        // Not even one layer fits: cut within the first.
        let (layer, others) = self.cut(axis, 1);
        let (front, mut rest) = layer.cut_to(budget, force, price);
        if front.is_some() {
            rest.push(others);
        }
        (front, rest)
    }

    /// The first `layers` layers of workgroups along `axis`, and the rest.
    fn cut(self, axis: usize, layers: u32) -> (Self, Self) {
        let (mut front, mut rest) = (self, self);
        front.workgroups[axis] = layers;
        rest.workgroups[axis] -= layers;
        rest.base[axis] += layers;
        (front, rest)
    }
}
