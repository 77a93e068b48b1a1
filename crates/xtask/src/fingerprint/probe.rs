//! Prints the states that requests pass through, and exports what they show into the folder given as first argument.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bevy::app::PluginsState;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_imagine::ExportPng;
use bevy_imagine::prelude::*;

const ASSETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets");
const ROUNDS: u32 = 4;

/// The states of each entity, by its name.
#[derive(Resource, Default)]
struct Lives(BTreeMap<String, Vec<String>>);

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder"));
    let mut app = app();
    let mut entities = spawn(&mut app);
    for round in 0..ROUNDS {
        settle(&mut app);
        for (name, entity) in &entities {
            if app.world().get::<SynthesisStatus>(*entity) == Some(&SynthesisStatus::Finished) {
                let name = format!("{round}_{name}");
                app.world_mut().trigger(ExportPng { entity: *entity, folder: folder.clone(), name });
            }
        }
        for _ in 0..200 {
            app.update();
        }
        change(&mut app, &mut entities, round);
    }
    for (name, life) in &app.world().resource::<Lives>().0 {
        println!("probe: {name}: {}", life.join(" "));
    }
}

fn app() -> App {
    let window = WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() };
    let assets = AssetPlugin { file_path: ASSETS.into(), ..default() };
    let render = RenderPlugin { synchronous_pipeline_compilation: true, ..default() };
    let plugins = DefaultPlugins.set(window).set(assets).set(render);
    let mut app = App::new();
    app.add_plugins(plugins.disable::<WinitPlugin>().disable::<PipelinedRenderingPlugin>())
        .add_plugins(ImaginePlugin { frame_budget_ms: 5_000.0, ..default() })
        .init_resource::<Lives>()
        .add_systems(Last, note)
        .add_observer(|done: On<SynthesisFinished>, names: Query<&Name>, mut lives: ResMut<Lives>| {
            add(&mut lives, names.get(done.entity), "finished!".into());
        })
        .add_observer(|failed: On<SynthesisFailed>, names: Query<&Name>, mut lives: ResMut<Lives>| {
            add(&mut lives, names.get(failed.entity), "failed!".into());
        });
    while app.plugins_state() == PluginsState::Adding {
        bevy::tasks::tick_global_task_pools_on_main_thread();
    }
    app.finish();
    app.cleanup();
    app
}

fn spawn(app: &mut App) -> Vec<(&'static str, Entity)> {
    let assets = app.world().resource::<AssetServer>().clone();
    let load = |name: &str| assets.load(format!("generators/{name}.generator.safetensors"));
    let small = |name: &str| Synthesis::new(load(name)).with_size(UVec2::splat(64)).with_seed(3);
    let sky = bevy_imagine::generators::load("cloudy_sky").expect("it is built in code");
    let sky = app.world_mut().resource_mut::<Assets<_>>().add(bevy_imagine::asset::Generator::from(sky));
    let sprite = Synthesis::new(load("sprites")).with_size(UVec2::splat(32)).with_seed(5);
    let world = app.world_mut();
    let mut named = |name: &'static str, bundle: (Synthesis, Name)| (name, world.spawn(bundle).id());
    let entities = vec![
        named("material", (small("mossy_bricks"), Name::new("material"))),
        named("same", (small("mossy_bricks"), Name::new("same"))),
        named("other", (small("stone_wall"), Name::new("other"))),
        named("wrong", (small("mossy_bricks").with_size(UVec2::ZERO), Name::new("wrong"))),
        named("missing", (small("nothing"), Name::new("missing"))),
        named("sprite", (sprite, Name::new("sprite"))),
        named("sky", (Synthesis::new(sky).with_size(UVec2::splat(32)), Name::new("sky"))),
    ];
    for (name, entity) in &entities {
        let mut entity = world.entity_mut(*entity);
        match *name {
            "sprite" => entity.insert(SpriteTarget::sheet(2, 2)),
            "sky" => entity.insert((Camera3d::default(), SkyTarget::default())),
            _ => entity.insert(MaterialTarget::default()),
        };
    }
    entities
}

/// Updates until no request waits or runs, for at least 20 frames.
fn settle(app: &mut App) {
    for frame in 0..4_000 {
        app.update();
        let world = app.world_mut();
        let mut statuses = world.query::<(&SynthesisStatus, &Name)>();
        let rests = |(status, name): (&SynthesisStatus, &Name)| {
            name.as_str() == "missing" || !matches!(status, SynthesisStatus::Waiting | SynthesisStatus::Running)
        };
        if frame > 20 && statuses.iter(world).all(rests) {
            break;
        }
    }
}

/// The changes of a round: another seed, a refresh, another target, a removed request, a removed entity.
fn change(app: &mut App, entities: &mut Vec<(&'static str, Entity)>, round: u32) {
    let find = |name: &str| entities.iter().find(|(known, _)| *known == name).expect("it is there").1;
    let world = app.world_mut();
    match round {
        0 => {
            world.get_mut::<Synthesis>(find("material")).expect("a request").seed = 9;
            world.get_mut::<Synthesis>(find("wrong")).expect("a request").size = UVec2::splat(32);
        }
        1 => {
            let entity = find("other");
            world.trigger(SynthesisRefresh { entity });
            world.entity_mut(find("sprite")).insert(SpriteTarget::sheet(1, 1));
        }
        2 => {
            world.despawn(find("same"));
            entities.retain(|(name, _)| *name != "same");
            world.entity_mut(entities[0].1).remove::<Synthesis>();
        }
        _ => {}
    }
}

fn note(
    mut lives: ResMut<Lives>,
    statuses: Query<(Entity, &SynthesisStatus), Changed<SynthesisStatus>>,
    names: Query<&Name>,
) {
    for (entity, status) in &statuses {
        add(&mut lives, names.get(entity), format!("{status:?}"));
    }
}

/// Adds a step to a life, unless it repeats the last one.
fn add<E>(lives: &mut Lives, name: Result<&Name, E>, step: String) {
    let life = lives.0.entry(name.map_or("unnamed".into(), ToString::to_string)).or_default();
    if life.last() != Some(&step) {
        life.push(step);
    }
}
