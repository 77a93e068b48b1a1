//! The weights of a graph.

use std::collections::{BTreeMap, btree_map};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::tensor::Tensor;

/// Tensors by name. Clones share them until one of the clones changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights(Arc<BTreeMap<String, Tensor>>);

impl Weights {
    /// Whether both are clones that share their tensors.
    pub fn shares(&self, other: &Weights) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Number of clones that share the tensors, this one included.
    pub fn holders(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

impl Deref for Weights {
    type Target = BTreeMap<String, Tensor>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Weights {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Arc::make_mut(&mut self.0)
    }
}

impl From<BTreeMap<String, Tensor>> for Weights {
    fn from(tensors: BTreeMap<String, Tensor>) -> Self {
        Self(Arc::new(tensors))
    }
}

impl PartialEq<BTreeMap<String, Tensor>> for Weights {
    fn eq(&self, other: &BTreeMap<String, Tensor>) -> bool {
        *self.0 == *other
    }
}

impl<'a> IntoIterator for &'a Weights {
    type Item = (&'a String, &'a Tensor);
    type IntoIter = btree_map::Iter<'a, String, Tensor>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a mut Weights {
    type Item = (&'a String, &'a mut Tensor);
    type IntoIter = btree_map::IterMut<'a, String, Tensor>;

    fn into_iter(self) -> Self::IntoIter {
        self.deref_mut().iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_until_one_changes() {
        let mut first = Weights::default();
        first.insert("a".into(), Tensor::scalar(1.0));
        let second = first.clone();
        assert!(first.shares(&second));
        first.insert("b".into(), Tensor::scalar(2.0));
        assert!(!first.shares(&second) && second.len() == 1);
    }
}
