//! Makes a generator of every given set without one option, and prints its figures as a row of a table. A preview sheet, the generator,
//! and a texture of each go to the folder.
//!
//! ```text
//! cargo run --release -p imagine_exemplar --example figures -- out/figures SET...
//! cargo run --release -p imagine_exemplar --example figures -- --sheets out/figures SET...
//! cargo run --release -p imagine_exemplar --example figures -- --times SET...
//! cargo run --release -p imagine_exemplar --example figures -- --picture EXEMPLAR.png RESULT.png
//! ```
//!
//! With `--sheets` only what making a generator tells is printed, which is faster; with `--times` how long field and gather of textures take. With
//! `--picture`, a picture is measured that something else made of the exemplar.

mod measure;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use image::RgbImage;
use imagine_exemplar::folder::{FolderError, NormalConvention};
use imagine_exemplar::{
    ByExample, Exemplar, ExemplarError, ExemplarOptions, Maps, sheet, size_multiple, torus, window,
};
use imagine_graph::{Card, file};

use crate::measure::{Peak, coverage, distances, peak};

/// Side of the window whose repetitions are sought.
const WINDOW: usize = 2048;
/// Least side of the texture that is hashed, and of those that are timed; sides are whole periods.
const HASHED: usize = 512;
const TIMED: [usize; 4] = [256, 512, 1024, 2048];
/// Textures of each size that are timed.
const REPEATED: u32 = 10;
const HEADING: &str = "| set | texels | lattice | recipe | wall, s | CPU, s | error | loops | broken | variation | hash at 512 \
    | distance at 256, 128, 64 | coverage | repetition | own |";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match &arguments[..] {
        [flag, exemplar, result] if flag == Path::new("--picture") => picture(exemplar, result),
        [flag, sets @ ..] if flag == Path::new("--times") => sets.iter().try_for_each(|set| times(set)),
        [flag, out, sets @ ..] if flag == Path::new("--sheets") => {
            std::fs::create_dir_all(out)?;
            for set in sets {
                match made(out, set) {
                    Ok((_, cells)) => println!("{cells} |"),
                    Err(error) => println!("| {} | {error} |", name(set)),
                }
            }
            Ok(())
        }
        [out, sets @ ..] if !sets.is_empty() => {
            std::fs::create_dir_all(out)?;
            println!("{HEADING}\n|{}", "---|".repeat(HEADING.matches('|').count() - 1));
            for set in sets {
                if let Err(error) = row(out, set) {
                    println!("| {} | {error} |", name(set));
                }
            }
            Ok(())
        }
        _ => Err("a folder for what is made, and sets".into()),
    }
}

/// A set, and a mark if neither the name nor the slopes of its normal map tell its convention, so that it counts as +Y up.
fn load(set: &Path) -> Result<(Exemplar, &'static str), ExemplarError> {
    match Exemplar::load(set, &ExemplarOptions::default()) {
        Err(ExemplarError::Folder(FolderError::UnclearNormals { .. })) => {
            let options = ExemplarOptions { normal: Some(NormalConvention::OpenGl), ..ExemplarOptions::default() };
            Ok((Exemplar::load(set, &options)?, "*"))
        }
        loaded => Ok((loaded?, "")),
    }
}

/// Makes a generator of a set, with its sheet, and the first cells of its row.
fn made(out: &Path, set: &Path) -> Result<(ByExample, String), Box<dyn Error>> {
    let (before, cpu_before) = (Instant::now(), cpu_seconds());
    let (exemplar, mark) = load(set)?;
    let made = exemplar.generator(Card::default(), |stage| eprintln!("{}: {stage:?}", name(set)))?;
    let (wall, cpu) = (before.elapsed().as_secs_f64(), cpu_seconds() - cpu_before);
    let path = |end: &str| out.join(format!("{}{end}", name(set)));
    sheet(&made)?.save(path(".png"))?;
    file::save(path(".generator.safetensors"), &made.generator, file::WeightFormat::F32)?;
    let (maps, recipe, figures) = (&made.maps, &made.chosen.recipe, &made.chosen.figures);
    let cells = format!(
        "| {}{mark} | {}x{} | {:?} | {} {:?} {:?} | {wall:.1} | {cpu:.1} | {:.2} | {:.3} | {:.4} | {:.2} | {}",
        name(set),
        maps.width(),
        maps.height(),
        recipe.lattice,
        recipe.block,
        recipe.moves,
        recipe.passes,
        figures.error,
        figures.loops,
        figures.broken,
        figures.variation,
        &timed(&made, HASHED)?.1[..12],
    );
    Ok((made, cells))
}

