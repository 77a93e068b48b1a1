// Where the number outside an image comes from. The defs BORDER_* choose: none of them is a constant outside.
#define_import_path imagine::border

// Index in 0 .. length that position `at` reads, or -1 where the constant stands. Reflection mirrors without repeating
// the border and goes on for ever (Rust: imagine_graph::PadMode::place).
fn place(at: i32, length: i32) -> i32 {
#ifdef BORDER_WRAP
    return ((at % length) + length) % length;
#else ifdef BORDER_EDGE
    return clamp(at, 0, length - 1);
#else ifdef BORDER_REFLECT
    let period = max(2 * (length - 1), 1);
    let folded = ((at % period) + period) % period;
    return min(folded, period - folded);
#else
    return select(-1, at, at >= 0 && at < length);
#endif
}
