//! Exemplars that repeat are detected, resampled to whole periods and rearranged without a broken joint; all others are free.

use imagine_cpu::{Edges, unpack};
use imagine_exemplar::{Maps, Prepared, Regularity, fit, regularity, resampled, size_multiple, torus};
use imagine_graph::rng;

use crate::drawn::{pebbles, tiles};

/// Vertical stripes of unequal widths, noisy.
fn planks(side: usize) -> Maps {
    let joints = [0, 19, 47, 60, 95, 121];
    let texel = |index: usize| {
        let (y, x) = (index / side, index % side);
        let plank = joints.iter().rposition(|joint| x * 128 / side >= *joint).unwrap_or(0);
        let noise = rng::cell(x as u32, y as u32, 0, 5)[0] % 12;
        if x * 128 / side == joints[plank] { 0 } else { (80 + 25 * plank) as u8 + noise as u8 }
    };
    Maps::new(side, side, 1, (0..side * side).map(texel).collect()).unwrap()
}

#[test]
fn regularity_is_told_from_the_picture() {
    assert_eq!(regularity(&tiles(240, 24)), (Regularity::Periodic(10), Regularity::Periodic(10)));
    assert_eq!(regularity(&pebbles(128)), (Regularity::Irregular, Regularity::Irregular));
    let (down, right) = regularity(&planks(128));
    assert_eq!((down, right), (Regularity::Striped, Regularity::Irregular));
}

#[test]
fn periods_become_powers_of_two_and_no_joint_breaks() {
    let (maps, recipe) = fit(&tiles(240, 24)).unwrap();
    assert_eq!((maps.height(), maps.width(), recipe.lattice), (320, 320, (32, 32)));
    let prepared = Prepared::new(&maps, Edges::Wrap, recipe).unwrap();
    let field = torus(&prepared, 1, 320, 640).unwrap();
    let offsets = field.places.iter().enumerate().map(|(index, place)| {
        let (y, x) = unpack(*place);
        ((320 + y - (index / 640) as u32) % 32, (640 + x - (index % 640) as u32) % 32)
    });
    assert!(offsets.clone().all(|offset| offset == (0, 0)), "{:?}", offsets.max());
}

#[test]
fn periods_are_joined_where_that_keeps_proportions() {
    let joint = |y: usize, x: usize| y.is_multiple_of(20) || x.is_multiple_of(30);
    let grey = |y: usize, x: usize| 120 + (rng::cell((x / 30) as u32, (y / 20) as u32, 0, 9)[0] % 100) as u8;
    let texel = |at: usize| (at / 240, at % 240);
    let texels = (0..240 * 240).map(texel).map(|(y, x)| if joint(y, x) { 0 } else { grey(y, x) });
    let (maps, recipe) = fit(&Maps::new(240, 240, 1, texels.collect()).unwrap()).unwrap();
    assert_eq!((maps.height(), maps.width(), recipe.lattice), (256, 256, (64, 32)));
}

/// A wall of bricks of many widths and greys, in courses of `height` rows.
fn wall(side: usize, height: usize) -> Maps {
    let mut texels = vec![60; side * side];
    for (course, rows) in texels.chunks_mut(height * side).enumerate() {
        let mut left = 0;
        for brick in 0.. {
            let [width, grey, ..] = rng::cell(brick, course as u32, 0, 5);
            let right = (left + 20 + width as usize % 30).min(side);
            for row in rows.chunks_mut(side).skip(3) {
                row[(left + 3).min(right)..right].fill(40 + (grey % 200) as u8);
            }
            left = right;
            if left == side {
                break;
            }
        }
    }
    Maps::new(side, side, 1, texels).unwrap()
}

#[test]
fn equal_courses_are_exchanged_and_bricks_slide_along_them() {
    let wall = wall(240, 20);
    assert_eq!(regularity(&wall), (Regularity::Irregular, Regularity::Irregular));
    let (maps, recipe) = fit(&wall).unwrap();
    assert_eq!((maps.height(), maps.width(), recipe.lattice), (192, 192, (16, 1)));
}

#[test]
fn planks_slide_along_themselves_only() {
    let (maps, recipe) = fit(&planks(128)).unwrap();
    assert_eq!(recipe.lattice, (1, 128));
    let prepared = Prepared::new(&maps, Edges::Wrap, recipe).unwrap();
    assert_eq!(size_multiple(&prepared).1, 128);
    let field = torus(&prepared, 1, 256, 128).unwrap();
    assert!(field.places.iter().enumerate().all(|(index, place)| unpack(*place).1 as usize == index % 128));
    assert!(field.places.iter().enumerate().any(|(index, place)| unpack(*place).0 as usize != index / 128 % 128));
}

#[test]
fn the_same_texels_several_times_are_cut_down_to_one() {
    let once = pebbles(64);
    let row = |row: usize| once.texels()[row * 128..][..128].repeat(2);
    let twice = Maps::new(64, 128, 2, (0..64).flat_map(row).collect()).unwrap();
    assert_eq!(regularity(&twice).1, Regularity::Copies(2));
    assert_eq!(fit(&twice).unwrap().0, once);
}

#[test]
fn other_sizes_are_resampled_to_sides_that_can_be_halved() {
    let (maps, recipe) = fit(&pebbles(100)).unwrap();
    assert_eq!((maps.height(), recipe.halvings), (96, 4));
    assert!(Prepared::new(&maps, Edges::Wrap, recipe).is_ok());
}

#[test]
fn resampling_keeps_the_mean_and_the_edges_that_meet() {
    let maps = pebbles(64);
    let mean = |maps: &Maps| maps.texels().iter().map(|v| f64::from(*v)).sum::<f64>() / maps.texels().len() as f64;
    for side in [40, 64, 150] {
        let other = resampled(&maps, side, side).unwrap();
        assert!((mean(&other) - mean(&maps)).abs() < 1.0, "{side}");
    }
    assert_eq!(resampled(&maps, 64, 64).unwrap(), maps);
    assert!(resampled(&maps, 2, 64).is_err());
}
