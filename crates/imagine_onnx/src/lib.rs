//! Imports ONNX files as [`imagine_graph::Graph`]s.
//!
//! [`import`] reads a model of opset 1 to 27, brings older operator versions up to date, evaluates shape arithmetic and
//! returns a graph that [`Graph::validate`](imagine_graph::Graph::validate) accepts. Graph operators have ONNX's names and
//! attributes, so most nodes become an [`Op`](imagine_graph::Op) by their name; the rest are rewritten.
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
//! A dimension without a number becomes the batch, the height or the width. [`Options::dims`] decides; then, in an input of rank
//! 4, its place (`[batch, channels, height, width]`, or the channels last if only the last is 1 to 4); its name means nothing there.
//! The first open dimension of any other input is the batch; its others are what an image of the model calls so, or what a usual
//! name says (`height`, `w`). Channels must be numbers.
//!
//! Shape arithmetic is evaluated at three probe sizes, multiples of [`Options::size_multiple`]. A model that branches on the
//! size, say above 1024 pixels, takes the branch of the probe sizes at every size.
//!
//! # Element types
//! Floats of 16, 32 and 64 bits become 32-bit floats; integers become 32-bit signed integers. [`ValueInfo`] keeps the
//! file's types. A cast between types that are the same in a graph is the identity.
//!
//! # Generators
//! [`generator_from_bytes`] assigns [`Roles`] to the inputs and outputs, guesses missing ones, finds the supported sizes and
//! returns a generator that every executor runs.
//!
//! This crate never runs a network and never sees a GPU, burn or Bevy.

mod array;
mod attribute_inputs;
mod attributes;
mod call;
mod control_flow;
mod convert;
mod describe;
mod element;
mod emit;
mod error;
mod external;
mod fold;
mod functions;
mod generator;
mod import;
mod importer;
mod inputs;
mod materialize;
mod order;
mod probe_sizes;
#[doc(hidden)]
pub mod proto;
mod read;
mod rewrite;
mod role;
mod roles;
mod sequence;
mod tensor;
mod unique_names;
mod value;

pub use describe::{Description, describe};
pub use error::{Fault, ImportError, NodeFault, TensorError};
pub use external::{ExternalData, external_data_files};
pub use generator::{AssignedRole, generator_from_bytes, generator_from_file};
pub use import::{Import, import, import_file};
pub use inputs::{Options, ValueInfo};
pub use read::MAX_FILE_BYTES;
pub use role::{InputRole, OutputRole, RoleError};
pub use roles::{ROLES_EXTENSION, Roles, roles_path};
pub use tensor::{ElementType, TensorFile, tensor_from_onnx};
