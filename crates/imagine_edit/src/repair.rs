//! Repair: what lies under a mask is replaced by what its surroundings lead to expect. Objects are removed, holes filled, and photographs made
//! to tile ([`Tile`]).
//!
//! | input | |
//! |---|---|
//! | `image`, `image_normal` and so on | the picture's maps |
//! | `mask` | above 1/2 where the picture is to be replaced; `Tile` has none |
//!
//! Every pixel of the region shows a pixel of the rest, all maps the same one: a field of places, refined from coarse to fine so that each 7x7 patch looks like one
//! that is there (Wexler, Shechtman and Irani, "Space-Time Completion of Video", 2007). On the coarsest level the region is filled ring by ring, each cell by an exhaustive
//! search. Then, on every level: places from the neighbours' places (coherence search; Ashikhmin, "Synthesizing Natural Textures", 2001), compared by
//! cosines of patches of all maps and of how rough they are; numbers from the votes of overlapping patches. There is no random search.
//!
//! Places and votes are whole numbers, so that all executors choose the same pixels. Colours of pictures are fitted at seams by a screened
//! Poisson equation on the gradients of the pixels that are shown (Pérez, Gangnet and Blake, "Poisson Image Editing", 2003); materials are left as
//! they are. Pixels outside the region keep every bit.
//!
//! Thin parts of the mask can be told from holes ([`Repair::scratches`]): they are continued smoothly, and then count as known.

mod basis;
mod channels;
mod level;
mod peel;
mod picture;
mod polish;
mod refine;
mod scratches;
mod tile;

pub use tile::Tile;

use imagine_graph::generators::Formula;
use imagine_graph::{Extent, Generator, Greater, OutputKind, Tensor};

use crate::error::EditError;
use crate::maps::mask;
use crate::nodes::{Plane, to_float};
pub(crate) use picture::Picture;
use picture::Region;
use scratches::MAX_WIDTH;

/// Largest growth of the mask in pixels.
const MAX_GROW: usize = 64;

/// A repair of pictures of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// Size of the picture, 16 to 2048 pixels a side. With `tiles`, sides that can be halved until at most 36,864 pixels are left: multiples of 4 up to
    /// 768 a side, of 16 in any case.
    pub size: Extent,
    /// Maps of the picture.
    pub maps: Vec<OutputKind>,
    /// Pixels by which the mask grows on all sides, 0 to 64, so that no remnant of an object stays and grows into the region. 3 by default.
    pub grow: usize,
    /// Parts of the mask that are at most this many pixels wide are scratches: 0 to 6. They grow by one pixel at most, and are continued
    /// smoothly from both sides (the biharmonic equation) before anything else, in place of copying; a picture may be full of them.
    /// 0, the default: there are none.
    pub scratches: usize,
    /// Whether the picture continues at the opposite edge.
    pub tiles: bool,
}

impl Repair {
    /// A repair of a picture's colours.
    pub fn new(size: Extent) -> Self {
        Self { size, maps: vec![OutputKind::BaseColor], grow: 3, scratches: 0, tiles: false }
    }

    /// The generator; its inputs are in the [module's table](self).
    ///
    /// # Errors
    /// A size, growth or width of scratches out of range, maps that are none.
    pub fn generator(&self) -> Result<Generator, EditError> {
        if self.grow > MAX_GROW {
            return Err(EditError::Grow { found: self.grow, most: MAX_GROW });
        }
        if self.scratches > MAX_WIDTH {
            return Err(EditError::Scratches { found: self.scratches, most: MAX_WIDTH });
        }
        let region = |f: &mut Formula, plane: Plane| {
            let mask = mask(f);
            let half = f.weight(Tensor::scalar(0.5));
            let mask = f.node(Greater {}, &[&mask, &half]);
            let mask = to_float(f, &mask);
            match self.scratches {
                0 => Region::Hole(plane.spread(f, &mask, self.grow)),
                width => Region::Parts(scratches::parts(f, plane, &mask, width, self.grow)),
            }
        };
        let picture = Picture { size: self.size, maps: &self.maps, tiles: self.tiles };
        picture.generator("Repair", region)
    }
}
