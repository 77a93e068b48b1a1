//! Error messages of operators for invalid parameters and shapes.

use expect_test::{Expect, expect};
use imagine_graph::*;

/// Message of `op` on inputs of these types.
fn message(op: impl Into<Op>, types: &[TensorType]) -> String {
    let types: Vec<_> = types.iter().map(Some).collect();
    match op.into().infer(&Inputs { types: &types, size: Size::new(6, 5) }) {
        Ok(types) => format!("no fault: {types:?}"),
        Err(error) => error.to_string(),
    }
}

fn floats(shape: &[usize]) -> TensorType {
    TensorType::f32(shape)
}

fn ints(shape: &[usize]) -> TensorType {
    TensorType { dtype: DType::I32, shape: shape.into() }
}

fn check(messages: &[String], expected: Expect) {
    expected.assert_eq(&messages.join("\n"));
}

#[test]
fn resize() {
    let image = [floats(&[1, 3, 4, 5])];
    let on_image = |op: Resize| message(op, &image);
    let scales = |scales: &[f32]| Resize { scales: scales.into(), ..Resize::default() };
    let crop = CoordinateTransformationMode::TfCropAndResize;
    let messages = [
        on_image(Resize::default()),
        on_image(scales(&[2.0; 5])),
        on_image(Resize { sizes: vec![Dim::Fixed(3)], ..scales(&[2.0]) }),
        on_image(scales(&[f32::NAN])),
        on_image(scales(&[1e-4])),
        on_image(Resize { axes: vec![1, 2], ..scales(&[2.0]) }),
        on_image(Resize { axes: vec![1, -3], ..scales(&[2.0, 2.0]) }),
        on_image(Resize { axes: vec![i64::MIN], ..scales(&[2.0]) }),
        on_image(Resize { roi: vec![0.0, f32::INFINITY], coordinate_transformation_mode: crop, ..scales(&[2.0]) }),
        on_image(Resize { keep_aspect_ratio_policy: KeepAspectRatioPolicy::NotLarger, ..scales(&[2.0]) }),
        on_image(Resize { antialias: true, ..scales(&[0.5]) }),
        on_image(Resize { cubic_coeff_a: f32::NAN, ..scales(&[0.5]) }),
        on_image(Resize { sizes: vec![Dim::Fixed(usize::MAX)], ..Resize::default() }),
        on_image(Resize { sizes: vec![Dim::Fixed(0)], ..Resize::default() }),
        message(scales(&[2.0; 6]), &[floats(&[1; 6])]),
        message(scales(&[2.0]), &[floats(&[1 << 21])]),
        message(scales(&[1.5]), &[floats(&[1 << 16])]),
        message(scales(&[2.0]), &[floats(&[])]),
        message(Resize { mode: ResizeMode::Linear, ..scales(&[2.0]) }, &[ints(&[4])]),
    ];
    check(
        &messages,
        expect![[r#"
            parameter "scales" is 0 numbers, expected 1 to 4 numbers in scales or sizes
            parameter "scales" is 5 numbers, expected 1 to 4 numbers in scales or sizes
            parameter "sizes" is [Fixed(3)], expected none with scales
            parameter "scales" is [NaN], expected factors of 0.0001 to 10000
            output shape [1, 3, 4, 0] is out of range: an empty dimension
            parameter "scales" is 1 numbers, expected 2 numbers in scales or sizes, as in axes
            parameter "axes" is [1, -3], expected different axes of -4..4
            parameter "axes" is [-9223372036854775808], expected different axes of -4..4
            parameter "roi" is [0.0, inf], expected 2 numbers of -10000 to 10000
            parameter "keep_aspect_ratio_policy" is NotLarger, expected stretch with scales
            parameter "antialias" is true, expected false in mode nearest
            parameter "cubic_coeff_a" is NaN, expected -10000 to 10000
            output shape [1, 3, 4, 18446744073709551615] is out of range: more than 2^30 elements
            output shape [1, 3, 4, 0] is out of range: an empty dimension
            parameter "axes" is 6, expected at most 5 axes that change
            output shape [4194304] is out of range: a resized axis has more than 2^20 elements, or more than 2^28 pairs of input and output elements
            output shape [98304] is out of range: a resized axis has more than 2^20 elements, or more than 2^28 pairs of input and output elements
            parameter "scales" is 1 numbers, expected 1 to 0 numbers in scales or sizes
            input 0 (X) is i32 [4], expected floats, unless in mode nearest without a region"#]],
    );
}

#[test]
fn pad() {
    let pad = |pads: &[i64], mode, shape: &[usize]| {
        message(Pad { pads: pads.into(), mode, ..Pad::default() }, &[floats(shape)])
    };
    let messages = [
        pad(&[1, 2, 3], PadMode::Edge, &[4]),
        pad(&[i64::MIN, i64::MAX], PadMode::Constant, &[4]),
        pad(&[-4, 1], PadMode::Wrap, &[4]),
        pad(&[-2, -3], PadMode::Constant, &[4]),
        message(Pad { pads: vec![1, 1], axes: vec![2], ..Pad::default() }, &[floats(&[3, 3])]),
        message(Pad { pads: vec![1, 1], value: 0.5, ..Pad::default() }, &[ints(&[3])]),
    ];
    check(
        &messages,
        expect![[r#"
        parameter "pads" is [1, 2, 3], expected 2 numbers, two for each axis
        parameter "pads" is [-9223372036854775808, 9223372036854775807], expected -4096 to 4096
        parameter "pads" is [-4, 1], expected at least one of 4 elements to remain in mode Wrap
        output shape [0] is out of range: an empty dimension
        parameter "axes" is [2], expected different axes of -2..2
        parameter "value" is 0.5, expected a whole number within 2^24"#]],
    );
}

#[test]
fn gather_and_scatter() {
    let messages = [
        message(Gather { axis: 2 }, &[floats(&[3, 4]), ints(&[2])]),
        message(Gather { axis: 0 }, &[floats(&[3, 4]), floats(&[2])]),
        message(Gather { axis: 0 }, &[floats(&[]), ints(&[2])]),
        message(Gather { axis: 0 }, &[floats(&[3; 7]), ints(&[2; 3])]),
        message(GatherElements { axis: 0 }, &[floats(&[3, 4]), ints(&[5, 5])]),
        message(GatherElements { axis: 0 }, &[floats(&[3, 4]), ints(&[5])]),
        message(GatherND { batch_dims: 0 }, &[floats(&[3, 4]), ints(&[3])]),
        message(GatherND { batch_dims: 1 }, &[floats(&[3, 4]), ints(&[2, 1])]),
        message(GatherND { batch_dims: usize::MAX }, &[floats(&[3, 4]), ints(&[2, 1])]),
        message(GatherND { batch_dims: 0 }, &[floats(&[3, 4]), ints(&[])]),
        message(ScatterElements::default(), &[floats(&[3, 4]), ints(&[2, 4]), floats(&[2, 3])]),
        message(ScatterElements::default(), &[floats(&[1 << 16]), ints(&[1 << 15]), floats(&[1 << 15])]),
        message(ScatterND::default(), &[floats(&[3, 4]), ints(&[2, 3]), floats(&[2])]),
        message(ScatterND::default(), &[floats(&[3, 4]), ints(&[2, 1]), floats(&[2])]),
        message(ScatterND { reduction: ScatterReduction::Add }, &[ints(&[3]), ints(&[2, 1]), floats(&[2])]),
        message(Tile { repeats: vec![2] }, &[floats(&[3, 4])]),
        message(Tile { repeats: vec![usize::MAX, 0] }, &[floats(&[3, 4])]),
        message(Trilu::default(), &[floats(&[3])]),
        message(CumSum { axis: 1, ..CumSum::default() }, &[floats(&[3])]),
        message(SpaceToDepth { blocksize: 2 }, &[floats(&[1, 1, 4, 3])]),
        message(SpaceToDepth { blocksize: 0 }, &[floats(&[1, 1, 4, 3])]),
    ];
    check(
        &messages,
        expect![[r#"
            parameter "axis" is [2], expected different axes of -2..2
            input 1 (indices) is [2], expected integers
            input 0 (data) is [], expected rank 1 or more
            output shape [2, 2, 2, 3, 3, 3, 3, 3, 3] is out of range: more than 8 dimensions
            input 1 (indices) is i32 [5, 5], expected at most [3, 4], except along axis 0
            input 1 (indices) is i32 [5], expected at most [3, 4], except along axis 0
            input 1 (indices) is i32 [3], expected a last dimension of 1 to 2
            input 1 (indices) is i32 [2, 1], expected leading dimensions [3], as data
            parameter "batch_dims" is 18446744073709551615, expected less than 2, the lower rank
            input 1 (indices) is i32 [], expected rank 1 or more
            input 2 (updates) is [2, 3], expected [2, 4], the shape of indices
            output shape [65536] is out of range: more than 2^30 pairs of an element and a candidate update
            input 1 (indices) is i32 [2, 3], expected a last dimension of 1 to 2
            input 2 (updates) is [2], expected [2, 4]
            input 2 (updates) is [2], expected the element type of data, I32
            parameter "repeats" is [2], expected 2 numbers, one per axis
            output shape [18446744073709551615, 0] is out of range: an empty dimension
            input 0 (input) is [3], expected rank 2 or more
            parameter "axis" is [1], expected different axes of -1..1
            parameter "blocksize" is 2, expected a divisor of 4 and 3
            parameter "blocksize" is 0, expected 1 to 64"#]],
    );
}

#[test]
fn sampling() {
    let size =
        |size: &[usize]| AffineGrid { size: size.iter().map(|&d| Dim::Fixed(d)).collect(), align_corners: false };
    let bernoulli = Bernoulli { shape: vec![Dim::HEIGHT], ..Bernoulli::default() };
    let messages = [
        message(GridSample::default(), &[floats(&[1, 2, 3]), floats(&[1, 2, 1])]),
        message(GridSample::default(), &[floats(&[1, 2, 3, 4]), floats(&[2, 2, 3, 2])]),
        message(GridSample::default(), &[floats(&[1, 2, 3, 4]), floats(&[1, 2, 3, 3])]),
        message(size(&[1, 1, 4]), &[floats(&[1, 2, 3])]),
        message(size(&[1, 1, 4, 5]), &[floats(&[1, 3, 4])]),
        message(size(&[1, 1, 0, 5]), &[floats(&[1, 2, 3])]),
        message(bernoulli, &[floats(&[5])]),
    ];
    check(
        &messages,
        expect![[r#"
        input 0 (X) is [1, 2, 3], expected rank 4 or 5
        input 1 (grid) is [2, 2, 3, 2], expected rank 4, first dimension 1, last 2
        input 1 (grid) is [1, 2, 3, 3], expected rank 4, first dimension 1, last 2
        parameter "size" is [1, 1, 4], expected 4 or 5 dimensions
        input 0 (theta) is [1, 3, 4], expected [1, 2, 3]
        output shape [1, 0, 5, 2] is out of range: an empty dimension
        parameter "shape" is [6], expected the shape of the input, [5]"#]],
    );
}

#[test]
fn einsum() {
    let of = |equation: &str, shapes: &[&[usize]]| {
        let types: Vec<TensorType> = shapes.iter().map(|shape| floats(shape)).collect();
        message(Einsum { equation: equation.into() }, &types)
    };
    let long: &[usize] = &[1 << 20];
    let messages = [
        of("", &[&[3]]),
        of("ij,jk->ik", &[&[2, 3]]),
        of("ij->ik", &[&[2, 3]]),
        of("ij->ii", &[&[2, 3]]),
        of("ij->i->j", &[&[2, 3]]),
        of("i1->i", &[&[2, 3]]),
        of("i......j->", &[&[2, 3]]),
        of("ij,jk->ik", &[&[2, 3], &[4, 5]]),
        of("ii->i", &[&[2, 3]]),
        of("...ijk->i", &[&[2, 3]]),
        of("i,j->", &[long, long]),
        of("i,j,k->ijk", &[&[2], &[2], &[2]]),
        of("abcdef,ghijkl->abcdefghi", &[&[1; 6], &[1; 6]]),
        of("aaaaaaaaaaaaaaaaaaaaa->", &[&[1; 6]]),
    ];
    check(
        &messages,
        expect![[r#"
        parameter "equation" is "", expected one letter per axis of [[3]]
        parameter "equation" is "ij,jk->ik", expected one term per input before the arrow, 1 in all
        parameter "equation" is "ij->ik", expected letters after the arrow that appear before it, each once
        parameter "equation" is "ij->ii", expected letters after the arrow that appear before it, each once
        parameter "equation" is "ij->i->j", expected letters and one ... in a term, as in "...ij,jk->...ik"
        parameter "equation" is "i1->i", expected letters and one ... in a term, as in "...ij,jk->...ik"
        parameter "equation" is "i......j->", expected letters and one ... in a term, as in "...ij,jk->...ik"
        parameter "equation" is "ij,jk->ik", expected equal lengths of equal letters in [[2, 3], [4, 5]]
        parameter "equation" is "ii->i", expected equal lengths of equal letters in [[2, 3]]
        parameter "equation" is "...ijk->i", expected one letter per axis of [[2, 3]]
        parameter "equation" is "i,j->", expected at most 8 letters and 2^30 terms to sum over
        has 3 inputs, expected 1 to 2
        output shape [1, 1, 1, 1, 1, 1, 1, 1, 1] is out of range: more than 8 dimensions
        parameter "equation" is "aaaaaaaaaaaaaaaaaaaaa->", expected letters and one ... in a term, as in "...ij,jk->...ik""#]],
    );
}
