//! The GPU memory that the device's allocator reports agrees with the plugin's count, and requests leave none behind.

use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::renderer::RenderDevice;
use bevy_imagine::prelude::*;

use crate::harness::{TestApp, with_app};

/// Prefixes of the labels of everything that is allocated for a job or a result.
const LABELS: [&str; 6] = ["imagine texture", "imagine scratch", "imagine blocks", "arena", "weights", "params"];
/// Requests in a short and a long run.
const RUNS: [u64; 2] = [3, 12];

/// Label and size of each allocation of the plugin; `None` if the device's allocator makes no report.
pub fn our_allocations(app: &TestApp) -> Option<Vec<(String, u64)>> {
    let device = app.app.sub_app(RenderApp).world().resource::<RenderDevice>().wgpu_device();
    // Dropped resources are freed once the queue is idle.
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let report = device.generate_allocator_report()?;
    let ours = report.allocations.into_iter().filter(|found| LABELS.iter().any(|label| found.name.starts_with(label)));
    let mut ours: Vec<_> = ours.map(|found| (found.name, found.size)).collect();
    ours.sort();
    Some(ours)
}

#[test]
fn many_requests_leave_as_little_memory_as_few() {
    with_app(|app| {
        let noise = app.built_in("noise_material");
        // Each frame records a part of a request.
        app.set_budget(3.0);
        let kept = spawn(app, &noise, 0);
        app.settle();
        app.update(3);
        let held = app.held_bytes();
        let Some(one) = our_allocations(app) else {
            eprintln!("SKIPPED: this device's allocator makes no report");
            return;
        };
        let counted = one.iter().map(|(_, bytes)| bytes).sum::<u64>();
        assert!(one.iter().all(|(label, _)| label.starts_with("imagine texture")), "no job is left: {one:?}");
        assert!(held <= counted && counted < held * 3 / 2, "the plugin counts {held} bytes, the device {counted}");

        for (name, give_up, distinct) in [("equal", false, false), ("distinct", false, true), ("given up", true, true)]
        {
            for count in RUNS {
                let mut finished = 0;
                app.events();
                for round in 0..count {
                    let entity = spawn(app, &noise, if distinct { 1 + round } else { 1 });
                    match give_up {
                        true => app.update(1 + round as usize % 3),
                        false => app.settle(),
                    }
                    app.despawn(entity);
                    finished += app.events().len() as u64;
                }
                assert_eq!(finished, if give_up { 0 } else { count }, "{count} {name}");
                app.update(4);
                assert_eq!(app.held_bytes(), held, "{count} {name}");
                assert_eq!(our_allocations(app).unwrap(), one, "{count} {name}");
            }
        }
        app.despawn(kept);
        app.update(4);
        assert_eq!((app.held_bytes(), our_allocations(app)), (0, Some(Vec::new())));
    });
}

fn spawn(app: &mut TestApp, generator: &Handle<Generator>, seed: u64) -> Entity {
    let request = Synthesis::new(generator.clone()).with_size(UVec2::splat(64)).with_seed(seed);
    app.spawn((request, MaterialTarget::default()))
}
