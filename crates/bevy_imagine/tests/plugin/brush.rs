//! Strokes of a brush: where they fall, what they leave alone, and that the texture goes on from there; KTX2 files of results.

use bevy::prelude::*;
use bevy_imagine::ExportKtx2;
use bevy_imagine::prelude::*;
use imagine_graph::{
    Add, Card, Clip, Dim, Graph, Identity, InputKind, Mul, OutputKind, RandomUniform, Recurrence, SizeRule, Slice,
    Tensor,
};

use crate::stage::{SMALL_BUDGET, Stage};

const SIDE: u32 = 32;

pub fn run(stage: &mut Stage) {
    stage.app.world_mut().resource_mut::<ImagineBudget>().milliseconds = 500.0;
    strokes_fall_where_they_are_aimed(stage);
    an_exported_texture_is_loaded_again(stage);
    stage.app.world_mut().resource_mut::<ImagineBudget>().milliseconds = SMALL_BUDGET;
}

/// A state of five channels that never changes, whose first three are a colour: `0.5 + 0.25 x`.
fn still() -> imagine_graph::Generator {
    let mut init = Graph::default();
    init.push("state", RandomUniform { low: 0.3, high: 0.5, shape: Dim::nchw(5), stream: 1000 }, []);
    init.output("state", OutputKind::State);
    let mut step = Graph::default();
    step.input("state", InputKind::State, Dim::nchw(5));
    step.push("next", Identity {}, ["state"]);
    step.output("next", OutputKind::State);
    let mut output = Graph::default();
    output.input("state", InputKind::State, Dim::nchw(5));
    output.weight("std", Tensor::f32([1, 3, 1, 1], [0.25; 3]));
    output.weight("mean", Tensor::f32([1, 3, 1, 1], [0.5; 3]));
    output.push("part", Slice { starts: vec![0], ends: vec![3], axes: vec![1], steps: Vec::new() }, ["state"]);
    output.push("scaled", Mul {}, ["part", "std"]);
    output.push("moved", Add {}, ["scaled", "mean"]);
    output.push("base_color", Clip { min: Some(0.0), max: Some(1.0) }, ["moved"]);
    output.output("base_color", OutputKind::BaseColor);
    let recurrence = Some(Recurrence { init, step, steps: 1, step_rate: 30.0 });
    let size = SizeRule { tiles: true, ..SizeRule::default() };
    imagine_graph::Generator { output, recurrence, size, card: Card { title: "Still".into(), ..default() } }
}

fn strokes_fall_where_they_are_aimed(stage: &mut Stage) {
    let generator = Generator::new("still", &still()).unwrap();
    let generator = stage.app.world_mut().resource_mut::<Assets<Generator>>().add(generator);
    let request = Synthesis::new(generator).with_size(UVec2::splat(SIDE));
    let living = Living { steps_per_second: Some(0.0) };
    let entity = stage.app.world_mut().spawn((request, ImageTarget::default(), living)).id();
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    let image = stage.map(entity, TextureRole::Image);
    let texels = |stage: &mut Stage| {
        (0..8).for_each(|_| stage.app.update());
        stage.read(&image).remove(0).2
    };
    let before = texels(stage);
    // Over the left border, at half height: the disc reaches to the other side.
    let hard = |uv: Vec2, brush| BrushStroke { softness: 0.0, ..BrushStroke::new(entity, uv, 0.25).with_brush(brush) };
    stage.app.world_mut().trigger(hard(Vec2::new(0.0, 0.5), Brush::Paint(Color::srgb(1.0, 0.0, 0.6))));
    let painted = texels(stage);
    let mut inside = 0;
    for y in 0..SIDE {
        for x in 0..SIDE {
            let at = ((y * SIDE + x) * 4) as usize;
            let across = (x as f32 + 0.5).min(SIDE as f32 - x as f32 - 0.5);
            let distance = Vec2::new(across, y as f32 + 0.5 - 16.0).length();
            let expected = if distance < 8.0 { [255, 0, 153, 255] } else { before[at..at + 4].try_into().unwrap() };
            assert_eq!(painted[at..at + 4], expected, "{x},{y}");
            inside += usize::from(distance < 8.0);
        }
    }
    assert!(inside > 150);
    // Erased to 0, which shows 0.5; then random numbers around it.
    stage.app.world_mut().trigger(hard(Vec2::new(1.5, -0.5), Brush::Erase));
    let middle = |texels: &[u8]| texels[((16 * SIDE + 16) * 4) as usize..][..3].to_vec();
    assert_eq!(middle(&texels(stage)), [128; 3]);
    stage.app.world_mut().trigger(hard(Vec2::splat(0.5), Brush::Damage));
    let damaged = texels(stage);
    // As strong as the first state's noise: 0.5 of a scale of 0.25.
    let near = |value: &u8| (128 - 33..=128 + 33).contains(value);
    assert!(middle(&damaged).iter().all(near) && middle(&damaged) != [128; 3]);
    // What is no place is refused without harm.
    stage.app.world_mut().trigger(hard(Vec2::NAN, Brush::Erase));
    stage.app.world_mut().trigger(hard(Vec2::ZERO, Brush::Channels(vec![0.0; 40])));
    assert!(texels(stage) == damaged);
    stage.app.world_mut().despawn(entity);
}

fn an_exported_texture_is_loaded_again(stage: &mut Stage) {
    let folder = tempfile::tempdir().unwrap();
    let entity = stage.request("noise.generator.safetensors", UVec2::new(24, 16), 78);
    stage.settle();
    stage.told();
    let export = ExportKtx2 { entity, folder: folder.path().into(), name: "noise".into() };
    stage.app.world_mut().trigger(export);
    let file = |name: &str| std::fs::read(folder.path().join(name));
    for _ in 0..300 {
        stage.app.update();
        std::thread::sleep(std::time::Duration::from_millis(1));
        if file("noise_base_color.ktx2").is_ok() && file("noise_normal.ktx2").is_ok() {
            break;
        }
    }
    for (name, role, is_srgb) in [("base_color", TextureRole::BaseColor, true), ("normal", TextureRole::Normal, false)]
    {
        let bytes = file(&format!("noise_{name}.ktx2")).unwrap();
        let kind = bevy::image::ImageType::Extension("ktx2");
        let image = Image::from_buffer(&bytes, kind, default(), is_srgb, default(), default()).unwrap();
        let descriptor = &image.texture_descriptor;
        assert_eq!(descriptor.format.is_srgb(), is_srgb);
        assert_eq!((descriptor.mip_level_count, descriptor.size.width, descriptor.size.height), (5, 24, 16));
        let levels = stage.read(&stage.map(entity, role));
        let all: Vec<u8> = levels.iter().flat_map(|(_, _, texels)| texels.clone()).collect();
        let found = image.data.as_ref().unwrap();
        assert_eq!(found.len(), all.len());
        assert_eq!(found[..levels[0].2.len()], levels[0].2, "{name}");
        // The GPU rounds every level before it makes the next, and short mean normals make more of that.
        let most = if is_srgb { 3 } else { 8 };
        let worst = found.iter().zip(&all).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= most, "{name} differs by {worst}");
    }
    stage.app.world_mut().despawn(entity);
}
