// MatMul and Gemm: Y = alpha * A B + beta * C, a tile of 4 x 4 output elements per invocation, so that each loaded element
// serves four products. Every output element sums over k in order. Transposition and broadcasting are strides. ADDEND: there is
// a third operand.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, walk_offsets}

struct Params {
    dispatch: DispatchParams,
    // Axes of Y before the last two, outermost first: [length, stride in A, in B, 0].
    axes: array<vec4<i32>, 8>,
    // Number of axes in use, counted from the last.
    rank: u32,
    // Number of tiles.
    count: u32,
    // Number of products per element.
    terms: u32,
    alpha: f32,
    // Rows and columns of Y.
    shape: vec2<u32>,
    // Strides of the rows of A and of the columns of B.
    strides: vec2<i32>,
    // Strides along the summed axis, in A and in B.
    steps: vec2<i32>,
    // Strides of the rows and columns of C.
    addend: vec2<i32>,
    beta: f32,
    unused_a: u32,
    unused_b: u32,
    unused_c: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> a: array<f32>; // [.., M, K], or [K, M] if transposed
@group(0) @binding(2) var<storage, read_write> b: array<f32>; // [.., K, N], or [N, K] if transposed
#ifdef ADDEND
@group(0) @binding(3) var<storage, read_write> c: array<f32>; // broadcasts to [M, N]
@group(0) @binding(4) var<storage, read_write> y: array<f32>; // [.., M, N]
#else
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [.., M, N]
#endif

fn store(matrix: u32, row: u32, column: u32, sum: f32) {
    if row >= params.shape.x || column >= params.shape.y { return; }
    var value = sum * params.alpha;
#ifdef ADDEND
    value += params.beta * c[i32(row) * params.addend.x + i32(column) * params.addend.y];
#endif
    y[(matrix * params.shape.x + row) * params.shape.y + column] = value;
}

fn store_row(matrix: u32, row: u32, column: u32, sums: vec4<f32>) {
    store(matrix, row, column, sums.x);
    store(matrix, row, column + 1u, sums.y);
    store(matrix, row, column + 2u, sums.z);
    store(matrix, row, column + 3u, sums.w);
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let tiles = (params.shape + 3u) / 4u;
    let line = i / tiles.y;
    let matrix = line / tiles.x;
    let row = line % tiles.x * 4u;
    let column = i % tiles.y * 4u;
    let start = walk_offsets(matrix, params.rank, params.axes).xy;
    // Rows and columns beyond the last one repeat it.
    let rows = vec4<i32>(min(vec4(row) + vec4(0u, 1u, 2u, 3u), vec4(params.shape.x - 1u)));
    let columns = vec4<i32>(min(vec4(column) + vec4(0u, 1u, 2u, 3u), vec4(params.shape.y - 1u)));
    var left = start.x + rows * params.strides.x;
    var right = start.y + columns * params.strides.y;
    var s0 = vec4(0.0);
    var s1 = vec4(0.0);
    var s2 = vec4(0.0);
    var s3 = vec4(0.0);
    for (var k = 0u; k < params.terms; k++) {
        let v = vec4(b[right.x], b[right.y], b[right.z], b[right.w]);
        s0 += a[left.x] * v;
        s1 += a[left.y] * v;
        s2 += a[left.z] * v;
        s3 += a[left.w] * v;
        left += params.steps.x;
        right += params.steps.y;
    }
    store_row(matrix, row, column, s0);
    store_row(matrix, row + 1u, column, s1);
    store_row(matrix, row + 2u, column, s2);
    store_row(matrix, row + 3u, column, s3);
}
