// Reductions. One invocation per output element, in row-major order; or with COOPERATIVE one workgroup, in which every
// invocation takes every WORKGROUP-th element and a tree joins the results. Neither order depends on the grid.
//
// A def chooses the operator: OP_SUM, OP_MEAN, OP_PROD, OP_MAX, OP_MIN, OP_L1, OP_L2, OP_SUM_SQUARE, OP_LOG_SUM or
// OP_LOG_SUM_EXP. Elements are integers with TYPE_I32, truth values with TYPE_BOOL, else floats.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, offsets, walk_offsets}
#import imagine::tree::tree_max

#ifdef TYPE_I32
alias Number = i32;
#else ifdef TYPE_BOOL
alias Number = u32;
#else
alias Number = f32;
#endif

struct Params {
    dispatch: DispatchParams,
    // Axes that are kept, outermost first: [length, stride in X, 0, 0].
    kept: array<vec4<i32>, 8>,
    // Axes that are reduced, likewise.
    reduced: array<vec4<i32>, 8>,
    kept_rank: u32,
    reduced_rank: u32,
    // Number of elements of the output.
    count: u32,
    // Number of elements that each output element reduces.
    terms: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Number>;
@group(0) @binding(2) var<storage, read_write> y: array<Number>; // [count]

fn element(start: i32, k: u32) -> Number {
    return x[start + walk_offsets(k, params.reduced_rank, params.reduced).x];
}

// The contribution of one element. For OP_LOG_SUM_EXP `shift` is the largest element.
fn term(value: Number, shift: Number) -> Number {
#ifdef OP_L1
    return abs(value);
#else ifdef OP_L2
    return value * value;
#else ifdef OP_SUM_SQUARE
    return value * value;
#else ifdef OP_LOG_SUM_EXP
    return exp(value - shift);
#else
    return value;
#endif
}

fn join(a: Number, b: Number) -> Number {
#ifdef OP_PROD
    return a * b;
#else ifdef OP_MAX
    return max(a, b);
#else ifdef OP_MIN
    return min(a, b);
#else
    return a + b;
#endif
}

// The neutral element of `join`; for a maximum or minimum, any element.
fn neutral(start: i32) -> Number {
#ifdef OP_PROD
    return Number(1);
#else ifdef OP_MAX
    return element(start, 0u);
#else ifdef OP_MIN
    return element(start, 0u);
#else
    return Number(0);
#endif
}

fn finish(value: Number, shift: Number) -> Number {
#ifdef OP_MEAN
    return value / f32(params.terms);
#else ifdef OP_L2
    return sqrt(value);
#else ifdef OP_LOG_SUM
    return log(value);
#else ifdef OP_LOG_SUM_EXP
    return log(value) + shift;
#else
    return value;
#endif
}

// Elements `first`, `first + step`, .. joined in this order.
fn part(start: i32, first: u32, step: u32, shift: Number) -> Number {
    var joined = neutral(start);
    for (var k = first; k < params.terms; k += step) {
        joined = join(joined, term(element(start, k), shift));
    }
    return joined;
}

// The largest of the same elements, or element 0 if there are none.
fn largest(start: i32, first: u32, step: u32) -> Number {
#ifdef OP_LOG_SUM_EXP
    var found = element(start, 0u);
    for (var k = first; k < params.terms; k += step) {
        found = max(found, element(start, k));
    }
    return found;
#else
    return Number(0);
#endif
}

#ifdef COOPERATIVE
var<workgroup> parts: array<Number, #{WORKGROUP}>;

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = workgroup.x + params.dispatch.base.x;
    if i >= params.count { return; }
    let start = offsets(i, params.kept_rank, params.kept).x;
#ifdef OP_LOG_SUM_EXP
    let shift = tree_max(largest(start, local, u32(#{WORKGROUP})), local);
#else
    let shift = Number(0);
#endif
    parts[local] = part(start, local, u32(#{WORKGROUP}), shift);
    for (var half = #{WORKGROUP} / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            parts[local] = join(parts[local], parts[local + half]);
        }
    }
    if local == 0u {
        y[i] = finish(parts[0], shift);
    }
}
#else
@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let start = offsets(i, params.kept_rank, params.kept).x;
    let shift = largest(start, 0u, 1u);
    y[i] = finish(part(start, 0u, 1u, shift), shift);
}
#endif
