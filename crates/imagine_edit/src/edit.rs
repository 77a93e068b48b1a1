//! Any edit, for those that keep or pass on edits of all kinds.

use imagine_graph::Generator;

use crate::error::EditError;
use crate::insert::Insert;

/// An edit of pictures of one size. Equal edits have equal generators.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Edit {
    /// Inserts an object.
    Insert(Insert),
}

impl Edit {
    /// The edit's generator.
    ///
    /// # Errors
    /// Those of the edit.
    pub fn generator(&self) -> Result<Generator, EditError> {
        match self {
            Edit::Insert(insert) => insert.generator(),
        }
    }

    /// Name for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Edit::Insert(_) => "insert",
        }
    }
}

impl From<Insert> for Edit {
    fn from(insert: Insert) -> Self {
        Edit::Insert(insert)
    }
}
