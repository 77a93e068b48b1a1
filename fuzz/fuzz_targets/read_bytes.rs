//! Raw bytes: container and documents.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    imagine_fuzz::read_bytes(data);
});
