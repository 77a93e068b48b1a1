//! Generators built in code from formulas, without training or data. Read them to learn how to build a graph by hand.
//!
//! - [`noise_material`]: rock, marble, rust or painted plaster from domain-warped fractal noise; tiles, all PBR maps.
//! - [`cloudy_sky`]: a sky with sun and clouds on the sphere, as linear HDR radiance.
//! - [`pixel_art_x2`], [`pixel_art_x3`], [`pixel_art_x4`]: pixel art, enlarged without blur.
//!
//! A graph is built in three steps: declare inputs ([`crate::Graph::input`]), add nodes, declare outputs
//! ([`crate::Graph::output`]). [`Formula`] is a thin layer for the second step that names the nodes:
//!
//! ```
//! use imagine_graph::generators::Formula;
//! use imagine_graph::{Coordinates, Dim, Generator, InputKind, OutputKind, Request, Size, SizeRule};
//!
//! // Stripes: (1 + sin(2 pi k x)) / 2, with a whole k so that they tile.
//! let mut stripes = Formula::new();
//! let place = stripes.graph.input("place", InputKind::Coordinates(Coordinates::Plane), Dim::nchw(2));
//! let x = stripes.channels(&place, 0..1);
//! let phase = stripes.mul(&x, 4.0 * std::f32::consts::TAU);
//! let wave = stripes.sin(&phase);
//! let half = stripes.mul(&wave, 0.5);
//! let height = stripes.add(&half, 0.5);
//! stripes.output(&height, OutputKind::Height);
//!
//! let size = SizeRule { tiles: true, ..SizeRule::default() };
//! let generator = Generator { output: stripes.graph, recurrence: None, size, card: Default::default() };
//! let request = Request::new(Size::new(8, 8), 0);
//! assert_eq!(generator.validate().unwrap().resolve(&request).unwrap().inputs["place"].shape, [1, 2, 8, 8]);
//! ```

mod card;
mod cloudy_sky;
mod formula;
mod noise_material;
mod octaves;
mod pixel_art;

pub use cloudy_sky::cloudy_sky;
pub use formula::{Formula, Term};
pub use noise_material::noise_material;
pub use pixel_art::{PIXEL_ART_FACTORS, pixel_art_x2, pixel_art_x3, pixel_art_x4};

use std::sync::OnceLock;

use crate::file::{self, EXTENSION, LoadedGenerator, WeightFormat};
use crate::generator::Generator;

/// A generator's name, and what builds it.
type Built = (&'static str, fn() -> Generator);

/// The generators of this module that need no picture, by name.
pub const ALL: [Built; 2] = [("noise_material", noise_material), ("cloudy_sky", cloudy_sky)];

/// The generators of this module that change a picture, by name.
pub const OF_PICTURES: [Built; 3] =
    [("pixel_art_x2", pixel_art_x2), ("pixel_art_x3", pixel_art_x3), ("pixel_art_x4", pixel_art_x4)];

/// Names of all generators of this module.
pub fn names() -> impl Iterator<Item = &'static str> {
    built().map(|(name, _)| name)
}

/// All generators of this module, by name.
pub fn built() -> impl Iterator<Item = Built> {
    ALL.into_iter().chain(OF_PICTURES)
}

/// The generator called `name`, as if loaded from a file: validated, with the file's hash.
pub fn load(name: &str) -> Option<LoadedGenerator> {
    let (name, build) = built().find(|(known, _)| *known == name)?;
    let bytes = file_bytes(build);
    Some(file::from_bytes(&format!("{name}{EXTENSION}"), &bytes).expect("a written file can be read"))
}

/// Whether a generator file with this hash belongs to this module, so that its images come from a formula.
pub fn is_built_in(hash: &str) -> bool {
    static HASHES: OnceLock<Vec<String>> = OnceLock::new();
    let hashes = HASHES.get_or_init(|| built().map(|(_, build)| file::hash(&file_bytes(build))).collect());
    hashes.iter().any(|known| known == hash)
}

/// Where the images of a generator come from, for the mark in exported files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A formula.
    Formula,
    /// Texels of an exemplar, rearranged.
    Exemplar,
    /// A trained network, at least in part.
    TrainedNetwork,
}

/// Where the images of `loaded` come from; of layers, what says most.
pub fn origin(loaded: &LoadedGenerator) -> Origin {
    if let Some(most) = loaded.parts.iter().map(|part| origin(part)).max() {
        return most;
    }
    match loaded.generator.generator.is_by_example() {
        true => Origin::Exemplar,
        false if is_built_in(&loaded.hash) => Origin::Formula,
        false => Origin::TrainedNetwork,
    }
}

/// The bytes of the generator's file.
fn file_bytes(build: fn() -> Generator) -> Vec<u8> {
    file::write(&build(), WeightFormat::F32).expect("generators built in code are valid")
}
