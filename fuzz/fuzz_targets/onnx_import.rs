//! ONNX models, sound ones changed and raw bytes. Prints every 65,536 runs how far they came.
#![no_main]

#[path = "../src/onnx.rs"]
mod onnx;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use onnx::Stage;

/// Runs that ended at each [`Stage`].
static ENDED: [AtomicUsize; 3] = [const { AtomicUsize::new(0) }; 3];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    ENDED[onnx::onnx_import(data) as usize].fetch_add(1, Relaxed);
    let [refused, invalid, valid] =
        [Stage::Refused, Stage::Invalid, Stage::Valid].map(|s| ENDED[s as usize].load(Relaxed));
    let runs = refused + invalid + valid;
    if runs % 65_536 == 0 {
        let share = 100.0 * (invalid + valid) as f64 / runs as f64;
        eprintln!("{runs} runs: {refused} refused, {invalid} invalid, {valid} valid; {share:.1} % became a graph");
    }
});
