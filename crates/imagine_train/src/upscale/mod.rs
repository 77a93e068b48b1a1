//! Upscaling: networks that enlarge a picture by 2 or 4, trained on pairs made of any folder of pictures.

mod data;
mod evaluate;
mod networks;
mod options;
mod resample;
mod sheet;
#[cfg(test)]
mod tests;
mod train;

pub use data::{PairBatch, PictureSet};
pub use evaluate::{MeasuredPair, UpscaleEvaluation, UpscaleFigures, evaluate, factor_of};
pub use networks::{Form, UpscaleNetwork, UpscaleSize, Upscaler};
pub use options::UpscaleOptions;
pub use resample::Filter;
pub use sheet::contact_sheet;
pub use train::{Event, RECIPE, Saved, UpscaleHistory, train};
