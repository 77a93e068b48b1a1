//! The weights of a graph.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Index;
use std::sync::Arc;

use imagine_codec::{PreparedLevel, Stored};

use crate::tensor::{Tensor, TensorData};

/// Tensors by name. Clones share them until one of the clones changes, and graphs can share single tensors.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    tensors: Arc<BTreeMap<String, Arc<Tensor>>>,
    exemplar: Option<Arc<Stored>>,
}

/// The weight that holds the texels of an exemplar.
pub const TEXELS: &str = "texels";

impl Weights {
    /// The tensor called `name`.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name).map(Arc::as_ref)
    }

    /// The same, to be held by itself.
    pub fn shared(&self, name: &str) -> Option<&Arc<Tensor>> {
        self.tensors.get(name)
    }

    /// Whether there is a tensor called `name`.
    pub fn contains_key(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Names and tensors, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Tensor)> + Clone {
        self.tensors.iter().map(|(name, tensor)| (name, tensor.as_ref()))
    }

    /// Names, in order.
    pub fn keys(&self) -> impl Iterator<Item = &String> + Clone {
        self.tensors.keys()
    }

    /// Tensors, by name.
    pub fn values(&self) -> impl Iterator<Item = &Tensor> + Clone {
        self.tensors.values().map(Arc::as_ref)
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there is no tensor.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// Adds a tensor; returns the one that had the name.
    pub fn insert(&mut self, name: String, tensor: Tensor) -> Option<Tensor> {
        self.changed().insert(name, Arc::new(tensor)).map(Arc::unwrap_or_clone)
    }

    /// Adds the tensor that is called `theirs` in `other` as `name`, without a copy. False if there is none.
    pub fn share(&mut self, name: String, other: &Weights, theirs: &str) -> bool {
        let Some(tensor) = other.tensors.get(theirs).cloned() else { return false };
        self.changed().insert(name, tensor);
        true
    }

    /// Removes a tensor.
    pub fn remove(&mut self, name: &str) -> Option<Tensor> {
        self.changed().remove(name).map(Arc::unwrap_or_clone)
    }

    /// Keeps the tensors for which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&String, &Tensor) -> bool) {
        self.changed().retain(|name, tensor| keep(name, tensor));
    }

    /// Names and tensors, to be changed. Tensors that others share are copied.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut Tensor)> {
        self.changed().iter_mut().map(|(name, tensor)| (name, Arc::make_mut(tensor)))
    }

    /// A tensor, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Tensor> {
        self.changed().get_mut(name).map(Arc::make_mut)
    }

    fn changed(&mut self) -> &mut BTreeMap<String, Arc<Tensor>> {
        self.exemplar = None;
        Arc::make_mut(&mut self.tensors)
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

impl Index<&str> for Weights {
    type Output = Tensor;

    fn index(&self, name: &str) -> &Tensor {
        &self.tensors[name]
    }
}

impl Index<&String> for Weights {
    type Output = Tensor;

    fn index(&self, name: &String) -> &Tensor {
        &self.tensors[name]
    }
}

impl FromIterator<(String, Tensor)> for Weights {
    fn from_iter<I: IntoIterator<Item = (String, Tensor)>>(tensors: I) -> Self {
        let tensors = tensors.into_iter().map(|(name, tensor)| (name, Arc::new(tensor))).collect();
        Self { tensors: Arc::new(tensors), exemplar: None }
    }
}

impl Extend<(String, Tensor)> for Weights {
    fn extend<I: IntoIterator<Item = (String, Tensor)>>(&mut self, tensors: I) {
        self.changed().extend(tensors.into_iter().map(|(name, tensor)| (name, Arc::new(tensor))));
    }
}

impl From<BTreeMap<String, Tensor>> for Weights {
    fn from(tensors: BTreeMap<String, Tensor>) -> Self {
        tensors.into_iter().collect()
    }
}

impl PartialEq<BTreeMap<String, Tensor>> for Weights {
    fn eq(&self, other: &BTreeMap<String, Tensor>) -> bool {
        self.iter().eq(other)
    }
}

impl<'a> IntoIterator for &'a Weights {
    type Item = (&'a String, &'a Tensor);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl<'a> IntoIterator for &'a mut Weights {
    type Item = (&'a String, &'a mut Tensor);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter_mut())
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
        let is_same = |first: &Weights| Arc::ptr_eq(first.shared("a").unwrap(), second.shared("a").unwrap());
        first.insert("b".into(), Tensor::scalar(2.0));
        assert!(is_same(&first) && second.len() == 1);
        first.get_mut("a").unwrap().data = Tensor::scalar(3.0).data;
        assert!(!is_same(&first) && second["a"] == Tensor::scalar(1.0));
    }

    #[test]
    fn graphs_share_single_tensors() {
        let mut first = Weights::default();
        first.insert("a".into(), Tensor::scalar(1.0));
        let mut second = Weights::default();
        assert!(second.share("moss.a".into(), &first, "a") && !second.share("moss.b".into(), &first, "b"));
        assert!(Arc::ptr_eq(first.shared("a").unwrap(), second.shared("moss.a").unwrap()));
    }
}
