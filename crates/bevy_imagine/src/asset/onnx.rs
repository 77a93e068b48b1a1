//! ONNX files as assets (feature `onnx`): `X.onnx`, an optional `X.onnx.ron` with the roles of its inputs and outputs, and
//! external weight files. A change of any of them reloads the asset.

use std::collections::BTreeMap;

use bevy::asset::io::Reader;
use bevy::asset::{AssetLoader, AssetPath, LoadContext, ReadAssetBytesError};
use bevy::prelude::*;
use imagine_onnx::{ExternalData, ImportError, Roles};

use super::generator::{Generator, GeneratorError};
use super::labels::add_labeled;

/// Extension of the file with the roles, appended to the model's file name.
const ROLES: &str = ".ron";

/// Loads `*.onnx`, with the same [labeled assets](crate::asset::GeneratorAssetLabel) as generator files. Files are untrusted: they
/// are validated as a whole, and nothing in them is executed.
#[derive(Default, TypePath)]
pub struct OnnxLoader;

/// Why an ONNX file did not load.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxLoaderError {
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// A file with weights or roles could not be read.
    #[error("{file}: {error}")]
    Beside {
        /// The file, as the asset server knows it.
        file: String,
        /// Why.
        error: Box<ReadAssetBytesError>,
    },
    /// The model or its roles are wrong.
    #[error("{file}: {error}")]
    Import {
        /// The model.
        file: String,
        /// What is wrong.
        error: ImportError,
    },
    /// The network is not a valid generator.
    #[error(transparent)]
    Generator(#[from] GeneratorError),
}

impl AssetLoader for OnnxLoader {
    type Asset = Generator;
    type Settings = ();
    type Error = OnnxLoaderError;

    async fn load(
        &self,
        reader: &mut dyn Reader,
        _: &(),
        context: &mut LoadContext<'_>,
    ) -> Result<Generator, OnnxLoaderError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await?;
        let file = context.path().path().to_string_lossy().into_owned();
        let fail = |error| OnnxLoaderError::Import { file: file.clone(), error };
        let roles = read_roles(&file, context).await?;
        let mut weights = BTreeMap::new();
        for name in imagine_onnx::external_data_files(&bytes).map_err(fail)? {
            let path = context.path().resolve_embed(&AssetPath::from_path_buf(name.clone().into()));
            let beside = |error| OnnxLoaderError::Beside { file: path.to_string(), error: Box::new(error) };
            let read = context.read_asset_bytes(path.clone()).await.map_err(beside)?;
            weights.insert(name, read);
        }
        let (network, roles) =
            imagine_onnx::generator_from_bytes(&bytes, ExternalData::Files(&weights), &roles).map_err(fail)?;
        for role in roles.iter().filter(|role| role.guessed) {
            info!(
                "{file}: {} {:?} is used as {}",
                if role.is_output { "output" } else { "input" },
                role.name,
                role.role
            );
        }
        let name = context.path().path().file_stem().map(|name| name.to_string_lossy().into_owned());
        let generator = Generator::new(name.unwrap_or(file), &network.generator)?;
        add_labeled(&generator, context);
        Ok(generator)
    }

    fn extensions(&self) -> &[&str] {
        &["onnx"]
    }
}

/// Reads the roles beside the model; without such a file all of them are guessed.
async fn read_roles(file: &str, context: &mut LoadContext<'_>) -> Result<Roles, OnnxLoaderError> {
    let path =
        AssetPath::from_path_buf(format!("{file}{ROLES}").into()).with_source(context.path().source().clone_owned());
    let text = match context.read_asset_bytes(path.clone()).await {
        Ok(bytes) => bytes,
        Err(ReadAssetBytesError::AssetReaderError(bevy::asset::io::AssetReaderError::NotFound(_))) => {
            return Ok(Roles::default());
        }
        Err(error) => return Err(OnnxLoaderError::Beside { file: path.to_string(), error: Box::new(error) }),
    };
    let text = String::from_utf8_lossy(&text);
    Roles::from_ron(&path.to_string(), &text).map_err(|error| OnnxLoaderError::Import { file: file.into(), error })
}
