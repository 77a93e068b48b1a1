//! Preview sheets: parts of held-back pictures, enlarged in several ways beside the original.

use burn::tensor::backend::Backend;
use imagine_burn::Network;
use imagine_graph::ValidGraph;

use super::evaluate::MeasuredPair;
use crate::data::resample::Filter;
use crate::data::{TrainingPicture, sheet};
use crate::error::TrainError;

/// Rows of a contact sheet.
const ROWS: usize = 8;
/// Side of its pictures.
const SIDE: usize = 160;

/// The middles of the first pictures: bicubic, by the network of the collapsed `graph`, the original.
pub fn contact_sheet<B: Backend>(
    graph: &ValidGraph,
    pictures: &[TrainingPicture],
    factor: usize,
    device: &B::Device,
) -> Result<image::RgbImage, TrainError> {
    let network = Network::<B>::new(graph, device);
    let mut rows = Vec::new();
    for picture in pictures.iter().take(ROWS) {
        let pair = MeasuredPair::of_middle(picture, SIDE, factor);
        let enlarged = pair.enlarged(&network, device)?;
        rows.push(vec![pair.interpolated(Filter::Cubic), enlarged, pair.large]);
    }
    Ok(sheet(&rows))
}
