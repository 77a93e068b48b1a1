//! The merged graph: names, sharing, sizes, cards, and what is refused.

use std::sync::Arc;

use expect_test::expect;

use super::*;
use crate::file::{self, LoadedGenerator};
use crate::formulas;
use crate::generator::{Card, Generator, Recurrence, SizeRule};
use crate::graph::{Graph, InputKind, OutputKind};
use crate::ops::{Identity, Mul, Op, RandomUniform};
use crate::tensor::{Dim, Extent, Tensor};

fn loaded(name: &str, generator: &Generator) -> Arc<LoadedGenerator> {
    let bytes = file::write(generator, file::WeightFormat::F32).unwrap();
    Arc::new(file::from_bytes(&format!("{name}.generator.safetensors"), &bytes).unwrap())
}

fn formula(name: &str) -> Arc<LoadedGenerator> {
    Arc::new(formulas::load(name).unwrap())
}

/// Random maps of these kinds, brightened by the weight `gain`.
fn random(name: &str, kinds: &[OutputKind], multiple: usize) -> Arc<LoadedGenerator> {
    let mut graph = Graph::default();
    graph.weight("gain", Tensor::f32([1, 1, 1, 1], [0.5]));
    for (stream, kind) in kinds.iter().enumerate() {
        let shape = Dim::nchw(kind.channels().unwrap());
        graph.push(
            &format!("r{stream}"),
            RandomUniform { shape, stream: stream as u32, ..RandomUniform::default() },
            [],
        );
        graph.push(kind.name(), Mul {}, [&*format!("r{stream}"), "gain"]);
        graph.output(kind.name(), *kind);
    }
    let sides = Extent::splat(multiple);
    let license = if name == "moss" { "CC-BY-4.0" } else { "MIT OR Apache-2.0" };
    let card = Card { title: name.into(), license: license.into(), ..Card::default() };
    let size = SizeRule { multiple: sides, min: sides, tiles: true };
    loaded(name, &Generator { output: graph, recurrence: None, size, card })
}

fn brick() -> Arc<LoadedGenerator> {
    random("brick", &[OutputKind::BaseColor, OutputKind::Normal, OutputKind::Height, OutputKind::Occlusion], 6)
}

fn moss() -> Arc<LoadedGenerator> {
    random("moss", &[OutputKind::BaseColor, OutputKind::Height, OutputKind::Roughness], 4)
}

fn merge(layers: Vec<Layer<Arc<LoadedGenerator>>>) -> Result<LoadedGenerator, LayersError> {
    MaterialLayers { layers }.merge("wall")
}

#[test]
fn layers_become_one_generator() {
    let mask = Mask::Product(vec![
        Mask::Not(Box::new(Mask::Slope { from: 10.0, to: 60.0 })),
        Mask::Noise { size: 32, octaves: 3, from: 0.4, to: 0.6 },
        Mask::Sum(vec![Mask::Cavity { radius: 4.0, from: 0.0, to: -0.1 }, Mask::Input("paint".into())]),
    ]);
    let wall = merge(vec![Layer::new(brick()), Layer::new(moss()).with_mask(mask)]).unwrap();
    let generator = &wall.generator.generator;
    assert_eq!(generator.size.multiple, Extent::splat(96));
    assert!(generator.size.tiles);
    let inputs: Vec<&str> = wall.generator.inputs().iter().map(|input| input.name.as_str()).collect();
    assert_eq!(inputs, ["moss.amount", "paint"]);
    let kinds: Vec<&str> = generator.output.outputs.iter().map(|output| output.kind.name()).collect();
    assert_eq!(kinds, ["base_color", "normal", "height", "roughness", "occlusion"]);
    assert_eq!(generator.card.license, "(MIT OR Apache-2.0) AND CC-BY-4.0");
    assert_eq!(generator.card.title, "brick, moss");
}

#[test]
fn equal_layers_are_computed_once() {
    let draws = |layers: Vec<Layer<Arc<LoadedGenerator>>>| {
        let graph = merge(layers).unwrap().generator.generator.output;
        let is_draw = |op: &Op| matches!(op, Op::RandomUniform(_));
        let streams: Vec<u32> = graph
            .nodes
            .iter()
            .filter(|node| is_draw(&node.op))
            .filter_map(|node| node.op.clone().stream_mut().copied())
            .collect();
        streams
    };
    let seeded = |seed| Layer { seed: Some(seed), ..Layer::new(moss()) };
    assert_eq!(draws(vec![Layer::new(brick()), seeded(3), seeded(3)]).len(), 4 + 3);
    let apart = draws(vec![Layer::new(brick()), seeded(3), seeded(4)]);
    assert_eq!(apart.len(), 4 + 3 + 3);
    let distinct: std::collections::BTreeSet<&u32> = apart.iter().collect();
    assert_eq!(distinct.len(), apart.len(), "streams are apart: {apart:?}");
    assert_eq!(draws(vec![Layer::new(moss()), Layer::new(moss())]).len(), 6, "layers differ by their number");
}

