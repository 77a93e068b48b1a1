//! The plugin that knows every asset loader; no loader knows it.

use bevy::prelude::*;

use super::edit::{MadeEdits, PendingStyles, send_styles};
use super::generator::Generator;
use super::labels::{GeneratorInterface, ModelCard};
use super::layers::{PendingLayers, send_layers};
use super::layers_file::LayersLoader;
use super::loader::GeneratorLoader;
use super::upscaled::{PendingUpscaled, send_upscaled};

/// Loads generators, model cards and interfaces without synthesising anything: for tools without a renderer, such as a licence
/// report. [`ImaginePlugin`](crate::ImaginePlugin) adds it if needed. Add it after `AssetPlugin`.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_imagine::asset::{ImagineAssetPlugin, ModelCard};
///
/// App::new().add_plugins((MinimalPlugins, AssetPlugin::default(), ImagineAssetPlugin));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ImagineAssetPlugin;

impl Plugin for ImagineAssetPlugin {
    fn build(&self, app: &mut App) {
        app.init_asset::<Generator>()
            .init_asset::<ModelCard>()
            .init_asset::<GeneratorInterface>()
            .init_asset_loader::<GeneratorLoader>()
            .init_asset_loader::<LayersLoader>()
            .init_resource::<MadeEdits>()
            .init_resource::<PendingStyles>()
            .init_resource::<PendingLayers>()
            .init_resource::<PendingUpscaled>()
            .add_systems(Update, (send_layers, send_styles, send_upscaled));
        #[cfg(feature = "onnx")]
        app.init_asset_loader::<super::onnx::OnnxLoader>();
        #[cfg(feature = "by_example")]
        app.init_resource::<super::by_example::PendingExamples>().add_systems(Update, super::by_example::send_examples);
        #[cfg(feature = "default_generators")]
        super::embedded::embed(app);
    }
}
