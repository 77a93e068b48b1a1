//! Exemplars from pictures in memory: which recipe is chosen, and what the generator's card says.

use image::{DynamicImage, GrayImage, RgbImage};
use imagine_exemplar::{
    ByExample, Exemplar, ExemplarError, ExemplarOptions, Maps, Stage, describe, rolled, same_proportions, sheet,
};
use imagine_graph::{Card, OutputKind};

use crate::drawn::{pebbles, tiles};

/// One channel of maps as a picture.
fn grey(maps: &Maps, channel: usize) -> DynamicImage {
    let bytes = maps.texels().iter().skip(channel).step_by(maps.channels()).copied().collect();
    GrayImage::from_raw(maps.width() as u32, maps.height() as u32, bytes).unwrap().into()
}

fn exemplar(pictures: &[(OutputKind, DynamicImage)]) -> Exemplar {
    Exemplar::from_maps(pictures, &ExemplarOptions::default()).unwrap()
}

fn made(exemplar: &Exemplar) -> ByExample {
    exemplar.generator(Card::default(), |_| {}).unwrap()
}

#[test]
fn irregular_exemplars_are_rearranged() {
    let maps = pebbles(128);
    let exemplar = exemplar(&[(OutputKind::BaseColor, grey(&maps, 0)), (OutputKind::Height, grey(&maps, 1))]);
    assert!(exemplar.tiles() && !exemplar.has_derived_height());
    let mut tried = 0;
    let made = exemplar
        .generator(Card::default(), |stage| tried += usize::from(matches!(stage, Stage::Tried { .. })))
        .unwrap();
    assert!(tried > 1);
    let figures = made.chosen.figures;
    assert!(figures.variation >= 0.15 && figures.loops <= 0.05 && figures.broken == 0.0, "{:?}", made.chosen);
    let metrics = &made.generator.card.metrics;
    assert!((metrics["variation"] - figures.variation).abs() < 1e-5, "{metrics:?}");
    let parts = describe(&made.generator).unwrap();
    assert_eq!((parts.height, parts.width, parts.kinds), (128, 128, vec![OutputKind::BaseColor, OutputKind::Height]));
    assert_eq!(sheet(&made).unwrap().width(), 5 * 128 + 4 * 8);
}

#[test]
fn regular_exemplars_keep_their_joints() {
    let maps = tiles(240, 24);
    let made = made(&exemplar(&[(OutputKind::BaseColor, grey(&maps, 0))]));
    assert_eq!((made.chosen.recipe.lattice, made.chosen.figures.broken), ((32, 32), 0.0));
    assert!(made.chosen.figures.variation > 0.5, "{:?}", made.chosen);
    assert!(made.generator.card.recipe.contains("320x320 texels, lattice 32x32"), "{}", made.generator.card.recipe);
}

#[test]
fn joints_between_cells_are_found() {
    // The same tiles with joints in the middle of the first cell.
    let maps = rolled(&tiles(256, 32), 13, 20);
    let (fitted, recipe) = imagine_exemplar::fit(&maps).unwrap();
    assert_eq!(recipe.lattice, (32, 32));
    let is_joint = |row: usize| fitted.texels()[row * 256..][..256].iter().all(|texel| *texel == 0);
    assert!(is_joint(0) || is_joint(31), "a joint lies at the edge of the cells");
}

#[test]
fn normals_give_a_height() {
    let normal =
        RgbImage::from_fn(64, 64, |x, _| image::Rgb([(128.0 + 60.0 * (x as f32 / 5.093).sin()) as u8, 128, 220]));
    let exemplar = exemplar(&[(OutputKind::Normal, normal.into())]);
    assert!(exemplar.has_derived_height());
    assert_eq!(exemplar.kinds(), [OutputKind::Normal, OutputKind::Height]);
    assert!(made(&exemplar).generator.card.recipe.ends_with("height integrated from the normals"));
}

#[test]
fn maps_of_other_sizes_are_scaled_and_others_refused() {
    let maps = pebbles(64);
    let color = (OutputKind::BaseColor, grey(&maps, 0));
    let small = grey(&maps, 1).resize_exact(32, 32, image::imageops::FilterType::Triangle);
    assert_eq!(exemplar(&[color.clone(), (OutputKind::Height, small)]).maps().width(), 64);
    assert!(
        same_proportions([1000, 333], [500, 167]) && same_proportions([500, 167], [1000, 333]),
        "sides are rounded"
    );
    let refused = |pictures: &[(OutputKind, DynamicImage)]| {
        Exemplar::from_maps(pictures, &ExemplarOptions::default()).unwrap_err()
    };
    assert!(matches!(refused(&[]), ExemplarError::Empty));
    assert!(matches!(refused(&[color.clone(), color.clone()]), ExemplarError::Kind(OutputKind::BaseColor)));
    assert!(matches!(refused(&[(OutputKind::State, color.1.clone())]), ExemplarError::Kind(OutputKind::State)));
    let message = refused(&[color, (OutputKind::Height, GrayImage::new(64, 48).into())]).to_string();
    assert_eq!(
        message,
        "height is [64, 48] pixels, but the first map is [64, 64]: maps may differ in size, not in proportions"
    );
}
