// Sine and cosine to a few ULP for |x| up to 8192, and the inverse functions. Vulkan guarantees an absolute error of 2^-11 on
// [-pi, pi] for the built-ins and nothing beyond, and 4096 ULP for the inverse ones. Range reduction and polynomials are those
// of Cephes (sinf, cosf, asinf, atanf).
#define_import_path imagine::trigonometry

fn sine(x: f32) -> f32 {
    return sine_of_quarter(x, 0);
}

fn cosine(x: f32) -> f32 {
    return sine_of_quarter(x, 1);
}

// sin(x + turns * pi/2). The three parts of pi/2 have few enough bits that their products with `quarters` are exact.
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

fn arcsine(x: f32) -> f32 {
    let size = abs(x);
    // Beyond 1/2: asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)).
    let far = size > 0.5;
    let z = select(x * x, 0.5 * (1.0 - size), far);
    let v = select(size, sqrt(z), far);
    let rest = z * (1.6666752422e-1 + z * (7.4953002686e-2 + z * (4.5470025998e-2 + z * (2.4181311049e-2 + z * 4.2163199048e-2))));
    let near = v + v * rest;
    let value = select(near, 1.57079632679 - 2.0 * near, far);
    return select(value, -value, x < 0.0);
}

fn arccosine(x: f32) -> f32 {
    // Close to 1 the difference from pi/2 would cancel.
    let half = 2.0 * arcsine(sqrt(0.5 * (1.0 - abs(x))));
    return select(1.57079632679 - arcsine(x), select(half, 3.14159265359 - half, x < 0.0), abs(x) > 0.5);
}

fn arctangent(x: f32) -> f32 {
    let size = abs(x);
    // Beyond tan(pi/8) and tan(3 pi/8) the argument is shifted by pi/4 or pi/2.
    let middle = size > 0.4142135623730950;
    let far = size > 2.414213562373095;
    let v = select(select(size, (size - 1.0) / (size + 1.0), middle), -1.0 / size, far);
    let moved = select(select(0.0, 0.785398163397, middle), 1.57079632679, far);
    let z = v * v;
    let rest = z * (-3.33329491539e-1 + z * (1.99777106478e-1 + z * (-1.38776856032e-1 + z * 8.05374449538e-2)));
    let value = moved + (v + v * rest);
    return select(value, -value, x < 0.0);
}
