//! What all commands that edit pictures share: pictures and materials as maps, execution in tiles, files that are marked and named after
//! their sources, many of them with one command.
//!
//! A command flattens [`EditArguments`] and calls [`EditArguments::run`] with a function that makes an [`Edit`] of each [`Source`]:
//! a generator with its inputs. Everything else happens here.

mod arguments;
mod batch;
mod machine;
mod place;
mod result;
mod source;
mod task;

pub use arguments::EditArguments;
pub use machine::Machine;
#[cfg(feature = "train")]
pub use source::part;
pub use source::{Source, find};
pub use task::{Edit, Results};
