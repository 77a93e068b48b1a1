//! `imagine train exemplar`: makes a generator by example from a picture or a folder of maps, in seconds, without training a network.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::{Args, ValueEnum};
use imagine_exemplar::folder::{NormalConvention, find_maps};
use imagine_exemplar::{Exemplar, ExemplarOptions, Stage, rename_control, sheet};
use imagine_graph::Generator;
use imagine_graph::file::{self, WeightFormat, check_place, replace};
use serde_json::json;

use super::card::{CardArguments, check_out};
use super::compress::{described, parse_bits};
use super::{note, print};
use crate::arguments::MapArguments;

/// Arguments of `imagine train exemplar`.
#[derive(Args, Clone, Debug)]
pub struct TrainExemplar {
    /// A picture, or a folder of maps, named as ambientCG, Poly Haven, Substance and others do: color or albedo, normal, roughness or
    /// gloss, height, ao, metallic, opacity, emissive, or packed as arm or orm.
    exemplar: PathBuf,
    /// The exemplar does not tile. By default its edges tell.
    #[arg(long)]
    no_tiles: bool,
    /// The exemplar tiles, whatever its edges look like.
    #[arg(long, conflicts_with = "no_tiles")]
    tiles: bool,
    #[command(flatten)]
    maps: MapArguments,
    #[command(flatten)]
    file: ExemplarFile,
}

/// The generator file by example that is made, and how.
#[derive(Args, Clone, Debug)]
pub struct ExemplarFile {
    /// Generator file to write, ending in .generator.safetensors.
    #[arg(long)]
    out: PathBuf,
    /// Most texels along the exemplar's longer side; larger pictures are scaled down.
    #[arg(long, default_value_t = ExemplarOptions::default().side)]
    pub side: u32,
    /// Picture to write: the exemplar, three seeds, and four tiles of the first; `<out>.png` by default.
    #[arg(long, value_name = "PNG")]
    preview: Option<PathBuf>,
    /// What the file holds: the picture itself; a rearrangement of it that was synthesised here; or such a rearrangement, compressed to --bits.
    #[arg(long, value_enum, default_value_t = Store::Picture)]
    store: Store,
    /// Rearranges by shuffling blocks of the picture, each shown once, in place of a free synthesis: keeps all its colours, as a style should.
    #[arg(long)]
    shuffle: bool,
    /// Bits a texel of `--store compressed`, all maps together.
    #[arg(long, default_value_t = 4.0, value_parser = parse_bits)]
    bits: f64,
    /// Width in metres of what the picture shows, so that a game can show it in its real size.
    #[arg(long, value_parser = parse_metres)]
    pub metres: Option<f32>,
    /// Names an attribute by what one sees, as in lightness=snow; repeat it for others.
    #[arg(long, value_name = "ATTRIBUTE=NAME", value_parser = parse_name)]
    attribute: Vec<(String, String)>,
    /// Print JSON at the end, and no progress.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub card: CardArguments,
}

/// What a generator file by example holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Store {
    /// The texels of the picture, to the bit.
    Picture,
    /// The same texels, rearranged.
    Synthesized,
    /// A rearrangement, compressed.
    Compressed,
}

impl TrainExemplar {
    fn options(&self, normal: Option<NormalConvention>) -> ExemplarOptions {
        let tiles = self.tiles.then_some(true).or(self.no_tiles.then_some(false));
        ExemplarOptions { side: self.file.side, tiles, normal, metres: self.file.metres }
    }

