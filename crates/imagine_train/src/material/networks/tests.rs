//! Networks of materials: valid, local, as small and costly as documented, complete in files.

use burn::backend::Flex;
use imagine_graph::rng::RandomState;
use imagine_graph::{Extent, Op, Size, Support, ValidGraph};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::material::format::MaterialExemplar;

fn networks() -> MaterialNetworks {
    let kinds: Vec<String> = (0..23).map(|index| format!("kind{index}")).collect();
    let exemplars = (0..52).map(|index| MaterialExemplar { kind: index % kinds.len(), maps: [true; 6] }).collect();
    MaterialNetworks { exemplars, kinds, ..MaterialNetworks::default() }
}

/// Multiply-adds of all convolutions and matrix products at `size`, per image.
fn multiply_adds(graph: &ValidGraph, size: Size) -> usize {
    let bound = graph.bind(size).unwrap();
    let cost = graph.nodes().iter().map(|node| {
        let output: usize = bound.value_type(node.outputs[0]).shape.iter().product();
        let shape =
            |index: usize| node.inputs[index].map(|value| bound.value_type(value).shape.clone()).unwrap_or_default();
        match &node.op {
            Op::Conv(_) => output * shape(1)[1..].iter().product::<usize>(),
            Op::MatMul(_) => output * shape(1)[0],
            _ => 0,
        }
    });
    cost.sum::<usize>() / size.batch
}

#[test]
fn the_networks_are_valid_and_cost_what_is_documented() {
    let mut rng = StdRng::seed_from_u64(0);
    let (generator, critic) = (networks().generator(&mut rng), networks().critic(&mut rng));
    let [valid, judge] = [&generator, &critic].map(|graph| graph.validate().unwrap());
    for [height, width] in [[32, 32], [160, 160], [512, 96]] {
        for graph in [&valid, &judge] {
            graph.bind(Size::new(height, width).with_batch(3)).unwrap();
        }
    }
    assert!((1_050_000..1_070_000).contains(&generator.parameters()), "{}", generator.parameters());
    let texels = |side: usize| side * side;
    let [large, crop] = [512, 160].map(|side| multiply_adds(&valid, Size::new(side, side)));
    let judged = multiply_adds(&judge, Size::new(160, 160));
    println!("{} a texel, {large}, {crop}; critic {} a texel, {judged}", large / texels(512), judged / texels(160));
    assert!((18_000..19_000).contains(&(large / texels(512))), "{}", large / texels(512));
    assert!((9_500..10_500).contains(&(judged / texels(160))), "{}", judged / texels(160));
}

#[test]
fn the_shipped_generator_has_the_trained_weights_and_is_local() {
    let mut rng = StdRng::seed_from_u64(0);
    let trained = networks().generator(&mut rng);
    let shipped = networks().shipped(&trained, Card::default(), &mut rng).validate().unwrap();
    let trainable = |graph: &Graph| graph.weights.keys().filter(|n| !FIXED.contains(&n.as_str())).cloned().collect();
    let (ours, theirs): (Vec<_>, Vec<_>) = (trainable(&shipped.generator.output), trainable(&trained));
    assert_eq!(ours, theirs);
    for (name, weight) in &trained.weights {
        assert_eq!(&shipped.generator.output.weights[name], weight, "{name}");
    }
    assert_eq!(shipped.generator.size, SizeRule { multiple: Extent::splat(16), min: Extent::splat(16), tiles: true });
    let bound = shipped.output.bind(Size::new(512, 512)).unwrap();
    let support = bound.support();
    assert!(support.iter().any(|support| support.source == "latent"));
    assert!(support.iter().any(|support| support.source == "kind"));
    for found in support {
        let Support::Local { windows } = &found.support else { panic!("{}: {}", found.output, found.support) };
        if found.source == "latent" {
            assert!(windows.iter().all(|window| window.low >= -7 && window.high <= 7), "{}", found.support);
        }
    }
}

#[test]
fn waves_start_at_the_given_bases() {
    let exemplars = vec![MaterialExemplar { kind: 0, maps: [true; 6] }, MaterialExemplar { kind: 1, maps: [true; 6] }];
    let networks = MaterialNetworks { kinds: vec!["a".into(), "b".into()], exemplars, ..networks() };
    let mut graph = networks.generator(&mut StdRng::seed_from_u64(0));
    let shapes = graph.weights["waves.x"].shape.clone();
    let basis = |vectors, first| WaveBasis { vectors, strengths: [first, 0.2, 0.3, 0.4, 0.5, 0.6] };
    let bases = [basis([[0.25, 0.0], [0.0, 0.125]], 0.1), basis([[0.5, -0.5], [0.0, 1.0]], 0.9)];
    networks.set_waves(&mut graph, &bases);
    let of = |name: &str| graph.weights[name].as_f32().unwrap().to_vec();
    assert_eq!(graph.weights["waves.x"].shape, shapes);
    assert_eq!(of("waves.x"), [4.0, 8.0, 0.0, 0.0]);
    assert_eq!(of("waves.y"), [0.0, -8.0, 2.0, 16.0]);
    assert_eq!(of("waves.strength")[..4], [0.1, 0.9, 0.2, 0.2]);
}

