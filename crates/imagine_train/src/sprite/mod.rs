//! Sprites of 32x32 pixels with classes and prompts: an adversarial training on a set of pictures.

mod classifier;
mod data;
mod evaluate;
mod format;
mod networks;
#[cfg(test)]
mod tests;
mod train;
mod words;

pub use classifier::{ClassAgreement, ClassFigures, Classification, Classifier, ClassifierOptions};
pub use data::{ANY, SpriteBatch, SpriteSet, check_classes};
pub use evaluate::{
    ClosePair, ColorPairs, Evaluated, Evaluation, EvaluationOptions, LookFigures, Space, evaluate, samples,
};
pub use format::{SIDE, Sprite, VALUES, sheet};
pub use networks::{FIXED, SpriteNetworks};
pub use train::{RECIPE, SpriteOptions, train};
