//! The size that closes a graph's open dimensions.

use serde::{Deserialize, Serialize};

use super::axis::{Axis, Extent};

/// The size that a graph is bound to: the three numbers that a generator file leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Size {
    /// Number of images.
    pub batch: usize,
    /// Height of the generated image in pixels.
    pub height: usize,
    /// Width of the generated image in pixels.
    pub width: usize,
}

impl Size {
    /// A single image of `height` by `width` pixels.
    pub fn new(height: usize, width: usize) -> Self {
        Self { batch: 1, height, width }
    }

    /// Height and width.
    pub fn extent(self) -> Extent {
        Extent { height: self.height, width: self.width }
    }

    /// The same image size with `batch` images.
    pub fn with_batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }
}

impl Axis {
    /// Pixels of `size` along this axis.
    pub fn of(self, size: Size) -> usize {
        size.extent()[self]
    }

    /// `size` with `length` pixels along this axis.
    pub fn with(self, size: Size, length: usize) -> Size {
        match self {
            Axis::Height => Size { height: length, ..size },
            Axis::Width => Size { width: length, ..size },
        }
    }
}
