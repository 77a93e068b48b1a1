//! Draws how a field is refined: the colours of the levels of one torus, coarse to fine, and above each its field, where every place
//! of the exemplar has its own hue.
//!
//! `cargo run -p imagine_exemplar --example levels -- SET out.png`

use imagine_codec::unpack;
use imagine_exemplar::{Exemplar, ExemplarOptions, torus_levels};
use imagine_graph::coarser_maps;
use imagine_graph::{Card, OutputKind};

/// Side of a panel in pixels.
const SIDE: u32 = 256;
const GAP: u32 = 6;
const SEED: u64 = 1;
/// Levels that are shown, counted from the coarsest.
const SHOWN: [usize; 5] = [0, 1, 2, 4, 8];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [set, out] = std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "give SET and OUT")?;
    let exemplar = Exemplar::load(set.as_ref(), &ExemplarOptions::default())?;
    let made = exemplar.generator(Card::default(), |_| {})?;
    let stored = made.generator.output.weights.exemplar().ok_or("no exemplar")?;
    let color: usize =
        made.kinds.iter().take_while(|kind| **kind != OutputKind::BaseColor).filter_map(|k| k.channels()).sum();
    let levels = torus_levels(&made.prepared, SEED, made.maps.height(), made.maps.width())?;
    let last = levels.len() - 1;
    let shown = SHOWN.map(|level| level.min(last));
    let mut sheet =
        image::RgbImage::from_pixel(shown.len() as u32 * (SIDE + GAP) - GAP, 2 * SIDE + GAP, image::Rgb([255; 3]));
    for (panel, level) in (0..).zip(shown) {
        let field = &levels[level];
        let maps = coarser_maps(stored, last - level);
        let texels = maps.gather(&field.places);
        for y in 0..SIDE {
            for x in 0..SIDE {
                let cell = |at: u32, cells: usize| at as usize * cells / SIDE as usize;
                let index = cell(y, field.height) * field.width + cell(x, field.width);
                let (row, column) = unpack(field.places[index]);
                let share = |at: u32, side: usize| (255 * at as usize / side) as u8;
                let hue = [share(row, maps.height()), share(column, maps.width()), 160];
                let texel = &texels[index * maps.channels() + color..][..3];
                sheet.put_pixel(panel * (SIDE + GAP) + x, y, image::Rgb(hue));
                sheet.put_pixel(panel * (SIDE + GAP) + x, SIDE + GAP + y, image::Rgb([texel[0], texel[1], texel[2]]));
            }
        }
    }
    sheet.save(&out)?;
    Ok(())
}
