//! Enlarging pictures and whole materials by 2, 3 or 4: by a network (super-resolution), or pixel art without blur.
//!
//! An [`Upscaler`] becomes a generator in two ways: [`Upscaler::of_maps`] enlarges pictures that it is given, [`Upscaler::after`] what another
//! generator makes, so that a material is made at 256 and shown at 1024 pixels.
//!
//! | map | how it is enlarged by a network |
//! |---|---|
//! | base colour, emissive | in sRGB |
//! | alpha, height, roughness, metallic, occlusion | as grey |
//! | normal | as colours, then unit length |
//!
//! Before that, colour spreads to the pixels with alpha 0, whose own colour nobody sees, so that no dark rim appears. [`PIXEL_ART_FACTORS`] of pixel
//! art copy pixels as `imagine_graph::generators::pixel_art_x2` does, all maps alike.
//!
//! Like every generator, an enlarged one has tiles and patches, which equal the whole to the bit.

mod after;
mod embedded;
mod error;
pub(crate) mod of_maps;
pub(crate) mod stage;

use std::sync::Arc;

use imagine_graph::file::LoadedGenerator;
use imagine_graph::generators;

pub use error::UpscaleError;
pub use imagine_graph::generators::PIXEL_ART_FACTORS;

use crate::network::Network;

/// How often a network may enlarge a side.
const ENLARGED: std::ops::RangeInclusive<usize> = 2..=8;

/// What enlarges pictures, ready to be used.
#[derive(Clone, Debug)]
pub struct Upscaler {
    kind: Kind,
    factor: usize,
    /// What a file is marked with: a network's generator, or the formula for pixel art.
    loaded: Arc<LoadedGenerator>,
}

#[derive(Clone, Debug)]
enum Kind {
    Network(Network),
    PixelArt,
}

impl Upscaler {
    /// The factors of the networks in this crate.
    pub const FACTORS: [usize; 2] = [2, 4];

    /// The network in this crate for a factor of 2 or 4: SESR, trained on CC0 photographs and materials.
    ///
    /// # Errors
    /// Another factor.
    pub fn small(factor: usize) -> Result<Self, UpscaleError> {
        let loaded = embedded::load(factor).ok_or(UpscaleError::Factor { factor, known: &Self::FACTORS })?;
        Self::from_generator(&loaded)
    }

    /// Pixel art by 2, 3 or 4: every pixel is a copy of a pixel.
    ///
    /// # Errors
    /// Another factor.
    pub fn pixel_art(factor: usize) -> Result<Self, UpscaleError> {
        let name = format!("pixel_art_x{factor}");
        let loaded = Some(factor).filter(|factor| PIXEL_ART_FACTORS.contains(factor));
        let loaded = loaded.and_then(|_| generators::load(&name));
        let loaded = loaded.ok_or(UpscaleError::Factor { factor, known: &PIXEL_ART_FACTORS })?;
        Ok(Self { kind: Kind::PixelArt, factor, loaded: Arc::new(loaded) })
    }

    /// A network from a file: its only input is a picture of three channels, and it makes a base colour that is 2 to 8 times as large.
    ///
    /// # Errors
    /// A generator of another kind.
    pub fn from_generator(loaded: &Arc<LoadedGenerator>) -> Result<Self, UpscaleError> {
        let fail = |reason| UpscaleError::NoUpscaler { generator: loaded.name.clone(), reason };
        let network = Network::new(loaded.clone(), ENLARGED, &[]).map_err(fail)?;
        Ok(Self { factor: network.factor, kind: Kind::Network(network), loaded: loaded.clone() })
    }

    /// Factor by which each side grows.
    pub fn factor(&self) -> usize {
        self.factor
    }

    /// The network's generator, or the formula for pixel art.
    pub fn generator(&self) -> &Arc<LoadedGenerator> {
        &self.loaded
    }
}
