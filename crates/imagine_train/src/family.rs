//! The family of a generator file, as its card tells it.
//!
//! Cards have no field for the family: it follows from the recipe, whose first words each family owns (`RECIPE`). Recipes of
//! textures that started from another one begin with that one's recipe. This file is the only place that reads recipes.

use imagine_graph::Card;

use crate::{living, maps, restore, sprite, style, upscale};

/// A kind of generator that is made and evaluated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Family {
    /// Textures by example.
    Exemplar,
    /// Living textures.
    Living,
    /// Sprites.
    Sprites,
    /// Upscalers.
    Upscale,
    /// Styles for a camera.
    Style,
    /// Networks that restore pictures.
    Restore,
    /// Networks that make maps of photographs.
    Maps,
}

impl Family {
    /// The family that a card's recipe names, if it names one.
    pub fn of(card: &Card) -> Option<Self> {
        let recipe = card.recipe.to_lowercase();
        if recipe.starts_with(imagine_exemplar::RECIPE) {
            Some(Self::Exemplar)
        } else if recipe.contains(living::RECIPE) {
            Some(Self::Living)
        } else if recipe.starts_with(sprite::RECIPE) {
            Some(Self::Sprites)
        } else if recipe.starts_with(style::RECIPE) {
            Some(Self::Style)
        } else if recipe.starts_with(restore::RECIPE) {
            Some(Self::Restore)
        } else if recipe.starts_with(maps::RECIPE) {
            Some(Self::Maps)
        } else {
            recipe.starts_with(upscale::RECIPE).then_some(Self::Upscale)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_generator_tells_its_family() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/generators");
        let mut counts = [0; 7];
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "safetensors") {
                let card = imagine_graph::file::load(&file).unwrap().generator.generator.card;
                let family = Family::of(&card).unwrap_or_else(|| panic!("{}: {:?}", file.display(), card.recipe));
                counts[family as usize] += 1;
            }
        }
        assert!(counts[1] >= 1 && counts[2] == 1, "{counts:?}");
    }

    #[test]
    fn other_recipes_name_no_family() {
        for recipe in ["", "exported from PyTorch", "a generative adversarial network"] {
            assert_eq!(Family::of(&Card { recipe: recipe.into(), ..Card::default() }), None);
        }
    }
}
