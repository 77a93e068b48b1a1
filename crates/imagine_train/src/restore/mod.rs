//! Restoring: networks that take JPEG blocks, noise, bands and mild blur out of pictures, trained on pictures of any folder that are damaged
//! while training runs.

mod damage;
mod data;
mod evaluate;
mod networks;
mod options;
#[cfg(test)]
mod tests;
mod train;

pub use damage::Damage;
pub use data::RestoreBatch;
pub use evaluate::{DamageFigures, RestoreEvaluation, RestoreFigures, contact_sheet, evaluate, is_restorer};
pub use networks::{RestoreNetwork, Restorer};
pub use options::RestoreOptions;
pub use train::{Event, RECIPE, RestoreHistory, train};
