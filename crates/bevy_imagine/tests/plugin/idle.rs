//! Requests at rest: nothing is sent, nothing is touched, and a change of one among many is found.

use bevy::prelude::*;
use bevy_imagine::ImagineStats;
use bevy_imagine::prelude::*;

use crate::stage::{self, Stage};

const REQUESTS: usize = 200;

#[test]
fn one_change_among_many_is_found_and_the_rest_is_left_alone() {
    if !stage::has_adapter() {
        return;
    }
    let nothing = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(nothing.path());
    let noise = stage.noise_material();
    let request = Synthesis::new(noise).with_size(UVec2::splat(64));
    stage.app.insert_resource(ImagineBudget { milliseconds: 100.0 });
    // Targets of several kinds lie in several tables.
    let entities: Vec<Entity> = (0..REQUESTS)
        .map(|index| match index % 3 {
            0 => stage.app.world_mut().spawn((request.clone(), MaterialTarget::default())).id(),
            1 => stage.app.world_mut().spawn((request.clone(), ImageTarget::default())).id(),
            _ => stage.app.world_mut().spawn((request.clone(), SpriteTarget::default())).id(),
        })
        .collect();
    stage.settle();
    assert_eq!(stage.told().len(), REQUESTS);

    #[derive(Resource, Default)]
    struct Touched(Vec<Entity>);
    stage.app.init_resource::<Touched>();
    stage.app.add_systems(Last, |changed: Query<Entity, Changed<SynthesisStatus>>, mut touched: ResMut<Touched>| {
        touched.0.extend(&changed)
    });
    (0..3).for_each(|_| stage.app.update());
    stage.app.world_mut().resource_mut::<Touched>().0.clear();
    (0..10).for_each(|_| stage.app.update());
    assert_eq!(stage.app.world().resource::<Touched>().0, [], "at rest");
    assert_eq!(stage.app.world().resource::<ImagineStats>().get().queue, 0);

    // The request of one, the target of another.
    let world = stage.app.world_mut();
    world.get_mut::<Synthesis>(entities[100]).unwrap().seed = 1;
    world.get_mut::<MaterialTarget>(entities[150]).unwrap().normal_strength = 1.0;
    stage.app.update();
    stage.settle();
    assert_eq!(stage.told().len(), 2);
    let mut touched = stage.app.world().resource::<Touched>().0.clone();
    touched.sort();
    touched.dedup();
    let mut expected = vec![entities[100], entities[150]];
    expected.sort();
    assert_eq!(touched, expected);
}

#[test]
fn many_requests_at_once_are_sent_over_several_frames_the_urgent_one_first() {
    if !stage::has_adapter() {
        return;
    }
    let nothing = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(nothing.path());
    let noise = stage.noise_material();
    stage.app.update();
    let request = Synthesis::new(noise).with_size(UVec2::splat(64));
    stage.app.insert_resource(ImagineBudget { milliseconds: 100.0 });
    let entities: Vec<Entity> = (0..40)
        .map(|index| {
            let request = Synthesis { seed: index, priority: i32::from(index == 39), ..request.clone() };
            stage.app.world_mut().spawn((request, MaterialTarget::default())).id()
        })
        .collect();
    stage.app.update();
    let is_waiting = |stage: &Stage, entity: &Entity| {
        *stage.app.world().get::<SynthesisStatus>(*entity).unwrap() == SynthesisStatus::Waiting
    };
    let waiting = entities.iter().filter(|entity| is_waiting(&stage, entity)).count();
    assert!((20..40).contains(&waiting), "{waiting} of 40 wait");
    assert!(!is_waiting(&stage, &entities[39]) && is_waiting(&stage, &entities[38]));
    stage.settle();
    assert_eq!(stage.told().len(), 40);
}
