//! Labeled assets of a generator file: model card and interface, which a tool can load without keeping the weights. Every loader
//! of generators adds them.

use std::fmt;

use bevy::asset::{AssetPath, LoadContext};
use bevy::prelude::*;
use imagine_graph::{Card, GraphInput, GraphOutput, SizeRule};

use super::generator::Generator;

/// Label of an asset in a generator file or an ONNX file.
///
/// Loading a label reads and validates the whole file but keeps only assets with a live handle: weights are dropped at once,
/// and nothing reaches the GPU.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_imagine::asset::{GeneratorAssetLabel, ModelCard};
///
/// fn load(assets: Res<AssetServer>) {
///     let file = "generators/mossy_bricks.generator.safetensors";
///     let card: Handle<ModelCard> = assets.load(GeneratorAssetLabel::Card.from_asset(file));
///     // The same by its path.
///     assert_eq!(card, assets.load("generators/mossy_bricks.generator.safetensors#Card"));
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GeneratorAssetLabel {
    /// `#Card`: a [`ModelCard`].
    Card,
    /// `#Interface`: a [`GeneratorInterface`].
    Interface,
}

/// Title, licence, training data, recipe and figures of a generator: read it before you ship what the generator makes.
#[derive(Asset, TypePath, Clone, Debug, PartialEq, Deref)]
pub struct ModelCard(pub Card);

/// Inputs, outputs and sizes of a generator, without its weights: enough to build widgets and check requests.
#[derive(Asset, TypePath, Clone, Debug, PartialEq)]
pub struct GeneratorInterface {
    /// SHA-256 of the file's bytes, 64 hexadecimal digits.
    pub hash: String,
    /// Inputs in file order, each with its kind, range and default.
    pub inputs: Vec<GraphInput>,
    /// Outputs in file order, each with its kind and colour space.
    pub outputs: Vec<GraphOutput>,
    /// Sizes it can generate, and whether results tile.
    pub size: SizeRule,
    /// Steps of a recurrent generator, and steps per second of a living result.
    pub steps: Option<(u32, f32)>,
    /// Number of parameters.
    pub parameters: usize,
}

impl GeneratorAssetLabel {
    /// The path of this asset in the file at `path`.
    pub fn from_asset(&self, path: impl Into<AssetPath<'static>>) -> AssetPath<'static> {
        path.into().with_label(self.to_string())
    }
}

impl fmt::Display for GeneratorAssetLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GeneratorAssetLabel::Card => "Card",
            GeneratorAssetLabel::Interface => "Interface",
        })
    }
}

impl GeneratorInterface {
    /// The interface of `generator`.
    pub fn of(generator: &Generator) -> Self {
        let network = generator.network();
        let recurrence = network.generator.recurrence.as_ref();
        Self {
            hash: generator.hash().into(),
            inputs: network.inputs().into_iter().cloned().collect(),
            outputs: network.output.graph().outputs.clone(),
            size: network.generator.size,
            steps: recurrence.map(|recurrence| (recurrence.steps, recurrence.step_rate)),
            parameters: network.graphs().map(|graph| graph.graph().parameters()).sum(),
        }
    }
}

/// Adds the labeled assets of `generator`.
pub(super) fn add_labeled(generator: &Generator, context: &mut LoadContext<'_>) {
    context.add_labeled_asset(GeneratorAssetLabel::Card.to_string(), ModelCard(generator.card().clone()));
    context.add_labeled_asset(GeneratorAssetLabel::Interface.to_string(), GeneratorInterface::of(generator));
}
