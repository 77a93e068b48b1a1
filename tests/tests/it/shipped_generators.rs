//! The files of `assets/generators`: they load, name their training data, executors agree, and they tile exactly.

use std::path::PathBuf;

use burn::backend::Flex;
use imagine_graph::file::{self, EXTENSION, LoadedGenerator, WeightFormat};
use imagine_graph::rng::{self, Domain};
use imagine_graph::{Extent, Generated, Request, Size, Tensor};

use crate::bits::{bits, gpu, roll};

/// An even size, and one that is not a multiple of a workgroup.
const SIZES: [[usize; 2]; 2] = [[48, 64], [53, 37]];
const ROLL: [usize; 2] = [17, 31];

fn shipped() -> Vec<LoadedGenerator> {
    paths().iter().map(|path| file::load(path).unwrap()).collect()
}

fn paths() -> Vec<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/generators"));
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(EXTENSION));
    paths.sort();
    assert!(paths.len() >= 3, "{paths:?}");
    paths
}

/// A state without structure, uniform within plus and minus 2.
fn random_state(generator: &LoadedGenerator, [height, width]: [usize; 2]) -> Tensor {
    let recurrence = generator.generator.recurrence.as_ref().expect("the shipped textures are automata");
    let size = Size::new(height, width);
    let shape = recurrence.step.graph().inputs[0].shape.iter().map(|dim| dim.bind(size).unwrap()).collect::<Vec<_>>();
    let key = rng::key(23, 0, 0);
    let number = |i: u32| 4.0 * rng::uniform(rng::cell(i, 0, 0, key)) - 2.0;
    let count = shape.iter().product::<usize>() as u32;
    Tensor::f32(shape, (0..count).map(number).collect::<Vec<_>>())
}

/// Rolling the state and the random numbers' domain rolls state and outputs, to the bit.
fn rolls_exactly(loaded: &LoadedGenerator, generate: impl Fn(&Request) -> Generated) {
    if loaded.generator.recurrence.is_none() {
        return images_roll_exactly(loaded, generate);
    }
    for size @ [height, width] in SIZES {
        let state = random_state(loaded, size);
        let mut request =
            Request { steps: Some(2), state: Some(state.clone()), ..Request::new(Size::new(height, width), 3) };
        let still = generate(&request);
        request.state = Some(roll(&state, ROLL));
        request.domain = Domain { origin: ROLL.map(|cells| cells as i32).into(), wrap: true };
        let rolled = generate(&request);
        let [before, after] = [&still, &rolled].map(|made| made.state.as_ref().unwrap());
        assert!(bits(after) != bits(before), "{}: rolling did nothing", loaded.name);
        assert!(bits(after) == bits(&roll(before, ROLL)), "{}: state at {size:?}", loaded.name);
        for ((output, still), (_, rolled)) in still.outputs.iter().zip(&rolled.outputs) {
            assert!(bits(rolled) == bits(&roll(still, ROLL)), "{}: {} at {size:?}", loaded.name, output.name);
        }
    }
}

/// Without a state, rolling the domain by whole cells rolls the outputs, if they tile.
fn images_roll_exactly(loaded: &LoadedGenerator, generate: impl Fn(&Request) -> Generated) {
    let rule = loaded.generator.generator.size;
    if !rule.tiles {
        return;
    }
    let Extent { height: rows, width: columns } = rule.multiple;
    let still = Request::new(rule.nearest(Size::new(4 * rows, 6 * columns)), 3);
    let roll_by = [rows, 3 * columns];
    let origin = roll_by.map(|texels| texels as i32).into();
    let rolled = Request { domain: Domain { origin, wrap: true }, ..still.clone() };
    let [still, rolled] = [still, rolled].map(|request| generate(&request));
    for ((output, still), (_, rolled)) in still.outputs.iter().zip(&rolled.outputs) {
        assert!(bits(rolled) == bits(&roll(still, roll_by)), "{}: {}", loaded.name, output.name);
    }
}

#[test]
fn every_card_names_its_training_data() {
    for loaded in shipped() {
        let card = &loaded.generator.generator.card;
        assert!(!card.title.is_empty() && !card.license.is_empty() && !card.recipe.is_empty(), "{}", loaded.name);
        assert!(!card.training_data.is_empty(), "{}", loaded.name);
        for data in &card.training_data {
            let all = [&data.name, &data.source, &data.license, &data.sha256];
            assert!(all.iter().all(|text| !text.is_empty()), "{}: {data:?}", loaded.name);
        }
    }
}

#[test]
fn writing_them_again_gives_the_same_bytes() {
    for (path, loaded) in paths().iter().zip(shipped()) {
        let written = [WeightFormat::F32, WeightFormat::F16]
            .map(|format| file::write(&loaded.generator.generator, format).unwrap());
        assert!(written.contains(&std::fs::read(path).unwrap()), "{} is not in canonical form", loaded.name);
    }
}

#[test]
fn they_roll_exactly_on_wgpu() {
    let Some(gpu) = gpu() else { return };
    for loaded in shipped() {
        rolls_exactly(&loaded, |request| gpu.generate(&loaded.generator, request).unwrap());
    }
}

#[test]
fn they_roll_exactly_on_burn() {
    for loaded in shipped() {
        let device = Default::default();
        rolls_exactly(&loaded, |request| imagine_burn::generate::<Flex>(&loaded.generator, request, &device).unwrap());
    }
}

#[test]
fn wgpu_and_burn_agree() {
    let Some(gpu) = gpu() else { return };
    for loaded in shipped() {
        let [height, width] = SIZES[1];
        let steps = loaded.generator.recurrence.is_some().then_some(8);
        let size = loaded.generator.generator.size.nearest(Size::new(height, width));
        // A network with fixed dimensions has one size.
        let size = loaded.generator.with_fixed_sides(size);
        let request = Request { steps, ..Request::new(size, 5) };
        let ours = gpu.generate(&loaded.generator, &request).unwrap();
        let theirs = imagine_burn::generate::<Flex>(&loaded.generator, &request, &Default::default()).unwrap();
        for ((output, ours), (_, theirs)) in ours.outputs.iter().zip(&theirs.outputs) {
            let pairs = ours.as_f32().unwrap().iter().zip(theirs.as_f32().unwrap());
            let difference = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(difference <= 1e-4, "{}: {} differs by {difference}", loaded.name, output.name);
        }
    }
}
