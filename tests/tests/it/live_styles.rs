//! The files of `assets/styles/live`: named after a style, licensed, small, cheap enough for a camera, and painting what moves as it moves.

use std::path::PathBuf;

use imagine_graph::file::{self, EXTENSION, LoadedGenerator};
use imagine_graph::{Op, Request, Size, Tensor};

use crate::bits::gpu;

/// Most multiply-adds for a pixel: 2 ms for 1280x720 at 3 TFLOP/s.
const MULTIPLY_ADDS: usize = 3300;
/// Most bytes of a file.
const MOST_BYTES: u64 = 120_000;
/// Sides of pictures, and how far a picture moves: whole blocks of the network's coarse view.
const SIDE: usize = 160;
const MOVE: usize = 8;
/// Beyond it the network does not see.
const RIM: usize = 48;

fn styles() -> Vec<LoadedGenerator> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/styles/live"));
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.to_string_lossy().ends_with(EXTENSION));
    files
        .map(|path| {
            assert!(std::fs::metadata(&path).unwrap().len() <= MOST_BYTES, "{}", path.display());
            file::load(path).unwrap()
        })
        .collect()
}

/// A wall of stones in the light, which goes on to the right and down; the part that begins at `at`.
fn scene(at: usize) -> Tensor {
    let value = |channel: usize, y: usize, x: usize| {
        let [down, right] = [((y + x / 9) % 29) as f32 / 14.5 - 1.0, ((x + y / 13) % 41) as f32 / 20.5 - 1.0];
        let joint = if down.abs().max(right.abs()) > 0.85 { 0.4 } else { 1.0 };
        let grain = ((x * 7919 + y * 104_729) ^ (x * y)) % 31;
        (0.45 - 0.15 * right.powi(3) + grain as f32 / 150.0 + 0.06 * channel as f32) * joint
    };
    let places = (0..3).flat_map(|c| (at..at + SIDE).flat_map(move |y| (at..at + SIDE).map(move |x| (c, y, x))));
    Tensor::f32([1, 3, SIDE, SIDE], places.map(|(c, y, x)| value(c, y, x)).collect::<Vec<_>>())
}

fn request(at: usize) -> Request {
    let inputs = [("image".into(), scene(at)), ("flat_strokes".into(), Tensor::f32([1; 4], [0.0]))].into();
    Request { inputs, ..Request::new(Size::new(SIDE, SIDE), 0) }
}

fn painted(style: &LoadedGenerator, at: usize) -> Vec<f32> {
    let made = imagine_cpu::generate(&style.generator, &request(at), &Default::default()).unwrap();
    made.outputs[0].1.as_f32().unwrap().to_vec()
}

#[test]
fn a_network_names_its_painting_and_is_cheap() {
    let styles = styles();
    assert!(styles.len() >= 3);
    for style in &styles {
        let generator = &style.generator.generator;
        let painting = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/styles"));
        let painting = file::load(painting.join(format!("{}{EXTENSION}", style.name))).unwrap();
        let painting = &painting.generator.generator.card;
        let card = &generator.card;
        assert_eq!(card.title, format!("{}, for a camera", painting.title));
        assert_eq!(card.license, "CC0-1.0");
        let [pictures, source] = &card.training_data[..] else { panic!("{}: pictures and a painting", style.name) };
        assert_eq!((pictures.license.as_str(), pictures.sha256.len()), ("CC0-1.0", 64));
        assert_eq!(source, &painting.training_data[0]);

        let graph = &style.generator.output;
        let bound = graph.bind(Size::new(SIDE, SIDE)).unwrap();
        let convolutions = graph.nodes().iter().filter(|node| matches!(node.op, Op::Conv(_)));
        let work = convolutions.map(|node| {
            let weights = bound.value_type(node.inputs[1].unwrap()).shape.iter().product::<usize>();
            let made = &bound.value_type(node.outputs[0]).shape;
            weights * made[2] * made[3]
        });
        let multiply_adds = work.sum::<usize>() / (SIDE * SIDE);
        assert!(multiply_adds <= MULTIPLY_ADDS, "{}: {multiply_adds}", style.name);
    }
}

#[test]
fn strokes_move_with_what_is_seen() {
    for style in styles() {
        let [before, after] = [0, MOVE].map(|at| painted(&style, at));
        let mut worst = 0.0f32;
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0f32);
        for channel in 0..3 {
            for y in RIM..SIDE - RIM - MOVE {
                for x in RIM..SIDE - RIM - MOVE {
                    let at = |y: usize, x: usize| (channel * SIDE + y) * SIDE + x;
                    let [a, b] = [before[at(y + MOVE, x + MOVE)], after[at(y, x)]];
                    worst = worst.max((a - b).abs());
                    (sum, squares, count) = (sum + b, squares + b * b, count + 1.0);
                }
            }
        }
        // A level of 8 bits: directions that turn with the place on the screen have a part everywhere.
        assert!(worst < 1.0 / 255.0, "{}: {worst}", style.name);
        let deviation = (squares / count - (sum / count).powi(2)).sqrt();
        assert!(deviation > 0.03, "{} shows something: {deviation}", style.name);
    }
}

#[test]
fn gpu_and_cpu_agree() {
    let Some(gpu) = gpu() else { return };
    for style in styles() {
        let on_gpu = gpu.generate(&style.generator, &request(0)).unwrap();
        let pairs = on_gpu.outputs[0].1.as_f32().unwrap().iter().zip(painted(&style, 0));
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{}: {worst}", style.name);
    }
}
