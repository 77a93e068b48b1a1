//! Streams are read as they were written, and damaged ones are refused without a panic.

use imagine_codec::{
    BLOCK, CodecError, DIMENSIONS, Edges, Latents, MAX_WEIGHT, Maps, Projection, SIDE, Stored, StoredLevel, Transform,
    Vector,
};
use sha2::{Digest, Sha256};

/// Maps with waves and some noise.
pub fn maps(height: usize, width: usize, channels: usize) -> Maps {
    let texel = |index: usize| {
        let (place, channel) = (index / channels, index % channels);
        let (y, x) = ((place / width) as f64, (place % width) as f64);
        let wave = (y * 0.3 + channel as f64).sin() + (x * 0.2 - y * 0.1).cos();
        let noise = (index as u32).wrapping_mul(2_654_435_761) >> 28;
        (128.0 + 50.0 * wave + f64::from(noise)) as u8
    };
    Maps::new(height, width, channels, (0..height * width * channels).map(texel).collect()).unwrap()
}

pub fn projection(channels: usize) -> Projection {
    let length = SIDE * SIDE * channels;
    let weights = (0..DIMENSIONS * length).map(|k| (k as i32 * 31 % 41 - 20) as i16).collect();
    Projection { weights, bias: [-3, 100, 0, 7, -2_000_000, 5, 6, i32::MAX], shift: 9 }
}

fn levels(channels: usize) -> Vec<StoredLevel> {
    let level = |matched, table| StoredLevel { projection: Some(projection(channels)), matched, table };
    vec![level(true, Some((2, 1))), level(false, Some((1, 8))), StoredLevel::default()]
}

/// An exemplar that does not tile, with levels that are matched.
fn bounded() -> Stored {
    let level = |table| StoredLevel { projection: Some(projection(2)), matched: true, table };
    Stored::new(maps(48, 32, 2), Edges::Bounded, vec![level(Some((1, 1))), level(None), level(None)]).unwrap()
}

fn exact(channels: usize) -> Stored {
    Stored::new(maps(32, 48, channels), Edges::Wrap, levels(channels)).unwrap()
}

/// The exemplar as two waves in each block.
fn transformed() -> Stored {
    let length = BLOCK * BLOCK * 5;
    let vector = |k: usize| Vector {
        elements: (0..length).map(|index| ((index * (k + 3)) % 31) as i8 - 15).collect(),
        precision: 0,
        scale: 20_000 + 7 * k as u32,
    };
    let mean = (0..length).map(|index| 100 * index as u16).collect();
    let transform = Transform { mean, vectors: (0..2).map(vector).collect(), normal: Some(1) };
    let plane = |k: i32| (0..96).map(|block: i32| (block * (k + 5) % 23 - 11) as i16).collect();
    exact(5).transformed(transform, Latents { height: 8, width: 12, planes: vec![plane(1), plane(2)] }).unwrap()
}

#[test]
fn exact_exemplars_are_read_as_written() {
    for channels in [1, 2, 9, 16] {
        let stored = exact(channels);
        let bytes = stored.encode();
        let read = Stored::decode(&bytes).unwrap();
        assert!(read == stored && read.is_exact(), "{channels} channels");
        assert_eq!(read.encode(), bytes);
    }
}

#[test]
fn transformed_exemplars_are_read_as_written_with_the_third_channel_of_normals() {
    let stored = transformed();
    let bytes = stored.encode();
    let read = Stored::decode(&bytes).unwrap();
    assert!(read == stored && !read.is_exact() && read.vectors() == 2);
    assert_eq!(read.encode(), bytes);
    for texel in read.maps().texels().chunks(5) {
        let [x, y, z] = [1, 2, 3].map(|channel| 2.0 * f64::from(texel[channel]) / 255.0 - 1.0);
        let length = (1.0 - x * x - y * y).max(0.0).sqrt();
        assert!((z - length).abs() < 0.01, "{texel:?}");
    }
}

#[test]
fn flat_maps_take_few_bytes() {
    let flat = Maps::new(256, 256, 8, vec![77; 256 * 256 * 8]).unwrap();
    let bytes = Stored::new(flat, Edges::Bounded, vec![StoredLevel::default()]).unwrap().encode();
    assert!(bytes.len() < 1000, "{}", bytes.len());
}

