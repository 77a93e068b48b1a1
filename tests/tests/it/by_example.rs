//! Generators by example: the library, burn and the GPU make the same bytes; patches, rolls and batches too.

use burn::backend::Flex;
use imagine_cpu::Edges;
use imagine_exemplar::{Maps, Prepared, Recipe, generator, size_multiple, torus, torus_levels, window};
use imagine_graph::rng::{self, Domain};
use imagine_graph::{
    Card, Fields, Generated, Op, OutputKind, PatchIndex, Request, Size, Tensor, Texel, ValidGenerator, WorldPoint,
    coarser_maps,
};
use imagine_wgpu::headless::Gpu;

use crate::bits::{bits, gpu, roll};

const KINDS: [OutputKind; 3] = [OutputKind::BaseColor, OutputKind::Normal, OutputKind::Roughness];

/// Drawn pebbles with seven channels, which tile.
fn pebbles(height: usize, width: usize) -> Maps {
    let mut texels = Vec::new();
    for index in 0..height * width {
        let (y, x) = (index / width, index % width);
        let apart = |a: usize, b: u32, side: usize| {
            let d = a.abs_diff(b as usize % side);
            d.min(side - d) as f32
        };
        let center = |k: u32| {
            let [row, column, look, _] = rng::cell(k, 0, 0, 3);
            (apart(y, row >> 8, height).hypot(apart(x, column >> 8, width)), look)
        };
        let (distance, look) = (0..40).map(center).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        let shade = (255.0 - 20.0 * distance).max(0.0) as u32;
        let [red, green, blue, rough] = look.to_le_bytes().map(|byte| (shade * u32::from(byte) / 255) as u8);
        texels.extend([red, green, blue, shade as u8, 128, 255, rough]);
    }
    Maps::new(height, width, 7, texels).unwrap()
}

struct Example {
    name: &'static str,
    maps: Maps,
    prepared: Prepared,
    generator: ValidGenerator,
}

/// One that tiles, one that does not, and one with a lattice.
fn examples() -> Vec<Example> {
    let example = |name, maps: Maps, edges, recipe| {
        let prepared = Prepared::new(&maps, edges, recipe).unwrap();
        let made = generator(&prepared, &maps, &KINDS, Card::default()).unwrap();
        Example { name, generator: made.validate().unwrap(), maps, prepared }
    };
    let free = Recipe::free(64, 48);
    let regular = Recipe { lattice: (16, 1), ..Recipe::free(64, 48) };
    vec![
        example("tiles", pebbles(64, 48), Edges::Wrap, free.clone()),
        example("does not tile", pebbles(64, 48), Edges::Bounded, free),
        example("lattice", pebbles(64, 48), Edges::Wrap, regular),
    ]
}

impl Example {
    fn size(&self) -> Size {
        let (rows, columns) = size_multiple(&self.prepared);
        Size::new(6 * rows, 7 * columns)
    }
}

fn on_burn(example: &Example, request: &Request) -> Generated {
    imagine_burn::generate::<Flex>(&example.generator, request, &Default::default()).unwrap()
}

/// The bytes of all outputs, texel by texel, as the library's `gather` has them.
fn bytes(generated: &Generated) -> Vec<u8> {
    let texel = |index: usize| {
        generated.outputs.iter().flat_map(move |(output, tensor)| {
            let values = tensor.as_f32().unwrap();
            let (channels, plane) = (tensor.shape[1], tensor.shape[2] * tensor.shape[3]);
            (0..channels).map(move |channel| {
                let value = values[channel * plane + index];
                let share = if output.kind == OutputKind::Normal { 0.5 + 0.5 * value } else { value };
                (255.0 * share).round() as u8
            })
        })
    };
    let shape = &generated.outputs[0].1.shape;
    (0..shape[2] * shape[3]).flat_map(texel).collect()
}

fn all_bits(generated: &Generated) -> Vec<Vec<u32>> {
    generated.outputs.iter().map(|(_, tensor)| bits(tensor)).collect()
}

#[test]
fn library_burn_and_gpu_make_the_same_bytes() {
    let Some(gpu) = gpu() else { return };
    for example in examples() {
        let request = Request::new(example.size(), 9);
        let field = torus(&example.prepared, 9, request.size.height, request.size.width).unwrap();
        let burn = on_burn(&example, &request);
        assert!(bytes(&burn) == example.maps.gather(&field.places), "{}: burn", example.name);
        let made = gpu.generate(&example.generator, &request).unwrap();
        assert!(all_bits(&made) == all_bits(&burn), "{}: GPU", example.name);
    }
}

