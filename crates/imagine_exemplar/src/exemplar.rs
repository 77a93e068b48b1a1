//! An exemplar as people have it, a picture or a folder of maps, and the generator that is made of it.

use std::path::Path;

use image::DynamicImage;
use imagine_codec::{Edges, Maps};
use imagine_cpu::Field;
use imagine_graph::{Card, Generator, OutputKind, Provenance, file};

use crate::choice::{Trial, choose};
use crate::compress::{CompressError, Compression, compress};
use crate::error::ExemplarError;
use crate::figures::of_field;
use crate::fit::{fit, fit_bounded};
use crate::folder::{MapFile, find_maps};
use crate::generator::generator;
use crate::height::height_from_normals;
use crate::pictures::{ExemplarOptions, interleaved};
use crate::prepared::Prepared;
use crate::shuffle::shuffled;
use crate::synthesis::{refine, torus};

/// The first words of the recipe in the card of a generator by example.
pub const RECIPE: &str = "by example of";

/// Arrangements of which one is stored, and how much it varies at least.
const ARRANGEMENTS: u64 = 8;
const REARRANGED: f64 = 0.1;

/// Maps that belong together, with their meaning and origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    maps: Maps,
    kinds: Vec<OutputKind>,
    tiles: bool,
    derived_height: bool,
    metres: Option<f32>,
    name: String,
    sha256: String,
}

/// A step of [`Exemplar::generator`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stage {
    /// The exemplar has this many rows and columns now, and offsets on this lattice, rows and columns; 1 is free.
    Fitted {
        /// Rows and columns of texels.
        size: (usize, usize),
        /// Rows and columns of the lattice.
        lattice: (u32, u32),
    },
    /// A recipe was tried.
    Tried {
        /// The recipe and its figures.
        trial: Trial,
    },
    /// The best recipe is chosen and all levels are prepared.
    Prepared,
}

/// A generator by example, with what it was made of.
#[derive(Clone, Debug)]
pub struct ByExample {
    /// The generator, with its card.
    pub generator: Generator,
    /// The texels that it shows.
    pub maps: Maps,
    /// Kinds of the maps, in the order of their channels.
    pub kinds: Vec<OutputKind>,
    /// The levels that fields are refined on.
    pub prepared: Prepared,
    /// The recipe that was chosen; broken joints are those of the finest level.
    pub chosen: Trial,
}

impl ByExample {
    /// Compresses the texels to about `bits` bits a texel, as [`compress`] does.
    pub fn compress(&mut self, bits: f64) -> Result<Compression, CompressError> {
        let compression = compress(&mut self.generator, bits)?;
        if let Some(exemplar) = self.generator.output.weights.exemplar() {
            self.maps = exemplar.maps().clone();
            self.prepared = self.prepared.of(&self.maps);
        }
        Ok(compression)
    }
}

impl Exemplar {
    /// Reads a picture (colour alone) or a folder of maps; see [`crate::folder`].
    pub fn load(path: &Path, options: &ExemplarOptions) -> Result<Self, ExemplarError> {
        let files = if path.is_dir() { find_maps(path)?.maps } else { vec![MapFile::color(path)] };
        let (mut contents, mut pictures) = (Vec::new(), Vec::new());
        for map in &files {
            let data = map.open()?;
            pictures.push((map.kind, data.picture(options.normal)?.pixels));
            contents.extend(data.bytes());
        }
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let sha256 = file::hash(&contents);
        Ok(Self { name, sha256, ..Self::from_maps(&pictures, options)? })
    }

    /// An exemplar from pictures in memory: base colour and emissive as sRGB, normals +Y up, of any sizes of the same proportions. A height is
    /// integrated from normals if there is none.
    pub fn from_maps(
        pictures: &[(OutputKind, DynamicImage)],
        options: &ExemplarOptions,
    ) -> Result<Self, ExemplarError> {
        let (maps, tiles) = interleaved(pictures, options)?;
        let mut exemplar = Self {
            maps,
            kinds: pictures.iter().map(|(kind, _)| *kind).collect(),
            tiles,
            derived_height: false,
            metres: options.metres,
            name: String::new(),
            sha256: String::new(),
        };
        if !exemplar.kinds.contains(&OutputKind::Height) && exemplar.kinds.contains(&OutputKind::Normal) {
            exemplar.derive_height()?;
        }
        Ok(exemplar)
    }

    fn derive_height(&mut self) -> Result<(), ExemplarError> {
        let (height, width, channels) = (self.maps.height(), self.maps.width(), self.maps.channels());
        let before = self.kinds.iter().take_while(|kind| **kind != OutputKind::Normal);
        let first: usize = before.filter_map(|kind| kind.channels()).sum();
        let texels = self.maps.texels().chunks(channels);
        let normals: Vec<u8> = texels.clone().flat_map(|texel| &texel[first..first + 3]).copied().collect();
        let heights = height_from_normals(&normals, height, width, self.tiles);
        let texels = texels.zip(heights).flat_map(|(texel, height)| texel.iter().copied().chain([height])).collect();
        self.maps = Maps::new(height, width, channels + 1, texels)?;
        self.kinds.push(OutputKind::Height);
        self.derived_height = true;
        Ok(())
    }

    /// The maps, interleaved in the order of [`Self::kinds`].
    pub fn maps(&self) -> &Maps {
        &self.maps
    }

    /// What the maps are.
    pub fn kinds(&self) -> &[OutputKind] {
        &self.kinds
    }

    /// Whether the exemplar continues at the opposite edge.
    pub fn tiles(&self) -> bool {
        self.tiles
    }

    /// Whether the height was integrated from the normals.
    pub fn has_derived_height(&self) -> bool {
        self.derived_height
    }

