//! Regular materials: offsets stay on the lattice, so no joint breaks.

use imagine_cpu::{Edges, Field, unpack};
use imagine_exemplar::{Prepared, Recipe, torus, window};

use crate::drawn::tiles;

const PERIOD: usize = 16;

fn recipe() -> Recipe {
    let period = PERIOD as u32;
    Recipe {
        halvings: 4,
        block: 1,
        moves: vec![0, 128, 128],
        passes: vec![1],
        lattice: (period, period),
        tables_from: 4,
    }
}

/// Cells whose offset from the exemplar is not a multiple of the lattice.
fn broken(field: &Field, lattice: (u32, u32)) -> usize {
    let off = |index: usize| {
        let (y, x) = unpack(field.places[index]);
        let (row, column) = (field.top + (index / field.width) as i64, field.left + (index % field.width) as i64);
        (i64::from(y) - row) % i64::from(lattice.0) != 0 || (i64::from(x) - column) % i64::from(lattice.1) != 0
    };
    (0..field.places.len()).filter(|index| off(*index)).count()
}

#[test]
fn tiles_are_swapped_and_no_joint_breaks() {
    let maps = tiles(96, PERIOD);
    let prepared = Prepared::new(&maps, Edges::Wrap, recipe()).unwrap();
    let field = torus(&prepared, 3, 192, 96).unwrap();
    assert_eq!(broken(&field, (16, 16)), 0);
    let texels = maps.gather(&field.places);
    for (index, texel) in texels.iter().enumerate() {
        let is_joint = (index / 96).is_multiple_of(PERIOD) || (index % 96).is_multiple_of(PERIOD);
        assert_eq!(*texel == 0, is_joint);
    }
    let patch = window(&prepared, 3, (-33, 1000), (70, 40)).unwrap();
    assert_eq!(broken(&patch, (16, 16)), 0);
}

#[test]
fn one_axis_may_be_free_and_the_other_fixed() {
    let recipe = Recipe { block: 4, moves: vec![0, 230, 128], passes: vec![2], lattice: (1, 96), ..recipe() };
    let prepared = Prepared::new(&tiles(96, PERIOD), Edges::Wrap, recipe).unwrap();
    let field = torus(&prepared, 3, 96, 192).unwrap();
    assert_eq!(broken(&field, (1, 96)), 0);
    assert!(broken(&field, (16, 96)) > 0, "rows are free");
}
