//! Roles of a model's inputs and outputs, its sizes and its card, and the RON file beside the model that holds them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use imagine_graph::{Card, Dim, SizeRule};
use ron::extensions::Extensions;
use serde::Deserialize;

use crate::error::{Fault, ImportError};
use crate::read::read_bounded;
use crate::role::{InputRole, OutputRole};

/// Appended to the name of an ONNX file, this names its roles file.
pub const ROLES_EXTENSION: &str = ".ron";

/// Maximum bytes of a roles file.
const MAX_BYTES: usize = 1 << 20;

/// How to turn a model into a generator. Missing roles are guessed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Roles {
    /// Roles of inputs, by name.
    pub inputs: BTreeMap<String, InputRole>,
    /// Roles of outputs, by name, or of some of their channels, as in `y/0..3` or `y/3`.
    pub outputs: BTreeMap<String, OutputRole>,
    /// Open dimensions by their name in the file, or as `"input/axis"` such as `"x/2"`, which takes precedence.
    pub dims: BTreeMap<String, Dim>,
    /// Values of inputs that become constants, by name: one number or a list. Inputs that define a shape must be here.
    pub values: BTreeMap<String, Vec<f64>>,
    /// The supported sizes; found by trial if `None`.
    pub size: Option<SizeRule>,
    /// Licence and origin.
    pub card: Card,
}

impl Roles {
    /// Parses the text of a roles file called `file`.
    pub fn from_ron(file: &str, text: &str) -> Result<Self, ImportError> {
        let fault = |line, column, reason| Fault::Roles { file: file.into(), line, column, reason };
        if text.len() > MAX_BYTES {
            return Err(fault(1, 1, format!("has {} bytes, expected at most {MAX_BYTES}", text.len())).into());
        }
        let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
        options.from_str(text).map_err(|error| {
            let at = error.span.start;
            let reason = match error.code {
                ron::Error::ExceededRecursionLimit => "is nested too deeply".into(),
                code => code.to_string(),
            };
            fault(at.line, at.col, reason).into()
        })
    }

    /// Reads the roles file beside the model at `path`, such as `X.onnx.ron` beside `X.onnx`; default roles if there is none.
    pub fn beside(path: &Path) -> Result<Self, ImportError> {
        let path = roles_path(path);
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = read_bounded(&path, MAX_BYTES as u64, "a roles file is a few lines of RON")?;
        let name = path.display().to_string();
        match String::from_utf8(bytes) {
            Ok(text) => Self::from_ron(&name, &text),
            Err(_) => Err(Fault::File { path: name, error: "is not UTF-8".into() }.into()),
        }
    }
}

/// The path of the roles file: `X.onnx.ron` for `X.onnx`.
pub fn roles_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ROLES_EXTENSION);
    name.into()
}