#[test]
fn patches_are_windows_of_the_endless_plane() {
    let Some(gpu) = gpu() else { return };
    for example in examples() {
        for (y, x) in [(0, 0), (-3, 2), (-(1 << 20) / 40, 1 << 14)] {
            let request = Request::patch(Size::new(40, 33), 5, PatchIndex { y, x }).unwrap();
            let made = gpu.generate(&example.generator, &request).unwrap();
            let field = window(&example.prepared, 5, (40 * y, 33 * x), (40, 33)).unwrap();
            assert!(bytes(&made) == example.maps.gather(&field.places), "{} {y},{x}: GPU", example.name);
            assert!(all_bits(&on_burn(&example, &request)) == all_bits(&made), "{} {y},{x}: burn", example.name);
        }
    }
}

#[test]
fn a_patch_computes_little_more_than_it_shows() {
    let example = &examples()[0];
    let request = Request::patch(Size::new(272, 272), 5, PatchIndex { y: 7, x: -4 }).unwrap();
    let patch = example.generator.patch(&request).unwrap().unwrap();
    let bound = patch.generator.output.bind(patch.request.size).unwrap();
    let matches = bound.graph.nodes().iter().filter(|node| matches!(node.op, Op::ExemplarMatch(_)));
    let computed: usize = matches.map(|node| bound.value_type(node.outputs[0]).elements()).sum();
    let halvings = example.prepared.recipe().halvings;
    let ideal: usize = (0..=halvings).map(|level| 3 * (272 >> level) * (272 >> level)).sum();
    assert!(computed >= ideal && computed * 2 < ideal * 3, "{computed} cells computed for {ideal}");
}

#[test]
fn a_coarser_generator_shows_the_same_pieces_with_fewer_texels() {
    let Some(gpu) = gpu() else { return };
    for example in examples() {
        let Size { height, width, .. } = example.size();
        let levels = torus_levels(&example.prepared, 9, height, width).unwrap();
        for halvings in 0..levels.len() {
            let coarser = example.generator.generator.coarser(halvings).unwrap().validate().unwrap();
            let request = Request::new(Size::new(height >> halvings, width >> halvings), 9);
            let exemplar = example.generator.generator.output.weights.exemplar().unwrap();
            let maps = coarser_maps(exemplar, halvings);
            let field = &levels[levels.len() - 1 - halvings];
            let made = gpu.generate(&coarser, &request).unwrap();
            assert!(bytes(&made) == maps.gather(&field.places), "{}, halved {halvings} times", example.name);
        }
        assert!(example.generator.generator.coarser(levels.len()).is_none());
        assert_eq!(&coarser_maps(example.generator.generator.output.weights.exemplar().unwrap(), 0), &example.maps);
    }
}

/// Pebbles of which the left half is darker.
fn two_shades() -> Example {
    let maps = pebbles(64, 64);
    let dark = |(index, byte): (usize, &u8)| if index / 7 % 64 < 32 && index % 7 < 3 { byte / 3 } else { *byte };
    let maps = Maps::new(64, 64, 7, maps.texels().iter().enumerate().map(dark).collect()).unwrap();
    let prepared = Prepared::new(&maps, Edges::Wrap, Recipe::free(64, 64)).unwrap();
    let made = generator(&prepared, &maps, &KINDS, Card::default()).unwrap();
    Example { name: "two shades", generator: made.validate().unwrap(), maps, prepared }
}

fn with(request: &Request, name: &str, value: f32) -> Request {
    let mut request = request.clone();
    request.inputs.insert(name.into(), Tensor::f32([1, 1, 1, 1], vec![value]));
    request
}

/// The mean of the first output, over the columns of `part`.
fn mean_color(made: &Generated, part: std::ops::Range<usize>) -> f32 {
    let (values, width) = (made.outputs[0].1.as_f32().unwrap(), made.outputs[0].1.shape[3]);
    let within = values.chunks(width).flat_map(|row| &row[part.clone()]);
    within.clone().sum::<f32>() / within.count() as f32
}

#[test]
fn a_slider_changes_what_is_shown_on_every_executor_alike() {
    let Some(gpu) = gpu() else { return };
    let example = two_shades();
    let neutral = Request::new(Size::new(128, 192), 4);
    let at = |value: f32| {
        let request = with(&neutral, "lightness", value);
        let made = on_burn(&example, &request);
        same_on_gpu(&gpu, &example, &request, &made);
        mean_color(&made, 0..192)
    };
    let [dark, darker, middle, lighter, light] = [-1.0, -0.5, 0.0, 0.5, 1.0].map(at);
    assert!(dark <= darker && darker < middle && middle < lighter && lighter <= light);
    assert!(dark < 0.8 * middle && light > 1.2 * middle, "{dark} {middle} {light}");
    let field = torus(&example.prepared, 4, 128, 192).unwrap();
    assert!(bytes(&on_burn(&example, &with(&neutral, "lightness", 0.0))) == example.maps.gather(&field.places));
}

