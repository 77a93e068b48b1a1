// A block of 128 bits, written field by field from the lowest bit on.
#define_import_path imagine::block_bits

var<private> words: vec4<u32>;
var<private> written: u32;

fn start() {
    words = vec4(0u);
    written = 0u;
}

// Appends the lowest `bits` bits (at most 16) of `value`, whose others are 0.
fn put(value: u32, bits: u32) {
    let word = written >> 5u;
    let at = written & 31u;
    words[word] |= value << at;
    if at + bits > 32u { words[word + 1u] |= value >> (32u - at); }
    written += bits;
}
