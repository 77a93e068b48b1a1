//! What the device's allocator holds, beside what the plugin counts: the same after ten requests and after many, whether they
//! were finished, all different, or given up in the middle of a slice.

use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::renderer::RenderDevice;
use bevy_imagine::prelude::*;

use crate::stage::{self, Stage};

/// Beginnings of the labels of everything that the plugin and `imagine_wgpu` make for a job or a result.
const LABELS: [&str; 5] = ["imagine texture", "imagine scratch", "arena", "weights", "params"];
/// Requests of the short and the long run.
const RUNS: [u64; 2] = [5, 25];

/// Label and size of each of our allocations that the device's allocator lists; `None` where it lists none.
pub fn our_allocations(stage: &Stage) -> Option<Vec<(String, u64)>> {
    let device = stage.app.sub_app(RenderApp).world().resource::<RenderDevice>().wgpu_device();
    // What was dropped is freed when the queue has nothing left to do.
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let report = device.generate_allocator_report()?;
    let ours = report.allocations.into_iter().filter(|found| LABELS.iter().any(|label| found.name.starts_with(label)));
    let mut ours: Vec<_> = ours.map(|found| (found.name, found.size)).collect();
    ours.sort();
    Some(ours)
}

#[test]
fn many_requests_leave_what_few_leave() {
    if !stage::has_adapter() {
        return;
    }
    let nothing = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(nothing.path());
    let noise = stage.noise_material();
    // A slice is a part of the work of a request.
    stage.app.insert_resource(ImagineBudget { milliseconds: 3.0 });
    let kept = spawn(&mut stage, &noise, 0);
    stage.settle();
    (0..3).for_each(|_| stage.app.update());
    let held = stage.held_bytes();
    let Some(one) = our_allocations(&stage) else {
        eprintln!("skipped, because this device's allocator makes no report");
        return;
    };
    let counted = one.iter().map(|(_, bytes)| bytes).sum::<u64>();
    assert!(one.iter().all(|(label, _)| label.starts_with("imagine texture")), "work in progress is over: {one:?}");
    assert!(held <= counted && counted < held * 3 / 2, "the plugin counts {held} bytes, the device {counted}");

    let runs = [("the same again and again", false, false), ("all different", false, true), ("given up", true, true)];
    for (name, give_up, distinct) in runs {
        for count in RUNS {
            let mut finished = 0;
            stage.told();
            for round in 0..count {
                let entity = spawn(&mut stage, &noise, if distinct { 1 + round } else { 1 });
                if give_up {
                    (0..1 + round % 3).for_each(|_| stage.app.update());
                } else {
                    stage.settle();
                }
                stage.app.world_mut().despawn(entity);
                finished += stage.told().len() as u64;
            }
            assert_eq!(finished, if give_up { 0 } else { count }, "{count} {name}");
            (0..4).for_each(|_| stage.app.update());
            assert_eq!(stage.held_bytes(), held, "{count} {name}");
            assert_eq!(our_allocations(&stage).unwrap(), one, "{count} {name}");
        }
    }
    stage.app.world_mut().despawn(kept);
    (0..4).for_each(|_| stage.app.update());
    assert_eq!((stage.held_bytes(), our_allocations(&stage)), (0, Some(Vec::new())));
}

fn spawn(stage: &mut Stage, generator: &Handle<Generator>, seed: u64) -> Entity {
    let request = Synthesis::new(generator.clone()).with_size(UVec2::splat(64)).with_seed(seed);
    stage.app.world_mut().spawn((request, MaterialTarget::default())).id()
}
