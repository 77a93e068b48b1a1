//! The inputs of a model: which open dimension is the batch, the height or the width, and the probe sizes.

use std::collections::{BTreeMap, HashSet};

use imagine_graph::{Dim, Size, Tensor};

use crate::error::{Fault, ImportError};
use crate::probe_sizes::ProbeSizes;
use crate::proto::{DimensionProto, GraphProto, ValueInfoProto};
use crate::tensor::ElementType;

/// Multiples to try if [`Options::size_multiple`] is `None`. A network that compares all pixels with each other needs a small one.
pub(crate) const MULTIPLES: [usize; 5] = [64, 32, 16, 8, 1];

/// What the caller knows beyond the file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Values of inputs, by name. Such an input becomes a constant. Inputs that define a shape must be here.
    pub values: BTreeMap<String, Tensor>,
    /// Open dimensions by their name in the file, or as `"input/axis"` such as `"x/2"`, which takes precedence.
    pub dims: BTreeMap<String, Dim>,
    /// Heights and widths of the probe sizes are multiples of this. If `None`, 64, or less if values would become too large.
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
    let values = values.map(|name| (name, "has a value in `values` (--value), but is no input of the model"));
    let dims = options.dims.keys().filter(|name| !known.contains(*name));
    let listed = open_dims(graph);
    let dims = dims.map(|name| (name, listed.as_str()));
    let fault = |(name, reason): (&String, &str)| Fault::Input { input: name.clone(), reason: reason.into() };
    let faults: Vec<_> = values.chain(dims).map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(ImportError(faults)) }
}

/// The message about a dimension that no input has.
fn open_dims(graph: &GraphProto) -> String {
    let mut open = Vec::new();
    for input in &graph.input {
        let shape = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).and_then(|t| t.shape.as_ref());
        let dims = shape.iter().flat_map(|shape| &shape.dim).enumerate();
        open.extend(dims.filter(|(_, dim)| dim.dim_value.is_none()).map(|(axis, _)| format!("{}/{axis}", input.name)));
    }
    open.truncate(16);
    format!("is in `dims` (--dim), but no input has such a dimension; open ones are {open:?}")
}

/// Names, types and shapes of the run-time inputs.
pub(crate) fn value_infos<'a>(
    inputs: impl Iterator<Item = &'a ValueInfoProto>,
    options: &Options,
) -> Result<Vec<ValueInfo>, ImportError> {
    let mut faults = Vec::new();
    let mut infos = Vec::new();
    let inputs: Vec<_> = inputs.collect();
    let images = Images::of(&inputs);
    for input in inputs {
        match value_info(input, options, &images) {
            Ok(info) => infos.push(info),
            Err(reason) => faults.push(Fault::Input { input: input.name.clone(), reason }),
        }
    }
    if faults.is_empty() { Ok(infos) } else { Err(ImportError(faults)) }
}

/// The dimensions of an input.
fn dims_of(input: &ValueInfoProto) -> &[DimensionProto] {
    let tensor = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
    tensor.and_then(|tensor| tensor.shape.as_ref()).map_or(&[], |shape| &shape.dim)
}

fn value_info(input: &ValueInfoProto, options: &Options, images: &Images) -> Result<ValueInfo, String> {
    let tensor = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
    let tensor = tensor.ok_or("is not a tensor, and only tensors are supported")?;
    let element = ElementType::from_code(tensor.elem_type)
        .ok_or_else(|| format!("element type {} is not supported", tensor.elem_type))?;
    tensor.shape.as_ref().ok_or("has no shape: export the model with the shapes of its inputs")?;
    let protos = dims_of(input);
    let dim = |axis: usize| -> Result<Dim, String> {
        let proto = &protos[axis];
        let position = format!("{}/{axis}", input.name);
        let name = proto.dim_param.as_deref().unwrap_or_default();
        let given = options.dims.get(&position).or_else(|| options.dims.get(name).filter(|_| !name.is_empty()));
        match (given, proto.dim_value) {
            (Some(&dim), _) => Ok(dim),
            (None, Some(value)) if value >= 0 => {
                usize::try_from(value).map(Dim::Fixed).map_err(|_| format!("dimension {axis} is {value}"))
            }
            _ => images.place(protos, axis).ok_or_else(|| {
                format!(
                    "dimension {axis} ({name:?}) is open, and neither its place nor another input says what it is: \
                     give it in `dims` (--dim {position}=64, or batch, height or width, or a fraction such as height/8)"
                )
            }),
        }
    };
    let shape = (0..protos.len()).map(dim).collect::<Result<_, _>>()?;
    Ok(ValueInfo { name: input.name.clone(), element: Some(element), shape })
}

