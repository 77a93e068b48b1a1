//! The sizes at which shape arithmetic is evaluated, and the dimensions that explain its results.
//!
//! A model with open dimensions is imported at three sizes whose batches, heights and widths are in no common proportion.
//! A number that is equal at all of them is a constant; one with a constant ratio to the batch, the height or the width is
//! that fraction; a graph cannot express anything else.

use imagine_graph::{Dim, Ratio, Size, Symbol};

use crate::error::NodeFault;

/// The sizes at which shape arithmetic is evaluated.
#[derive(Clone, Debug)]
pub(crate) struct ProbeSizes(pub Vec<Size>);

impl ProbeSizes {
    /// Sizes whose heights and widths are multiples of `multiple`.
    pub fn open(multiple: usize) -> Self {
        let size = |batch, height: usize, width: usize| Size {
            batch,
            height: height.saturating_mul(multiple),
            width: width.saturating_mul(multiple),
        };
        Self(vec![size(1, 2, 1), size(2, 1, 3), size(3, 3, 2)])
    }

    /// What heights and widths of [`Self::open`] are multiples of.
    pub fn multiple(&self) -> usize {
        self.0[0].width
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The dimension that equals `values[p]` at probe `p`, if there is one.
    pub fn dim(&self, values: &[usize]) -> Option<Dim> {
        let first = *values.first()?;
        if values.iter().all(|&v| v == first) {
            return Some(Dim::Fixed(first));
        }
        let ratio = |of: fn(&Size) -> usize| {
            let whole = of(&self.0[0]);
            let ratio = Ratio::new(first, whole).reduced();
            let fits =
                |(&v, size): (&usize, &Size)| v.checked_mul(ratio.denominator) == of(size).checked_mul(ratio.numerator);
            values.iter().zip(&self.0).all(fits).then_some(ratio)
        };
        if ratio(|size| size.batch) == Some(Ratio::ONE) {
            return Some(Dim::BATCH);
        }
        let height = ratio(|size| size.height).map(Symbol::Height);
        height.or_else(|| ratio(|size| size.width).map(Symbol::Width)).map(Dim::Symbol)
    }

    /// The fault for numbers that no dimension expresses.
    pub fn inexpressible(&self, name: &str, values: impl std::fmt::Debug) -> NodeFault {
        let probes: Vec<_> = self.0.iter().map(|s| format!("{}x{}x{}", s.batch, s.height, s.width)).collect();
        NodeFault::Inexpressible { name: name.into(), found: format!("{values:?}"), probes: probes.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_are_found_again_and_nothing_else_is() {
        let probes = ProbeSizes::open(64);
        let dims = [
            Dim::Fixed(7),
            Dim::BATCH,
            Dim::HEIGHT,
            Dim::Symbol(Symbol::Height(Ratio::new(3, 8))),
            Dim::Symbol(Symbol::Width(Ratio::new(1, 64))),
            Dim::Symbol(Symbol::Width(Ratio::new(4, 1))),
        ];
        for dim in dims {
            let values: Vec<_> = probes.0.iter().map(|&size| dim.bind(size).unwrap()).collect();
            assert_eq!(probes.dim(&values), Some(dim));
        }
        let product: Vec<_> = probes.0.iter().map(|size| size.height * size.width).collect();
        assert_eq!(probes.dim(&product), None);
        let batches: Vec<_> = probes.0.iter().map(|size| size.batch * 8).collect();
        assert_eq!(probes.dim(&batches), None);
    }
}