#[test]
fn variation_0_moves_nothing_and_1_what_the_recipe_says() {
    let Some(gpu) = gpu() else { return };
    let example = two_shades();
    let request = Request::new(Size::new(128, 128), 4);
    let at = |value: f32| {
        let request = with(&request, "variation", value);
        let made = on_burn(&example, &request);
        same_on_gpu(&gpu, &example, &request, &made);
        bytes(&made)
    };
    assert!(at(1.0) == bytes(&on_burn(&example, &request)));
    let still =
        Prepared::new(&example.maps, Edges::Wrap, Recipe { moves: Vec::new(), ..Recipe::free(64, 64) }).unwrap();
    assert!(at(0.0) == example.maps.gather(&torus(&still, 4, 128, 128).unwrap().places));
    assert!(at(0.5) != at(0.0) && at(0.5) != at(1.0));
}

#[test]
fn sliders_as_fields_of_a_world_meet_in_patches() {
    let Some(gpu) = gpu() else { return };
    let example = two_shades();
    let fields = Fields::new(["lightness", "variation"], |WorldPoint { x, y }, values| {
        values[0] = if x.rem_euclid(512.0) < 256.0 { -0.9 } else { 0.9 };
        values[1] = if y < 100.0 { 1.0 } else { 0.3 };
    });
    let patch = |size: Size, y, x| {
        let index = PatchIndex { y, x };
        let request = Request { fields: Some(fields.clone()), ..Request::patch(size, 5, index).unwrap() };
        let made = gpu.generate(&example.generator, &request).unwrap();
        assert!(all_bits(&on_burn(&example, &request)) == all_bits(&made), "{y},{x}");
        made
    };
    // Far from the origin, too.
    for (y, x) in [(0, 0), (1 << 13, -(1 << 12))] {
        let whole = patch(Size::new(128, 512), y, x);
        assert!(mean_color(&whole, 0..224) < 0.8 * mean_color(&whole, 288..480), "darker on the left");
        for (row, column) in [(0, 1), (1, 2), (1, 0)] {
            let part = patch(Size::new(64, 128), 2 * y + row, 4 * x + column);
            let crop = |tensor: &Tensor| {
                let (values, width) = (tensor.as_f32().unwrap(), tensor.shape[3]);
                let rows = values.chunks(width).skip(64 * row as usize);
                let first = 128 * column as usize;
                rows.take(64).flat_map(|row| row[first..first + 128].to_vec()).collect::<Vec<f32>>()
            };
            // The first channel of the first output.
            let found = &part.outputs[0].1.as_f32().unwrap()[..64 * 128];
            assert!(found == &crop(&whole.outputs[0].1)[..], "part {row},{column} of {y},{x}");
        }
    }
}

#[test]
fn a_rolled_torus_is_the_torus_rolled() {
    let Some(gpu) = gpu() else { return };
    for example in examples() {
        let (rows, columns) = size_multiple(&example.prepared);
        let still = Request::new(example.size(), 3);
        let origin = Texel { y: rows as i32, x: -(columns as i32) };
        let moved = Request { domain: Domain { origin, wrap: true }, ..still.clone() };
        let (still, moved) =
            (gpu.generate(&example.generator, &still).unwrap(), gpu.generate(&example.generator, &moved).unwrap());
        for ((output, still), (_, moved)) in still.outputs.iter().zip(&moved.outputs) {
            let width = still.shape[3];
            let rolled = roll(still, [rows, width - columns]);
            assert!(bits(&rolled) == bits(moved), "{}: {}", example.name, output.name);
        }
    }
}

#[test]
fn images_of_a_batch_differ() {
    let example = &examples()[0];
    let request = Request::new(example.size().with_batch(2), 3);
    let made = on_burn(example, &request);
    let (first, second) = {
        let values = made.outputs[0].1.as_f32().unwrap();
        let (first, second) = values.split_at(values.len() / 2);
        (first.to_vec(), second.to_vec())
    };
    assert_ne!(first, second);
    let alone = on_burn(example, &Request::new(example.size(), 3));
    assert_eq!(alone.outputs[0].1.as_f32().unwrap(), first);
    if let Some(gpu) = gpu() {
        same_on_gpu(&gpu, example, &request, &made);
    }
}

fn same_on_gpu(gpu: &Gpu, example: &Example, request: &Request, burn: &Generated) {
    let made = gpu.generate(&example.generator, request).unwrap();
    assert!(all_bits(&made) == all_bits(burn), "{}", example.name);
}
