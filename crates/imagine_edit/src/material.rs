//! The maps of a material from one photograph of a surface: base colour without shading, normals, height, roughness and occlusion, by a network
//! of a file, such as `imagine train maps` makes.

use std::sync::Arc;

use imagine_graph::file::{self, LoadedGenerator};
use imagine_graph::{Card, Generator, InputKind, OutputKind};

use crate::error::EditError;
use crate::network::wrapped;

/// Smallest side of a picture that continues at the opposite border, in pixels.
const WRAPPED_SIDE: usize = 64;
/// Name of the input.
const IMAGE: &str = "image";

/// What makes maps of photographs, ready to be used.
#[derive(Clone, Debug)]
pub struct MapMaker {
    loaded: Arc<LoadedGenerator>,
}

impl MapMaker {
    /// A network from a file: its only input is a picture of three channels, and it makes maps of a material of the same size, normals among them.
    ///
    /// # Errors
    /// A generator of another kind.
    pub fn from_generator(loaded: &Arc<LoadedGenerator>) -> Result<Self, EditError> {
        let fail = |reason| EditError::NoMaps { generator: loaded.name.clone(), reason };
        let plain = &loaded.generator.generator;
        let [input] = &plain.output.inputs[..] else { return Err(fail("it has not one input")) };
        if plain.recurrence.is_some() || !matches!(input.kind, InputKind::Image(_)) {
            return Err(fail("its input is no picture"));
        }
        let kinds: Vec<OutputKind> = plain.output.outputs.iter().map(|output| output.kind).collect();
        if !kinds.contains(&OutputKind::Normal) {
            return Err(fail("it makes no normals"));
        }
        if !kinds.iter().all(|kind| OutputKind::MAPS.contains(kind)) {
            return Err(fail("it makes something else than maps"));
        }
        Ok(Self { loaded: loaded.clone() })
    }

    /// The network's generator.
    pub fn generator(&self) -> &Arc<LoadedGenerator> {
        &self.loaded
    }

    /// A generator whose input `image` is a photograph, and whose outputs are maps. If it `wraps`, the photograph continues at the opposite border,
    /// and so do the maps.
    ///
    /// # Errors
    /// A network that cannot wrap.
    pub fn of_photograph(&self, wraps: bool) -> Result<LoadedGenerator, EditError> {
        let mut generator: Generator = self.loaded.generator.generator.clone();
        let given = std::mem::replace(&mut generator.output.inputs[0].name, IMAGE.into());
        for name in generator.output.nodes.iter_mut().flat_map(|node| &mut node.inputs) {
            if *name == given {
                *name = IMAGE.into();
            }
        }
        generator.card = Card { metrics: Default::default(), ..generator.card };
        let generator = match wraps {
            true => wrapped(generator, WRAPPED_SIDE, 1).map_err(|error| error.of(&self.loaded.name))?,
            false => generator.validate()?,
        };
        let hash = file::hash(format!("imagine maps 1\n{} {wraps}", self.loaded.hash).as_bytes());
        let parts = vec![self.loaded.clone()];
        Ok(LoadedGenerator { generator, hash, name: "maps".into(), parts, layers: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upscale::Upscaler;

    #[test]
    fn other_generators_are_refused() {
        let refused = |loaded: &Arc<LoadedGenerator>| MapMaker::from_generator(loaded).unwrap_err().to_string();
        let message = refused(Upscaler::small(2).unwrap().generator());
        assert!(message.contains("it makes no normals; expected one picture in"), "{message}");
        let material = Arc::new(imagine_graph::generators::load("noise_material").unwrap());
        assert!(
            refused(&material).starts_with("noise_material makes no maps of photographs"),
            "{}",
            refused(&material)
        );
    }
}
