//! Upscaling: networks that enlarge a picture by 2 or 4, trained on pairs made of any folder of pictures.

mod data;
mod evaluate;
mod networks;
mod options;
mod sheet;
#[cfg(test)]
mod tests;
mod train;

pub use data::PairBatch;
pub use evaluate::{MeasuredPair, UpscaleEvaluation, UpscaleFigures, evaluate, factor_of};
pub use networks::{UpscaleNetwork, UpscaleSize, Upscaler};
pub use options::UpscaleOptions;
pub use sheet::contact_sheet;
pub use train::{Event, RECIPE, UpscaleHistory, train};
