//! PBR materials in kinds: an adversarial training on crops of a set of materials.

mod bank;
mod crops;
mod data;
mod evaluate;
mod folder;
mod format;
mod generator;
mod maps;
mod networks;
mod patch_loss;
mod train;
mod waves;

pub use data::{Material, MaterialBatch, MaterialSet, Part};
pub use evaluate::{Between, KindFigures, MaterialEvaluation, MaterialEvaluationOptions, contact_sheet, evaluate};
pub use folder::{FoundMaterials, read_folder, read_pictures};
pub use format::{CELL, CHANNELS, MaterialExemplar, MaterialNetworks, RELIEF};
pub use networks::FIXED;
pub use train::{MaterialOptions, RECIPE, train};
pub use waves::WaveBasis;
