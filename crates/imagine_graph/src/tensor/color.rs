//! The sRGB transfer curve, IEC 61966-2-1.

/// Encodes linear light, 0 to 1, as sRGB.
pub fn linear_to_srgb(light: f32) -> f32 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Decodes an sRGB value, 0 to 1, to linear light.
pub fn srgb_to_linear(stored: f32) -> f32 {
    if stored <= 0.040_45 { stored / 12.92 } else { ((stored + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_curves_are_inverse() {
        for v in [0.0, 0.02, 0.2, 0.7, 1.0] {
            assert!((linear_to_srgb(srgb_to_linear(v)) - v).abs() < 1e-5);
        }
        assert!((linear_to_srgb(0.5) * 255.0 - 187.5).abs() < 0.1);
    }
}
