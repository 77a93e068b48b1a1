//! Networks of materials: valid at sizes, local, small, as costly as the file's head says, whole as shipped.

use imagine_graph::{Op, Size, Support, ValidGraph};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

fn networks() -> MaterialNetworks {
    let kinds: Vec<String> = (0..23).map(|index| format!("kind{index}")).collect();
    MaterialNetworks { learnt: vec![[true; 6]; kinds.len()], kinds, ..MaterialNetworks::default() }
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
fn the_networks_are_valid_and_cost_what_their_file_says() {
    let mut rng = StdRng::seed_from_u64(0);
    let (generator, critic) = (networks().generator(&mut rng), networks().critic(&mut rng));
    let [valid, judge] = [&generator, &critic].map(|graph| graph.validate().unwrap());
    for [height, width] in [[32, 32], [160, 160], [512, 96]] {
        for graph in [&valid, &judge] {
            graph.bind(Size::new(height, width).with_batch(3)).unwrap();
        }
    }
    println!("{} and {} parameters", generator.parameters(), critic.parameters());
    assert!((980_000..1_000_000).contains(&generator.parameters()), "{}", generator.parameters());
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
    let learnt = |graph: &Graph| graph.weights.keys().filter(|n| !FIXED.contains(&n.as_str())).cloned().collect();
    let (ours, theirs): (Vec<_>, Vec<_>) = (learnt(&shipped.generator.output), learnt(&trained));
    assert_eq!(ours, theirs);
    for (name, weight) in &trained.weights {
        assert_eq!(&shipped.generator.output.weights[name], weight, "{name}");
    }
    assert_eq!(shipped.generator.size, SizeRule { multiple: [16; 2], min: [16; 2], tiles: true });
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
fn waves_begin_where_they_are_told() {
    let networks = MaterialNetworks { kinds: vec!["a".into(), "b".into()], learnt: vec![[true; 6]; 2], ..networks() };
    let mut graph = networks.generator(&mut StdRng::seed_from_u64(0));
    let before = graph.weights["waves.x"].as_f32().unwrap().to_vec();
    let waves = [([0.25, 0.0], 0.5), ([0.0, -0.125], 0.2)].map(|(vector, strength)| Wave { vector, strength });
    networks.begin_waves(&mut graph, &[vec![], waves.to_vec()]);
    let strengths = graph.weights["waves.strength"].as_f32().unwrap();
    assert_eq!(strengths[..4], [1.0, 0.5, 1.0, 0.2]);
    let [x, y] = ["waves.x", "waves.y"].map(|name| graph.weights[name].as_f32().unwrap().to_vec());
    assert_eq!((x[1], y[1], x[3], y[3]), (4.0, 0.0, 0.0, -2.0));
    assert_eq!((x[0], x[2], x[5]), (before[0], before[2], before[5]));
}

#[test]
fn the_card_can_say_which_maps_each_kind_learnt() {
    let learnt = vec![[true, true, false, true, false, false], [true, false, false, false, false, false]];
    let networks =
        MaterialNetworks { kinds: vec!["bark".into(), "snow".into()], learnt, ..MaterialNetworks::default() };
    assert_eq!(networks.learnt_maps(), "bark: base_color, normal, roughness; snow: base_color");
}
