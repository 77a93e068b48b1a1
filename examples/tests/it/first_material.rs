//! `first_material` takes no arguments and opens a window. Here its scene runs without one.

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, Headless};
use imagine_wgpu::BoundsChecks;
use imagine_wgpu::headless::Gpu;

#[expect(dead_code, reason = "`main` opens a window")]
#[path = "../../examples/first_material.rs"]
mod example;

#[test]
fn the_ball_gets_its_material() {
    if Gpu::for_test(BoundsChecks::On).is_none() {
        return;
    }
    let arguments = Arguments { headless: true, frames: None, screenshot: None, budget_ms: None };
    let mut app = arguments.app("first material");
    let shrink = |mut requests: Query<&mut Synthesis>| {
        requests.iter_mut().for_each(|mut request| request.size = UVec2::splat(32));
    };
    app.add_systems(Startup, (example::spawn, shrink).chain());
    let mut headless = Headless::new(app);
    headless.settle().unwrap();
    let world = headless.world();
    let material = world.query_filtered::<&MeshMaterial3d<StandardMaterial>, With<Synthesis>>().single(world).unwrap();
    let material = world.resource::<Assets<StandardMaterial>>().get(material).unwrap();
    assert!(material.base_color_texture.is_some() && material.normal_map_texture.is_some());
}

#[test]
fn readme_shows_the_example() {
    let example = include_str!("../../examples/first_material.rs").replace("pub(crate) fn", "fn");
    let (_, code) = example.split_once("\n\n").unwrap();
    assert!(include_str!("../../../README.md").contains(code), "README.md differs from first_material.rs");
}
