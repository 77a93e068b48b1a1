//! Brush strokes on a living texture.

use bevy::prelude::*;
use bevy_imagine::prelude::*;

use crate::generators::still;
use crate::harness::{TestApp, with_app};

const SIDE: u32 = 32;

/// A finished living texture that only strokes change.
fn canvas(app: &mut TestApp) -> Entity {
    let request = Synthesis::new(app.add(still())).with_size(UVec2::splat(SIDE));
    app.finished((request, ImageTarget::default(), Living { steps_per_second: Some(0.0) }))
}

/// Paints a hard disc, and returns all texels some frames later.
fn paint(app: &mut TestApp, entity: Entity, uv: Vec2, brush: Brush) -> Vec<u8> {
    app.trigger(BrushStroke { softness: 0.0, ..BrushStroke::new(entity, uv, 0.25).with_brush(brush) });
    app.update(8);
    app.texels(entity, TextureRole::Image)
}

fn centre(texels: &[u8]) -> [u8; 3] {
    texels[((16 * SIDE + 16) * 4) as usize..][..3].try_into().unwrap()
}

#[test]
fn paint_colours_a_disc_that_wraps_around() {
    with_app(|app| {
        let entity = canvas(app);
        let before = app.texels(entity, TextureRole::Image);
        let painted = paint(app, entity, Vec2::new(0.0, 0.5), Brush::Paint(Color::srgb(1.0, 0.0, 0.6)));
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
    });
}

#[test]
fn erase_writes_0_and_damage_the_initial_noise() {
    with_app(|app| {
        let entity = canvas(app);
        // A state of 0 shows 0.5.
        let erased = paint(app, entity, Vec2::new(1.5, -0.5), Brush::Erase);
        assert_eq!(centre(&erased), [128; 3]);
        // The initial noise has amplitude 0.5, which the output scales by 0.25.
        let damaged = centre(&paint(app, entity, Vec2::splat(0.5), Brush::Damage));
        assert!(
            damaged != [128; 3] && damaged.iter().all(|value| (128 - 33..=128 + 33).contains(value)),
            "{damaged:?}"
        );
    });
}

#[test]
fn invalid_strokes_change_nothing() {
    with_app(|app| {
        let entity = canvas(app);
        let before = app.texels(entity, TextureRole::Image);
        assert!(paint(app, entity, Vec2::NAN, Brush::Erase) == before);
        assert!(paint(app, entity, Vec2::ZERO, Brush::Channels(vec![0.0; 40])) == before);
    });
}