    /// Makes a generator: finds periods and resamples to whole ones, tries recipes and takes the most varied one without visible faults.
    /// Takes 10 to 14 seconds of processor time for 1024 x 1024 texels. `card` gets recipe, figures, hash, and a name if it has none.
    pub fn generator(&self, card: Card, mut report: impl FnMut(Stage)) -> Result<ByExample, ExemplarError> {
        let (edges, (maps, base)) = match self.tiles {
            true => (Edges::Wrap, fit(&self.maps)?),
            false => (Edges::Bounded, fit_bounded(&self.maps)?),
        };
        report(Stage::Fitted { size: (maps.height(), maps.width()), lattice: base.lattice });
        let (prepared, mut chosen) =
            choose(&maps, edges, &base, |trial| report(Stage::Tried { trial: trial.clone() }))?;
        report(Stage::Prepared);
        if chosen.recipe.lattice != (1, 1) {
            refine(&prepared, 1, maps.height(), maps.width(), |level, field| {
                if level + 1 == prepared.levels().len() {
                    chosen.figures.broken = of_field(&prepared, field).broken;
                }
            });
        }
        let generator = generator(&prepared, &maps, &self.kinds, self.card(card, &maps, &chosen))?;
        Ok(ByExample { generator, maps, kinds: self.kinds.clone(), prepared, chosen })
    }

    /// The generator of a rearrangement of the exemplar: its texels, as synthesis has arranged them anew. A file of it does not hold the pictures
    /// themselves. Of several arrangements, with half the moves, it takes the one that varies least but visibly: what is rearranged again should
    /// have few seams. `made` is what [`Self::generator`] gave; `card` as there.
    pub fn rearranged(&self, made: &ByExample, card: Card) -> Result<ByExample, ExemplarError> {
        let moves = made.prepared.recipe().moves.iter().map(|moves| moves / 2).collect();
        let prepared = made.prepared.with_moves(moves);
        let mut best: Option<(f64, Field)> = None;
        for seed in 0..ARRANGEMENTS {
            let field = torus(&prepared, seed, made.maps.height(), made.maps.width())?;
            let variation = of_field(&prepared, &field).variation;
            let is_better = |best: f64| match variation >= REARRANGED {
                true => variation < best || best < REARRANGED,
                false => variation > best,
            };
            if best.as_ref().is_none_or(|(best, _)| is_better(*best)) {
                best = Some((variation, field));
            }
        }
        let (_, field) = best.expect("there are arrangements");
        self.of_arrangement(made, &field, card, "a rearrangement of it")
    }

    /// The generator of a shuffled exemplar: blocks of about 128 texels have changed places, each shown once, and seams are matched. It keeps all
    /// colours and strokes, so that it serves as a style, and tiles; a file of it does not hold the pictures themselves. Of several orders it takes
    /// the one that varies most. `made` is what [`Self::generator`] gave; `card` as there.
    pub fn shuffled(&self, made: &ByExample, card: Card) -> Result<ByExample, ExemplarError> {
        let fields = (0..ARRANGEMENTS).map(|seed| shuffled(&made.prepared, seed));
        let varied = fields.map(|field| (of_field(&made.prepared, &field).variation, field));
        let best = varied.max_by(|(one, _), (other, _)| one.total_cmp(other));
        let (_, field) = best.expect("there are orders");
        self.of_arrangement(made, &field, card, "its blocks in another order")
    }

    /// The generator of the texels as `field` shows them, which tile.
    fn of_arrangement(
        &self,
        made: &ByExample,
        field: &Field,
        card: Card,
        what: &str,
    ) -> Result<ByExample, ExemplarError> {
        let texels = made.maps.gather(&field.places);
        let maps = Maps::new(field.height, field.width, made.maps.channels(), texels)?;
        let chosen = made.chosen.clone();
        let prepared = Prepared::new(&maps, Edges::Wrap, chosen.recipe.clone())?;
        let mut card = self.card(card, &maps, &chosen);
        card.recipe.push_str(&format!("; the file holds {what}"));
        let generator = generator(&prepared, &maps, &self.kinds, card)?;
        Ok(ByExample { generator, maps, kinds: self.kinds.clone(), prepared, chosen })
    }

    fn card(&self, mut card: Card, maps: &Maps, chosen: &Trial) -> Card {
        if card.title.is_empty() {
            card.title = self.name.clone();
        }
        if card.training_data.is_empty() {
            card.training_data.push(Provenance::default());
        }
        let data = &mut card.training_data[0];
        if data.name.is_empty() {
            data.name = self.name.clone();
        }
        data.sha256 = self.sha256.clone();
        let (height, width) = (maps.height(), maps.width());
        // What tiles is resampled to whole periods, anything else cropped.
        let whole = if self.tiles { width } else { self.maps.width() };
        card.texels_per_metre = self.metres.map(|metres| whole as f32 / metres);
        let recipe = &chosen.recipe;
        let lattice = match recipe.lattice {
            (1, 1) => String::new(),
            (rows, columns) => format!(", lattice {columns}x{rows}"),
        };
        let derived = if self.derived_height { "; height integrated from the normals" } else { "" };
        card.recipe = format!(
            "{RECIPE} {}: {width}x{height} texels{lattice}, blocks of {}, moves {:?}, passes {:?}{derived}",
            data.name, recipe.block, recipe.moves, recipe.passes
        );
        let figures = &chosen.figures;
        for (name, value) in [
            ("neighbourhood_error", figures.error),
            ("loop_share", figures.loops),
            ("broken_joints", figures.broken),
            ("variation", figures.variation),
        ] {
            card.set_metric(name, value);
        }
        card
    }
}
