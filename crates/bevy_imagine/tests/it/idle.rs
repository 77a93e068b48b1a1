//! Many requests: at rest none is touched, a change of one is found, and new ones are submitted over several frames.

use bevy::prelude::*;
use bevy_imagine::ImagineStats;
use bevy_imagine::prelude::*;

use crate::harness::{TestApp, with_app};

const REQUESTS: usize = 200;

#[test]
fn only_changed_requests_are_touched() {
    #[derive(Resource, Default)]
    struct Touched(Vec<Entity>);
    with_app(|app| {
        let noise = app.built_in("noise_material");
        let request = Synthesis::new(noise).with_size(UVec2::splat(64));
        // Targets of several kinds lie in several tables.
        let entities: Vec<Entity> = (0..REQUESTS)
            .map(|index| match index % 3 {
                0 => app.spawn((request.clone(), MaterialTarget::default())),
                1 => app.spawn((request.clone(), ImageTarget::default())),
                _ => app.spawn((request.clone(), SpriteTarget::default())),
            })
            .collect();
        app.settle();
        assert_eq!(app.events().len(), REQUESTS);

        app.app.init_resource::<Touched>();
        app.app.add_systems(Last, |changed: Query<Entity, Changed<SynthesisStatus>>, mut touched: ResMut<Touched>| {
            touched.0.extend(&changed)
        });
        app.update(3);
        app.app.insert_resource(Touched::default());
        app.update(10);
        assert_eq!(app.app.world().resource::<Touched>().0, [], "at rest");
        assert_eq!(app.app.world().resource::<ImagineStats>().get().queue, 0);

        // The request of one, the target of another.
        app.get_mut::<Synthesis>(entities[100]).seed = 1;
        app.get_mut::<MaterialTarget>(entities[150]).normal_strength = 1.0;
        app.settle();
        assert_eq!(app.events().len(), 2);
        let mut touched = std::mem::take(&mut app.app.world_mut().resource_mut::<Touched>().0);
        touched.sort();
        touched.dedup();
        let mut expected = vec![entities[100], entities[150]];
        expected.sort();
        assert_eq!(touched, expected);
    });
}

#[test]
fn many_new_requests_are_submitted_over_several_frames_the_urgent_one_first() {
    with_app(|app| {
        let noise = app.built_in("noise_material");
        app.update(1);
        let request = Synthesis::new(noise).with_size(UVec2::splat(64));
        let entities: Vec<Entity> = (0..40)
            .map(|index| {
                let request = Synthesis { seed: index, priority: i32::from(index == 39), ..request.clone() };
                app.spawn((request, MaterialTarget::default()))
            })
            .collect();
        app.update(1);
        let is_waiting = |app: &TestApp, entity| *app.get::<SynthesisStatus>(entity) == SynthesisStatus::Waiting;
        let waiting = entities.iter().filter(|entity| is_waiting(app, **entity)).count();
        assert!((20..40).contains(&waiting), "{waiting} of 40 wait");
        assert!(!is_waiting(app, entities[39]) && is_waiting(app, entities[38]));
        app.settle();
        assert_eq!(app.events().len(), 40);
    });
}
