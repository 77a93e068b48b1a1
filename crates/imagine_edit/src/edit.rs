//! Any edit, for those that keep or pass on edits of all kinds.

use imagine_graph::Generator;
use imagine_graph::file::{self, LoadedGenerator};

use crate::error::EditError;
use crate::insert::Insert;
use crate::repair::{Repair, Tile};

/// An edit of pictures of one size. Equal edits have equal generators.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Edit {
    /// Inserts an object.
    Insert(Insert),
    /// Replaces what lies under a mask.
    Repair(Repair),
    /// Makes a texture tile.
    Tile(Tile),
}

impl Edit {
    /// The edit's generator.
    ///
    /// # Errors
    /// Those of the edit.
    pub fn generator(&self) -> Result<Generator, EditError> {
        match self {
            Edit::Insert(insert) => insert.generator(),
            Edit::Repair(repair) => repair.generator(),
            Edit::Tile(tile) => tile.generator(),
        }
    }

    /// The generator, validated and with a hash of the edit, ready to run.
    ///
    /// # Errors
    /// Those of the edit.
    pub fn loaded(&self) -> Result<LoadedGenerator, EditError> {
        let generator = self.generator()?.validate()?;
        let hash = file::hash(format!("imagine edit 1\n{self:?}").as_bytes());
        Ok(LoadedGenerator { generator, hash, name: self.name().into(), parts: Vec::new(), layers: None })
    }

    /// Name for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Edit::Insert(_) => "insert",
            Edit::Repair(_) => "repair",
            Edit::Tile(_) => "tile",
        }
    }
}

impl From<Insert> for Edit {
    fn from(insert: Insert) -> Self {
        Edit::Insert(insert)
    }
}

impl From<Repair> for Edit {
    fn from(repair: Repair) -> Self {
        Edit::Repair(repair)
    }
}

impl From<Tile> for Edit {
    fn from(tile: Tile) -> Self {
        Edit::Tile(tile)
    }
}
