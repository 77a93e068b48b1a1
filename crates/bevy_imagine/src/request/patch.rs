//! A request for part of an endless plane.

use bevy::prelude::*;
use imagine_graph::rng::Domain;
use imagine_graph::{Extent, Fields, Request, Texel};

/// Largest [`WorldPatch::mip`].
pub(crate) const MAX_MIP: u32 = 8;

/// Next to a [`Synthesis`](crate::Synthesis): the result is part of an endless plane, `size` texels from `origin` on, instead of
/// an image that tiles. Patches with the same generator, seed, controls and fields meet exactly, in any size and order. The
/// border that the generator needs around a patch is computed and cropped.
///
/// A generator with a node that reads the whole image, such as an instance normalisation, cannot make patches: the request
/// fails with the node's name. Image inputs, skies and [`Living`](crate::Living) cannot be combined with it.
#[derive(Component, Reflect, Clone, Debug, Default, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct WorldPatch {
    /// Texel of the plane at the upper left of the patch, x to the right, y down. Default 0, 0.
    pub origin: IVec2,
    /// Texels after which coordinates repeat, for generators that read them. Default `None`: 1024 x 1024.
    pub period: Option<UVec2>,
    /// First mip level that is kept, 0 to 8: the textures have `size` texels and show `size * 2^mip` texels of the plane, all
    /// of which are computed. Default 0.
    pub mip: u32,
    /// Controls that vary over the plane, for example from [`Biomes::fields`](crate::Biomes::fields). Default `None`.
    #[reflect(ignore, clone)]
    pub fields: Option<Fields>,
}

impl WorldPatch {
    /// The patch whose upper left texel is `origin`.
    pub fn new(origin: IVec2) -> Self {
        Self { origin, ..default() }
    }

    /// `request` for this patch.
    pub(crate) fn applied(&self, request: Request) -> Request {
        let domain = Domain { origin: Texel { y: self.origin.y, x: self.origin.x }, wrap: false };
        let period = self.period.map(|period| Extent { height: period.y as usize, width: period.x as usize });
        Request { domain, period, fields: self.fields.clone(), ..request }
    }
}
