//! An app whose camera draws a result and the panel into an image, with a pointer and the texts that egui drew.

use std::sync::OnceLock;

use bevy::app::PluginsState;
use bevy::asset::RenderAssetUsages;
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages};
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_egui::egui::{self, Pos2, Rect};
use bevy_egui::input::EguiInputEvent;
use bevy_egui::{EguiContext, EguiFullOutput, EguiGlobalSettings, EguiPlugin, EguiPostUpdateSet, PrimaryEguiContext};
use bevy_imagine::asset::Generator;
use bevy_imagine::generators;
use bevy_imagine::prelude::*;
use bevy_imagine_editor::{ImagineEditor, ImagineEditorPlugin};
use imagine_wgpu::BoundsChecks;
use imagine_wgpu::headless::Gpu;

use crate::shared::Shared;

/// Pixels of the screen; a point of egui is a pixel.
const SCREEN: UVec2 = UVec2::new(1100, 900);
/// Side and centre of the result in pixels.
const RESULT: f32 = 200.0;
const RESULT_AT: Vec2 = Vec2::new(950.0, 120.0);

/// A text and its place.
#[derive(Clone, Debug)]
pub struct Text {
    pub text: String,
    pub rect: Rect,
}

/// Everything that egui drew in the last frame: texts, and images of the game.
#[derive(Resource, Default)]
struct Drawn {
    texts: Vec<Text>,
    images: Vec<Rect>,
}

/// A screenshot.
#[derive(Resource, Clone, Default)]
pub struct Picture(Option<Image>);

/// The app with one request.
pub struct Panel {
    pub app: App,
    screen: Handle<Image>,
    camera: Entity,
    entity: Entity,
    generator: Handle<Generator>,
}

/// Runs `test` in the shared app.
pub fn with_panel(test: impl FnOnce(&mut Panel) + Send + 'static) {
    static PANEL: OnceLock<Option<Shared<Panel>>> = OnceLock::new();
    let has_adapter = || Gpu::for_test(BoundsChecks::On).is_some();
    if let Some(panel) = PANEL.get_or_init(|| has_adapter().then(|| Shared::new(Panel::new, Panel::reset))) {
        panel.run(test);
    }
}

impl Panel {
    fn new() -> Self {
        let mut app = App::new();
        let plugins = DefaultPlugins
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
            .disable::<WinitPlugin>()
            .disable::<PipelinedRenderingPlugin>();
        app.add_plugins((plugins, ImaginePlugin { frame_budget_ms: 1000.0, ..default() }, EguiPlugin::default()))
            .add_plugins(ImagineEditorPlugin::default())
            .insert_resource(EguiGlobalSettings { auto_create_primary_context: false, ..default() })
            .init_resource::<Drawn>()
            .init_resource::<Picture>();
        let between = note_drawn.after(EguiPostUpdateSet::EndPass).before(EguiPostUpdateSet::ProcessOutput);
        app.add_systems(PostUpdate, between);
        while app.plugins_state() == PluginsState::Adding {
            bevy::tasks::tick_global_task_pools_on_main_thread();
        }
        app.finish();
        app.cleanup();
        let world = app.world_mut();
        let screen = world.resource_mut::<Assets<Image>>().add(screen());
        let target = RenderTarget::Image(screen.clone().into());
        let mut camera = world.spawn((Camera2d, target, PrimaryEguiContext));
        if let Some(mut context) = camera.get_mut::<EguiContext>() {
            // A busy machine may take seconds between press and release.
            context.get_mut().options_mut(|options| options.input_options.max_click_duration = f64::INFINITY);
        }
        let camera = camera.id();
        let noise = Generator::from(generators::load("noise_material").unwrap());
        let generator = world.resource_mut::<Assets<Generator>>().add(noise);
        let mut panel = Self { app, screen, camera, entity: Entity::PLACEHOLDER, generator };
        panel.reset();
        panel
    }

