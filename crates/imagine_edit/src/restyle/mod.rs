//! Restyle: a picture painted with the texels of a style, which is any generator by example.
//!
//! The style's field is refined from coarse to fine as in synthesis by example, and steered by guides: luminance, direction and differences of
//! colour of the picture, each with the style's distribution, and at the coarser levels by places of the style that have the luminance and direction that
//! are wanted. Sources: image analogies (Hertzmann et al. 2001), order-independent synthesis (Wei and Levoy 2002), appearance vectors
//! (Lefebvre and Hoppe 2006).

mod content;
mod field;
mod finish;
mod material;
mod nodes;
mod plane;
mod style;
mod tones;

use imagine_graph::{Card, ColorSpace, Dim, Extent, Generator, Graph, InputKind, OutputKind, PadMode, Size, TEXELS};

use content::Content;
use nodes::Nodes;
use style::Style;
use tones::Tones;

use crate::error::{EditError, MAX_SIDE};
use crate::maps::{check_size, input_name, only};

pub use material::{CAVITIES, RELIEF, RestyleMaterial, restyle_material};

/// The control of how much is painted: 0 is the picture, 1 the painting.
pub const STRENGTH: &str = "strength";
/// The control of whose colours are seen: 0 the style's, 1 the picture's, with the style's light and dark.
pub const KEEP_COLORS: &str = "keep_colors";
/// The control of how closely strokes follow the picture: 0 not at all, 1 as usual, 2 closely.
pub const LIKENESS: &str = "likeness";
/// The control of how much strokes follow the picture's edges: 0 to 2, 1 as usual.
pub const FLOW: &str = "flow";

/// Smallest side of a picture.
const MIN_SIDE: usize = 32;
/// Most halvings from a picture to where its field begins.
const MOST_HALVINGS: usize = 5;
/// Cells along the shorter side of the coarsest field, at least.
const LEAST_CELLS: usize = 4;

/// Options of [`restyle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restyle {
    /// Rows and columns of the picture, 32 to 4096 each.
    pub size: Extent,
    /// Brush strokes have half, a quarter or an eighth of their size in the style: halvings, 0 to 3.
    pub finer_strokes: usize,
}

impl Restyle {
    /// A picture of this size, with strokes as large as the style has them.
    pub fn new(size: Extent) -> Self {
        Self { size, finer_strokes: 0 }
    }
}

/// The generator that paints a picture in the style of a generator by example with a base colour.
///
/// Input `image` `[1, 3, H, W]`, sRGB bytes from 0 to 1; output `base_color` of the same shape. Controls, `[1, 1, 1, 1]`: [`STRENGTH`] 0 to 1 (1),
/// [`KEEP_COLORS`] 0 to 1 (0), [`LIKENESS`] 0 to 2 (1), [`FLOW`] 0 to 2 (1). Each seed draws other strokes. At strength 1 with the style's
/// colours, results are the same bytes on every executor.
pub fn restyle(style: &Generator, options: &Restyle) -> Result<Generator, EditError> {
    let size = checked(options.size)?;
    let halvings = halvings(size);
    let style_of = Style::new(style, Tones::Colors, options.finer_strokes.min(3), halvings)?;
    let padded = size.map(|side| side.next_multiple_of(1 << (style_of.levels.len() - 1)));
    let mut nodes = Nodes::default();
    let picture = image(&mut nodes.graph, OutputKind::BaseColor, InputKind::Image(ColorSpace::Srgb), size);
    let controls = [(STRENGTH, 1.0, 1.0), (KEEP_COLORS, 1.0, 0.0), (LIKENESS, 2.0, 1.0), (FLOW, 2.0, 1.0)];
    controls.iter().for_each(|(name, max, default)| range(&mut nodes.graph, name, *max, *default));
    nodes.graph.weight(TEXELS, style_of.texels.clone());

    nodes.part("picture");
    let whole = tones::bytes(&mut nodes, &picture);
    let more = [0, 1].map(|axis| padded[axis] - size[axis]);
    let bytes = if more == [0, 0] { whole.clone() } else { nodes.padded(&whole, [[0, 0], more], PadMode::Edge) };
    let tones = tones::of_bytes(&mut nodes, &bytes, Tones::Colors);
    let tones = content::contrasted(&mut nodes, &tones, Tones::Colors.count(), PadMode::Reflect);
    nodes.part("matched");
    let matched = content::matched(&mut nodes, &tones, &style_of, padded);
    let content = Content::new(&mut nodes, &matched, &style_of, padded, PadMode::Reflect);
    let field = field::field(&mut nodes, &style_of, &content, LIKENESS, FLOW);

    nodes.part("painted");
    let first = style_of.first(OutputKind::BaseColor)?;
    let painted = finish::voted(&mut nodes, &field, first, padded);
    let light = nodes.channel(&matched, 0);
    let painted = finish::relit(&mut nodes, &painted, &light);
    let painted = nodes.cropped(&painted, [0, 0], size);
    let painted = finish::recolored(&mut nodes, &painted, &whole, KEEP_COLORS);
    let painted = nodes.times(&painted, 1.0 / 255.0);
    finish::blended(&mut nodes, &picture, &painted, STRENGTH);
    output(&mut nodes, OutputKind::BaseColor);
    Ok(generator(nodes, options.size, false, card(style, "a picture painted in the style of")))
}

fn checked(size: Extent) -> Result<[usize; 2], EditError> {
    check_size(size, MIN_SIDE, MAX_SIDE)?;
    Ok([size.height, size.width])
}

/// Halvings after which a picture has at least [`LEAST_CELLS`] cells along its shorter side.
fn halvings(size: [usize; 2]) -> usize {
    let side = size[0].min(size[1]);
    (0..=MOST_HALVINGS).rev().find(|halvings| side >> halvings >= LEAST_CELLS).unwrap_or(0)
}

/// Declares a map as an input, and returns its name.
fn image(graph: &mut Graph, map: OutputKind, kind: InputKind, size: [usize; 2]) -> String {
    let shape = [1, map.channels().unwrap_or(1), size[0], size[1]].map(Dim::Fixed).to_vec();
    graph.input(&input_name("image", map), kind, shape)
}

fn range(graph: &mut Graph, name: &str, max: f32, default: f32) {
    graph.input(name, InputKind::Range { min: 0.0, max, default }, [1; 4].map(Dim::Fixed).to_vec());
}

/// Declares the value of the last node as the output of a map.
fn output(nodes: &mut Nodes, map: OutputKind) {
    let name = map.name().to_string();
    if let Some(node) = nodes.graph.nodes.last_mut() {
        node.name.clone_from(&name);
        node.outputs = vec![name.clone()];
    }
    nodes.graph.output(&name, map);
}

fn card(style: &Generator, what: &str) -> Card {
    let mut card = style.card.clone();
    card.recipe = format!("{what} {}: {}", style.card.title, style.card.recipe);
    card
}

fn generator(nodes: Nodes, size: Extent, tiles: bool, card: Card) -> Generator {
    let size = only(Size::new(size.height, size.width), tiles);
    Generator { output: nodes.graph, recurrence: None, size, card }
}
