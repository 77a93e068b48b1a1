//! Writes a picture of an exemplar beside a texture synthesised from it, and prints how long each part takes.
//!
//! `by_example FOLDER OUT.png [SIDE] [SIZE] [SEED]`: FOLDER holds the maps of a PBR set, or a colour map alone.

use std::path::Path;
use std::time::Instant;

use image::imageops::{FilterType, resize};
use imagine_cpu::Edges;
use imagine_exemplar::folder::{find_maps, read_map};
use imagine_exemplar::{Maps, Prepared, fit, size_multiple, torus};
use imagine_graph::OutputKind;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, out, numbers @ ..] = &arguments[..] else {
        return Err("by_example FOLDER OUT.png [SIDE] [SIZE] [SEED]".into());
    };
    let number = |index: usize, default: usize| numbers.get(index).map_or(Ok(default), |number| number.parse());
    let (side, seed) = (number(0, 256)?, number(2, 7)?);
    let size = number(1, 2 * side)?;

    let maps = load(Path::new(folder), side as u32)?;
    let begin = Instant::now();
    let (maps, recipe) = fit(&maps)?;
    println!("{recipe:?}");
    let prepared = Prepared::new(&maps, Edges::Wrap, recipe)?;
    let prepared_in = begin.elapsed();
    let begin = Instant::now();
    let multiple = size_multiple(&prepared);
    let whole = |multiple: usize| size.div_ceil(multiple) * multiple;
    let field = torus(&prepared, seed as u64, whole(multiple.0), whole(multiple.1))?;
    let field = field.crop(0, 0, size, size);
    let synthesized_in = begin.elapsed();
    let texels = maps.gather(&field);
    println!(
        "{} channels, {side}: prepared in {prepared_in:.1?}; {size}: {synthesized_in:.1?}, gathered in {:.1?}",
        maps.channels(),
        begin.elapsed() - synthesized_in
    );

    let mut picture = image::RgbImage::new((side + 8 + size) as u32, side.max(size) as u32);
    let shown = maps.resampled(side, side)?;
    paint(&mut picture, 0, shown.texels(), side, maps.channels());
    paint(&mut picture, side + 8, &texels, size, maps.channels());
    picture.save(out)?;
    Ok(())
}

/// The maps of a folder, scaled to `side`.
fn load(folder: &Path, side: u32) -> Result<Maps, Failure> {
    let mut channels: Vec<Vec<u8>> = Vec::new();
    let maps = find_maps(folder)?.maps;
    for map in maps.iter().filter(|map| map.kind != OutputKind::Alpha) {
        let count =
            if matches!(map.kind, OutputKind::BaseColor | OutputKind::Normal | OutputKind::Emissive) { 3 } else { 1 };
        let picture = image::load_from_memory(&read_map(map)?)?.to_rgb8();
        let picture = resize(&picture, side, side, FilterType::Lanczos3);
        channels.extend((0..count).map(|channel| picture.pixels().map(|pixel| pixel.0[channel]).collect()));
    }
    let texels =
        (0..(side * side) as usize).flat_map(|texel| channels.iter().map(move |channel| channel[texel])).collect();
    Ok(Maps::new(side as usize, side as usize, channels.len(), texels)?)
}

/// Colour, lit from the upper left where there is a normal map.
fn paint(picture: &mut image::RgbImage, left: usize, texels: &[u8], side: usize, channels: usize) {
    for (index, texel) in texels.chunks(channels).enumerate() {
        let light = match texel.get(3..6) {
            Some(&[x, y, z]) if channels >= 6 => {
                let [x, y, z] = [x, y, z].map(|v| f32::from(v) / 127.5 - 1.0);
                ((-0.45 * x + 0.45 * y + 0.77 * z) / 0.77).clamp(0.0, 1.6)
            }
            _ => 1.0,
        };
        let color = [0, 1, 2].map(|k| (f32::from(texel[k.min(channels - 1)]) * light).min(255.0) as u8);
        picture.put_pixel((left + index % side) as u32, (index / side) as u32, image::Rgb(color));
    }
}