/// Where the axes of an image lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[batch, channels, height, width]`.
    Nchw,
    /// `[batch, height, width, channels]`.
    Nhwc,
}

impl Layout {
    /// The layout of four dimensions, `None` for an open one: only the last is 1 to 4 if it is the channels.
    pub fn of(dims: [Option<usize>; 4]) -> Self {
        let few = |dim: Option<usize>| matches!(dim, Some(1..=4));
        if few(dims[3]) && !few(dims[1]) && !few(dims[2]) { Self::Nhwc } else { Self::Nchw }
    }

    /// Axes of channels, height and width.
    pub fn axes(self) -> [usize; 3] {
        match self {
            Self::Nchw => [1, 2, 3],
            Self::Nhwc => [3, 1, 2],
        }
    }
}

/// What the images among the inputs say about other inputs: the names of their dimensions, where they are not ambiguous.
struct Images<'a>(BTreeMap<&'a str, Option<Dim>>);

impl<'a> Images<'a> {
    fn of(inputs: &[&'a ValueInfoProto]) -> Self {
        let mut named: BTreeMap<&str, Option<Dim>> = BTreeMap::new();
        for dims in inputs.iter().map(|input| dims_of(input)).filter(|dims| dims.len() == 4) {
            for (axis, proto) in dims.iter().enumerate() {
                let (Some(name), Some(dim)) = (proto.dim_param.as_deref(), of_image(dims, axis)) else { continue };
                let known = named.entry(name).or_insert(Some(dim));
                if *known != Some(dim) {
                    *known = None;
                }
            }
        }
        Self(named)
    }

    /// What the open dimension `axis` is. In an image its place decides, and its name means nothing: exporters call all of them
    /// `None` or `?`, or name the width before the height.
    fn place(&self, dims: &[DimensionProto], axis: usize) -> Option<Dim> {
        let name = dims[axis].dim_param.as_deref().unwrap_or_default();
        if dims.len() == 4 {
            return of_image(dims, axis);
        }
        let named = self.0.get(name).copied().flatten().or_else(|| by_name(name));
        match axis {
            0 => Some(named.unwrap_or(Dim::BATCH)),
            _ => named.filter(|dim| *dim != Dim::BATCH),
        }
    }
}

/// What dimension `axis` of an image is.
fn of_image(dims: &[DimensionProto], axis: usize) -> Option<Dim> {
    let fixed = |axis: usize| dims[axis].dim_value.and_then(|value| usize::try_from(value).ok());
    let [_, height, width] = Layout::of([0, 1, 2, 3].map(fixed)).axes();
    match axis {
        0 => Some(Dim::BATCH),
        _ if axis == height => Some(Dim::HEIGHT),
        _ if axis == width => Some(Dim::WIDTH),
        _ => None,
    }
}

/// What a usual name of a dimension means, outside images.
fn by_name(name: &str) -> Option<Dim> {
    let name = name.to_lowercase();
    let words = |words: &[&str]| words.contains(&name.as_str());
    if name.contains("batch") || words(&["n", "b"]) {
        return Some(Dim::BATCH);
    }
    if name.contains("height") || words(&["h", "rows"]) {
        return Some(Dim::HEIGHT);
    }
    (name.contains("width") || words(&["w", "cols", "columns"])).then_some(Dim::WIDTH)
}

/// Three sizes for a model with open dimensions, else the size of its first image.
pub(crate) fn probe_sizes(inputs: &[ValueInfo], multiple: usize) -> ProbeSizes {
    let fixed = |dim: &Dim| if let Dim::Fixed(n) = dim { Some(*n) } else { None };
    let open = inputs.iter().flat_map(|info| &info.shape).any(|dim| fixed(dim).is_none());
    if open {
        return ProbeSizes::open(multiple.max(1));
    }
    let image = inputs.iter().find(|info| info.shape.len() == 4);
    let sides: Vec<usize> = image.iter().flat_map(|info| &info.shape).filter_map(fixed).collect();
    match sides[..] {
        [batch, _, height, width] => ProbeSizes(vec![Size { batch, height, width }]),
        _ => ProbeSizes(vec![Size::new(1, 1)]),
    }
}
