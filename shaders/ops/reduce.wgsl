// ReduceMean. One invocation an output element, in row-major order; or, with the def COOPERATIVE, one workgroup: there
// every invocation adds each WORKGROUP-th element and a tree adds those sums. Neither order depends on the grid.
#import imagine::head::Head
#import imagine::index::{invocation, offsets}

struct Params {
    head: Head,
    // Axes that stay, outermost first: [length, stride in X, 0, 0].
    kept: array<vec4<i32>, 6>,
    // Axes that go: [length, stride in X, 0, 0].
    reduced: array<vec4<i32>, 6>,
    kept_rank: u32,
    reduced_rank: u32,
    // Number of elements of the output.
    count: u32,
    // Number of elements that each of them is the mean of.
    terms: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [count]

fn term(start: i32, k: u32) -> f32 {
    return x[start + offsets(k, params.reduced_rank, params.reduced).x];
}

#ifdef COOPERATIVE
var<workgroup> sums: array<f32, #{WORKGROUP}>;

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = workgroup.x + params.head.base.x;
    if i >= params.count { return; }
    let start = offsets(i, params.kept_rank, params.kept).x;
    var sum = 0.0;
    for (var k = local; k < params.terms; k += #{WORKGROUP}) {
        sum += term(start, k);
    }
    sums[local] = sum;
    for (var half = #{WORKGROUP} / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            sums[local] += sums[local + half];
        }
    }
    if local == 0u {
        y[i] = sums[0] / f32(params.terms);
    }
}
#else
@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    let start = offsets(i, params.kept_rank, params.kept).x;
    var sum = 0.0;
    for (var k = 0u; k < params.terms; k++) {
        sum += term(start, k);
    }
    y[i] = sum / f32(params.terms);
}
#endif
