// The error function to about 2e-7: Abramowitz and Stegun, 7.1.26; near 0, where its relative error grows, the Maclaurin
// series (7.1.5).
#define_import_path imagine::error_function

fn error_function(x: f32) -> f32 {
    let a = abs(x);
    let t = 1.0 / (1.0 + 0.3275911 * a);
    let polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    let far = sign(x) * (1.0 - polynomial * exp(-a * a));
    let s = x * x;
    let near = x * (1.1283792 + s * (-0.37612638 + s * (0.11283792 + s * (-0.026866171 + s * 0.0052239776))));
    return select(far, near, a < 0.5);
}
