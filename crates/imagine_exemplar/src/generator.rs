//! A prepared exemplar as a generator: one graph, which every executor runs.

use imagine_codec::{CodecError, Edges, Maps, PreparedLevel, Stored, StoredLevel};
use imagine_cpu::Level;
use imagine_graph::{
    Card, Dim, ExemplarDouble, ExemplarGather, ExemplarMatch, ExemplarMove, ExemplarStart, Extent, Generator, Graph,
    OutputKind, Ratio, SizeRule, Symbol, TEXELS, Tensor, TensorData, appearance_name, similar_name,
};

use crate::attributes::Attributes;
use crate::controls::{Controls, gain};
use crate::prepared::Prepared;
use crate::recipe::Recipe;
use crate::synthesis::size_multiple;

/// Why maps and their kinds do not make a generator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeneratorError {
    /// The kinds do not have as many channels as the maps.
    #[error("maps of {found} channels, but their kinds have {expected}: {kinds}")]
    Channels {
        /// Channels of the maps.
        found: usize,
        /// Channels of the kinds.
        expected: usize,
        /// Names of the kinds.
        kinds: String,
    },
    /// Two maps are of the same kind, or a kind has no number of channels.
    #[error("{} is not a map of its own", .0.name())]
    Kind(OutputKind),
    /// The maps do not have the size of the finest level.
    #[error("maps of {found:?} texels, but the exemplar was prepared from {expected:?}")]
    Size {
        /// Rows and columns of the maps.
        found: (usize, usize),
        /// Rows and columns of the finest level.
        expected: (usize, usize),
    },
    /// A file cannot hold the exemplar.
    #[error(transparent)]
    Stored(#[from] CodecError),
}

/// The generator of `prepared`, which shows the texels of `maps`: one output for each of `kinds`, whose channels follow each other in
/// the maps. Base colour and emissive are sRGB bytes; normals are 128 for 0, +Y up.
///
/// Every seed is another arrangement. Sizes are multiples of [`size_multiple`]; results tile. Controls are a slider from -1 to 1 for each of the
/// exemplar's [`Attributes`], 0 by default; `variation`, 0 to 1: how many of the recipe's blocks move; `tint`, a linear colour that multiplies the base
/// colour; `roughness_factor`, 0 to 2.
pub fn generator(
    prepared: &Prepared,
    maps: &Maps,
    kinds: &[OutputKind],
    card: Card,
) -> Result<Generator, GeneratorError> {
    check(prepared, maps, kinds)?;
    let attributes = Attributes::new(prepared, maps, kinds);
    let mut graph = Graph::default();
    let recipe = prepared.recipe();
    let finest = |reads: &dyn Fn(usize) -> bool| {
        (0..prepared.levels().len()).rev().find(|index| reads(*index)).map(|index| recipe.spacing(index))
    };
    let guided = finest(&|index| attributes.guide(index).is_some());
    let moved = finest(&|index| recipe.moves_on(index) > 0 && prepared.levels()[index].has_table());
    let controls = Controls::new(&mut graph, &attributes, guided, moved);
    let mut field = String::new();
    for (index, level) in prepared.levels().iter().enumerate() {
        let level = Refined { index, level, guide: attributes.guide(index) };
        field = refine(&mut graph, recipe, &level, &controls, field);
    }
    let mut first = 0;
    for kind in kinds {
        let channels = kind.channels().unwrap_or(1);
        let op = ExemplarGather { first, channels, signed: *kind == OutputKind::Normal };
        let gain = gain(&mut graph, *kind);
        let inputs = [field.as_str(), TEXELS].into_iter().chain(gain.as_deref());
        graph.push(kind.name(), op, inputs);
        graph.output(kind.name(), *kind);
        first += channels;
    }
    let (stored, levels) = stored(prepared, maps, &attributes)?;
    graph.weights.set_exemplar(stored, levels);
    let (rows, columns) = size_multiple(prepared);
    let multiple = Extent { height: rows, width: columns };
    Ok(Generator { output: graph, recurrence: None, size: SizeRule { multiple, min: multiple, tiles: true }, card })
}

/// A level, with its guide.
struct Refined<'a> {
    index: usize,
    level: &'a Level,
    guide: Option<&'a [i32]>,
}

