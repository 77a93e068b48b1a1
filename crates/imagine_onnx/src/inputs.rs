//! The inputs of a model: which open dimension is the batch, the height or the width, and the probe sizes.

use std::collections::{BTreeMap, HashSet};

use imagine_graph::{Dim, Size, Tensor};

use crate::error::{Fault, ImportError};
use crate::probe_sizes::ProbeSizes;
use crate::proto::{DimensionProto, GraphProto, ValueInfoProto};
use crate::tensor::ElementType;

/// Default of [`Options::size_multiple`].
pub(crate) const DEFAULT_MULTIPLE: usize = 64;

/// What the caller knows beyond the file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Values of inputs, by name. Such an input becomes a constant. Inputs that define a shape must be here.
    pub values: BTreeMap<String, Tensor>,
    /// Open dimensions by their name in the file, or as `"input/axis"` such as `"x/2"`.
    pub dims: BTreeMap<String, Dim>,
    /// Heights and widths of the probe sizes are multiples of this; 64 if `None`.
    pub size_multiple: Option<usize>,
}

/// An input or output as declared in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueInfo {
    /// Name, the same in the file and in the graph.
    pub name: String,
    /// Element type in the file, if declared.
    pub element: Option<ElementType>,
    /// Shape of an input; of an output, its shape at `Import::size`.
    pub shape: Vec<Dim>,
}

/// Refuses options that match nothing in the model.
pub(crate) fn check_options(graph: &GraphProto, options: &Options) -> Result<(), ImportError> {
    let mut known = HashSet::new();
    for input in &graph.input {
        let shape = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).and_then(|t| t.shape.as_ref());
        for (axis, dim) in shape.iter().flat_map(|shape| &shape.dim).enumerate() {
            known.insert(format!("{}/{axis}", input.name));
            known.extend(dim.dim_param.clone());
        }
    }
    let values = options.values.keys().filter(|name| !graph.input.iter().any(|input| input.name == **name));
    let values = values.map(|name| (name, "is in `Options::values`, but is no input of the model"));
    let dims = options.dims.keys().filter(|name| !known.contains(*name));
    let dims = dims.map(|name| (name, "is in `Options::dims`, but no input has such a dimension"));
    let fault = |(name, reason): (&String, &str)| Fault::Input { input: name.clone(), reason: reason.into() };
    let faults: Vec<_> = values.chain(dims).map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(ImportError(faults)) }
}

/// Names, types and shapes of the run-time inputs.
pub(crate) fn value_infos<'a>(
    inputs: impl Iterator<Item = &'a ValueInfoProto>,
    options: &Options,
) -> Result<Vec<ValueInfo>, ImportError> {
    let mut faults = Vec::new();
    let mut infos = Vec::new();
    let mut named: BTreeMap<String, Dim> = BTreeMap::new();
    for input in inputs {
        match value_info(input, options, &mut named) {
            Ok(info) => infos.push(info),
            Err(reason) => faults.push(Fault::Input { input: input.name.clone(), reason }),
        }
    }
    if faults.is_empty() { Ok(infos) } else { Err(ImportError(faults)) }
}

fn value_info(
    input: &ValueInfoProto,
    options: &Options,
    named: &mut BTreeMap<String, Dim>,
) -> Result<ValueInfo, String> {
    let tensor = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
    let tensor = tensor.ok_or("is not a tensor, and only tensors are supported")?;
    let element = ElementType::from_code(tensor.elem_type)
        .ok_or_else(|| format!("element type {} is not supported", tensor.elem_type))?;
    let shape = tensor.shape.as_ref().ok_or("has no shape: export the model with the shapes of its inputs")?;
    let rank = shape.dim.len();
    let mut dim = |axis: usize, proto: &DimensionProto| -> Result<Dim, String> {
        let position = format!("{}/{axis}", input.name);
        let name = proto.dim_param.as_deref().unwrap_or_default();
        let given = options.dims.get(&position).or_else(|| options.dims.get(name).filter(|_| !name.is_empty()));
        let dim = match (given, proto.dim_value) {
            (Some(&dim), _) => dim,
            (None, Some(value)) if value >= 0 => {
                usize::try_from(value).map(Dim::Fixed).map_err(|_| format!("dimension {axis} is {value}"))?
            }
            _ => {
                let open = || format!("dimension {axis} ({name:?}) is open: give {position:?} in `Options::dims`");
                named.get(name).copied().or_else(|| guess(name, axis, rank)).ok_or_else(open)?
            }
        };
        if !name.is_empty() {
            named.insert(name.into(), dim);
        }
        Ok(dim)
    };
    let shape = shape.dim.iter().enumerate().map(|(axis, proto)| dim(axis, proto)).collect::<Result<_, _>>()?;
    Ok(ValueInfo { name: input.name.clone(), element: Some(element), shape })
}

/// Guesses an open dimension from its name, else from its position.
fn guess(name: &str, axis: usize, rank: usize) -> Option<Dim> {
    let name = name.to_lowercase();
    let words = |words: &[&str]| words.contains(&name.as_str());
    if name.contains("batch") || words(&["n", "b"]) {
        return Some(Dim::BATCH);
    }
    if name.contains("height") || words(&["h", "rows"]) {
        return Some(Dim::HEIGHT);
    }
    if name.contains("width") || words(&["w", "cols", "columns"]) {
        return Some(Dim::WIDTH);
    }
    match (axis, rank) {
        (0, _) => Some(Dim::BATCH),
        (2, 4) => Some(Dim::HEIGHT),
        (3, 4) => Some(Dim::WIDTH),
        _ => None,
    }
}

/// Three sizes for a model with open dimensions, else the size of its first image.
pub(crate) fn probe_sizes(inputs: &[ValueInfo], options: &Options) -> ProbeSizes {
    let fixed = |dim: &Dim| if let Dim::Fixed(n) = dim { Some(*n) } else { None };
    let open = inputs.iter().flat_map(|info| &info.shape).any(|dim| fixed(dim).is_none());
    if open {
        return ProbeSizes::open(options.size_multiple.unwrap_or(DEFAULT_MULTIPLE).max(1));
    }
    let image = inputs.iter().find(|info| info.shape.len() == 4);
    let sides: Vec<usize> = image.iter().flat_map(|info| &info.shape).filter_map(fixed).collect();
    match sides[..] {
        [batch, _, height, width] => ProbeSizes(vec![Size { batch, height, width }]),
        _ => ProbeSizes(vec![Size::new(1, 1)]),
    }
}
