//! Contact sheets: for every kind two colours, then of the first result the normal, height, roughness and occlusion.

use crate::architecture::material::CHANNELS;

/// Side of a picture in texels.
pub(crate) const SIDE: usize = 128;
/// Results of a kind.
pub(crate) const SEEDS: usize = 2;
/// Kinds beside each other.
const COLUMNS: usize = 2;
/// Pictures of a kind.
const PICTURES: usize = SEEDS + 4;
/// Pixels between pictures.
const GAP: usize = 2;

/// `values` are [`SEEDS`] results `[CHANNELS, SIDE, SIDE]` of each kind.
pub(crate) fn sheet(values: &[f32]) -> image::RgbImage {
    let area = SIDE * SIDE;
    let kinds: Vec<&[f32]> = values.chunks_exact(SEEDS * CHANNELS * area).collect();
    let pitch = SIDE + GAP;
    let (width, height) = (COLUMNS * (PICTURES * pitch + 2 * GAP), kinds.len().div_ceil(COLUMNS) * pitch);
    let mut sheet = image::RgbImage::from_pixel(width as u32, height as u32, image::Rgb([24; 3]));
    for (index, kind) in kinds.iter().enumerate() {
        let left = index % COLUMNS * (PICTURES * pitch + 2 * GAP);
        let top = index / COLUMNS * pitch;
        for picture in 0..PICTURES {
            for at in 0..area {
                let rgb = pixel(kind, picture, at).map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8);
                let (x, y) = (left + picture * pitch + at % SIDE, top + at / SIDE);
                sheet.put_pixel(x as u32, y as u32, image::Rgb(rgb));
            }
        }
    }
    sheet
}

fn pixel(kind: &[f32], picture: usize, at: usize) -> [f32; 3] {
    let area = SIDE * SIDE;
    let channel = |result: usize, channel: usize| kind[(result * CHANNELS + channel) * area + at];
    match picture {
        seed if seed < SEEDS => [0, 1, 2].map(|index| channel(seed, index)),
        2 => {
            let (x, y) = (channel(0, 3), channel(0, 4));
            [x, y, (1.0 - x * x - y * y).max(0.0).sqrt()].map(|n| n * 0.5 + 0.5)
        }
        3 => [channel(0, 5); 3],
        4 => [channel(0, 6); 3],
        _ => [channel(0, 7); 3],
    }
}
