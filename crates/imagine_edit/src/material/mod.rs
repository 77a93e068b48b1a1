//! The maps of a material from one photograph of a surface: base colour without shading, normals, height, roughness and occlusion, by the network in
//! this crate or one of a file, such as `imagine train maps` makes. The control [`RELIEF`] makes it deeper or flatter.

use std::sync::Arc;

use imagine_graph::file::{self, LoadedGenerator};
use imagine_graph::generators::Formula;
use imagine_graph::{Card, ColorSpace, Dim, Generator, GraphOutput, InputKind, OutputKind, ReduceSumSquare, SizeRule};

use crate::color::{linear, srgb};
use crate::error::EditError;
use crate::maps::input;
use crate::network::{joined, wrapped};

/// Name of the control: 1 leaves the relief as it is found, 0 makes the surface level.
pub const RELIEF: &str = "relief";
/// Largest value of [`RELIEF`].
pub const MOST_RELIEF: f32 = 4.0;

const FILE: &str = "maps.generator.safetensors";
const BYTES: &[u8] = include_bytes!("maps.generator.safetensors");

/// Smallest side of a picture that continues at the opposite border, in pixels.
const WRAPPED_SIDE: usize = 64;
/// Name of the input.
const IMAGE: &str = "image";

/// What makes maps of photographs, ready to be used.
#[derive(Clone, Debug)]
pub struct MapMaker {
    loaded: Arc<LoadedGenerator>,
}

/// The edit that makes the maps of a material of a photograph, with the network in this crate; sides are multiples of 16. Its control is
/// [`RELIEF`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MakeMaps {
    /// Whether the photograph continues at the opposite edge.
    pub tiles: bool,
}

impl MakeMaps {
    pub(crate) fn loaded(self) -> Result<LoadedGenerator, EditError> {
        MapMaker::built_in().of_photograph(self.tiles)
    }
}

impl MapMaker {
    /// The network in this crate, trained on CC0 materials.
    pub fn built_in() -> Self {
        let loaded = file::from_bytes(FILE, BYTES).expect("a shipped file can be read");
        Self::from_generator(&Arc::new(loaded)).expect("a shipped file makes maps")
    }

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

    /// What sides are multiples of.
    pub fn size_rule(&self) -> SizeRule {
        self.loaded.generator.generator.size
    }

    /// A generator whose input `image` is a photograph, and whose outputs are maps; its control is [`RELIEF`]. If it `wraps`, the photograph
    /// continues at the opposite border, and so do the maps.
    ///
    /// # Errors
    /// A network that cannot wrap.
    pub fn of_photograph(&self, wraps: bool) -> Result<LoadedGenerator, EditError> {
        let plain = &self.loaded.generator.generator;
        let mut f = Formula::new();
        let image = input(&mut f, IMAGE, OutputKind::BaseColor, [Dim::HEIGHT, Dim::WIDTH]);
        let relief = f.range(RELIEF, [0.0, MOST_RELIEF], 1.0);
        let given = &plain.output.inputs[0];
        let image = if given.kind == InputKind::Image(ColorSpace::Linear) { linear(&mut f, &image) } else { image };
        let made = joined(&mut f, &plain.output, "network", &[(given.name.as_str(), image.as_str())]);
        f.part("relief");
        for (output, value) in plain.output.outputs.iter().zip(made) {
            let value = with_default_range(&mut f, output, &value);
            let value = with_relief(&mut f, &value, output.kind, &relief);
            f.output(&value, output.kind);
        }
        let card = Card { metrics: Default::default(), ..plain.card.clone() };
        let generator = Generator { output: f.graph, recurrence: None, size: plain.size, card };
        let generator = match wraps {
            true => wrapped(generator, WRAPPED_SIDE, 1).map_err(|error| error.of(&self.loaded.name))?,
            false => generator.validate()?,
        };
        let hash = file::hash(format!("imagine maps 2\n{} {wraps}", self.loaded.hash).as_bytes());
        let parts = vec![self.loaded.clone()];
        Ok(LoadedGenerator { generator, hash, name: "maps".into(), parts, layers: None })
    }
}

