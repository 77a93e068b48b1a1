//! The weights of a graph.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use imagine_codec::{PreparedLevel, Stored};

use crate::tensor::{Tensor, TensorData};

/// Tensors by name. Clones share them until one of the clones changes.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    tensors: Arc<BTreeMap<String, Tensor>>,
    exemplar: Option<Arc<Stored>>,
}

/// The weight that holds the texels of an exemplar.
pub const TEXELS: &str = "texels";

impl Weights {
    /// Whether both are clones that share their tensors.
    pub fn shares(&self, other: &Weights) -> bool {
        Arc::ptr_eq(&self.tensors, &other.tensors)
    }

    /// Number of clones that share the tensors, this one included.
    pub fn holders(&self) -> usize {
        Arc::strong_count(&self.tensors)
    }

    /// Adds the weights that follow from an exemplar: its [`TEXELS`], and [`appearance_name`] and [`similar_name`] of each level that has
    /// them. `prepared` is what [`Stored::prepare`] gives. A file holds the exemplar in their place, until any weight is changed.
    pub fn set_exemplar(&mut self, exemplar: Stored, prepared: Vec<PreparedLevel>) {
        let maps = exemplar.maps();
        let shape = vec![maps.height(), maps.width(), maps.channels().div_ceil(4)];
        self.insert(TEXELS.into(), Tensor::new(shape, TensorData::I32(maps.words())));
        for (PreparedLevel { size: (height, width), appearance, similar }, spacing) in
            prepared.into_iter().zip(spacings(&exemplar))
        {
            if let Some(words) = appearance {
                let tensor = Tensor::new(vec![height + 2, width + 2, 2], TensorData::I32(words));
                self.insert(appearance_name(spacing), tensor);
            }
            if let Some(places) = similar {
                let shape = vec![height, width, places.len() / (height * width)];
                self.insert(similar_name(spacing), Tensor::new(shape, TensorData::I32(places)));
            }
        }
        self.exemplar = Some(Arc::new(exemplar));
    }

    /// The exemplar that [`Self::set_exemplar`] took, if no weight was changed since.
    pub fn exemplar(&self) -> Option<&Stored> {
        self.exemplar.as_deref()
    }

    /// Names of the weights that follow from the exemplar.
    pub fn derived(&self) -> BTreeSet<String> {
        self.exemplar().map(derived).unwrap_or_default()
    }
}

/// The weight that holds the appearance vectors of the level whose places are `spacing` texels apart.
pub fn appearance_name(spacing: usize) -> String {
    format!("spacing_{spacing}.appearance")
}

/// The weight that holds the similar places of the level whose places are `spacing` texels apart.
pub fn similar_name(spacing: usize) -> String {
    format!("spacing_{spacing}.similar")
}

/// Names of the weights that follow from an exemplar.
pub(crate) fn derived(exemplar: &Stored) -> BTreeSet<String> {
    let levels = exemplar.levels().iter().zip(spacings(exemplar)).flat_map(|(level, spacing)| {
        let appearance = level.matched.then(|| appearance_name(spacing));
        appearance.into_iter().chain(level.table.map(|_| similar_name(spacing)))
    });
    levels.chain([TEXELS.to_string()]).collect()
}

/// Texels between the places of each level, coarse to fine.
fn spacings(exemplar: &Stored) -> impl Iterator<Item = usize> + use<> {
    (0..exemplar.levels().len()).rev().map(|halvings| 1 << halvings)
}

impl PartialEq for Weights {
    fn eq(&self, other: &Self) -> bool {
        self.tensors == other.tensors
    }
}

impl Deref for Weights {
    type Target = BTreeMap<String, Tensor>;

    fn deref(&self) -> &Self::Target {
        &self.tensors
    }
}

impl DerefMut for Weights {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.exemplar = None;
        Arc::make_mut(&mut self.tensors)
    }
}

impl From<BTreeMap<String, Tensor>> for Weights {
    fn from(tensors: BTreeMap<String, Tensor>) -> Self {
        Self { tensors: Arc::new(tensors), exemplar: None }
    }
}

impl PartialEq<BTreeMap<String, Tensor>> for Weights {
    fn eq(&self, other: &BTreeMap<String, Tensor>) -> bool {
        *self.tensors == *other
    }
}

impl<'a> IntoIterator for &'a Weights {
    type Item = (&'a String, &'a Tensor);
    type IntoIter = btree_map::Iter<'a, String, Tensor>;

    fn into_iter(self) -> Self::IntoIter {
        self.tensors.iter()
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
