//! A request for a part of an endless plane.

use bevy::prelude::*;
use imagine_graph::rng::Domain;
use imagine_graph::{Extent, Fields, Request, Texel};

/// Largest [`WorldPatch::mip`].
pub(crate) const MAX_MIP: u32 = 8;

/// Beside a [`Synthesis`](crate::Synthesis): the result is a part of an endless plane, `size` texels from `origin` on, instead of
/// an image that tiles. Parts of one generator, seed, controls and fields meet exactly, whatever their sizes and whatever
/// the order they are made in. Any size will do; what a generator needs around it is computed and cropped.
///
/// A generator that reads all of its image, such as one with a normalisation over it, makes no parts: the request fails
/// with the node's name. Pictures as inputs, skies and [`Living`](crate::Living) do not go with it.
#[derive(Component, Reflect, Clone, Debug, Default, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct WorldPatch {
    /// Texel of the plane, x to the right and y down, that the image's upper left is. Default 0, 0.
    pub origin: IVec2,
    /// Texels, x and y, after which plane coordinates begin anew, for generators that read them. Default 1024 each.
    pub period: Option<UVec2>,
    /// Mip level of the part that the result begins with, at most 8: the textures are `size` texels wide and show
    /// `size * 2^mip` texels of the plane, all of which are made. Default 0.
    pub mip: u32,
    /// Controls that vary over the plane; [`Biomes::fields`](crate::Biomes::fields) makes some. Default none.
    #[reflect(ignore, clone)]
    pub fields: Option<Fields>,
}

impl WorldPatch {
    /// The part whose upper left is texel `origin`.
    pub fn new(origin: IVec2) -> Self {
        Self { origin, ..default() }
    }

    /// `request` for this part of the plane.
    pub(crate) fn applied(&self, request: Request) -> Request {
        let domain = Domain { origin: Texel { y: self.origin.y, x: self.origin.x }, wrap: false };
        let period = self.period.map(|period| Extent { height: period.y as usize, width: period.x as usize });
        Request { domain, period, fields: self.fields.clone(), ..request }
    }
}
