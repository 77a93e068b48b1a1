//! Impossible requests are refused with messages that say what is possible.

use imagine_cpu::Edges;
use imagine_exemplar::{Maps, Prepared, Recipe, torus, window};

use crate::drawn::{pebbles, prepared_pebbles};

fn refused(change: impl Fn(&mut Recipe), edges: Edges) -> String {
    let mut recipe = Recipe::free(64, 64);
    change(&mut recipe);
    Prepared::new(&pebbles(64), edges, recipe).unwrap_err().to_string()
}

#[test]
fn maps_of_wrong_size() {
    let refused = |height, width, channels, bytes: usize| {
        Maps::new(height, width, channels, vec![0; bytes]).unwrap_err().to_string()
    };
    assert_eq!(refused(4, 4, 0, 0), "0 channels: an exemplar has 1 to 16");
    assert_eq!(refused(2, 4, 1, 8), "an exemplar of 2 x 4 texels: sides are 4 to 8192");
    assert_eq!(refused(4, 4, 1, 8), "expected 16 bytes for height x width x channels, found 8");
}

#[test]
fn recipes_that_do_not_fit() {
    let lattice = "a lattice of 24 texels: it must divide the side of 64 texels, and be a multiple or a divisor of each level's spacing";
    assert_eq!(refused(|recipe| recipe.lattice.0 = 24, Edges::Wrap), lattice);
    assert!(refused(|recipe| recipe.lattice.0 = 0, Edges::Wrap).starts_with("a lattice of 0 texels"));
    assert!(refused(|recipe| recipe.halvings = 5, Edges::Wrap).contains("cannot be halved 5 times"));
    assert!(refused(|recipe| recipe.halvings = 80, Edges::Wrap).contains("cannot be halved 80 times"));
    assert_eq!(
        refused(|recipe| recipe.lattice = (64, 1), Edges::Bounded),
        "an exemplar that does not tile has no lattice"
    );
}

#[test]
fn sizes_that_do_not_fit_name_the_nearest_that_do() {
    let prepared = prepared_pebbles();
    let message = torus(&prepared, 0, 100, 128).unwrap_err().to_string();
    assert_eq!(message, "a torus of 100 x 128 texels: rows may be 96 or 112, columns 128 or 144");
    assert!(torus(&prepared, 0, 0, 128).is_err() && torus(&prepared, 0, 1 << 20, 128).is_err());
    assert!(window(&prepared, 0, (0, 0), (0, 5)).is_err());
}
