//! Held-back pairs as they are measured and shown: squares from the middle.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use imagine_burn::{Network, Value};
use imagine_graph::Size;
use imagine_graph::rng::RandomState;

use super::data::PairedPicture;
use super::networks::DEFAULT_FLAT_STROKES;
use crate::data::TrainingPicture;
use crate::error::TrainError;

/// The middle of a pair, values from 0 to 1.
pub(super) struct MeasuredPair {
    pub content: Vec<f32>,
    pub painted: Vec<f32>,
}

impl MeasuredPair {
    pub fn of_middle(pair: &PairedPicture, side: usize) -> Self {
        let values = |picture: &TrainingPicture| middle(picture, side).values();
        Self { content: values(&pair.content), painted: values(&pair.painted) }
    }
}

/// What the network makes of a square picture.
pub(super) fn painted<B: Backend>(
    network: &Network<B>,
    content: &[f32],
    side: usize,
    device: &B::Device,
) -> Result<Vec<f32>, TrainError> {
    let content = Tensor::<B, 4>::from_data(TensorData::new(content.to_vec(), [1, 3, side, side]), device);
    let flat = Tensor::<B, 4>::full([1; 4], DEFAULT_FLAT_STROKES, device);
    let inputs = vec![Value::from_tensor(content), Value::from_tensor(flat)];
    let made = network.run(inputs, Size::new(side, side), RandomState::default())?.remove(0);
    Ok(made.into_data().as_f32().unwrap_or_default().to_vec())
}

/// The square of `side` pixels in the middle of a picture.
fn middle(picture: &TrainingPicture, side: usize) -> TrainingPicture {
    let corner = [picture.height, picture.width].map(|length| (length - side) / 2);
    picture.cropped(corner, [side; 2])
}
