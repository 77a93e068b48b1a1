//! What a generator file holds beside the network: assets of their own under labels, which a tool can load without holding
//! weights. Every loader of generators adds them.

use std::fmt;

use bevy::asset::{AssetPath, LoadContext};
use bevy::prelude::*;
use imagine_graph::{Card, GraphInput, GraphOutput, SizeRule};

use crate::asset::Generator;

/// Label of an asset in a generator file or an ONNX file.
///
/// The file is read and checked whole whatever label is asked for, but only what somebody has a handle of is kept: with a
/// label alone, weights are given back as soon as the file is read, and nothing is ever sent to the GPU.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_imagine::asset::{GeneratorAssetLabel, ModelCard};
///
/// fn load(assets: Res<AssetServer>) {
///     let file = "generators/bark.generator.safetensors";
///     let card: Handle<ModelCard> = assets.load(GeneratorAssetLabel::Card.from_asset(file));
///     // The same by its path.
///     assert_eq!(card, assets.load("generators/bark.generator.safetensors#Card"));
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

/// Title, licence, training data, recipe and figures of a generator: what a person should know before shipping what it makes.
#[derive(Asset, TypePath, Clone, Debug, PartialEq, Deref)]
pub struct ModelCard(pub Card);

/// What a generator takes and gives: enough to make widgets and to check requests, without its weights.
#[derive(Asset, TypePath, Clone, Debug, PartialEq)]
pub struct GeneratorInterface {
    /// SHA-256 of the file's bytes, 64 hexadecimal digits.
    pub hash: String,
    /// Inputs in the order of the file, each with its kind, range and default.
    pub inputs: Vec<GraphInput>,
    /// Outputs in the order of the file, each with its kind and colour space.
    pub outputs: Vec<GraphOutput>,
    /// Sizes that it makes, and whether results tile.
    pub size: SizeRule,
    /// Steps of a recurrent generator, and how many of them a second a living result takes.
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

/// Adds what `generator` holds under its labels.
pub(crate) fn add_labeled(generator: &Generator, context: &mut LoadContext<'_>) {
    context.add_labeled_asset(GeneratorAssetLabel::Card.to_string(), ModelCard(generator.card().clone()));
    context.add_labeled_asset(GeneratorAssetLabel::Interface.to_string(), GeneratorInterface::of(generator));
}
