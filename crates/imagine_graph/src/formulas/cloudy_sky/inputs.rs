//! The controls of the sky, and the view direction of each texel.

use crate::formulas::Formula;

/// The controls: `[1, 1, 1, 1]`, or `[1, 3, 1, 1]` for a colour.
pub(super) struct Controls {
    pub azimuth: String,
    pub elevation: String,
    pub haze: String,
    pub cover: String,
    pub softness: String,
    pub drift: String,
    pub sun_size: String,
    pub sun_disc: String,
    pub ground: String,
}

/// The view direction and values that depend on it alone.
pub(super) struct View {
    /// Unit direction, `[batch, 3, height, width]`.
    pub direction: String,
    /// Unit direction, raised to the horizon.
    pub raised: String,
    /// Vertical component of the direction; negative below the horizon.
    pub height: String,
    /// Vertical component of the raised direction.
    pub level: String,
}

impl Controls {
    pub fn declare(f: &mut Formula) -> Self {
        Self {
            azimuth: f.range("azimuth", [0.0, 360.0], 40.0),
            elevation: f.range("elevation", [0.0, 90.0], 45.0),
            haze: f.range("haze", [0.0, 1.0], 0.25),
            cover: f.range("cover", [0.0, 1.0], 0.4),
            softness: f.range("softness", [0.0, 1.0], 0.3),
            drift: f.range("drift", [0.0, 1000.0], 0.0),
            sun_size: f.range("sun_size", [1.0, 10.0], 1.5),
            sun_disc: f.range("sun_disc", [0.0, 1.0], 1.0),
            ground: f.color("ground", [0.1, 0.09, 0.07]),
        }
    }
}

impl View {
    pub fn new(f: &mut Formula, direction: String) -> Self {
        let height = f.channels(&direction, 1..2);
        let raised_height = f.relu(&height);
        let (x, z) = (f.channels(&direction, 0..1), f.channels(&direction, 2..3));
        let above = f.concat(&[&x, &raised_height, &z]);
        let squares = f.mul(&above, &above);
        let length = f.channel_sum(&squares);
        let length = f.sqrt(&length);
        let raised = f.div(&above, &length);
        let level = f.channels(&raised, 1..2);
        Self { direction, raised, height, level }
    }
}