    /// Makes and writes the generator file and its preview.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        self.file.check()?;
        let normal = self.maps.normal(&self.exemplar)?;
        let begin = Instant::now();
        if !self.file.json && self.exemplar.is_dir() {
            note(find_maps(&self.exemplar)?.to_string().trim_end());
        }
        let exemplar = Exemplar::load(&self.exemplar, &self.options(normal))
            .with_context(|| self.exemplar.display().to_string())?;
        self.file.make(&exemplar, begin)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl ExemplarFile {
    /// Fails if the files cannot be written, or if options contradict each other.
    pub fn check(&self) -> anyhow::Result<()> {
        check_out(&self.out)?;
        if self.shuffle && self.store == Store::Picture {
            anyhow::bail!(
                "--shuffle: with --store synthesized or compressed; a file that holds the picture is not rearranged"
            );
        }
        check_place(self.preview()?).context("--preview")?;
        Ok(())
    }

    fn preview(&self) -> anyhow::Result<PathBuf> {
        let base = check_out(&self.out)?;
        Ok(self.preview.clone().unwrap_or_else(|| format!("{base}.png").into()))
    }

    /// A line of progress, with the time since `begin`.
    pub fn tell(&self, begin: Instant, line: &str) {
        if !self.json && std::io::stderr().is_terminal() {
            note(format_args!("{:5.1} s  {line}", begin.elapsed().as_secs_f32()));
        }
    }

    /// Makes and writes the generator file of an exemplar and its preview, and prints what it wrote.
    pub fn make(&self, exemplar: &Exemplar, begin: Instant) -> anyhow::Result<()> {
        let preview = self.preview()?;
        let tell = |line: &str| self.tell(begin, line);
        tell(&exemplar_line(exemplar));
        let mut made = exemplar.generator(self.card.card(), |stage| tell(&stage_line(&stage)))?;
        if self.store != Store::Picture {
            made = match self.shuffle {
                true => exemplar.shuffled(&made, self.card.card())?,
                false => exemplar.rearranged(&made, self.card.card())?,
            };
            tell("rearranged");
        }
        if self.store == Store::Compressed {
            tell(&format!("compressed: {}", described(&made.compress(self.bits)?)));
        }
        for (attribute, name) in &self.attribute {
            rename_control(&mut made.generator, attribute, name).context("--attribute")?;
        }
        tell(&controls_line(&made.generator));
        file::save(&self.out, &made.generator, WeightFormat::F32)?;
        tell("written");
        write_png(&preview, &sheet(&made)?)?;
        let (height, width) = (made.maps.height(), made.maps.width());
        let card = &made.generator.card;
        let seconds = begin.elapsed().as_secs_f64();
        let report = json!({
            "out": self.out.display().to_string(), "preview": preview.display().to_string(), "width": width, "height": height,
            "tiles": exemplar.tiles(), "recipe": card.recipe, "metrics": card.metrics, "seconds": seconds,
            "size_rule": made.generator.size,
        });
        let size = made.generator.size.multiple;
        let text = format!(
            "{}\nwrote {} and {}; sizes are multiples of {}x{}",
            card.recipe,
            self.out.display(),
            preview.display(),
            size.width,
            size.height
        );
        print(self.json, &report, &text)
    }
}

fn controls_line(generator: &Generator) -> String {
    let names: Vec<&str> = generator.output.inputs.iter().map(|input| input.name.as_str()).collect();
    format!("controls: {}", names.join(", "))
}

/// A width in metres.
fn parse_metres(text: &str) -> Result<f32, String> {
    let metres = text.parse().map_err(|_| "a number of metres, as in 2.5")?;
    if (0.001..=100_000.0).contains(&metres) { Ok(metres) } else { Err("0.001 to 100000 metres".into()) }
}

/// `ATTRIBUTE=NAME`.
fn parse_name(text: &str) -> Result<(String, String), String> {
    let (attribute, name) = text.split_once('=').ok_or("ATTRIBUTE=NAME, as in lightness=snow")?;
    Ok((attribute.trim().into(), name.trim().into()))
}

fn stage_line(stage: &Stage) -> String {
    match stage {
        Stage::Fitted { size: (height, width), lattice: (1, 1) } => format!("{width}x{height}, nothing repeats"),
        Stage::Fitted { size: (height, width), lattice: (rows, columns) } => {
            format!("{width}x{height}, offsets are multiples of {columns}x{rows}")
        }
        Stage::Tried { trial } => {
            let figures = trial.figures;
            format!(
                "tried a recipe: error {:.3}, loops {:.3}, variation {:.3}",
                figures.error, figures.loops, figures.variation
            )
        }
        _ => "prepared".into(),
    }
}

fn exemplar_line(exemplar: &Exemplar) -> String {
    let kinds: Vec<&str> = exemplar.kinds().iter().map(|kind| kind.name()).collect();
    let (height, width) = (exemplar.maps().height(), exemplar.maps().width());
    let tiles = if exemplar.tiles() { "tiles" } else { "does not tile" };
    let derived = if exemplar.has_derived_height() { "; height integrated from the normals" } else { "" };
    format!("{width}x{height}, {tiles}: {}{derived}", kinds.join(", "))
}

/// Writes a picture as a PNG file.
pub fn write_png(path: &Path, picture: &image::RgbImage) -> anyhow::Result<()> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png)?;
    replace(path, bytes.get_ref()).with_context(|| path.display().to_string())
}
