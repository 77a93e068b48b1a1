//! What is computed from a stored exemplar.

use imagine_codec::{Edges, PreparedLevel, SIMILAR, Stored, StoredLevel, unpack};

use crate::streams::{maps, projection};

fn prepared(edges: Edges) -> Vec<PreparedLevel> {
    let level = |matched, table| StoredLevel { projection: Some(projection(3)), matched, table };
    let levels = vec![level(true, Some((4, 1))), level(true, None), StoredLevel::default()];
    Stored::new(maps(64, 48, 3), edges, levels).unwrap().prepare()
}

#[test]
fn levels_have_the_parts_that_they_need() {
    let levels = prepared(Edges::Wrap);
    assert_eq!(levels.iter().map(|level| level.size).collect::<Vec<_>>(), [(16, 12), (32, 24), (64, 48)]);
    let lengths = levels.iter().map(|level| level.appearance.as_ref().map(Vec::len));
    assert_eq!(lengths.collect::<Vec<_>>(), [Some(18 * 14 * 2), Some(34 * 26 * 2), None]);
    let lengths = levels.iter().map(|level| level.similar.as_ref().map(Vec::len));
    assert_eq!(lengths.collect::<Vec<_>>(), [Some(16 * 12 * SIMILAR), None, None]);
}

#[test]
fn the_rim_repeats_what_lies_beyond_the_edge() {
    let words = |edges| prepared(edges)[0].appearance.clone().unwrap();
    let at = |words: &[i32], row: usize, column: usize| words[2 * (row * 14 + column)];
    let (wrapped, bounded) = (words(Edges::Wrap), words(Edges::Bounded));
    assert_eq!(at(&wrapped, 0, 5), at(&wrapped, 16, 5));
    assert_eq!(at(&wrapped, 3, 13), at(&wrapped, 3, 1));
    assert_eq!(at(&bounded, 0, 5), at(&bounded, 1, 5));
    assert_eq!(at(&bounded, 3, 13), at(&bounded, 3, 12));
}

#[test]
fn similar_places_stay_on_the_lattice_and_off_the_margin() {
    let similar = prepared(Edges::Wrap)[0].similar.clone().unwrap();
    for (index, place) in similar.iter().enumerate() {
        let (y, _) = unpack(*place as u32);
        assert_eq!((y as usize).abs_diff(index / SIMILAR / 12) % 4, 0);
    }
    let similar = prepared(Edges::Bounded)[0].similar.clone().unwrap();
    let own = |index: usize| ((index / SIMILAR / 12) << 16 | (index / SIMILAR % 12)) as i32;
    for (index, place) in similar.into_iter().enumerate().filter(|(index, place)| *place != own(*index)) {
        let (y, x) = unpack(place as u32);
        assert!((2..14).contains(&y) && (2..10).contains(&x), "{index}: {y}, {x}");
    }
}