/// The value of an output in the range and colour space that outputs of its kind have.
fn with_default_range(f: &mut Formula, output: &GraphOutput, value: &str) -> String {
    let expected = GraphOutput::new("", output.kind);
    let ([low, high], [least, most]) = (output.range, expected.range);
    let mut value = value.to_string();
    if output.range != expected.range && high > low {
        let scale = (most - least) / (high - low);
        value = f.scaled(&value, scale, least - scale * low);
    }
    match (output.color_space, expected.color_space) {
        (ColorSpace::Linear, ColorSpace::Srgb) => srgb(f, &value),
        (ColorSpace::Srgb, ColorSpace::Linear) => linear(f, &value),
        _ => value,
    }
}

/// A map of a surface whose relief is `relief` times as deep.
fn with_relief(f: &mut Formula, value: &str, kind: OutputKind, relief: &str) -> String {
    match kind {
        OutputKind::Normal => {
            let (along, up) = (f.channels(value, 0..2), f.channels(value, 2..3));
            let along = f.mul(&along, relief);
            let vector = f.concat(&[&along, &up]);
            let squared = f.node(ReduceSumSquare { axes: vec![1], ..ReduceSumSquare::default() }, &[&vector]);
            let squared = f.max(&squared, 1e-9);
            let length = f.sqrt(&squared);
            f.div(&vector, &length)
        }
        // Around the middle, and what is hidden of the sky.
        OutputKind::Height | OutputKind::Occlusion => {
            let rest = if kind == OutputKind::Height { 0.5 } else { 1.0 };
            let apart = f.scaled(value, 1.0, -rest);
            let apart = f.mul(&apart, relief);
            let moved = f.scaled(&apart, 1.0, rest);
            f.clip(&moved, 0.0, 1.0)
        }
        _ => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use imagine_graph::{Extent, Graph, Identity};

    use super::*;
    use crate::upscale::Upscaler;

    #[test]
    fn the_network_in_this_crate_has_a_card_and_makes_maps() {
        let maker = MapMaker::built_in();
        let card = &maker.generator().generator.generator.card;
        assert!(!card.title.is_empty() && !card.license.is_empty() && !card.training_data.is_empty(), "{card:?}");
        assert!(maker.generator().generator.output.graph().parameters() <= 150_000);
        for wraps in [false, true] {
            let loaded = maker.of_photograph(wraps).unwrap();
            let inputs: Vec<&str> = loaded.generator.inputs().into_iter().map(|input| input.name.as_str()).collect();
            assert_eq!(inputs, [IMAGE, RELIEF]);
            let kinds: Vec<OutputKind> =
                loaded.generator.output.graph().outputs.iter().map(|output| output.kind).collect();
            use OutputKind::{BaseColor, Height, Normal, Occlusion, Roughness};
            assert_eq!(kinds, [BaseColor, Normal, Height, Roughness, Occlusion]);
            assert_eq!(loaded.generator.generator.size.tiles, wraps);
        }
    }

    #[test]
    fn other_ranges_and_linear_light_become_those_of_maps() {
        let mut graph = Graph::default();
        graph.input("photo", InputKind::Image(ColorSpace::Linear), Dim::nchw(3));
        graph.push("color", Identity {}, ["photo"]);
        graph.push("bent", Identity {}, ["photo"]);
        graph
            .outputs
            .push(GraphOutput { color_space: ColorSpace::Linear, ..GraphOutput::new("color", OutputKind::BaseColor) });
        graph.outputs.push(GraphOutput { range: [0.0, 1.0], ..GraphOutput::new("bent", OutputKind::Normal) });
        let size = SizeRule { multiple: Extent::splat(1), min: Extent::splat(1), tiles: false };
        let generator = Generator { output: graph, recurrence: None, size, card: Card::default() };
        let generator = generator.validate().unwrap();
        let loaded =
            LoadedGenerator { generator, hash: "1".into(), name: "own".into(), parts: Vec::new(), layers: None };
        let made = MapMaker::from_generator(&Arc::new(loaded)).unwrap().of_photograph(false).unwrap();
        let outputs = &made.generator.output.graph().outputs;
        assert_eq!(outputs[0], GraphOutput::new("base_color", OutputKind::BaseColor));
        assert_eq!(outputs[1], GraphOutput::new("normal", OutputKind::Normal));
        assert_eq!(made.generator.output.graph().inputs[0].kind, InputKind::Image(ColorSpace::Srgb));
    }

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
