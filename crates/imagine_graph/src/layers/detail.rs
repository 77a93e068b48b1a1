//! Level of detail: what a generator or layers show from far away, with fewer texels.

use std::sync::Arc;

use super::check::{MAX_SHRINK, MIN_RADIUS};
use super::recipe::{Layer, Mask, MaterialLayers};
use crate::file::{self, LoadedGenerator};

impl LoadedGenerator {
    /// The generator whose images have `2^halvings` times fewer rows and columns and show the same pieces in the same places: see
    /// [`Generator::coarser`](crate::Generator::coarser) and [`MaterialLayers::coarser`]. Where a generator has no more levels, it stays at its
    /// coarsest. `None` if it, or one of its layers, is not by example.
    pub fn coarser(&self, halvings: u32) -> Option<LoadedGenerator> {
        if let Some(layers) = &self.layers {
            return layers.coarser(halvings).merge(&self.name).ok();
        }
        let generator = &self.generator.generator;
        let halvings = generator.most_halvings()?.min(halvings as usize);
        let generator = generator.coarser(halvings)?.validate().ok()?;
        let hash = file::hash(format!("imagine coarser 1\n{halvings} {}", self.hash).as_bytes());
        Some(LoadedGenerator { generator, hash, name: self.name.clone(), parts: Vec::new(), layers: None })
    }

    /// Whether [`Self::coarser`] gives a generator.
    pub fn has_coarser(&self) -> bool {
        let is_by_example = |loaded: &LoadedGenerator| loaded.generator.generator.most_halvings().is_some();
        if self.layers.is_some() { self.parts.iter().all(|part| is_by_example(part)) } else { is_by_example(self) }
    }
}

impl MaterialLayers<Arc<LoadedGenerator>> {
    /// The same layers with half the rows and columns, `halvings` times: what they show from far away, with fewer texels. Generators shrink, and lengths
    /// in texels with them; noise that is finer than a texel becomes its mean.
    pub fn coarser(&self, halvings: u32) -> Self {
        let layer = |layer: &Layer<Arc<LoadedGenerator>>| Layer {
            shrink: (layer.shrink + if layer.generator.is_some() { halvings } else { 0 }).min(MAX_SHRINK),
            thickness: layer.thickness / (1 << halvings.min(MAX_SHRINK)) as f32,
            mask: coarser_mask(&layer.mask, halvings.min(MAX_SHRINK)),
            ..layer.clone()
        };
        Self { layers: self.layers.iter().map(layer).collect() }
    }
}

/// `mask` where texels are `2^halvings` times as large.
fn coarser_mask(mask: &Mask, halvings: u32) -> Mask {
    let shorter = |length: f32| length / (1 << halvings) as f32;
    let all = |masks: &[Mask]| masks.iter().map(|mask| coarser_mask(mask, halvings)).collect();
    match mask {
        Mask::Facing { direction, radius, from, to } => {
            Mask::Facing { direction: *direction, radius: shorter(*radius), from: *from, to: *to }
        }
        Mask::Cavity { radius, from, to } => {
            Mask::Cavity { radius: shorter(*radius).max(MIN_RADIUS), from: *from, to: *to }
        }
        Mask::Noise { size, octaves, from, to } => match size >> halvings {
            0 | 1 => Mask::Amount(((0.5 - from) / (to - from)).clamp(0.0, 1.0)),
            size => Mask::Noise { size, octaves: *octaves, from: *from, to: *to },
        },
        Mask::Not(mask) => Mask::Not(Box::new(coarser_mask(mask, halvings))),
        Mask::Product(masks) => Mask::Product(all(masks)),
        Mask::Sum(masks) => Mask::Sum(all(masks)),
        other => other.clone(),
    }
}
