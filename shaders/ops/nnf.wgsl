// NnfSearch (SEARCH), NnfPropagate (PROPAGATE), NnfDistance (DISTANCE) and NnfVote (VOTE): nearest-neighbour fields. imagine_graph's reference
// page of these operators defines every bit. SOURCE_MASK, ACTIVE, WEIGHT, CANDIDATES, PENALTY and OUTPUT are binding numbers.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

struct Params {
    dispatch: DispatchParams,
    // VOTE: weights by rows and columns between two cells.
    falloff: vec4<u32>,
    // Rows and columns of cells of the target.
    size: vec2<u32>,
    // Rows and columns of places of the source.
    level: vec2<u32>,
    // Number of cells; VOTE: times groups of four channels.
    count: u32,
    // Words of the features of a place.
    words: u32,
    // SEARCH and VOTE: rows and columns on each side of a cell.
    radius: u32,
    // 64ths of the cost that a place at a side's distance costs more.
    locality: u32,
    // PROPAGATE: distance of neighbours, factor of what they propose, which places are tried besides, and number of further candidates.
    jump: u32,
    coherence: u32,
    window: u32,
    candidates: u32,
    // VOTE: channels of the image.
    channels: u32,
    // Whether target and source continue at the opposite edge.
    tiles: u32,
    source_tiles: u32,
    unused: u32,
}

