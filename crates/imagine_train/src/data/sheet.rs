//! Pictures side by side.

use super::picture::TrainingPicture;

/// Pixels between the pictures of a sheet.
const GAP: u32 = 4;
/// Enlargement of a sheet.
const SCALE: u32 = 2;

/// A picture for each cell; rows may differ in height.
pub(crate) fn sheet(rows: &[Vec<TrainingPicture>]) -> image::RgbImage {
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
