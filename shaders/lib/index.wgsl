// From a workgroup to an element, and from an element to its offset in operands that broadcast, stride or step backwards.
#define_import_path imagine::index

// Index of this invocation in a one-dimensional grid, also if the grid was cut into several dispatches.
fn invocation(workgroup: vec3<u32>, base: vec4<u32>, local: u32) -> u32 {
    return (workgroup.x + base.x) * #{WORKGROUP} + local;
}

// The linear index of the remaining outer axes, and the offsets of the inner axes so far.
struct Walk {
    rest: u32,
    offsets: vec3<i32>,
}

// Removes the innermost axis. `axis` is [length, stride in operand 0, in operand 1, in operand 2].
fn take(walk: Walk, axis: vec4<i32>) -> Walk {
    let length = u32(axis.x);
    return Walk(walk.rest / length, walk.offsets + i32(walk.rest % length) * axis.yzw);
}

// Offsets of element `linear` (row-major) in up to three operands. `axes` are outermost first; the last `rank` of the eight
// are in use. Indices are constants so that no driver copies the array; the branches are uniform.
fn offsets(linear: u32, rank: u32, axes: array<vec4<i32>, 8>) -> vec3<i32> {
    var walk = take(Walk(linear, vec3(0)), axes[7]);
    if rank > 1u { walk = take(walk, axes[6]); }
    if rank > 2u { walk = take(walk, axes[5]); }
    if rank > 3u { walk = take(walk, axes[4]); }
    if rank > 4u { walk = take(walk, axes[3]); }
    if rank > 5u { walk = take(walk, axes[2]); }
    if rank > 6u { walk = take(walk, axes[1]); }
    if rank > 7u { walk = take(walk, axes[0]); }
    return walk.offsets;
}

// The same, specialised by the defs AXES_1, AXES_2 and AXES_3: hardware that executes both sides of a branch would divide once
// for every axis that could be in use.
fn walk_offsets(linear: u32, rank: u32, axes: array<vec4<i32>, 8>) -> vec3<i32> {
#ifdef AXES_1
    return i32(linear) * axes[7].yzw;
#else ifdef AXES_2
    let inner = u32(axes[7].x);
    return i32(linear % inner) * axes[7].yzw + i32(linear / inner) * axes[6].yzw;
#else ifdef AXES_3
    let walk = take(Walk(linear, vec3(0)), axes[7]);
    let inner = u32(axes[6].x);
    return walk.offsets + i32(walk.rest % inner) * axes[6].yzw + i32(walk.rest / inner) * axes[5].yzw;
#else
    return offsets(linear, rank, axes);
#endif
}

// Coordinate [n, c, y, x] of element `linear` of a tensor [N, C, H, W]; `shape` is [N, C, H, W].
fn image_coordinate(linear: u32, shape: vec4<u32>) -> vec4<u32> {
    let x = linear % shape.w;
    let row = linear / shape.w;
    let y = row % shape.z;
    let plane = row / shape.z;
    return vec4(plane / shape.y, plane % shape.y, y, x);
}
