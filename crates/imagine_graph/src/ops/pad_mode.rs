//! Padding modes.

use serde::{Deserialize, Serialize};

/// How positions outside an image are filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PadMode {
    /// A constant.
    #[default]
    Constant,
    /// Mirrored without repeating the border, again and again.
    Reflect,
    /// The border repeated.
    Edge,
    /// From the opposite side: the image is a torus.
    Wrap,
}

impl PadMode {
    /// The index in `0 .. length` that position `at` reads; `None` for the constant.
    pub fn place(self, at: i64, length: usize) -> Option<usize> {
        let length = length as i64;
        let index = match self {
            PadMode::Constant => return (0..length).contains(&at).then_some(at as usize),
            PadMode::Edge => at.clamp(0, length - 1),
            PadMode::Wrap => at.rem_euclid(length),
            PadMode::Reflect => {
                let period = (2 * (length - 1)).max(1);
                let folded = at.rem_euclid(period);
                folded.min(period - folded)
            }
        };
        Some(index as usize)
    }
}
