//! Fields equal those of `tests/reference.py`, to the bit, with any number of threads, and windows equal the whole.

use imagine_cpu::{Draw, Edges, Field, Level, Moves, REACH, double, match_pass, move_blocks, pack, start};
use imagine_graph::rng;

const BLOCK: u32 = 4;
const SIDES: [u32; 4] = [4, 8, 16, 32];
const TABLES: [bool; 4] = [true, true, true, false];
const MOVES: [u8; 4] = [0, 230, 128, 0];
const PASSES: usize = 2;
/// What the reference prints.
const FIRST: u32 = 0xd76e_2d5d;
const SECOND: u32 = 0xc7a0_7477;

/// The hashed exemplar's level.
fn level(number: usize) -> Level {
    let side = SIDES[number];
    let places = (0..side).flat_map(|y| (0..side).map(move |x| (y, x)));
    let looks: Vec<[i8; 8]> = places
        .clone()
        .map(|(y, x)| {
            let [a, b, ..] = rng::cell(x, y, number as u32, 77);
            let bytes: Vec<u8> = [a.to_le_bytes(), b.to_le_bytes()].concat();
            std::array::from_fn(|k| (i32::from(bytes[k]) - 128).max(-127).div_euclid(4) as i8)
        })
        .collect();
    let similar = places.flat_map(|(y, x)| {
        rng::cell(x, y, number as u32, 78).map(|word| pack((word >> 16) % side, (word & 0xffff) % side))
    });
    let similar = if TABLES[number] { similar.collect() } else { Vec::new() };
    Level::new(side as usize, side as usize, Edges::Wrap, &looks, similar).unwrap()
}

fn torus(rows: usize, columns: usize, seed: u64, lattice: (u32, u32)) -> Field {
    let mut field: Option<Field> = None;
    for number in 0..SIDES.len() {
        let level = level(number);
        let spacing = (SIDES[3] / SIDES[number]) as usize;
        let mut next = match &field {
            None => {
                let key = rng::key(seed, 0, 0);
                let window = (0, 0, rows / spacing, columns / spacing);
                start(level.shape(), window, BLOCK, lattice, Draw::new(key))
            }
            Some(field) => double(level.shape(), field),
        };
        let moves = Moves { block: BLOCK, probability: MOVES[number], variation: None };
        move_blocks(&level, &mut next, moves, Draw::new(rng::key(seed, 0, number as u32)), None);
        for _ in 0..PASSES {
            next.places = match_pass(&level, &next.wrapped(REACH), None, None).places;
        }
        field = Some(next);
    }
    field.unwrap()
}

/// FNV-1a of the packed places.
fn checksum(field: &Field) -> u32 {
    let bytes = field.places.iter().flat_map(|place| place.to_le_bytes());
    bytes.fold(0x811c_9dc5, |total, byte| (total ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[test]
fn a_torus_equals_the_reference() {
    assert_eq!(checksum(&torus(32, 48, 7, (1, 1))), FIRST);
    assert_eq!(checksum(&torus(64, 32, (5 << 32) + 3, (2, 4))), SECOND);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| torus(64, 64, 11, (1, 1)))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn an_exemplar_shows_itself_where_the_field_is_the_identity() {
    let level = level(3);
    let places = (0..32).flat_map(|y| (0..32).map(move |x| pack(y, x))).collect();
    let identity = Field { top: 0, left: 0, height: 32, width: 32, places };
    assert_eq!(match_pass(&level, &identity.wrapped(REACH), None, None), identity);
}