    /// Replaces everything that a test may have changed by a finished request.
    fn reset(&mut self) {
        let world = self.app.world_mut();
        for entity in world.query_filtered::<Entity, With<Synthesis>>().iter(world).collect::<Vec<_>>() {
            world.entity_mut(entity).despawn();
        }
        world.resource_mut::<ImagineEditor>().visible = true;
        let synthesis = Synthesis::new(self.generator.clone()).with_size(UVec2::splat(64)).with_seed(4);
        let sprite = Sprite { custom_size: Some(Vec2::splat(RESULT)), ..default() };
        let at = Vec2::new(RESULT_AT.x - SCREEN.x as f32 / 2.0, SCREEN.y as f32 / 2.0 - RESULT_AT.y);
        let place = Transform::from_translation(at.extend(0.0));
        self.entity = world.spawn((Name::new("tile"), synthesis, SpriteTarget::default(), sprite, place)).id();
        self.settle();
    }

    pub fn generator(&self) -> Generator {
        self.app.world().resource::<Assets<Generator>>().get(&self.generator).unwrap().clone()
    }

    pub fn request(&self) -> Synthesis {
        self.app.world().get::<Synthesis>(self.entity).unwrap().clone()
    }

    pub fn request_mut(&mut self) -> Mut<'_, Synthesis> {
        self.app.world_mut().get_mut::<Synthesis>(self.entity).unwrap()
    }

    /// Updates until no request is unfinished and everything is drawn.
    pub fn settle(&mut self) {
        self.app.update();
        for _ in 0..500 {
            self.app.update();
            let world = self.app.world_mut();
            let done =
                |status: &SynthesisStatus| !matches!(status, SynthesisStatus::Waiting | SynthesisStatus::Running);
            if world.query::<&SynthesisStatus>().iter(world).all(done) {
                (0..4).for_each(|_| self.app.update());
                return;
            }
        }
        panic!("a request is unfinished after 500 frames");
    }

    /// Every text on the screen.
    pub fn texts(&self) -> Vec<Text> {
        self.app.world().resource::<Drawn>().texts.clone()
    }

    /// The first text that contains `wanted`, ignoring case.
    pub fn text(&self, wanted: &str) -> Text {
        let texts = self.texts();
        let found = texts.iter().find(|text| text.text.to_lowercase().contains(&wanted.to_lowercase()));
        found.unwrap_or_else(|| panic!("no {wanted:?} among {texts:?}")).clone()
    }

    /// Places of the game's images on the screen, in drawing order.
    pub fn images(&self) -> Vec<Rect> {
        self.app.world().resource::<Drawn>().images.clone()
    }

    pub fn click(&mut self, label: &str) {
        let at = self.text(label).rect.center();
        self.click_at(at);
    }

    pub fn click_at(&mut self, at: Pos2) {
        self.drag(at, at);
    }

    /// Presses at `from`, moves to `to`, and releases.
    pub fn drag(&mut self, from: Pos2, to: Pos2) {
        let button = |pos, pressed| egui::Event::PointerButton {
            pos,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        };
        let middle = from.lerp(to, 0.5);
        let moved = egui::Event::PointerMoved;
        for event in [moved(from), button(from, true), moved(middle), moved(to), button(to, false)] {
            self.app.world_mut().write_message(EguiInputEvent { context: self.camera, event });
            self.app.update();
        }
        (0..2).for_each(|_| self.app.update());
    }

    /// Place of the panel.
    pub fn window(&self) -> Rect {
        Rect::from_min_size([20.0, 20.0].into(), [340.0, 600.0].into())
    }

    /// Place of the result.
    pub fn result(&self) -> Rect {
        Rect::from_center_size([RESULT_AT.x, RESULT_AT.y].into(), egui::Vec2::splat(RESULT - 4.0))
    }

    /// The row of a control.
    pub fn row(&self, label: &str) -> Rect {
        let label = self.text(label).rect;
        Rect::from_min_size(label.left_top(), [320.0, label.height()].into())
    }

    /// A screenshot of the next frame; `name` is its file name if screenshots are kept.
    pub fn picture(&mut self, name: &str) -> Picture {
        self.app.world_mut().resource_mut::<Picture>().0 = None;
        let take =
            |captured: On<ScreenshotCaptured>, mut picture: ResMut<Picture>| picture.0 = Some(captured.image.clone());
        self.app.world_mut().spawn(Screenshot::image(self.screen.clone())).observe(take);
        for _ in 0..100 {
            self.app.update();
            let picture = self.app.world().resource::<Picture>().clone();
            if let Some(image) = &picture.0 {
                if let Some(folder) = std::env::var_os("IMAGINE_PICTURES") {
                    let path = std::path::Path::new(&folder).join(format!("{name}.png"));
                    image.clone().try_into_dynamic().unwrap().to_rgb8().save(path).unwrap();
                }
                return picture;
            }
        }
        panic!("no screenshot after 100 frames");
    }
}

