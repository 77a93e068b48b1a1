//! Weights of `Conv`.

use std::sync::{Arc, OnceLock};

use imagine_graph::Conv;

use crate::product::Packed;
use crate::value::Value;
use crate::wide::Wide;

/// The weights of a convolution in the order of the loop, for each group.
#[derive(Clone, Debug)]
pub(crate) struct ConvWeights {
    pub groups: Vec<Arc<Packed>>,
    /// The same for small images, once they are needed.
    wide: OnceLock<Vec<Wide>>,
}

impl ConvWeights {
    /// Packs `w`, `[M, C/group, ..]`.
    pub fn new(params: &Conv, w: &Value) -> Self {
        let terms: usize = w.shape()[1..].iter().product();
        let (rows, elements) = (w.shape()[0] / params.group, w.as_f32s());
        let pack = |group: usize| Packed::new(rows, terms, |row, term| elements[(group * rows + row) * terms + term]);
        Self { groups: (0..params.group).map(|group| Arc::new(pack(group))).collect(), wide: OnceLock::new() }
    }

    /// The weights of a group.
    pub fn group(&self, group: usize) -> &Arc<Packed> {
        &self.groups[group]
    }

    /// The same for small images.
    pub fn wide(&self) -> &[Wide] {
        self.wide.get_or_init(|| self.groups.iter().map(|group| Wide::new(group)).collect())
    }
}
