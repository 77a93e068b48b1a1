//! Maps of a material from one photograph: a network that makes normals, height, roughness, occlusion and a base colour without shading of a
//! picture of a surface, trained on PBR sets that are lit while training runs.

mod data;
mod evaluate;
mod fields;
mod heuristic;
mod light;
mod networks;
mod options;
#[cfg(test)]
mod tests;
mod train;

pub use data::{Material, MaterialSet};
pub use evaluate::{MapsEvaluation, MapsFigures, contact_sheet, evaluate, makes_maps};
pub use light::Light;
pub use networks::MapsNetwork;
pub use options::MapsOptions;
pub use train::{Event, MapsHistory, RECIPE, train};