#[test]
fn weights_are_shared_with_the_generators() {
    let brick = brick();
    let wall = merge(vec![Layer::new(brick.clone()), Layer::new(moss())]).unwrap();
    let own = brick.generator.generator.output.weights.shared("gain").unwrap();
    let merged = wall.generator.generator.output.weights.shared("brick.gain").unwrap();
    assert!(Arc::ptr_eq(own, merged));
}

#[test]
fn controls_keep_the_defaults_of_their_layer() {
    let noise = formula("noise_material");
    let mut rust = Layer::new(noise.clone());
    rust.name = "rust".into();
    rust.controls = [("coat".to_string(), "0.75".to_string()), ("coat_color".into(), "#ff0000".into())].into();
    let wall = merge(vec![Layer::new(noise), rust.clone()]).unwrap();
    let default = |name: &str| wall.generator.inputs().iter().find(|input| input.name == name).unwrap().kind.clone();
    assert!(matches!(default("rust.coat"), InputKind::Range { default: 0.75, .. }));
    assert!(matches!(default("noise_material.coat"), InputKind::Range { default: 0.0, .. }));
    assert_eq!(default("rust.coat_color"), InputKind::Color { default: [1.0, 0.0, 0.0] });
    let other = merge(vec![Layer::new(formula("noise_material")), Layer { amount: 0.5, ..rust }]).unwrap();
    assert_ne!(wall.hash, other.hash, "every field is in the hash");
}

/// A living texture of one channel.
fn living() -> Arc<LoadedGenerator> {
    let state = || Dim::nchw(3);
    let mut init = Graph::default();
    init.push("state", RandomUniform { shape: state(), ..RandomUniform::default() }, []);
    init.output("state", OutputKind::State);
    let mut step = Graph::default();
    step.input("state", InputKind::State, state());
    step.push("next", Identity {}, ["state"]);
    step.output("next", OutputKind::State);
    let mut output = Graph::default();
    output.input("state", InputKind::State, state());
    output.push("base_color", Identity {}, ["state"]);
    output.output("base_color", OutputKind::BaseColor);
    let recurrence = Some(Recurrence { init, step, steps: 1, step_rate: 1.0 });
    loaded("bark", &Generator { output, recurrence, size: SizeRule::default(), card: Card::default() })
}

