// Padding: which position a position outside the image reads. The defs BORDER_* choose; without one it reads a constant.
#define_import_path imagine::border

// Index in 0 .. length that position `at` reads, or -1 for the constant (Rust: imagine_graph::PadMode::place). Wrapping and
// reflection take any position after 0 but at most one period before it, so that they need no slow signed remainder.
fn place(at: i32, length: i32) -> i32 {
#ifdef BORDER_WRAP
    return i32(u32(at + length) % u32(length));
#else ifdef BORDER_EDGE
    return clamp(at, 0, length - 1);
#else ifdef BORDER_REFLECT
    // Mirrors without repeating the border element.
    let period = max(2 * (length - 1), 1);
    let folded = i32(u32(at + period) % u32(period));
    return min(folded, period - folded);
#else
    return select(-1, at, at >= 0 && at < length);
#endif
}
