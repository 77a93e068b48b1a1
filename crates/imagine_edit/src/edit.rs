//! Any edit, for those that keep or pass on edits of all kinds.

use std::fmt;
use std::sync::Arc;

use imagine_graph::Generator;
use imagine_graph::file::{self, LoadedGenerator};

use crate::error::EditError;
use crate::insert::Insert;
use crate::material::MakeMaps;
use crate::repair::{Repair, Tile};
use crate::restore::Restore;
use crate::restyle::{Restyle, RestyleMaterial, restyle, restyle_material};

/// An edit of pictures, most of them of one size. Equal edits have equal generators.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Edit {
    /// Inserts an object.
    Insert(Insert),
    /// Replaces what lies under a mask.
    Repair(Repair),
    /// Makes a texture tile.
    Tile(Tile),
    /// Makes the maps of a material of a photograph; of any size.
    Maps(MakeMaps),
    /// Takes noise out, smooths bands, softens JPEG blocks; of any size.
    Restore(Restore),
    /// Paints a picture in a style.
    Restyle(InStyle<Restyle>),
    /// Makes a material another one that keeps its shape.
    RestyleMaterial(InStyle<RestyleMaterial>),
}

/// An edit after a style: a generator by example.
#[derive(Clone)]
pub struct InStyle<O> {
    /// The style.
    pub style: Arc<LoadedGenerator>,
    /// What is to be done with it.
    pub options: O,
}

impl<O: PartialEq> PartialEq for InStyle<O> {
    fn eq(&self, other: &Self) -> bool {
        self.style.hash == other.style.hash && self.options == other.options
    }
}

/// The style is told by its hash.
impl<O: fmt::Debug> fmt::Debug for InStyle<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InStyle").field("style", &self.style.hash).field("options", &self.options).finish()
    }
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
            Edit::Maps(maps) => Ok(maps.loaded()?.generator.generator),
            Edit::Restore(restore) => Ok(restore.loaded()?.generator.generator),
            Edit::Restyle(InStyle { style, options }) => restyle(&style.generator.generator, options),
            Edit::RestyleMaterial(InStyle { style, options }) => restyle_material(&style.generator.generator, options),
        }
    }

    /// The generator, validated and with a hash of the edit, ready to run.
    ///
    /// # Errors
    /// Those of the edit.
    pub fn loaded(&self) -> Result<LoadedGenerator, EditError> {
        match self {
            Edit::Maps(maps) => return maps.loaded(),
            Edit::Restore(restore) => return restore.loaded(),
            _ => {}
        }
        let generator = self.generator()?.validate()?;
        let hash = file::hash(format!("imagine edit 1\n{self:?}").as_bytes());
        let parts = match self {
            Edit::Restyle(InStyle { style, .. }) | Edit::RestyleMaterial(InStyle { style, .. }) => vec![style.clone()],
            _ => Vec::new(),
        };
        Ok(LoadedGenerator { generator, hash, name: self.name().into(), parts, layers: None })
    }

    /// Name for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Edit::Insert(_) => "insert",
            Edit::Maps(_) => "maps",
            Edit::Repair(_) => "repair",
            Edit::Tile(_) => "tile",
            Edit::Restore(_) => "restore",
            Edit::Restyle(_) | Edit::RestyleMaterial(_) => "restyle",
        }
    }
}

impl From<InStyle<Restyle>> for Edit {
    fn from(restyle: InStyle<Restyle>) -> Self {
        Edit::Restyle(restyle)
    }
}

impl From<InStyle<RestyleMaterial>> for Edit {
    fn from(restyle: InStyle<RestyleMaterial>) -> Self {
        Edit::RestyleMaterial(restyle)
    }
}

impl From<Restore> for Edit {
    fn from(restore: Restore) -> Self {
        Edit::Restore(restore)
    }
}

impl From<MakeMaps> for Edit {
    fn from(maps: MakeMaps) -> Self {
        Edit::Maps(maps)
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
