//! Preview sheets: the exemplar's maps in the first column, generated ones beside them.

use imagine_graph::OutputKind;

use super::data::{Exemplar, ExemplarMap};

/// Pixels between the pictures of a sheet.
const GAP: usize = 4;

/// Normalised channels of one picture.
pub(super) struct Panel<'a> {
    /// `[channel, row, column]`; further channels are ignored.
    pub values: &'a [f32],
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
}

/// One row per map of the exemplar that is not constant, one column per panel.
pub(super) fn sheet(exemplar: &Exemplar, panels: &[Panel]) -> image::RgbImage {
    let maps: Vec<&ExemplarMap> = exemplar.maps.iter().filter(|map| !map.is_constant()).collect();
    let row_height = panels.iter().map(|p| p.height).max().unwrap_or(0) + GAP;
    let width: usize = panels.iter().map(|p| p.width + GAP).sum();
    let mut sheet = image::RgbImage::new(width as u32, (row_height * maps.len()) as u32);
    let mut left = 0;
    for panel in panels {
        let mut first = 0;
        for (row, map) in maps.iter().enumerate() {
            draw(&mut sheet, [left, row * row_height], panel, map, first);
            first += map.channels.len();
        }
        left += panel.width + GAP;
    }
    sheet
}

fn draw(sheet: &mut image::RgbImage, [left, top]: [usize; 2], panel: &Panel, map: &ExemplarMap, first: usize) {
    let area = panel.height * panel.width;
    for y in 0..panel.height {
        for x in 0..panel.width {
            let value = |channel: usize| {
                let normalised = panel.values[(first + channel) * area + y * panel.width + x];
                normalised * map.std[channel] + map.mean[channel]
            };
            let pixel = match (map.kind, map.channels.len()) {
                (OutputKind::Normal, 2) => {
                    let (sx, sy) = (value(0), value(1));
                    let length = (sx * sx + sy * sy + 1.0).sqrt();
                    [sx / length, sy / length, 1.0 / length].map(|n| n * 0.5 + 0.5)
                }
                (_, 1) => [value(0); 3],
                _ => [value(0), value(1), value(2)],
            };
            let bytes = pixel.map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8);
            sheet.put_pixel((left + x) as u32, (top + y) as u32, image::Rgb(bytes));
        }
    }
}
