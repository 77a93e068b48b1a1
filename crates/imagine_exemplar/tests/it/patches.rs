//! Windows of the endless plane, tori, and what they show.

use imagine_cpu::{Edges, unpack};
use imagine_exemplar::{Prepared, Recipe, torus, window};

use crate::drawn::{pebbles, prepared_pebbles};

#[test]
fn patches_of_any_size_and_order_equal_the_whole() {
    let prepared = prepared_pebbles();
    let whole = window(&prepared, 7, (-20, 40), (150, 130)).unwrap();
    for (top, left, height, width) in [(-20, 40, 64, 64), (66, 106, 64, 64), (0, 41, 1, 1), (13, 77, 48, 17)] {
        let part = window(&prepared, 7, (top, left), (height, width)).unwrap();
        assert_eq!(part, whole.crop(top, left, height, width), "{top} {left}");
    }
}

#[test]
fn patches_are_the_same_far_away() {
    let prepared = prepared_pebbles();
    let far = 1 << 20;
    let whole = window(&prepared, 7, (-far, far), (96, 96)).unwrap();
    assert_eq!(window(&prepared, 7, (-far + 32, far + 32), (48, 48)).unwrap(), whole.crop(-far + 32, far + 32, 48, 48));
}

#[test]
fn a_window_computes_little_more_than_it_shows() {
    let prepared = prepared_pebbles();
    let cells = imagine_exemplar::window_cells(&prepared, (0, 0), (272, 272));
    let ideal: usize = (0..=prepared.recipe().halvings).map(|l| 3 * (272 >> l) * (272 >> l)).sum();
    assert!(cells < ideal * 3 / 2, "{cells} cells for {ideal}");
}

#[test]
fn seeds_differ_and_repeat() {
    let prepared = prepared_pebbles();
    let make = |seed| torus(&prepared, seed, 64, 128).unwrap();
    assert_eq!(make(1), make(1));
    assert_ne!(make(1), make(2));
}

#[test]
fn most_cells_go_on_with_their_neighbours_and_yet_the_exemplar_is_rearranged() {
    let field = torus(&prepared_pebbles(), 3, 128, 128).unwrap();
    let goes_on = |index: usize| {
        let ((y, x), (y2, x2)) = (unpack(field.places[index]), unpack(field.places[index + 1]));
        y == y2 && (x + 1) % 64 == x2
    };
    let share = (0..127 * 128).filter(|index| index % 128 != 127 && goes_on(*index)).count() as f32 / (127.0 * 127.0);
    assert!(share > 0.8, "{share}");
    let first = unpack(field.places[0]);
    let is_copy = |index: usize| {
        let (y, x) = unpack(field.places[index]);
        let (row, column) = ((index / 128) as u32, (index % 128) as u32);
        ((row + first.0) % 64, (column + first.1) % 64) == (y, x)
    };
    let copied = (0..field.places.len()).filter(|index| is_copy(*index)).count();
    assert!(copied < field.places.len() / 2, "{copied}");
}

#[test]
fn a_bounded_exemplar_shows_no_place_near_its_edges() {
    let prepared = Prepared::new(&pebbles(48), Edges::Bounded, Recipe::free(48, 48)).unwrap();
    let field = torus(&prepared, 5, 96, 96).unwrap();
    assert!(field.places.iter().map(|place| unpack(*place)).all(|(y, x)| (2..46).contains(&y) && (2..46).contains(&x)));
}

#[test]
fn all_maps_are_gathered_through_one_field() {
    let maps = pebbles(64);
    let field = torus(&prepared_pebbles(), 3, 64, 64).unwrap();
    let texels = maps.gather(&field.places);
    for (texel, place) in texels.chunks(2).zip(&field.places) {
        let (y, x) = unpack(*place);
        assert_eq!(texel, &maps.texels()[(y as usize * 64 + x as usize) * 2..][..2]);
    }
}
