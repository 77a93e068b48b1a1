//! ONNX files become [`imagine_graph::Graph`]s.
//!
//! [`import`] reads a model of opset 1 to 27, writes its older forms in the present one, evaluates its shape arithmetic and
//! gives a graph that [`Graph::validate`](imagine_graph::Graph::validate) accepts. A graph's operators carry ONNX's names
//! and attributes, so that a node becomes an [`Op`](imagine_graph::Op) by its name: there is no list of operators here.
//!
//! ```no_run
//! use imagine_onnx::{Options, import_file};
//!
//! let import = import_file("generator.onnx", &Options::default())?;
//! let graph = import.graph.validate()?;
//! let bound = graph.bind(import.size)?;
//! println!("{:?}", bound.value_type(graph.outputs()[0]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Open dimensions
//! A dimension without a number becomes the batch, the height or the width: as [`Options::dims`] says, else by its name
//! (`batch`, `height`, `width` and usual short forms), else by its position in an input of rank 4 (`[batch, channels,
//! height, width]`), and the first dimension of any other input is the batch. Channels must be numbers.
//!
//! What depends on the size is found by trying three sizes, multiples of [`Options::size_multiple`]. A model that decides by
//! the size, such as one that takes another branch above 1024 pixels, does at every size what it does at these.
//!
//! # Element types
//! Floats of 16, 32 and 64 bits become 32-bit floats; integers become 32-bit signed integers. The types of the file are kept
//! in [`Port`]. A cast between types that are one in a graph is the identity.
//!
//! # Generators
//! [`generator_from_bytes`] gives the inputs and outputs of a model their [`Roles`], guesses those that nobody gave, finds the
//! sizes that the network makes, and gives a generator that every executor runs.
//!
//! This crate never runs a network and never sees a GPU, burn or Bevy.

mod array;
mod attributes;
mod convert;
mod describe;
mod emit;
mod error;
mod external;
mod fold;
mod forms;
mod generator;
mod legacy;
mod model;
mod names;
mod place;
mod probe;
#[doc(hidden)]
pub mod proto;
mod role;
mod roles;
mod table;
mod tensor;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use imagine_graph::{Dim, Graph, Size, Tensor};
use prost::Message;

pub use describe::{Description, describe};
pub use error::{Fault, ImportError, NodeFault, TensorError};
pub use external::{External, external_files};
pub use generator::{UsedRole, generator_from_bytes, generator_from_file};
pub use role::{InputRole, OutputRole, RoleError};
pub use roles::{ROLES_EXTENSION, Roles, roles_path};
pub use tensor::ElementType;

/// Largest model that is read from a file: what one message of Protocol Buffers can hold.
pub const MAX_FILE_BYTES: u64 = (1 << 31) - 1;

/// What a person knows about a model beyond its file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Values of inputs, by name. Such an input is a constant of the graph; one that gives a shape must be here.
    pub values: BTreeMap<String, Tensor>,
    /// Open dimensions by their name in the file, or as `"input/axis"` such as `"x/2"`.
    pub dims: BTreeMap<String, Dim>,
    /// What the heights and widths are multiples of at which the model is tried out; 64 if `None`.
    pub size_multiple: Option<usize>,
}

/// A model as a graph.
#[derive(Clone, Debug)]
pub struct Import {
    /// The network.
    pub graph: Graph,
    /// The inputs that are still given from outside, in the file's order.
    pub inputs: Vec<Port>,
    /// The outputs, in the file's order. One without elements is not among those of the graph: its shape says all of it.
    pub outputs: Vec<Port>,
    /// A size at which the graph can be bound.
    pub size: Size,
}

/// An input or output as it stands in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Name, the same in the file and in the graph.
    pub name: String,
    /// Element type in the file, where it is said.
    pub element: Option<ElementType>,
    /// Shape of an input; of an output, its shape at [`Import::size`].
    pub shape: Vec<Dim>,
}

/// A tensor as it stands in a file, such as the `input_0.pb` of ONNX's tests.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorFile {
    /// Name; may be empty.
    pub name: String,
    /// The elements as a graph holds them.
    pub tensor: Tensor,
    /// Element type in the file.
    pub element: ElementType,
}

/// Reads the bytes of a model whose weights all stand in them.
pub fn import(bytes: &[u8], options: &Options) -> Result<Import, ImportError> {
    model::import(&decode(bytes)?, External::None, options)
}

/// Reads a model, and the files below its folder that hold weights.
pub fn import_file(path: impl AsRef<Path>, options: &Options) -> Result<Import, ImportError> {
    let (bytes, folder) = read_file(path.as_ref())?;
    model::import(&decode(&bytes)?, External::Folder(folder), options)
}

/// Reads the bytes of a tensor (`TensorProto`).
pub fn tensor_from_onnx(bytes: &[u8]) -> Result<TensorFile, ImportError> {
    let proto = proto::TensorProto::decode(bytes)
        .map_err(|error| Fault::Decode { what: "tensor", error: error.to_string() })?;
    let fault = |error| Fault::Tensor { name: proto.name.clone(), error };
    let (array, element) = tensor::read(&proto, External::None).map_err(fault)?;
    let tensor = array.to_tensor().map_err(|found| fault(TensorError::Integer { found }))?;
    Ok(TensorFile { name: proto.name.clone(), tensor, element })
}

fn decode(bytes: &[u8]) -> Result<proto::ModelProto, ImportError> {
    let fault = |error: String| Fault::Decode { what: "model", error }.into();
    if bytes.is_empty() {
        return Err(fault("is empty".into()));
    }
    proto::ModelProto::decode(bytes).map_err(|error| fault(error.to_string()))
}

/// The bytes of a model, and the folder that it is in.
fn read_file(path: &Path) -> Result<(Vec<u8>, &Path), ImportError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((read_bounded(path, MAX_FILE_BYTES)?, folder))
}

/// The bytes of a file that has at most `most`.
fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, ImportError> {
    let fault = |error: String| Fault::File { path: path.display().to_string(), error };
    let io = |error: std::io::Error| fault(error.to_string());
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(fault("is not a file".into()).into());
    }
    let mut bytes = Vec::new();
    if metadata.len() <= most {
        file.take(most + 1).read_to_end(&mut bytes).map_err(io)?;
    }
    if metadata.len().max(bytes.len() as u64) > most {
        return Err(fault(format!("has more than {most} bytes; weights can be kept in files beside the model")).into());
    }
    Ok(bytes)
}
