//! What a command does with one source.

use std::collections::BTreeMap;

use imagine_graph::file::LoadedGenerator;
use imagine_graph::{Size, Tensor};

use crate::recipe::EditMark;

/// What a command makes of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Results {
    /// Pictures of pictures, materials of materials.
    Alike,
    /// A material of each picture.
    Materials,
}

/// What is to be done with one source.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Name of the command, for messages and the mark in files.
    pub name: &'static str,
    /// What makes the result.
    pub loaded: LoadedGenerator,
    /// Size that is computed.
    pub size: Size,
    /// Width and height of the result, which is the upper left of what is computed; `None` for all of it.
    pub crop: Option<[usize; 2]>,
    /// Inputs besides the source's own maps.
    pub inputs: BTreeMap<String, Tensor>,
    /// Seed of random numbers.
    pub seed: u64,
    /// Options as typed, for the recipe in the file.
    pub options: BTreeMap<String, String>,
    /// What the result is marked as.
    pub mark: EditMark,
}