impl Picture {
    /// Number of different colours inside `place`.
    pub fn colors(&self, place: Rect) -> usize {
        let mut colors: Vec<_> = self.texels(place).collect();
        colors.sort_unstable();
        colors.dedup();
        colors.len()
    }

    /// Mean difference to `other` inside `place`, 0 to 255.
    pub fn difference(&self, other: &Picture, place: Rect) -> f32 {
        mean_difference(self.texels(place), other.texels(place))
    }

    /// Mean difference of two places of the same size, 0 to 255.
    pub fn distance(&self, one: Rect, other: Rect) -> f32 {
        mean_difference(self.texels(one), self.texels(other))
    }

    fn texels(&self, place: Rect) -> impl Iterator<Item = [u8; 3]> + '_ {
        let image = self.0.as_ref().unwrap();
        let (left, top) = (place.left().round() as u32, place.top().round() as u32);
        let (width, height) = (place.width().round() as u32, place.height().round() as u32);
        let data = image.data.as_ref().unwrap();
        (0..width * height).map(move |index| {
            let at = ((top + index / width) * image.width() + left + index % width) as usize * 4;
            [data[at], data[at + 1], data[at + 2]]
        })
    }
}

fn mean_difference(a: impl Iterator<Item = [u8; 3]>, b: impl Iterator<Item = [u8; 3]>) -> f32 {
    let (mut sum, mut count) = (0u64, 0u64);
    for (a, b) in a.zip(b) {
        sum += (0..3).map(|channel| u64::from(a[channel].abs_diff(b[channel]))).sum::<u64>();
        count += 3;
    }
    sum as f32 / count as f32
}

/// Records what egui is about to draw.
fn note_drawn(outputs: Query<&EguiFullOutput>, mut drawn: ResMut<Drawn>) {
    *drawn = Drawn::default();
    for output in outputs.iter().filter_map(|output| output.0.as_ref()) {
        output.shapes.iter().for_each(|shape| note_shape(&shape.shape, shape.clip_rect, &mut drawn));
    }
}

fn note_shape(shape: &egui::Shape, clip: Rect, drawn: &mut Drawn) {
    match shape {
        egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| note_shape(shape, clip, drawn)),
        egui::Shape::Text(text) => {
            let rect = text.visual_bounding_rect();
            if clip.contains(rect.center()) && !text.galley.text().is_empty() {
                drawn.texts.push(Text { text: text.galley.text().into(), rect });
            }
        }
        egui::Shape::Rect(rect) => {
            let is_own = matches!(rect.fill_texture_id(), egui::TextureId::User(_));
            if is_own && clip.contains(rect.rect.center()) {
                drawn.images.push(rect.rect);
            }
        }
        _ => {}
    }
}

fn screen() -> Image {
    let extent = Extent3d { width: SCREEN.x, height: SCREEN.y, depth_or_array_layers: 1 };
    let (format, usages) = (TextureFormat::Rgba8UnormSrgb, RenderAssetUsages::RENDER_WORLD);
    let mut image = Image::new_uninit(extent, TextureDimension::D2, format, usages);
    image.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT;
    image
}
