//! A material that becomes another one and keeps its shape: stones under moss, plates gone to rust.

use imagine_graph::{
    ColorSpace, Div, ExemplarGather, Extent, Generator, InputKind, OutputKind, PadMode, ReduceSum, Sqrt, TEXELS,
};

use super::content::{self, Content};
use super::nodes::Nodes;
use super::style::Style;
use super::tones::{self, Tones};
use super::{FLOW, LIKENESS, card, checked, field, generator, halvings, image, output, range};
use crate::error::EditError;

/// The control of how much of the first material's relief is seen: 0 to 2, 1 as it is.
pub const RELIEF: &str = "relief";
/// The control of how dark its cavities are: 0 to 1, 0.5 by default.
pub const CAVITIES: &str = "cavities";

/// Steps of smoothing of the surroundings that a cavity is lower than: a deviation of 9 texels.
const SURROUNDINGS: usize = 4;
/// A texel this many bytes lower than its surroundings is a cavity in full.
const DEEP: f32 = 24.0;
/// The shortest normal that is divided by.
const SHORTEST: f32 = 1e-4;

/// Options of [`restyle_material`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestyleMaterial {
    /// Rows and columns of the material, multiples of 32.
    pub size: Extent,
    /// Whether the material has a normal map, whose relief is laid over the style's.
    pub normal: bool,
}

/// The generator that makes a material of another one, in the style of a generator by example with a height.
///
/// Input `image_height` `[1, 1, H, W]` from 0 to 1, and with [`RestyleMaterial::normal`] `image_normal` `[1, 3, H, W]`, +Y up, 0 to 1 for -1 to 1 as in a
/// file; both tile. Outputs are the
/// style's maps at places whose height and slope are like the material's; they tile. Controls, `[1, 1, 1, 1]`: [`LIKENESS`], [`FLOW`],
/// [`CAVITIES`] and, with a normal map, [`RELIEF`]. Normals are blended as whiteout does (Barré-Brisebois and Hill 2012). Heights, roughness and metal are the
/// style's texels; what the relief and cavities change is computed in floats.
pub fn restyle_material(style: &Generator, options: &RestyleMaterial) -> Result<Generator, EditError> {
    let size = checked(options.size)?;
    let style_of = Style::new(style, Tones::Height, 0, halvings(size))?;
    let multiple = 1 << (style_of.levels.len() - 1);
    if size.iter().any(|side| !side.is_multiple_of(multiple)) {
        let Extent { height, width } = options.size;
        return Err(EditError::Multiple { width, height, multiple });
    }
    let mut nodes = Nodes::default();
    let height = image(&mut nodes.graph, OutputKind::Height, InputKind::Image(ColorSpace::Linear), size);
    let normal =
        options.normal.then(|| image(&mut nodes.graph, OutputKind::Normal, InputKind::Image(ColorSpace::Linear), size));
    range(&mut nodes.graph, LIKENESS, 2.0, 1.0);
    range(&mut nodes.graph, FLOW, 2.0, 1.0);
    range(&mut nodes.graph, CAVITIES, 1.0, 0.5);
    if options.normal {
        range(&mut nodes.graph, RELIEF, 2.0, 1.0);
    }
    nodes.graph.weight(TEXELS, style_of.texels.clone());

    nodes.part("material");
    let bytes = tones::bytes(&mut nodes, &height);
    let normal = normal.map(|normal| {
        let doubled = nodes.times(&normal, 2.0);
        nodes.plus(&doubled, -1.0)
    });
    nodes.part("matched");
    let matched = content::matched(&mut nodes, &bytes, &style_of, size);
    let wanted = Content::new(&mut nodes, &matched, &style_of, size, PadMode::Wrap);
    let field = field::field(&mut nodes, &style_of, &wanted, LIKENESS, FLOW);

    nodes.part("cavities");
    let open = open(&mut nodes, &bytes);
    for (map, first) in style_of.maps.clone() {
        nodes.part(map.name());
        let channels = map.channels().unwrap_or(1);
        let gather = ExemplarGather { first, channels, signed: map == OutputKind::Normal };
        let texels = nodes.node(gather, &[&field, TEXELS]);
        match (map, &normal) {
            (OutputKind::BaseColor | OutputKind::Occlusion, _) => {
                nodes.product(&texels, &open);
            }
            (OutputKind::Normal, Some(normal)) => whiteout(&mut nodes, &texels, normal),
            _ => {}
        }
        output(&mut nodes, map);
    }
    Ok(generator(nodes, options.size, true, card(style, "a material in the style of")))
}

/// The light that reaches each texel: 1, and less where bytes of height are lower than around.
fn open(nodes: &mut Nodes, height: &str) -> String {
    let around = nodes.smoothed_far(height, 1, SURROUNDINGS, PadMode::Wrap);
    let depth = nodes.difference(&around, height);
    let share = nodes.times(&depth, 1.0 / DEEP);
    let share = nodes.clipped(&share, [0.0, 1.0]);
    let dark = nodes.product(&share, CAVITIES);
    let negative = nodes.times(&dark, -1.0);
    nodes.plus(&negative, 1.0)
}

/// Two normals as one: the sum of their slopes over the product of their heights, of length 1.
fn whiteout(nodes: &mut Nodes, fine: &str, coarse: &str) {
    let slopes = [fine, coarse].map(|normal| nodes.cut(normal, 1, [0, 2]));
    let raised = nodes.product(&slopes[1], RELIEF);
    let slope = nodes.sum(&slopes[0], &raised);
    let heights = [fine, coarse].map(|normal| nodes.channel(normal, 2));
    let height = nodes.product(&heights[0], &heights[1]);
    let normal = nodes.concat(&[&slope, &height], 1);
    let squares = nodes.product(&normal, &normal);
    let sum = nodes.node(ReduceSum { axes: vec![1], ..ReduceSum::default() }, &[&squares]);
    let length = nodes.node(Sqrt {}, &[&sum]);
    let length = nodes.clipped(&length, [SHORTEST, 4.0]);
    nodes.node(Div {}, &[&normal, &length]);
}
