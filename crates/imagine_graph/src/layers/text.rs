//! Layers as RON. The text may come from anywhere: its size, nesting and numbers are bounded.

use ron::extensions::Extensions;
use serde::Serialize;

use super::check::names;
use super::error::LayersError;
use super::recipe::MaterialLayers;

/// Maximum bytes of a file of layers.
const MAX_BYTES: usize = 1 << 20;

impl MaterialLayers {
    /// Reads the text of a file called `file`. Generators are not looked up; [`MaterialLayers::try_map`] does that.
    pub fn from_ron(file: &str, text: &str) -> Result<Self, LayersError> {
        let fault = |line, column, reason| LayersError::Syntax { file: file.into(), line, column, reason };
        if text.len() > MAX_BYTES {
            return Err(fault(1, 1, format!("has {} bytes, expected at most {MAX_BYTES}", text.len())));
        }
        let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
        let layers: Self = options.from_str(text).map_err(|error| {
            let at = error.span.start;
            let reason = match error.code {
                ron::Error::ExceededRecursionLimit => "is nested too deeply".into(),
                code => code.to_string(),
            };
            fault(at.line, at.col, reason)
        })?;
        names(&layers, |path| Some(stem(path).into()))?;
        Ok(layers)
    }
}

impl<G: Serialize> MaterialLayers<G> {
    /// The layers as RON.
    pub fn to_ron(&self) -> Result<String, ron::Error> {
        let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
        options.to_string_pretty(self, ron::ser::PrettyConfig::default())
    }
}

/// The file name of a path without folder and extensions.
fn stem(path: &str) -> &str {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    file.split('.').next().unwrap_or(file)
}
