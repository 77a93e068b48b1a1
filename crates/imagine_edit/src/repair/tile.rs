//! A photograph of a texture becomes one that tiles.

use imagine_graph::{Extent, Generator, Not, OutputKind};

use super::picture::{Picture, Region, SIDES};
use crate::error::EditError;
use crate::nodes::to_float;

/// Narrowest seam.
const LEAST: usize = 4;

/// A repair of the picture's borders, after which the picture continues at the opposite edge. Its inputs are those of [`super::Repair`] without
/// `mask`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// Size of the picture, as of a [`super::Repair`] that tiles.
    pub size: Extent,
    /// Maps of the picture.
    pub maps: Vec<OutputKind>,
    /// Pixels along each edge that are replaced: 4 to a quarter of the shorter side. An eighth by default.
    pub seam: usize,
}

impl Tile {
    /// A texture's colours.
    pub fn new(size: Extent) -> Self {
        let seam = (size.height.min(size.width) / 8).max(LEAST);
        Self { size, maps: vec![OutputKind::BaseColor], seam }
    }

    /// The generator.
    ///
    /// # Errors
    /// A size or seam out of range, maps that are none.
    pub fn generator(&self) -> Result<Generator, EditError> {
        let most = self.size.height.min(self.size.width).max(SIDES[0]) / 4;
        if !(LEAST..=most).contains(&self.seam) {
            return Err(EditError::Seam { found: self.seam, least: LEAST, most });
        }
        let picture = Picture { size: self.size, maps: &self.maps, tiles: true };
        picture.generator("Tile", |f, plane| {
            let inside = plane.inside(f, self.seam, [0, 0]);
            let border = f.node(Not {}, &[&inside]);
            Region::Hole(to_float(f, &border))
        })
    }
}
