//! Preview sheets: parts of held-back pictures, enlarged in several ways beside the original.

use burn::tensor::backend::Backend;
use imagine_burn::Network;
use imagine_graph::ValidGraph;

use super::evaluate::MeasuredPair;
use super::resample::Filter;
use crate::data::TrainingPicture;
use crate::error::TrainError;

/// Rows of a contact sheet.
const ROWS: usize = 8;
/// Side of its pictures.
const SIDE: usize = 160;

/// Pixels between the pictures of a sheet.
const GAP: u32 = 4;
/// Enlargement of a sheet.
const SCALE: u32 = 2;

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

/// A picture for each cell; rows may differ in height.
fn sheet(rows: &[Vec<TrainingPicture>]) -> image::RgbImage {
    let sides = |picture: &TrainingPicture| [picture.width, picture.height].map(|side| side as u32 * SCALE + GAP);
    let width = rows.iter().map(|row| row.iter().map(|picture| sides(picture)[0]).sum()).max().unwrap_or(0);
    let tallest = |row: &Vec<TrainingPicture>| row.iter().map(|picture| sides(picture)[1]).max().unwrap_or(0);
    let mut sheet = image::RgbImage::from_pixel(width, rows.iter().map(tallest).sum(), image::Rgb([24; 3]));
    let mut top = 0;
    for row in rows {
        let mut left = 0;
        for picture in row {
            draw(&mut sheet, [left, top], picture);
            left += sides(picture)[0];
        }
        top += tallest(row);
    }
    sheet
}

fn draw(sheet: &mut image::RgbImage, [left, top]: [u32; 2], picture: &TrainingPicture) {
    for y in 0..picture.height as u32 * SCALE {
        for x in 0..picture.width as u32 * SCALE {
            let at = (y / SCALE) as usize * picture.width + (x / SCALE) as usize;
            sheet.put_pixel(left + x, top + y, image::Rgb(picture.planes.each_ref().map(|plane| plane[at])));
        }
    }
}
