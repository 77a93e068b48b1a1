//! Controls of a generator by example: a slider for each attribute, how much is rearranged, tint and roughness.

use imagine_graph::{
    Add, Cast, Clip, DType, Dim, Floor, Generator, Graph, InputKind, Mul, OutputKind, Pow, Ratio, Resize, Sub, Symbol,
    Tensor,
};

use crate::attributes::Attributes;

/// Weight of a place's distance to the interval that a slider wants.
const WEIGHT: f32 = 24.0;
/// The control of how much is rearranged.
pub const VARIATION: &str = "variation";
/// The control that the base colour is multiplied with.
pub const TINT: &str = "tint";
/// The control that the roughness is multiplied with.
pub const ROUGHNESS_FACTOR: &str = "roughness_factor";
/// The exponent by which linear light becomes sRGB, nearly.
const GAMMA: f32 = 1.0 / 2.2;

/// Values of the controls at the finest spacing that reads them.
pub struct Controls {
    /// Targets of the guides, `[1 or N, attributes, H, W]`.
    wanted: Option<String>,
    /// Variation, `[1 or N, 1, H, W]`.
    variation: Option<String>,
}

impl Controls {
    /// Declares the controls; `guided` and `moved` are the finest spacings of levels that are guided and whose blocks move.
    pub fn new(graph: &mut Graph, attributes: &Attributes, guided: Option<usize>, moved: Option<usize>) -> Self {
        let wanted = guided.map(|spacing| wanted(graph, attributes, spacing));
        let variation = moved.map(|spacing| {
            range(graph, VARIATION, [0.0, 1.0], 1.0);
            let cells = at_spacing(graph, VARIATION, VARIATION, spacing);
            let steps = graph.weight("variation.steps", Tensor::f32([1, 1, 1, 1], vec![256.0]));
            let scaled = graph.push("variation.scaled", Mul {}, [cells.as_str(), &steps]);
            graph.push("variation.word", Cast::to(DType::I32), [scaled.as_str()])
        });
        Self { wanted, variation }
    }

    /// Targets for the level of `spacing`.
    pub fn wanted(&self, graph: &mut Graph, spacing: usize) -> Option<String> {
        self.wanted.as_ref().map(|value| at_spacing(graph, value, "wanted", spacing))
    }

    /// The variation for the level of `spacing`.
    pub fn variation(&self, graph: &mut Graph, spacing: usize) -> Option<String> {
        self.variation.as_ref().map(|value| at_spacing(graph, value, "varied", spacing))
    }
}

/// The gain of an output, a control that is declared here; `None` for outputs that have none.
pub fn gain(graph: &mut Graph, kind: OutputKind) -> Option<String> {
    match kind {
        OutputKind::BaseColor => {
            let shape = [1, 3, 1, 1].map(Dim::Fixed).to_vec();
            graph.input(TINT, InputKind::Color { default: [1.0; 3] }, shape);
            let gamma = graph.weight("tint.gamma", Tensor::f32([1, 1, 1, 1], vec![GAMMA]));
            // Light is not negative.
            let light = graph.push("tint.light", Clip { min: Some(0.0), max: None }, [TINT]);
            Some(graph.push("tint.srgb", Pow {}, [light.as_str(), &gamma]))
        }
        OutputKind::Roughness => {
            range(graph, ROUGHNESS_FACTOR, [0.0, 2.0], 1.0);
            Some(ROUGHNESS_FACTOR.into())
        }
        _ => None,
    }
}

/// A slider, `[1, 1, 1, 1]`.
fn range(graph: &mut Graph, name: &str, [min, max]: [f32; 2], default: f32) {
    let kind = InputKind::Range { min, max, default };
    graph.input(name, kind, [1; 4].map(Dim::Fixed).to_vec());
}