/// The output of a graph for one image.
fn run(graph: &Graph, inputs: Vec<Tensor>, size: Size) -> Vec<f32> {
    let device = Default::default();
    let network = imagine_burn::Network::<Flex>::new(&graph.validate().unwrap(), &device);
    let inputs = inputs.iter().map(|input| imagine_burn::Value::from_data(input, &device)).collect();
    let made = network.run(inputs, size, RandomState::default()).unwrap().remove(0);
    made.into_data().as_f32().unwrap().to_vec()
}

#[test]
fn a_kind_is_mostly_one_of_its_exemplars_whichever_the_seed_prefers() {
    let networks = networks();
    let mut graph = Graph::default();
    generator::exemplar(&networks, &mut graph);
    graph.output("exemplar", OutputKind::Tensor);
    let mut rng = StdRng::seed_from_u64(5);
    let (mut nearly_one, mut several, mut first) = (0, 0, 0);
    for _ in 0..40 {
        let count = networks.exemplars.len();
        let variant: Vec<f32> = (0..count).map(|_| crate::core::rng::normal(&mut rng)).collect();
        let shares = run(&graph, vec![Tensor::f32([1, count, 1, 1], variant)], Size::new(16, 16));
        for kind in 0..networks.kinds.len() {
            let own: Vec<f32> = networks.of_kind(kind).map(|exemplar| shares[exemplar]).collect();
            assert!((own.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{own:?}");
            let most = own.iter().copied().fold(0.0, f32::max);
            (nearly_one, several) = (nearly_one + usize::from(most > 0.95), several + 1);
            first += usize::from(own[0] == most);
        }
    }
    assert!(nearly_one * 10 > several * 6, "{nearly_one} of {several}");
    assert!((several / 3..several * 2 / 3).contains(&first), "{first} of {several}");
}

#[test]
fn waves_stay_in_step_on_a_torus_that_their_basis_does_not_fit() {
    let kinds = vec!["wall".to_string()];
    let networks =
        MaterialNetworks { kinds, exemplars: vec![MaterialExemplar { kind: 0, maps: [true; 6] }], ..networks() };
    let mut rng = StdRng::seed_from_u64(0);
    let mut layers = Layers::on_torus(&mut rng);
    let input = |layers: &mut Layers<'_, StdRng>, name: &str, shape| layers.graph.input(name, InputKind::Tensor, shape);
    input(&mut layers, "phase", planes(2));
    input(&mut layers, "kind", cells(1));
    input(&mut layers, "exemplar", planes(1));
    input(&mut layers, "scale", planes(1));
    input(&mut layers, "place", fraction(4, CELL / FINE));
    let waves = Body { networks: &networks, layers: &mut layers, rounded: true }.waves();
    layers.graph.output(&waves, OutputKind::Tensor);
    let mut graph = layers.graph;
    // 3.3 and 2.6 cycles over 5 cells.
    let vectors = [[0.66 / 16.0, 0.4 / 16.0], [-0.52 / 16.0, 0.3 / 16.0]];
    networks.set_waves(&mut graph, &[WaveBasis { vectors, strengths: [1.0; 6] }]);
    let side = 5 * FINE;
    let place = (0..4 * side * side).map(|at| match at / (side * side) {
        0 => (at % side) as f32 / side as f32,
        1 => (at % (side * side) / side) as f32 / side as f32,
        _ => side as f32,
    });
    let inputs = vec![
        Tensor::f32([1, 2, 1, 1], [0.3, -0.8]),
        Tensor::f32([1, 1, 5, 5], vec![1.0; 25]),
        Tensor::f32([1, 1, 1, 1], [1.0]),
        Tensor::f32([1, 1, 1, 1], [1.0]),
        Tensor::f32([1, 4, side, side], place.collect::<Vec<f32>>()),
    ];
    let made = run(&graph, inputs, Size::new(5 * CELL, 5 * CELL));
    let angle = |wave: usize, at: usize| {
        let [sine, cosine] = [wave, HARMONICS.len() + wave].map(|plane| made[plane * side * side + at]);
        sine.atan2(cosine) / std::f32::consts::TAU
    };
    for at in 0..side * side {
        for (wave, [m, n]) in HARMONICS.into_iter().enumerate() {
            let off = m * angle(0, at) + n * angle(1, at) - angle(wave, at);
            assert!((off - off.round()).abs() < 1e-4, "wave {wave} at {at}: {off}");
        }
    }
    let moved = angle(0, 1) - angle(0, 0);
    assert!((moved - moved.round() - 3.0 / 20.0).abs() < 1e-4, "{moved}");
}

#[test]
fn the_card_can_list_the_trained_maps_of_each_kind() {
    let exemplars = vec![
        MaterialExemplar { kind: 0, maps: [true, true, false, false, false, false] },
        MaterialExemplar { kind: 0, maps: [true, false, false, true, false, false] },
        MaterialExemplar { kind: 1, maps: [true, false, false, false, false, false] },
    ];
    let networks =
        MaterialNetworks { kinds: vec!["bark".into(), "snow".into()], exemplars, ..MaterialNetworks::default() };
    assert_eq!(networks.trained_maps(), "bark: base_color, normal, roughness; snow: base_color");
}
