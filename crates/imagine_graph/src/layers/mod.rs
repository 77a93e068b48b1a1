//! Layers of a material: moss on bricks, snow on moss. A function on graphs: the graphs of the layers' generators become one graph,
//! and blending adds ordinary nodes. So layers tile, have patches of worlds, tiles, recordings and budgets like any generator.
//!
//! ```
//! use std::sync::Arc;
//!
//! use imagine_graph::{Layer, Mask, MaterialLayers, generators};
//!
//! let rock = Arc::new(generators::load("noise_material").unwrap());
//! let mut snow = Layer::new(rock.clone()).with_mask(Mask::Slope { from: 40.0, to: 20.0 });
//! snow.name = "snow".into();
//! snow.controls.insert("color_a".into(), "#f4f8ff".into());
//! let layers = MaterialLayers { layers: vec![Layer::new(rock), snow] };
//! let merged = layers.merge("mountain").unwrap();
//! assert!(merged.generator.inputs().iter().any(|input| input.name == "snow.amount"));
//! ```
//!
//! A layer's generator must be feed-forward and make maps of a material. Maps that only some layers make are, in the others: base
//! colour, height and roughness 0.5, normal flat, metalness and emissive 0, occlusion and alpha 1. The alpha of a layer
//! multiplies its weight. Base colour and emissive come out in linear light.
//!
//! Weights are shared with the generators, not copied. A merged generator is for running; a file of it would hold exemplars unpacked.

mod blend;
mod check;
mod detail;
mod error;
mod instance;
mod mask;
mod merge;
mod recipe;
mod surface;
mod text;

pub use error::{LayerFault, LayersError};
pub use recipe::{LAYERS_EXTENSION, Layer, MAX_LAYERS, Mask, MaterialLayers};

#[cfg(test)]
mod tests;
