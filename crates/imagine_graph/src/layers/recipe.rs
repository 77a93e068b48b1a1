//! Layers as data: in code, or as RON in a file `name.layers.ron`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Maximum number of layers.
pub const MAX_LAYERS: usize = 8;
/// Extension of files with layers.
pub const LAYERS_EXTENSION: &str = ".layers.ron";

/// The layers of a material, the lowest first. `G` says which generator a layer shows: in a file, a path relative to that file.
///
/// ```
/// let text = r#"(layers: [
///     (generator: "red_bricks.generator.safetensors"),
///     (generator: "moss.generator.safetensors", mask: Cavity(radius: 12.0, from: 0.05, to: -0.1)),
/// ])"#;
/// let layers = imagine_graph::MaterialLayers::from_ron("wall.layers.ron", text).unwrap();
/// assert_eq!(layers.layers[1].contrast, 1.0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialLayers<G = String> {
    /// The layers; the first is the ground that the others lie on.
    pub layers: Vec<Layer<G>>,
}

/// One layer. The first needs nothing but its generator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layer<G = String> {
    /// What the layer is made of; `None`: what lies below, as `tint`, `roughness` and so on change it (wet stone, dust).
    pub generator: Option<G>,
    /// Name for its controls and messages: a letter, then letters, digits and `_`. Default: the generator's name.
    pub name: String,
    /// Selects the layer's random numbers, 0 to 10000. Default: its number, counted from 0. Layers of equal generator, controls and
    /// seed are computed once.
    pub seed: Option<u32>,
    /// Controls of the generator, as text; see [`crate::parse_input`]. They stay controls of the layers, as `name.control`, with
    /// these defaults.
    pub controls: BTreeMap<String, String>,
    /// How often the generator's sides are halved, 0 to 10: 1 shows everything at half its size. The generator must be by example; beyond its
    /// coarsest level it stays there. Default 0.
    pub shrink: u32,
    /// Default of the control `name.amount`, which multiplies the mask: 0 to 1. Default 1.
    pub amount: f32,
    /// Where the layer lies.
    pub mask: Mask,
    /// How much heights decide where the layer lies: 0 cross-fades by the mask alone, 1 lets it fill what is lower than its own
    /// height and lets what is higher stand out. Default 1.
    pub contrast: f32,
    /// Width of the transition as a difference of heights, above 0 to 1. Default 0.1.
    pub width: f32,
    /// How much of the relief below shows through the layer: 0 hides it, 1 is a thin coat. Default 0.5.
    pub follow: f32,
    /// Height of the layer's edge in texels, which bends the normals there: -64 to 64. Default 0.
    pub thickness: f32,
    /// Linear factors of the layer's base colour, 0 to 4. Default 1.
    pub tint: [f32; 3],
    /// Roughness in place of the layer's own, 0 to 1.
    pub roughness: Option<f32>,
    /// Metalness in place of the layer's own, 0 to 1.
    pub metallic: Option<f32>,
    /// Height in place of the layer's own, 0 to 1.
    pub height: Option<f32>,
    /// Steepness of the layer's normals, 0 (flat) to 4. Default 1.
    pub relief: f32,
}

/// Where a layer lies: 0 nowhere, 1 everywhere. Terms with `from` and `to` measure something of what lies below; they are 0 at
/// `from`, 1 at `to`, and linear between. `from` may be the larger one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Mask {
    /// 1.
    #[default]
    Everywhere,
    /// A number, 0 to 1.
    Amount(f32),
    /// Height below, 0 to 1.
    Height {
        /// Where the mask is 0.
        from: f32,
        /// Where it is 1.
        to: f32,
    },
    /// Slope below in degrees, 0 (flat) to 90.
    Slope {
        /// Where the mask is 0.
        from: f32,
        /// Where it is 1.
        to: f32,
    },
    /// How far the surface below faces `direction` (x to the right, y up, z out of the surface): the cosine of the angle, -1 to 1.
    Facing {
        /// The direction; its length does not matter.
        direction: [f32; 3],
        /// Normals are averaged around by this deviation in texels, as in `Cavity`. Default 0: they are not.
        #[serde(default)]
        radius: f32,
        /// Where the mask is 0.
        from: f32,
        /// Where it is 1.
        to: f32,
    },
    /// Ambient occlusion below, 0 (occluded) to 1 (open).
    Occlusion {
        /// Where the mask is 0.
        from: f32,
        /// Where it is 1.
        to: f32,
    },
    /// Height below less its mean around: negative in hollows and joints, positive on bumps; -1 to 1.
    Cavity {
        /// Standard deviation of the mean's weights in texels: rounded to one of 1, 2.2, 4.6, 9.2, 18.5.
        radius: f32,
        /// Where the mask is 0.
        from: f32,
        /// Where it is 1.
        to: f32,
    },
    /// Fractal noise, 0 to 1 and each as often as others; tiles, and has no end in worlds.
    Noise {
        /// Texels of the largest features: a power of two from 2 to 256, which sizes become multiples of.
        size: usize,
        /// Octaves, each of half the size and half as strong, 1 to 8. Default 4.
        #[serde(default = "octaves")]
        octaves: usize,
        /// Where the mask is 0.
        from: f32,
        /// Where it is 1.
        to: f32,
    },
    /// An input of the layers with this name, a mask: a painted image, rasterised vertex colours, or a field of a world. 1 if it is not
    /// given.
    Input(String),
    /// 1 less a mask.
    Not(Box<Mask>),
    /// The product of masks.
    Product(Vec<Mask>),
    /// The sum of masks, at most 1.
    Sum(Vec<Mask>),
}

fn octaves() -> usize {
    4
}

impl<G> Default for Layer<G> {
    fn default() -> Self {
        Self {
            generator: None,
            name: String::new(),
            seed: None,
            controls: BTreeMap::new(),
            shrink: 0,
            amount: 1.0,
            mask: Mask::Everywhere,
            contrast: 1.0,
            width: 0.1,
            follow: 0.5,
            thickness: 0.0,
            tint: [1.0; 3],
            roughness: None,
            metallic: None,
            height: None,
            relief: 1.0,
        }
    }
}

impl<G> Layer<G> {
    /// A layer of `generator` that lies everywhere.
    pub fn new(generator: G) -> Self {
        Self { generator: Some(generator), ..Self::default() }
    }

    /// The same layer with another mask.
    pub fn with_mask(self, mask: Mask) -> Self {
        Self { mask, ..self }
    }

    /// The same layer of another generator.
    pub fn with_generator<H>(&self, generator: Option<H>) -> Layer<H> {
        Layer {
            generator,
            name: self.name.clone(),
            seed: self.seed,
            controls: self.controls.clone(),
            shrink: self.shrink,
            amount: self.amount,
            mask: self.mask.clone(),
            contrast: self.contrast,
            width: self.width,
            follow: self.follow,
            thickness: self.thickness,
            tint: self.tint,
            roughness: self.roughness,
            metallic: self.metallic,
            height: self.height,
            relief: self.relief,
        }
    }
}
