//! Replays the fuzzing corpus, and some arbitrary data, through the functions of the fuzz targets.

use std::path::Path;

#[path = "../../../../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::Stage;

/// The files of one target's corpus.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

/// Number of runs that ended at each stage.
fn count(stages: impl Iterator<Item = Stage>) -> [usize; 3] {
    let mut count = [0; 3];
    stages.for_each(|stage| count[stage as usize] += 1);
    count
}

#[test]
fn raw_bytes() {
    let [refused, invalid, valid] = count(corpus("read_bytes").iter().map(|data| fuzz::read_bytes(data)));
    println!("{refused} refused, {invalid} invalid, {valid} valid");
    assert!(refused > 10 && valid > 0, "the corpus covers too little");
}

#[test]
fn structured() {
    let [refused, invalid, valid] = count(corpus("structured").iter().map(|data| fuzz::structured(data)));
    println!("{refused} refused, {invalid} invalid, {valid} valid");
    assert!(invalid > 10 && valid > 10, "the corpus covers too little");
}

#[test]
fn most_arbitrary_graphs_reach_validation() {
    let mut state = 1u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let data: Vec<Vec<u8>> = (0..500).map(|_| (0..300).map(|_| random()).collect()).collect();
    let [refused, invalid, valid] = count(data.iter().map(|data| fuzz::structured(data)));
    assert!(invalid + valid > refused, "{refused} refused, {invalid} invalid, {valid} valid");
    assert!(valid > 50, "{refused} refused, {invalid} invalid, {valid} valid");
}
