// Random numbers from the counter-based hash pcg4d (Jarzynski and Olano, JCGT 9(3), 2020), equal to imagine_graph::rng
// to the bit: integers wrap in WGSL, and every float below is exact.
#define_import_path imagine::rng

fn pcg(words: vec4<u32>) -> vec4<u32> {
    let v = mix_words(words * 1664525u + 1013904223u);
    return mix_words(v ^ (v >> vec4(16u)));
}

fn mix_words(words: vec4<u32>) -> vec4<u32> {
    var v = words;
    v.x += v.y * v.w;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    v.w += v.y * v.z;
    return v;
}

// The coordinate [y, x] at which element [row, column] draws. `random` is DispatchParams.random: [key, origin y, origin x, wrap].
fn lattice_coordinate(random: vec4<u32>, size: vec2<u32>, element: vec2<u32>) -> vec2<u32> {
    let at = random.yz + element;
    return select(at, at % size, random.w == 1u);
}

// Uniform in [0, 1): the top 24 bits. Multiplication by a power of two is exact; division need not be.
fn uniform_number(coordinate: vec2<u32>, plane: u32, key: u32) -> f32 {
    return f32(pcg(vec4(coordinate.y, coordinate.x, plane, key)).x >> 8u) * (1.0 / 16777216.0);
}

// Mean 0, variance 1, within +-6: the sum of twelve 16-bit halves (Irwin-Hall).
fn normal_number(coordinate: vec2<u32>, plane: u32, key: u32) -> f32 {
    let a = pcg(vec4(coordinate.y, coordinate.x, plane, key));
    let b = pcg(vec4(coordinate.y, coordinate.x, plane, key ^ 0x9e3779b9u)).xy;
    let first = (a & vec4(0xffffu)) + (a >> vec4(16u));
    let second = (b & vec2(0xffffu)) + (b >> vec2(16u));
    let sum = first.x + first.y + first.z + first.w + second.x + second.y;
    return f32(i32(sum) - 393210) * (1.0 / 65536.0);
}
