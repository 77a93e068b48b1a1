// Powers of floats and of integers. The built-in pow takes no negative base and rounds integer powers.
#define_import_path imagine::power

// Integer exponents up to this size are computed by multiplication.
const MOST_FACTORS: f32 = 64.0;

fn power(x: f32, y: f32) -> f32 {
    let whole = y == round(y);
    if whole && abs(y) <= MOST_FACTORS {
        let product = product_of(x, u32(abs(y)));
        return select(product, 1.0 / product, y < 0.0);
    }
    let size = exp2(y * log2(abs(x)));
    let odd = fract(0.5 * y) != 0.0;
    // A negative base has integer powers only; for others the logarithm gives NaN.
    return select(select(exp2(y * log2(x)), select(size, -size, odd), whole), size, x >= 0.0);
}

fn product_of(x: f32, exponent: u32) -> f32 {
    var product = 1.0;
    var factor = x;
    for (var rest = exponent; rest > 0u; rest >>= 1u) {
        if (rest & 1u) == 1u { product *= factor; }
        factor *= factor;
    }
    return product;
}

// Wraps around; a negative exponent gives the reciprocal rounded towards zero.
fn integer_power(x: i32, y: i32) -> i32 {
    var product = 1;
    var factor = x;
    for (var rest = u32(abs(y)); rest > 0u; rest >>= 1u) {
        if (rest & 1u) == 1u { product *= factor; }
        factor *= factor;
    }
    if y >= 0 { return product; }
    return select(0, select(1, x, (y & 1) != 0), abs(x) == 1);
}
