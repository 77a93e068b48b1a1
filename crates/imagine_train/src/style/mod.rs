//! Styles for a camera's live view: small networks that paint a picture as a slower way has painted others, trained on pairs of both.

mod data;
mod features;
mod losses;
mod measured;
mod networks;
mod options;
mod sheet;
#[cfg(test)]
mod tests;
mod train;

pub use data::{PairedPicture, StyleBatch, StyleSet};
pub use networks::StyleNetwork;
pub use options::StyleOptions;
pub use train::{Event, RECIPE, Saved, StyleHistory, train};
