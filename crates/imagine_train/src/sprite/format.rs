//! A sprite as bytes and as the networks' values, and contact sheets.

/// Side of a sprite in pixels.
pub const SIDE: usize = 32;
/// Values of a sprite: four planes, colour times coverage, then coverage.
pub const VALUES: usize = 4 * AREA;
/// Pixels of a sprite.
const AREA: usize = SIDE * SIDE;
/// Pixels between the sprites of a sheet, before enlarging.
const GAP: usize = 2;
/// Enlargement of a sheet.
const SCALE: usize = 2;
/// Side of the background's squares, before enlarging.
const CHECK: usize = 8;

/// A sprite of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Sprite {
    /// Index of its class; 0 stands for any class and is no sprite's own.
    pub class: usize,
    /// Words of its file, caption and folder.
    pub words: Vec<String>,
    /// Names of its colours.
    pub colors: Vec<&'static str>,
    /// What things of its colours are called, such as golden.
    pub looks: Vec<&'static str>,
    /// The word for the colour that it was given, which its prompts always contain.
    pub recolored: Option<&'static str>,
    /// Straight RGBA bytes, row by row.
    pub rgba: Vec<u8>,
}

impl Sprite {
    /// The networks' values, [`VALUES`] numbers.
    pub fn values(&self) -> Vec<f32> {
        let mut values = vec![0.0; VALUES];
        for (index, pixel) in self.rgba.chunks_exact(4).enumerate() {
            let coverage = f32::from(pixel[3]) / 255.0;
            let channels = [pixel[0], pixel[1], pixel[2]].map(|v| f32::from(v) / 255.0 * coverage);
            for (channel, value) in channels.into_iter().chain([coverage]).enumerate() {
                values[channel * AREA + index] = value;
            }
        }
        values
    }
}

/// Straight RGBA bytes of the values of a sprite whose coverage is 0 or 1.
pub(super) fn rgba_bytes(values: &[f32]) -> Vec<u8> {
    let byte = |at: usize, channel: usize| (values[channel * AREA + at].clamp(0.0, 1.0) * 255.0).round() as u8;
    (0..AREA).flat_map(|at| [0, 1, 2, 3].map(|channel| byte(at, channel))).collect()
}

/// Values of sprites with left and right exchanged.
pub(super) fn mirrored(values: &[f32]) -> Vec<f32> {
    values.chunks_exact(SIDE).flat_map(|row| row.iter().rev().copied()).collect()
}

/// A contact sheet with `columns` columns, twice as large, on a checked background that shows coverage. `values` has
/// [`VALUES`] numbers per sprite.
pub fn sheet(values: &[f32], columns: usize) -> image::RgbImage {
    let count = values.len() / VALUES;
    let rows = count.div_ceil(columns);
    let pitch = SIDE + GAP;
    image::RgbImage::from_fn((columns * pitch * SCALE) as u32, (rows * pitch * SCALE) as u32, |x, y| {
        let (x, y) = (x as usize / SCALE, y as usize / SCALE);
        let ground = if (x / CHECK + y / CHECK).is_multiple_of(2) { 0.42 } else { 0.5 };
        let (index, column, row) = (y / pitch * columns + x / pitch, x % pitch, y % pitch);
        if index >= count || column >= SIDE || row >= SIDE {
            return image::Rgb([24; 3]);
        }
        let at = |channel: usize| values[index * VALUES + channel * AREA + row * SIDE + column];
        let coverage = at(3);
        let shown = |channel| ((at(channel) + (1.0 - coverage) * ground).clamp(0.0, 1.0) * 255.0).round() as u8;
        image::Rgb([shown(0), shown(1), shown(2)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sprite::data::tests::synthetic_set;

    #[test]
    fn values_give_back_the_bytes_that_they_came_from() {
        for sprite in synthetic_set(12).sprites {
            assert_eq!(rgba_bytes(&sprite.values()), sprite.rgba);
        }
    }

    #[test]
    fn mirroring_exchanges_left_and_right() {
        let values: Vec<f32> = (0..VALUES).map(|index| index as f32).collect();
        let there = mirrored(&values);
        assert_eq!((there[0], there[SIDE]), ((SIDE - 1) as f32, (2 * SIDE - 1) as f32));
        assert_eq!(mirrored(&there), values);
    }
}
