//! Taking noise out of pictures and whole materials, smoothing bands and softening JPEG blocks, by a network that finds out by itself how much there
//! is.
//!
//! Colours are restored in sRGB, normals as colours and then of unit length, other maps as grey; alpha stays as it is. The control
//! [`STRENGTH`] fades what is done: 0 gives the picture to the bit.

use std::sync::Arc;

use imagine_graph::file::{self, LoadedGenerator};
use imagine_graph::{Card, Generator, OutputKind, PadMode, SizeRule};

use crate::error::EditError;
use crate::maps::check_maps;
use crate::network::{Network, WRAPPED_SIDE, larger_than};
use crate::upscale::of_maps::{of_maps, what};
use crate::upscale::stage::by_network;

/// Name of the control: 0 changes nothing, 1 does all that the network finds.
pub const STRENGTH: &str = "strength";

const FILE: &str = "restore.generator.safetensors";
const BYTES: &[u8] = include_bytes!("restore.generator.safetensors");

/// What restores pictures, ready to be used.
#[derive(Clone, Debug)]
pub struct Restorer {
    network: Network,
}

/// The edit that restores a picture or material with the network in this crate; its control is [`STRENGTH`].
#[derive(Clone, Debug, PartialEq)]
pub struct Restore {
    /// The maps: `[OutputKind::BaseColor]` for a picture.
    pub maps: Vec<OutputKind>,
    /// Whether pictures continue at the opposite edge.
    pub tiles: bool,
}

impl Restore {
    pub(crate) fn loaded(&self) -> Result<LoadedGenerator, EditError> {
        Restorer::built_in().of_maps(&self.maps, self.tiles)
    }
}

/// A picture without alpha that does not tile.
impl Default for Restore {
    fn default() -> Self {
        Self { maps: vec![OutputKind::BaseColor], tiles: false }
    }
}

impl Restorer {
    /// The network in this crate: linear blocks at half the resolution, trained on CC0 photographs and materials.
    pub fn built_in() -> Self {
        let loaded = file::from_bytes(FILE, BYTES).expect("a shipped file can be read");
        Self::from_generator(&Arc::new(loaded)).expect("a shipped file restores pictures")
    }

    /// A network from a file: its inputs are a picture of three channels and perhaps a control called [`STRENGTH`], and it makes a base colour of
    /// the same size.
    ///
    /// # Errors
    /// A generator of another kind.
    pub fn from_generator(loaded: &Arc<LoadedGenerator>) -> Result<Self, EditError> {
        let fail = |reason| EditError::NoRestorer { generator: loaded.name.clone(), reason };
        Ok(Self { network: Network::new(loaded.clone(), 1..=1, &[STRENGTH]).map_err(fail)? })
    }

    /// The network's generator.
    pub fn generator(&self) -> &Arc<LoadedGenerator> {
        &self.network.loaded
    }

    /// Whether it has the control [`STRENGTH`].
    pub fn has_strength(&self) -> bool {
        !self.network.controls.is_empty()
    }

    /// What sides are multiples of.
    pub fn size_rule(&self) -> SizeRule {
        self.generator().generator.generator.size
    }

    /// A generator that restores a picture (`[OutputKind::BaseColor]`), a sprite (and `Alpha`) or a material.
    ///
    /// Inputs are named [`input_name("image", kind)`](crate::input_name), base colour and emissive in sRGB, normals as in a file, 0 to 1; outputs
    /// after the maps. If it `wraps`, pictures continue at the opposite border.
    ///
    /// # Errors
    /// No maps, others than those of a material, or one twice; a network that cannot wrap.
    pub fn of_maps(&self, maps: &[OutputKind], wraps: bool) -> Result<LoadedGenerator, EditError> {
        check_maps(maps)?;
        let network = if wraps { self.network.wrapped() } else { Ok(self.network.clone()) };
        let network = network.map_err(|error| error.of(&self.generator().name))?;
        let border = if wraps { PadMode::Wrap } else { PadMode::Edge };
        let f = of_maps(maps, 1, &network.controls, |f, values| {
            Ok::<_, EditError>(by_network(f, values, &network, border))
        })?;
        let size = SizeRule { tiles: wraps, ..self.size_rule() };
        let size = if wraps { larger_than(size, WRAPPED_SIDE) } else { size };
        let own = self.generator();
        let card = Card { metrics: Default::default(), ..own.generator.generator.card.clone() };
        let generator = Generator { output: f.graph, recurrence: None, size, card }.validate()?;
        let hash = file::hash(format!("imagine restore 1\n{}\n{}", own.hash, what(maps, wraps)).as_bytes());
        Ok(LoadedGenerator { generator, hash, name: "restore".into(), parts: vec![own.clone()], layers: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upscale::Upscaler;

    #[test]
    fn the_network_in_this_crate_has_a_card_and_a_strength() {
        let restorer = Restorer::built_in();
        assert!(restorer.has_strength());
        let card = &restorer.generator().generator.generator.card;
        assert!(!card.title.is_empty() && !card.license.is_empty() && !card.training_data.is_empty(), "{card:?}");
        assert!(restorer.generator().generator.output.graph().parameters() <= 100_000);
    }

    #[test]
    fn generators_have_the_maps_and_one_strength() {
        let maps = [OutputKind::BaseColor, OutputKind::Alpha, OutputKind::Normal, OutputKind::Roughness];
        for wraps in [false, true] {
            let loaded = Restorer::built_in().of_maps(&maps, wraps).unwrap();
            let inputs: Vec<&str> = loaded.generator.inputs().into_iter().map(|input| input.name.as_str()).collect();
            assert_eq!(inputs, ["image", "image_alpha", "image_normal", "image_roughness", STRENGTH]);
            assert_eq!(loaded.generator.output.graph().outputs.len(), maps.len());
            assert_eq!(loaded.generator.generator.size.tiles, wraps);
        }
        assert!(Restorer::built_in().of_maps(&[OutputKind::Radiance], false).is_err());
    }

    #[test]
    fn other_generators_are_refused() {
        let upscaler = Upscaler::small(2).unwrap();
        let message = Restorer::from_generator(upscaler.generator()).unwrap_err().to_string();
        assert!(
            message.contains("its output is not of its input's size; expected one picture of 3 channels"),
            "{message}"
        );
        let material = Arc::new(imagine_graph::generators::load("noise_material").unwrap());
        let message = Restorer::from_generator(&material).unwrap_err().to_string();
        assert!(message.starts_with("noise_material restores no pictures: it has"), "{message}");
    }
}