/// Makes a generator of a set and prints its row.
fn row(out: &Path, set: &Path) -> Result<(), Box<dyn Error>> {
    let (made, cells) = made(out, set)?;
    let maps = &made.maps;
    let example = color(maps.texels(), maps);
    let twice = torus(&made.prepared, 1, 2 * maps.height(), 2 * maps.width())?;
    let [fine, middle, coarse] = distances(&example, &color(&maps.gather(&twice.places), maps));
    let field = window(&made.prepared, 1, (0, 0), (WINDOW, WINDOW))?;
    let plane = RgbImage::from_raw(WINDOW as u32, WINDOW as u32, rgb(&maps.gather(&field.places), maps.channels()));
    let tiled = RgbImage::from_fn(WINDOW as u32, WINDOW as u32, |x, y| {
        *example.get_pixel(x % example.width(), y % example.height())
    });
    let (side, tiles) = (maps.height().min(maps.width()), (maps.height(), maps.width()));
    println!(
        "{cells} | {fine:.2}, {middle:.2}, {coarse:.2} | {:.2} | {:.2} | {:.2} |",
        coverage(&twice, maps.height() * maps.width()),
        peak(&plane.ok_or("size")?, side / 4, Peak::Any),
        peak(&tiled, side / 4, Peak::ButTiles(tiles)),
    );
    Ok(())
}

/// Prints how long textures of several sizes take: milliseconds of the fastest, and of processor time.
fn times(set: &Path) -> Result<(), Box<dyn Error>> {
    let made = load(set)?.0.generator(Card::default(), |_| {})?;
    print!("| {} | {} channels |", name(set), made.maps.channels());
    for side in TIMED {
        let cpu_before = cpu_seconds();
        let mut fastest = f64::MAX;
        for _ in 0..REPEATED {
            fastest = fastest.min(timed(&made, side)?.0);
        }
        let cpu = (cpu_seconds() - cpu_before) * 1000.0 / f64::from(REPEATED);
        print!(" {side}: {fastest:.0}, {cpu:.0} |");
    }
    println!();
    Ok(())
}

/// Milliseconds of field and gather of a texture of about `side` texels a side, and the hash of its maps.
fn timed(made: &ByExample, side: usize) -> Result<(f64, String), Box<dyn Error>> {
    let (rows, columns) = size_multiple(&made.prepared);
    let before = Instant::now();
    let field = torus(&made.prepared, 1, side.next_multiple_of(rows), side.next_multiple_of(columns))?;
    let texels = made.maps.gather(&field.places);
    Ok((before.elapsed().as_secs_f64() * 1000.0, file::hash(&texels)))
}

/// Prints the figures of a picture that something else made.
fn picture(exemplar: &Path, result: &Path) -> Result<(), Box<dyn Error>> {
    let (example, result) = (image::open(exemplar)?.to_rgb8(), image::open(result)?.to_rgb8());
    let [fine, middle, coarse] = distances(&example, &result);
    let side = example.width().min(example.height()) as usize;
    println!("{fine:.2}, {middle:.2}, {coarse:.2} | {:.2}", peak(&result, side / 4, Peak::Any));
    Ok(())
}

/// The base colour, or the first map in grey.
fn color(texels: &[u8], maps: &Maps) -> RgbImage {
    let width = (texels.len() / maps.channels()) as f64;
    let scale = (width / (maps.width() * maps.height()) as f64).sqrt() as usize;
    let (height, width) = (maps.height() * scale, maps.width() * scale);
    RgbImage::from_raw(width as u32, height as u32, rgb(texels, maps.channels())).expect("three bytes for each texel")
}

fn rgb(texels: &[u8], channels: usize) -> Vec<u8> {
    texels.chunks(channels).flat_map(|texel| [0, 1, 2].map(|k| texel[if channels < 3 { 0 } else { k }])).collect()
}

fn name(set: &Path) -> String {
    set.file_stem().unwrap_or(set.as_os_str()).to_string_lossy().into_owned()
}

/// Processor time of all threads so far; 0 where the system does not say.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
