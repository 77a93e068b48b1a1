//! A picture to learn from.

use std::path::{Path, PathBuf};

use imagine_exemplar::picture;

use super::pack::{MAX_PICTURE, read_bounded};
use super::sha256_hex;
use crate::error::PackError;

/// A decoded picture.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingPicture {
    /// Its file.
    pub path: PathBuf,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// Red, green and blue in sRGB, row by row.
    pub planes: [Vec<u8>; 3],
}

impl TrainingPicture {
    /// Reads a picture file, in sRGB with 8 bits a channel, without alpha.
    pub fn read(path: &Path) -> Result<Self, PackError> {
        let file = read_bounded(path, MAX_PICTURE)?;
        let wrong = |source| PackError::Picture { path: path.to_path_buf(), source: Box::new(source) };
        let pixels = picture::decode(&file).map_err(wrong)?.into_srgb8();
        let plane = |channel: usize| pixels.as_raw().iter().skip(channel).step_by(4).copied().collect();
        let (height, width) = (pixels.height() as usize, pixels.width() as usize);
        let sha256 = sha256_hex([&file]);
        Ok(TrainingPicture { path: path.to_path_buf(), sha256, height, width, planes: [0, 1, 2].map(plane) })
    }

    /// The part that begins at row `top` and column `left`.
    pub fn cropped(&self, [top, left]: [usize; 2], [height, width]: [usize; 2]) -> Self {
        let row = |plane: &[u8], y: usize| plane[(top + y) * self.width + left..][..width].to_vec();
        let planes = self.planes.each_ref().map(|plane| (0..height).flat_map(|y| row(plane, y)).collect());
        Self { planes, height, width, path: self.path.clone(), sha256: self.sha256.clone() }
    }

    /// Values from 0 to 1, one plane after the other.
    pub fn values(&self) -> Vec<f32> {
        self.planes.iter().flatten().map(|value| f32::from(*value) / 255.0).collect()
    }
}

/// One of the eight ways to lay down a square.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub mirrors_x: bool,
    pub mirrors_y: bool,
    pub transposes: bool,
}

impl Turn {
    /// Appends the middle of a square plane of `side` pixels, without its rim, in this way.
    pub fn append(self, to: &mut Vec<f32>, plane: &[u8], side: usize, rim: usize) {
        let inner = side - 2 * rim;
        let mirror = |at: usize, mirrors: bool| rim + if mirrors { inner - 1 - at } else { at };
        for y in 0..inner {
            for x in 0..inner {
                let (y, x) = if self.transposes { (x, y) } else { (y, x) };
                let at = mirror(y, self.mirrors_y) * side + mirror(x, self.mirrors_x);
                to.push(f32::from(plane[at]) / 255.0);
            }
        }
    }
}
