//! From a shader's path and defs to a validated naga module: the one place that composes WGSL.
//!
//! With the environment variable `IMAGINE_DUMP_SHADERS` set to a folder, every composed module is written there as WGSL.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use naga_oil::compose::{
    ComposableModuleDescriptor, Composer, NagaModuleDescriptor, ShaderDefValue, ShaderLanguage, ShaderType,
};

use crate::kernel::{ShaderDef, WORKGROUP};

/// Composes shaders of `imagine_shaders`. Construction parses the library: keep it.
pub struct ShaderComposer {
    composer: Composer,
}

/// Why a shader could not be composed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// There is no such file.
    #[error("there is no shader {path:?}")]
    Unknown {
        /// The requested path.
        path: String,
    },
    /// The text does not compose or validate.
    #[error("shader {path:?} with {defs:?}:\n{message}")]
    Invalid {
        /// Path of the shader, without `.wgsl`.
        path: String,
        /// Defs of the variant.
        defs: Vec<(&'static str, ShaderDef)>,
        /// The message of the composer or naga, with the place in the text.
        message: String,
    },
}

impl ShaderComposer {
    /// A composer that knows every file of `shaders/lib`.
    pub fn new() -> Result<Self, ComposeError> {
        use naga::valid::Capabilities;
        let capabilities = Capabilities::default() | Capabilities::SUBGROUP | Capabilities::SHADER_FLOAT16;
        let mut composer = Composer::default().with_capabilities(capabilities);
        let mut waiting: Vec<_> = imagine_shaders::folder("lib").collect();
        // A module can be added after its imports: repeat until nothing is left.
        while !waiting.is_empty() {
            let mut failed = Vec::new();
            let mut last_error = None;
            for (path, source) in &waiting {
                let descriptor = ComposableModuleDescriptor {
                    source,
                    file_path: path,
                    language: ShaderLanguage::Wgsl,
                    ..Default::default()
                };
                if let Err(error) = composer.add_composable_module(descriptor) {
                    failed.push((*path, *source));
                    last_error = Some((*path, error));
                }
            }
            if let Some((path, error)) = last_error.filter(|_| failed.len() == waiting.len()) {
                let message = error.emit_to_string(&composer);
                return Err(ComposeError::Invalid { path: path.into(), defs: Vec::new(), message });
            }
            waiting = failed;
        }
        Ok(Self { composer })
    }

    /// Composes and validates the shader `path` (as in `ops/binary`) in the variant that `defs` choose.
    ///
    /// The entry point is `main`. `WORKGROUP` is defined in addition to `defs`.
    pub fn compose(&mut self, path: &str, defs: &[(&'static str, ShaderDef)]) -> Result<naga::Module, ComposeError> {
        let source = imagine_shaders::source(path).ok_or_else(|| ComposeError::Unknown { path: path.into() })?;
        let mut shader_defs: HashMap<String, ShaderDefValue> =
            defs.iter().filter_map(|(name, def)| Some((name.to_string(), def.value()?))).collect();
        shader_defs.insert("WORKGROUP".into(), ShaderDefValue::UInt(WORKGROUP));
        // naga_oil moves `enable` out of every `#ifdef`, so it cannot be in the file. On the first line it shifts no other line.
        for (name, def) in defs {
            if let ShaderDef::Module(text) = def {
                self.replace_module(name, text, path, defs)?;
            }
        }
        let half = defs.iter().any(|(name, _)| name.starts_with("HALF_"));
        let source = if half { Cow::Owned(format!("enable f16; {source}")) } else { Cow::Borrowed(source) };
        let descriptor = NagaModuleDescriptor {
            source: &source,
            file_path: path,
            shader_type: ShaderType::Wgsl,
            shader_defs,
            additional_imports: &[],
        };
        let module = self.composer.make_naga_module(descriptor).map_err(|error| ComposeError::Invalid {
            path: path.into(),
            defs: defs.to_vec(),
            message: error.emit_to_string(&self.composer),
        })?;
        dump(path, defs, &module);
        Ok(module)
    }

    /// Makes `text` the module `imagine::<name>`.
    fn replace_module(
        &mut self,
        name: &str,
        text: &str,
        path: &str,
        defs: &[(&'static str, ShaderDef)],
    ) -> Result<(), ComposeError> {
        self.composer.remove_composable_module(&format!("imagine::{name}"));
        let descriptor = ComposableModuleDescriptor {
            source: text,
            file_path: name,
            language: ShaderLanguage::Wgsl,
            ..Default::default()
        };
        match self.composer.add_composable_module(descriptor) {
            Ok(_) => Ok(()),
            Err(error) => {
                let message = error.emit_to_string(&self.composer);
                Err(ComposeError::Invalid { path: path.into(), defs: defs.to_vec(), message })
            }
        }
    }
}

impl ShaderDef {
    /// The def for naga_oil; a false flag is left undefined, because `#ifdef` only tests presence, and a module is no def.
    fn value(&self) -> Option<ShaderDefValue> {
        match *self {
            ShaderDef::Bool(false) | ShaderDef::Module(_) => None,
            ShaderDef::Bool(true) => Some(ShaderDefValue::Bool(true)),
            ShaderDef::UInt(value) => Some(ShaderDefValue::UInt(value)),
        }
    }
}

fn dump(path: &str, defs: &[(&'static str, ShaderDef)], module: &naga::Module) {
    let Some(folder) = std::env::var_os("IMAGINE_DUMP_SHADERS") else { return };
    let mut name = path.replace('/', "_");
    for (def, value) in defs {
        name += &match value {
            ShaderDef::Bool(_) => format!("-{def}"),
            ShaderDef::UInt(value) => format!("-{def}={value}"),
            ShaderDef::Module(text) => {
                let mut hasher = DefaultHasher::new();
                text.hash(&mut hasher);
                format!("-{def}={:016x}", hasher.finish())
            }
        };
    }
    let mut validator =
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::all());
    let Ok(info) = validator.validate(module) else { return };
    let Ok(text) = naga::back::wgsl::write_string(module, &info, naga::back::wgsl::WriterFlags::empty()) else {
        return;
    };
    // For debugging only: a folder that cannot be written is no reason to fail.
    let _ = std::fs::write(std::path::Path::new(&folder).join(name + ".wgsl"), text);
}