/// The words that sliders from -1 to 1 want: in steps of 1/256, above 0 at least so much, below 0 at most so much.
fn wanted(graph: &mut Graph, attributes: &Attributes, spacing: usize) -> String {
    let count = attributes.names().len();
    let channels = |value: f32| Tensor::f32([1, count, 1, 1], vec![value; count]);
    let mut sliders: Option<String> = None;
    for (index, name) in attributes.names().iter().enumerate() {
        range(graph, name, [-1.0, 1.0], 0.0);
        let cells = at_spacing(graph, name, name, spacing);
        let mut place = vec![0.0; count];
        place[index] = 256.0;
        let place = graph.weight(&format!("{name}.place"), Tensor::f32([1, count, 1, 1], place));
        let placed = graph.push(&format!("{name}.placed"), Mul {}, [cells.as_str(), &place]);
        sliders = Some(match sliders {
            Some(others) => graph.push(&format!("{name}.and_others"), Add {}, [others.as_str(), &placed]),
            None => placed,
        });
    }
    let sliders = sliders.expect("a guided level has attributes");
    let whole = |graph: &mut Graph, name: &str, from: &str| {
        let clipped = graph.push(&format!("{name}.clipped"), Clip { min: Some(0.0), max: Some(255.0) }, [from]);
        graph.push(name, Floor {}, [clipped.as_str()])
    };
    // low + 256 * (255 - raised from below) + 65536 * weight, exact in binary32.
    let low = whole(graph, "wanted.low", &sliders);
    let minus = graph.weight("wanted.minus", channels(-1.0));
    let negated = graph.push("wanted.negated", Mul {}, [sliders.as_str(), &minus]);
    let cut = whole(graph, "wanted.cut", &negated);
    let byte = graph.weight("wanted.byte", channels(256.0));
    let cut = graph.push("wanted.cut_byte", Mul {}, [cut.as_str(), &byte]);
    let rest = graph.weight("wanted.rest", channels(255.0 * 256.0 + 65_536.0 * WEIGHT));
    let low = graph.push("wanted.low_and_weight", Add {}, [low.as_str(), &rest]);
    let word = graph.push("wanted.sum", Sub {}, [low.as_str(), &cut]);
    graph.push("wanted.word", Cast::to(DType::I32), [word.as_str()])
}

/// `value`, one number or an image, with one element for each place of the level of `spacing`.
fn at_spacing(graph: &mut Graph, value: &str, name: &str, spacing: usize) -> String {
    let side = |symbol: fn(Ratio) -> Symbol| Dim::Symbol(symbol(Ratio::new(1, spacing)));
    let sizes = vec![side(Symbol::Height), side(Symbol::Width)];
    graph.push(&format!("spacing_{spacing}.{name}"), Resize { sizes, ..Resize::default() }, [value])
}

/// Gives control `from` of a generator by example the name `to`: that of an attribute by what one sees. Fails if there is no such control, or
/// the graph has a value `to` already.
pub fn rename_control(generator: &mut Generator, from: &str, to: &str) -> Result<(), ControlError> {
    let graph = &mut generator.output;
    let names: Vec<&str> = graph.inputs.iter().map(|input| input.name.as_str()).collect();
    if !names.contains(&from) {
        let known = names.join(", ");
        return Err(ControlError::Unknown { name: from.into(), known });
    }
    let outputs = graph.nodes.iter().flat_map(|node| &node.outputs);
    let is_taken = names.contains(&to) || graph.weights.contains_key(to) || outputs.into_iter().any(|name| name == to);
    if to.is_empty() || is_taken {
        return Err(ControlError::Taken(to.into()));
    }
    let inputs = graph.inputs.iter_mut().map(|input| &mut input.name);
    let read = graph.nodes.iter_mut().flat_map(|node| &mut node.inputs);
    inputs.chain(read).filter(|name| *name == from).for_each(|name| *name = to.into());
    Ok(())
}

/// Why a control cannot be renamed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// No control of that name.
    #[error("there is no control {name:?}; the generator has {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The controls that there are.
        known: String,
    },
    /// The new name is empty or means something else already.
    #[error("a control cannot be called {0:?}: the name is empty or taken")]
    Taken(String),
}