const NONE = 0xffffffffu;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> field: array<u32>; // [1, 1, height, width], packed places
#ifdef VOTE
@group(0) @binding(2) var<storage, read_write> values: array<f32>; // [1, channels, level height, level width]
@group(0) @binding(3) var<storage, read_write> base: array<f32>; // [1, channels, height, width]
#else
@group(0) @binding(2) var<storage, read_write> target_words: array<u32>; // [height, width, words]
@group(0) @binding(3) var<storage, read_write> source_words: array<u32>; // [level height, level width, words]
#endif
#ifdef SOURCE_MASK
@group(0) @binding(#{SOURCE_MASK}) var<storage, read_write> source_mask: array<u32>; // [1, 1, level height, level width]
#endif
#ifdef ACTIVE
@group(0) @binding(#{ACTIVE}) var<storage, read_write> is_active: array<u32>; // [1, 1, height, width]
#endif
#ifdef WEIGHT
@group(0) @binding(#{WEIGHT}) var<storage, read_write> weight: array<i32>; // [1, 1, height, width]
#endif
#ifdef CANDIDATES
@group(0) @binding(#{CANDIDATES}) var<storage, read_write> candidates: array<u32>; // [1, candidates, height, width]
#endif
#ifdef PENALTY
@group(0) @binding(#{PENALTY}) var<storage, read_write> penalty: array<i32>; // [1, 1, level height, level width]
#endif
#ifdef VOTE
@group(0) @binding(#{OUTPUT}) var<storage, read_write> y: array<f32>; // [1, channels, height, width]
#else
@group(0) @binding(#{OUTPUT}) var<storage, read_write> y: array<u32>; // [1, 1, height, width]
#endif

// `at` less whole lengths.
fn remainder(at: i32, length: i32) -> i32 {
    let down = at - select(0, length - 1, at < 0);
    return at - down / length * length;
}

// The index of a row and column of a plane; NONE if they are outside.
fn index_of(at: vec2<i32>, size: vec2<u32>, tiles: u32) -> u32 {
    let sides = vec2<i32>(size);
    var to = at;
    if tiles == 1u {
        to = vec2(remainder(at.x, sides.x), remainder(at.y, sides.y));
    }
    let inside = all(to >= vec2(0)) && all(to < sides);
    return select(NONE, u32(to.x * sides.y + to.y), inside);
}

fn place_at(at: vec2<i32>) -> u32 {
    return index_of(at, params.level, params.source_tiles);
}

fn may_show(place: u32) -> bool {
#ifdef SOURCE_MASK
    return source_mask[place] != 0u;
#else
    return true;
#endif
}

// Row and column of a packed place, clamped to the source.
fn seen(word: u32) -> vec2<i32> {
    return vec2<i32>(min(vec2(word >> 16u, word & 0xffffu), params.level - 1u));
}

fn packed(place: u32) -> u32 {
    return (place / params.level.y) << 16u | (place % params.level.y);
}

#ifndef VOTE
// The sum of squared differences of the features of a cell and a place.
fn difference(cell: u32, place: u32) -> u32 {
    var sum = 0;
    for (var k = 0u; k < params.words; k++) {
        let apart = unpack4xI8(target_words[cell * params.words + k]) - unpack4xI8(source_words[place * params.words + k]);
        sum += dot(apart, apart);
    }
    return u32(sum);
}

// `cost` with what it costs more that the place is not at the cell's own coordinates.
fn located(cost: u32, cell: u32, place: u32) -> u32 {
    if params.locality == 0u { return cost; }
    let here = vec2<i32>(vec2(cell / params.size.y, cell % params.size.y));
    let there = vec2<i32>(vec2(place / params.level.y, place % params.level.y));
    var apart = abs(there - here);
    if params.source_tiles == 1u {
        apart = min(apart, abs(vec2<i32>(params.level) - apart));
    }
    let distance = u32(max(apart.x, apart.y) + min(apart.x, apart.y) / 2);
    let side = max(params.level.x, params.level.y);
    return cost + (cost >> 6u) * min(params.locality * distance / side, 255u);
}
#endif

#ifdef SEARCH
var<workgroup> costs: array<u32, #{WORKGROUP}>;
var<workgroup> places: array<u32, #{WORKGROUP}>;

// The weighted distance of the patches around a cell and a place; the source's is inside, or continues at the opposite edge.
fn patch_cost(cell: u32, place: u32) -> u32 {
    let radius = i32(params.radius);
    let here = vec2<i32>(vec2(cell / params.size.y, cell % params.size.y));
    let there = vec2<i32>(vec2(place / params.level.y, place % params.level.y));
    var sum = 0u;
    for (var dy = -radius; dy <= radius; dy++) {
        for (var dx = -radius; dx <= radius; dx++) {
            let from_cell = index_of(here + vec2(dy, dx), params.size, params.tiles);
            if from_cell == NONE { continue; }
#ifdef WEIGHT
            let known = u32(clamp(weight[from_cell], 0, 16));
            if known == 0u { continue; }
#else
            let known = 16u;
#endif
            sum += known * difference(from_cell, place_at(there + vec2(dy, dx)));
        }
    }
    return sum;
}

fn fits(place: u32) -> bool {
    let at = vec2(place / params.level.y, place % params.level.y);
    let inside = all(at >= vec2(params.radius)) && all(at + params.radius < params.level);
    return (inside || params.source_tiles == 1u) && may_show(place);
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let cell = workgroup.x + params.dispatch.base.x;
    if cell >= params.count { return; }
    // Barriers have to be reached by all: a cell that is not active looks at no place.
    var count = params.level.x * params.level.y;
#ifdef ACTIVE
    count = select(0u, count, is_active[cell] != 0u);
#endif
    var least = NONE;
    var best = NONE;
    for (var place = local; place < count; place += u32(#{WORKGROUP})) {
        if !fits(place) { continue; }
        let cost = located(patch_cost(cell, place), cell, place);
        if cost < least {
            least = cost;
            best = place;
        }
    }
    costs[local] = least;
    places[local] = best;
    for (var half = #{WORKGROUP} / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            let other = costs[local + half];
            let place = places[local + half];
            if other < costs[local] || (other == costs[local] && place < places[local]) {
                costs[local] = other;
                places[local] = place;
            }
        }
    }
    if local == 0u {
        y[cell] = field[cell];
        if places[0] != NONE {
            y[cell] = packed(places[0]);
        }
    }
}
#else
#ifdef PROPAGATE
struct Best {
    cost: u32,
    place: u32,
}

// The better of `best` and what is at row and column `at`, at `factor` 64ths of its cost.
fn offer(best: Best, cell: u32, at: vec2<i32>, factor: u32) -> Best {
    let place = place_at(at);
    if place == NONE { return best; }
    if !may_show(place) { return best; }
    var cost = located(difference(cell, place), cell, place);
#ifdef PENALTY
    cost += u32(clamp(penalty[place], 0, 1 << 22u));
#endif
    cost *= factor;
    if cost < best.cost { return Best(cost, place); }
    return best;
}
#endif

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let plane = params.size.x * params.size.y;
    let cell = i % plane;
    let here = vec2<i32>(vec2(cell / params.size.y, cell % params.size.y));
    var works = true;
#ifdef ACTIVE
    works = is_active[cell] != 0u;
#endif

#ifdef PROPAGATE
    if !works {
        y[cell] = field[cell];
        return;
    }
    let own = seen(field[cell]);
    var best = offer(Best(NONE, NONE), cell, own, 64u);
    if params.window >= 1u {
        for (var k = 0; k < 9; k++) {
            if k != 4 { best = offer(best, cell, own + vec2(k / 3, k - k / 3 * 3) - 1, 64u); }
        }
    }
    if params.window >= 2u {
        for (var k = 0; k < 49; k++) {
            if k != 24 { best = offer(best, cell, here + 3 * vec2(k / 7, k - k / 7 * 7) - 9, 64u); }
        }
    }
    let jump = i32(params.jump);
    for (var k = 0; k < select(0, 9, jump > 0); k++) {
        let by = jump * (vec2(k / 3, k - k / 3 * 3) - 1);
        let neighbour = index_of(here + by, params.size, params.tiles);
        if k == 4 || neighbour == NONE { continue; }
        best = offer(best, cell, seen(field[neighbour]) - by, params.coherence);
    }
#ifdef CANDIDATES
    for (var k = 0u; k < params.candidates; k++) {
        best = offer(best, cell, seen(candidates[k * plane + cell]), 64u);
    }
#endif
    y[cell] = field[cell];
    if best.place != NONE {
        y[cell] = packed(best.place);
    }
#endif

#ifdef DISTANCE
    if !works {
        y[cell] = 0u;
        return;
    }
    let place = place_at(seen(field[cell]));
    y[cell] = 1u << 30u;
    if may_show(place) {
        y[cell] = difference(cell, place);
    }
#endif

#ifdef VOTE
    let first = 4u * (i / plane);
    let level_plane = params.level.x * params.level.y;
    let channels = min(4u, params.channels - first);
    var sum = vec4(0);
    var total = 0;
    let radius = i32(params.radius);
    for (var dy = -radius; works && dy <= radius; dy++) {
        for (var dx = -radius; dx <= radius; dx++) {
            let voter = index_of(here + vec2(dy, dx), params.size, params.tiles);
            if voter == NONE { continue; }
            let shown = seen(field[voter]);
            let place = place_at(shown - vec2(dy, dx));
            if place == NONE { continue; }
            if !may_show(place_at(shown)) { continue; }
            var votes = i32(params.falloff[abs(dy)] * params.falloff[abs(dx)]);
#ifdef WEIGHT
            votes *= clamp(weight[voter], 0, 1024);
#endif
#ifdef BEST
            if votes <= total { continue; }
            total = votes;
#else
            if votes == 0 { continue; }
            total += votes;
#endif
            for (var k = 0u; k < channels; k++) {
                let value = i32(round(clamp(values[(first + k) * level_plane + place], -255.0, 255.0)));
#ifdef BEST
                sum[k] = value;
#else
                sum[k] += votes * value;
#endif
            }
        }
    }
    for (var k = 0u; k < channels; k++) {
        let at = (first + k) * plane + cell;
        y[at] = base[at];
        if total > 0 {
#ifdef BEST
            y[at] = f32(sum[k]);
#else
            let numerator = 2 * sum[k] + total;
            let down = numerator - select(0, 2 * total - 1, numerator < 0);
            y[at] = f32(down / (2 * total));
#endif
        }
    }
#endif
}
#endif
