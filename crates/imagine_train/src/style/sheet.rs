//! Preview sheets: held-back pictures, painted by the network, painted the slow way.

use burn::tensor::backend::Backend;
use imagine_burn::Network;

use super::data::PairedPicture;
use super::measured::{MeasuredPair, painted};
use crate::error::TrainError;

/// Rows of a sheet.
const ROWS: usize = 6;
/// Pixels between pictures.
const GAP: u32 = 4;

/// The middles of the first pictures with a side of `side`: the picture, by the network, the slow way.
pub fn contact_sheet<B: Backend>(
    network: &Network<B>,
    pairs: &[PairedPicture],
    side: usize,
    device: &B::Device,
) -> Result<image::RgbImage, TrainError> {
    let rows = pairs.len().min(ROWS);
    let cell = side as u32 + GAP;
    let mut sheet = image::RgbImage::from_pixel(3 * cell, rows as u32 * cell, image::Rgb([24; 3]));
    for (row, pair) in pairs.iter().take(ROWS).enumerate() {
        let MeasuredPair { content, painted: wanted } = MeasuredPair::of_middle(pair, side);
        let made = painted(network, &content, side, device)?;
        for (column, values) in [content, made, wanted].into_iter().enumerate() {
            let picture = from_values(&values, side);
            for (at, pixel) in picture.into_iter().enumerate() {
                let (x, y) = (at % side, at / side);
                let corner = [column as u32 * cell, row as u32 * cell];
                sheet.put_pixel(corner[0] + x as u32, corner[1] + y as u32, image::Rgb(pixel));
            }
        }
    }
    Ok(sheet)
}

/// Pixels of a square of three planes with values from 0 to 1.
fn from_values(values: &[f32], side: usize) -> Vec<[u8; 3]> {
    let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    let plane = side * side;
    (0..plane).map(|at| [0, 1, 2].map(|channel| byte(values[channel * plane + at]))).collect()
}