#[test]
fn streams_that_end_are_refused() {
    for stored in [exact(3), transformed()] {
        let bytes = stored.encode();
        for length in (0..bytes.len()).step_by(7) {
            assert_eq!(Stored::decode(&bytes[..length]), Err(CodecError::Ended), "{length} of {}", bytes.len());
        }
        assert_eq!(Stored::decode(&[&bytes[..], &[0, 0]].concat()), Err(CodecError::Trailing(2)));
    }
    assert_eq!(Stored::decode(&[9]), Err(CodecError::Version(9)));
}

#[test]
fn damaged_streams_do_not_panic() {
    for stored in [exact(3), bounded(), transformed()] {
        let bytes = stored.encode();
        let mut refused = 0;
        for index in 1..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1 << (index % 8);
            refused += usize::from(Stored::decode(&damaged).is_err());
        }
        assert!(refused > 0);
    }
}

#[test]
fn sizes_levels_weights_and_tables_out_of_range_are_refused() {
    let with = |level: StoredLevel| Stored::new(maps(32, 48, 1), Edges::Wrap, vec![level, StoredLevel::default()]);
    let projection = projection(1);
    let base = StoredLevel { projection: Some(projection.clone()), matched: true, table: None };
    assert!(with(base.clone()).is_ok());
    assert_eq!(with(StoredLevel { projection: None, ..base.clone() }), Err(CodecError::Projection { level: 0 }));
    assert_eq!(with(StoredLevel { table: Some((0, 1)), ..base.clone() }), Err(CodecError::Table { level: 0 }));
    assert_eq!(with(StoredLevel { table: Some((1, 5)), ..base.clone() }), Err(CodecError::Table { level: 0 }));
    let mut heavy = projection.clone();
    heavy.weights[..6].fill(1500);
    let found = heavy.weights[..SIDE * SIDE].iter().map(|w| i32::from(*w).abs()).sum();
    assert!(found > MAX_WEIGHT);
    let heavy = StoredLevel { projection: Some(heavy), ..base.clone() };
    assert_eq!(with(heavy), Err(CodecError::Weights { level: 0, found }));
    let shifted = StoredLevel { projection: Some(Projection { shift: 21, ..projection }), ..base };
    assert!(matches!(with(shifted), Err(CodecError::Weights { level: 0, .. })));
    let many = Stored::new(maps(32, 48, 1), Edges::Wrap, vec![StoredLevel::default(); 5]);
    assert_eq!(many, Err(CodecError::Levels { height: 32, width: 48, levels: 5 }));
    // A search of all pairs of 256 x 256 places would take minutes.
    let large = StoredLevel { table: Some((1, 1)), projection: Some(self::projection(1)), matched: false };
    assert_eq!(Stored::new(maps(256, 256, 1), Edges::Wrap, vec![large]), Err(CodecError::Table { level: 0 }));
}

/// Streams of an earlier version, and what `tests/reference.py` reads from them.
const KEPT: [(&str, &[u8]); 3] = [
    ("bounded.stream", include_bytes!("streams/bounded.stream")),
    ("exact.stream", include_bytes!("streams/exact.stream")),
    ("transformed.stream", include_bytes!("streams/transformed.stream")),
];

#[test]
fn kept_streams_give_what_the_reference_in_python_reads() {
    let digest = |bytes: Vec<u8>| format!("{:x}", Sha256::digest(bytes));
    let words = |words: Vec<i32>| digest(words.iter().flat_map(|word| word.to_le_bytes()).collect());
    let mut lines = String::new();
    for (name, bytes) in KEPT {
        let stored = Stored::decode(bytes).unwrap();
        let mut line = |what: &str, digest: String| lines.push_str(&format!("{name} {what} {digest}\n"));
        line("texels", digest(stored.maps().texels().to_vec()));
        for (index, level) in stored.prepare().into_iter().enumerate() {
            let spacing = 1 << (stored.levels().len() - 1 - index);
            level.appearance.into_iter().for_each(|found| line(&format!("spacing_{spacing}.appearance"), words(found)));
            level.similar.into_iter().for_each(|found| line(&format!("spacing_{spacing}.similar"), words(found)));
        }
    }
    assert_eq!(lines, include_str!("streams/expected.txt"));
}