/// Adds the nodes of a level, which refine `field`, the field of the level before; returns the refined field.
fn refine(graph: &mut Graph, recipe: &Recipe, refined: &Refined, controls: &Controls, field: String) -> String {
    let &Refined { index, level, guide } = refined;
    let spacing = recipe.spacing(index);
    let name = |part: &str| format!("spacing_{spacing}.{part}");
    let (shape, tiles) = (level.shape(), level.shape().edges == Edges::Wrap);
    let (height, width) = (shape.height as usize, shape.width as usize);
    let dims = vec![Dim::BATCH, Dim::Fixed(1), divided(Symbol::Height, spacing), divided(Symbol::Width, spacing)];
    let (block, stream) = (recipe.block as usize, index as u32);
    let guide = guide.and_then(|guide| {
        let wanted = controls.wanted(graph, spacing)?;
        let words = Tensor::new(vec![height, width, 1], TensorData::I32(guide.to_vec()));
        Some([graph.weight(&name("guide"), words), wanted])
    });
    let [guide, wanted] = guide.unwrap_or_default();
    let mut field = match index {
        0 => {
            let (rows, columns) = recipe.lattice_on(0);
            let lattice = [rows as usize, columns as usize];
            let op = ExemplarStart { height, width, tiles, block, lattice, shape: dims.clone(), stream };
            graph.push(&name("start"), op, [])
        }
        _ => graph.push(&name("double"), ExemplarDouble { height, width, tiles }, [field.as_str()]),
    };
    let (passes, probability) = (recipe.passes_on(index), recipe.moves_on(index));
    let similar = if level.has_table() { similar_name(spacing) } else { String::new() };
    if level.has_table() && (probability > 0 || !guide.is_empty()) {
        let varied = if probability > 0 { controls.variation(graph, spacing) } else { None }.unwrap_or_default();
        let op = ExemplarMove { tiles, block, probability, shape: dims, origin: [0, 0], stream };
        field = graph.push(&name("move"), op, given(&[&field, &similar, &guide, &wanted, &varied]));
    }
    for pass in 0..passes {
        let inputs = [&field, &appearance_name(spacing), &similar, &guide, &wanted];
        field = graph.push(
            &name(&format!("match_{pass}")),
            ExemplarMatch { tiles, ..ExemplarMatch::default() },
            given(&inputs),
        );
    }
    field
}

/// Inputs without omitted ones at the end.
fn given<'a>(inputs: &[&'a String]) -> Vec<&'a str> {
    let count = inputs.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
    inputs[..count].iter().map(|name| name.as_str()).collect()
}

fn check(prepared: &Prepared, maps: &Maps, kinds: &[OutputKind]) -> Result<(), GeneratorError> {
    if let Some((_, kind)) =
        kinds.iter().enumerate().find(|(index, kind)| kind.channels().is_none() || kinds[..*index].contains(kind))
    {
        return Err(GeneratorError::Kind(*kind));
    }
    let expected = kinds.iter().filter_map(|kind| kind.channels()).sum();
    if expected != maps.channels() {
        let kinds = kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
        return Err(GeneratorError::Channels { found: maps.channels(), expected, kinds });
    }
    let finest = prepared.levels().last().map(|level| level.shape());
    let expected = finest.map_or((0, 0), |shape| (shape.height as usize, shape.width as usize));
    let found = (maps.height(), maps.width());
    if found == expected { Ok(()) } else { Err(GeneratorError::Size { found, expected }) }
}

fn divided(symbol: fn(Ratio) -> Symbol, spacing: usize) -> Dim {
    Dim::Symbol(symbol(Ratio::new(1, spacing)))
}

/// The exemplar as a file holds it, and its levels as they are prepared from that.
fn stored(
    prepared: &Prepared,
    maps: &Maps,
    attributes: &Attributes,
) -> Result<(Stored, Vec<PreparedLevel>), CodecError> {
    let recipe = prepared.recipe();
    let mut edges = Edges::Wrap;
    let (mut levels, mut ready) = (Vec::new(), Vec::new());
    for (index, (level, projection)) in prepared.levels().iter().zip(prepared.projections()).enumerate() {
        let shape = level.shape();
        edges = shape.edges;
        let matches = recipe.passes_on(index) > 0;
        let table = level.has_table() && (matches || recipe.moves_on(index) > 0 || attributes.guide(index).is_some());
        levels.push(StoredLevel {
            projection: (matches || table).then(|| projection.clone()),
            matched: matches,
            table: table.then(|| recipe.lattice_on(index)),
        });
        ready.push(PreparedLevel {
            size: (shape.height as usize, shape.width as usize),
            appearance: matches.then(|| level.appearance_words()),
            similar: table.then(|| level.table().iter().map(|&place| place as i32).collect()),
        });
    }
    Ok((Stored::new(maps.clone(), edges, levels)?, ready))
}
