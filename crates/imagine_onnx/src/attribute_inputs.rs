//! Inputs of ONNX operators that are attributes in a graph, by operator and opset.

/// The attribute that an input becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A list of integers.
    Ints,
    /// One integer.
    Int,
    /// One float.
    Float,
    /// A list of floats.
    Floats,
    /// A list of dimensions, which may depend on the size.
    Dims,
}

/// An input that becomes an attribute.
pub(crate) struct Entry {
    pub input: usize,
    pub attribute: &'static str,
    pub kind: Kind,
}

const fn entry(input: usize, attribute: &'static str, kind: Kind) -> Entry {
    Entry { input, attribute, kind }
}

/// Operator, first opset, inputs. The newest line that applies counts.
const TABLE: &[(&str, i64, &[Entry])] = &[
    ("AffineGrid", 20, &[entry(1, "size", Kind::Dims)]),
    ("Clip", 11, &[entry(1, "min", Kind::Float), entry(2, "max", Kind::Float)]),
    ("Col2Im", 18, &[entry(1, "image_shape", Kind::Ints), entry(2, "block_shape", Kind::Ints)]),
    ("ConstantOfShape", 9, &[entry(0, "shape", Kind::Dims)]),
    ("CumSum", 11, &[entry(1, "axis", Kind::Int)]),
    ("Dropout", 12, &[entry(1, "ratio", Kind::Float), entry(2, "training_mode", Kind::Int)]),
    ("Expand", 8, &[entry(1, "shape", Kind::Dims)]),
    ("OneHot", 9, &[entry(1, "depth", Kind::Int)]),
    ("Pad", 11, &[entry(1, "pads", Kind::Ints), entry(2, "value", Kind::Float), entry(3, "axes", Kind::Ints)]),
    ("ReduceSum", 13, REDUCE),
    ("ReduceL1", 18, REDUCE),
    ("ReduceL2", 18, REDUCE),
    ("ReduceLogSum", 18, REDUCE),
    ("ReduceLogSumExp", 18, REDUCE),
    ("ReduceMax", 18, REDUCE),
    ("ReduceMean", 18, REDUCE),
    ("ReduceMin", 18, REDUCE),
    ("ReduceProd", 18, REDUCE),
    ("ReduceSumSquare", 18, REDUCE),
    ("Reshape", 5, &[entry(1, "shape", Kind::Dims)]),
    ("Resize", 10, &[entry(1, "scales", Kind::Floats)]),
    ("Resize", 11, &[entry(1, "roi", Kind::Floats), entry(2, "scales", Kind::Floats), entry(3, "sizes", Kind::Dims)]),
    (
        "Slice",
        10,
        &[
            entry(1, "starts", Kind::Ints),
            entry(2, "ends", Kind::Ints),
            entry(3, "axes", Kind::Ints),
            entry(4, "steps", Kind::Ints),
        ],
    ),
    ("Split", 1, &[entry(1, "split", Kind::Ints)]),
    ("Split", 2, &[]),
    ("Split", 13, &[entry(1, "split", Kind::Ints)]),
    ("Squeeze", 13, &[entry(1, "axes", Kind::Ints)]),
    ("Tile", 1, &[entry(1, "tiles", Kind::Int), entry(2, "axis", Kind::Int)]),
    ("Tile", 6, &[entry(1, "repeats", Kind::Ints)]),
    ("TopK", 10, &[entry(1, "k", Kind::Int)]),
    ("Trilu", 14, &[entry(1, "k", Kind::Int)]),
    ("Unsqueeze", 13, &[entry(1, "axes", Kind::Ints)]),
    ("Upsample", 9, &[entry(1, "scales", Kind::Floats)]),
];

const REDUCE: &[Entry] = &[entry(1, "axes", Kind::Ints)];

/// Operators that have such inputs.
#[cfg(test)]
pub(crate) fn operators() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _, _)| *name)
}

/// The inputs of `op` that are attributes in a graph.
pub(crate) fn entries(op: &str, opset: i64) -> &'static [Entry] {
    let lines = TABLE.iter().filter(|(name, since, _)| *name == op && opset >= *since);
    lines.max_by_key(|(_, since, _)| *since).map_or(&[], |(_, _, entries)| entries)
}

/// The kind of attribute `name`, which is an input in some opset; integers by default.
pub(crate) fn kind(op: &str, name: &str) -> Kind {
    let named = TABLE.iter().filter(|(o, _, _)| *o == op).flat_map(|(_, _, entries)| *entries);
    named.into_iter().find(|e| e.attribute == name).map_or(Kind::Ints, |e| e.kind)
}
