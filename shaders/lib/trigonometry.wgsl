// Sine and cosine to a few units in the last place for |x| up to 8192. Vulkan promises the built-ins an absolute error
// of 2^-11 on [-pi, pi] only, and nothing beyond. Reduction and polynomials are those of Cephes' sinf and cosf.
#define_import_path imagine::trigonometry

fn sine(x: f32) -> f32 {
    return sine_of_quarter(x, 0);
}

fn cosine(x: f32) -> f32 {
    return sine_of_quarter(x, 1);
}

// sin(x + turns * pi/2). The three parts of pi/2 have so few bits that their products with `quarters` are exact.
fn sine_of_quarter(x: f32, turns: i32) -> f32 {
    let quarters = round(x * 0.6366197723675814);
    let r = ((x - quarters * 1.5703125) - quarters * 4.837512969970703125e-4) - quarters * 7.54978995489188216e-8;
    let s = r * r;
    let sin_r = r + r * s * (-1.6666654611e-1 + s * (8.3321608736e-3 + s * -1.9515295891e-4));
    let cos_r = 1.0 - 0.5 * s + s * s * (4.166664568298827e-2 + s * (-1.388731625493765e-3 + s * 2.443315711809948e-5));
    let quadrant = (i32(quarters) + turns) & 3;
    let value = select(sin_r, cos_r, (quadrant & 1) == 1);
    return select(value, -value, quadrant >= 2);
}
