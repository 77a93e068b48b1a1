// Where the number outside an image comes from. The defs BORDER_* choose: none of them is a constant outside.
#define_import_path imagine::border

// Index in 0 .. length that position `at` reads, or -1 where the constant stands (Rust: imagine_graph::PadMode::place).
// Wrapping and reflection go on for ever, but start at most one period before 0: signed remainders are slow.
fn place(at: i32, length: i32) -> i32 {
#ifdef BORDER_WRAP
    return i32(u32(at + length) % u32(length));
#else ifdef BORDER_EDGE
    return clamp(at, 0, length - 1);
#else ifdef BORDER_REFLECT
    // Mirrors without repeating the border.
    let period = max(2 * (length - 1), 1);
    let folded = i32(u32(at + period) % u32(period));
    return min(folded, period - folded);
#else
    return select(-1, at, at >= 0 && at < length);
#endif
}
