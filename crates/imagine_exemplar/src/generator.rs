//! A prepared exemplar as a generator: one graph, which every executor runs.

use imagine_codec::{CodecError, Edges, Maps, PreparedLevel, Stored, StoredLevel};
use imagine_cpu::Level;
use imagine_graph::{
    Card, Dim, ExemplarDouble, ExemplarGather, ExemplarMatch, ExemplarMove, ExemplarStart, Extent, Generator, Graph,
    OutputKind, Ratio, SizeRule, Symbol, TEXELS, appearance_name, similar_name,
};

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
/// Every seed is another arrangement. Sizes are multiples of [`size_multiple`]; results tile.
pub fn generator(
    prepared: &Prepared,
    maps: &Maps,
    kinds: &[OutputKind],
    card: Card,
) -> Result<Generator, GeneratorError> {
    check(prepared, maps, kinds)?;
    let mut graph = Graph::default();
    let mut field = String::new();
    for (index, level) in prepared.levels().iter().enumerate() {
        field = refine(&mut graph, prepared.recipe(), index, level, field);
    }
    let mut first = 0;
    for kind in kinds {
        let channels = kind.channels().unwrap_or(1);
        let op = ExemplarGather { first, channels, signed: *kind == OutputKind::Normal };
        graph.push(kind.name(), op, [field.as_str(), TEXELS]);
        graph.output(kind.name(), *kind);
        first += channels;
    }
    let (stored, levels) = stored(prepared, maps)?;
    graph.weights.set_exemplar(stored, levels);
    let (rows, columns) = size_multiple(prepared);
    let multiple = Extent { height: rows, width: columns };
    Ok(Generator { output: graph, recurrence: None, size: SizeRule { multiple, min: multiple, tiles: true }, card })
}

/// Adds the nodes of level `index`, which refine `field`, the field of the level before; returns the refined field.
fn refine(graph: &mut Graph, recipe: &Recipe, index: usize, level: &Level, field: String) -> String {
    let spacing = 1 << (recipe.halvings - index);
    let name = |part: &str| format!("spacing_{spacing}.{part}");
    let (shape, tiles) = (level.shape(), level.shape().edges == Edges::Wrap);
    let (height, width) = (shape.height as usize, shape.width as usize);
    let dims = vec![Dim::BATCH, Dim::Fixed(1), divided(Symbol::Height, spacing), divided(Symbol::Width, spacing)];
    let (block, stream) = (recipe.block as usize, index as u32);
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
    let moves = probability > 0 && level.has_table();
    if moves {
        let op = ExemplarMove { tiles, block, probability, shape: dims, origin: [0, 0], stream };
        field = graph.push(&name("move"), op, [field.as_str(), &similar_name(spacing)]);
    }
    for pass in 0..passes {
        let mut inputs = vec![field, appearance_name(spacing)];
        inputs.extend(level.has_table().then(|| similar_name(spacing)));
        field = graph.push(&name(&format!("match_{pass}")), ExemplarMatch { tiles }, inputs.iter().map(String::as_str));
    }
    field
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
fn stored(prepared: &Prepared, maps: &Maps) -> Result<(Stored, Vec<PreparedLevel>), CodecError> {
    let recipe = prepared.recipe();
    let mut edges = Edges::Wrap;
    let (mut levels, mut ready) = (Vec::new(), Vec::new());
    for (index, (level, projection)) in prepared.levels().iter().zip(prepared.projections()).enumerate() {
        let shape = level.shape();
        edges = shape.edges;
        let matches = recipe.passes_on(index) > 0;
        let table = level.has_table() && (matches || recipe.moves_on(index) > 0);
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