#[test]
fn what_does_not_fit_is_named_with_what_to_do() {
    let fault = |layers| merge(layers).map(|made| made.name).unwrap_err().to_string();
    let named = |name: &str, generator| Layer { name: name.into(), ..Layer::new(generator) };
    let two = |layer: Layer<Arc<LoadedGenerator>>| fault(vec![Layer::new(brick()), layer]);
    let masked = |mask| two(Layer::new(moss()).with_mask(mask));
    let control = |name: &str, value: &str| {
        let mut layer = Layer::new(formula("noise_material"));
        layer.controls.insert(name.into(), value.into());
        two(layer)
    };
    let coarse = random("coarse", &[OutputKind::Height], 8191);
    let plain = random("plain", &[OutputKind::BaseColor], 1);
    let errors = [
        fault(Vec::new()),
        fault(vec![Layer::new(moss()); 9]),
        fault(vec![Layer::default()]),
        fault(vec![Layer::new(plain), Layer::new(moss()).with_mask(Mask::Height { from: 0.0, to: 1.0 })]),
        two(Layer::new(living())),
        two(Layer::new(formula("cloudy_sky"))),
        two(Layer { name: "a.b".into(), ..Layer::new(moss()) }),
        fault(vec![named("wall", brick()), named("wall", moss())]),
        two(Layer { width: f32::NAN, ..Layer::new(moss()) }),
        two(Layer { seed: Some(u32::MAX), ..Layer::new(moss()) }),
        two(Layer::new(coarse)),
        masked(Mask::Noise { size: 48, octaves: 3, from: 0.0, to: 1.0 }),
        masked(Mask::Slope { from: 30.0, to: 30.0 }),
        masked(Mask::Sum(vec![Mask::Everywhere; 40])),
        control("coats", "1"),
        control("coat", "2"),
        control("shape", "1"),
    ];
    expect![[r#"
        0 layers: expected 1 to 8
        9 layers: expected 1 to 8
        layer 1 ("layer_1"): the lowest layer needs a generator; only layers above it can change what lies below
        layer 2 ("moss"): the mask Height reads the height below, but no layer below has one; choose a generator that makes one, or another mask
        layer 2 ("bark"): bark is a living texture, whose steps cannot be part of layers; use a generator by example, a formula, or bake it
        layer 2 ("cloudy_sky"): cloudy_sky makes radiance, which is no map of a material; layers need a base colour, a normal, a height or the like
        layer 2 ("a.b"): the name must be a letter followed by at most 39 letters, digits and _
        layer 2 ("wall"): layer 1 has the same name; give one of them another `name`
        layer 2 ("moss"): width is NaN, expected 0.001 to 1
        layer 2 ("moss"): seed is 4294967295, expected 0 to 10000
        layer 2 ("coarse"): sizes would have to be multiples of 49146, more than 16384; its sizes do not fit those of the layers below
        layer 2 ("moss"): size of Noise is 48, expected a power of two from 2 to 256
        layer 2 ("moss"): from and to of Slope is 30 and 30, expected two different numbers within the range of what is measured
        layer 2 ("moss"): the mask has 41 terms, expected at most 32
        layer 2 ("noise_material"): there is no input "coats"; the generator has ["scale", "detail", "shape", "warp", "veins", "coat", "ridges", "relief", "color_a", "color_b", "vein_color", "coat_color", "mottle", "base_roughness", "coat_roughness", "metalness"]
        layer 2 ("noise_material"): input "coat" is 2, expected a number from 0 to 1
        layer 2 ("noise_material"): control "shape" (latent) cannot be set here; set noise_material.shape in the request"#]].assert_eq(&errors.join("\n"));
}

#[test]
fn a_trained_layer_marks_all() {
    use formulas::{Origin, origin};
    let noise = || Layer::new(formula("noise_material"));
    assert_eq!(origin(&merge(vec![noise(), noise()]).unwrap()), Origin::Formula);
    assert_eq!(origin(&merge(vec![noise(), Layer::new(moss())]).unwrap()), Origin::TrainedNetwork);
}

#[test]
fn hostile_text_is_refused_with_its_place() {
    let fault = |text: &str| MaterialLayers::from_ron("wall.layers.ron", text).unwrap_err().to_string();
    let deep = format!("(layers: [(generator: \"a\", mask: {}", "Not(".repeat(100_000));
    let many = format!("(layers: [{}])", "(generator: \"a\"),".repeat(9));
    let errors = [
        fault(""),
        fault("(layers: [(generater: \"a\")])"),
        fault("(layers: [\n  (generator: \"a\", mask: Hight(from: 0, to: 1)),\n])"),
        fault("(layers: [(generator: \"a\", amount: inf)])"),
        fault(&deep),
        fault(&many),
        fault(&" ".repeat(2 << 20)),
    ];
    expect![[r#"
        wall.layers.ron:1:1: Expected opening `(` for struct `MaterialLayers`
        wall.layers.ron:1:12: Unexpected field named `generater` in `Layer`, expected one of `generator`, `name`, `seed`, `controls`, `shrink`, `amount`, `mask`, `contrast`, `width`, `follow`, `thickness`, `tint`, `roughness`, `metallic`, `height`, or `relief` instead
        wall.layers.ron:2:26: Unexpected variant named `Hight` in enum `Mask`, expected one of `Everywhere`, `Amount`, `Height`, `Slope`, `Facing`, `Occlusion`, `Cavity`, `Noise`, `Input`, `Not`, `Product`, or `Sum` instead
        layer 1 ("a"): amount is inf, expected 0 to 1
        wall.layers.ron:1:278: is nested too deeply
        9 layers: expected 1 to 8
        wall.layers.ron:1:1: has 2097152 bytes, expected at most 1048576"#]].assert_eq(&errors.join("\n"));
}

#[test]
fn text_is_written_and_read_again() {
    let text = r#"(layers: [
        (generator: "red_bricks.generator.safetensors"),
        (mask: Input("wet"), roughness: 0.1, tint: (0.5, 0.5, 0.5)),
        (generator: "snow.generator.safetensors", seed: 7, mask: Facing(direction: (0, 1, 0.5), from: 0.5, to: 0.9)),
    ])"#;
    let layers = MaterialLayers::from_ron("a.layers.ron", text).unwrap();
    assert_eq!(layers.layers[1].generator, None);
    assert_eq!(layers.layers[2].seed, Some(7));
    assert_eq!(MaterialLayers::from_ron("b.layers.ron", &layers.to_ron().unwrap()).unwrap(), layers);
}
