//! Pairs of a picture and the same picture painted, and crops of them.

use rand::Rng;

use crate::core::rng;
use crate::data::{TrainingPicture, Turn, sha256_hex};
use crate::error::PictureSetError;

/// One picture of as many is held back.
const HELD_BACK: usize = 10;

/// A picture, and what it looks like painted; of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedPicture {
    /// The picture.
    pub content: TrainingPicture,
    /// The painted picture.
    pub painted: TrainingPicture,
}

/// What a style is trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct StyleSet {
    /// Pairs that the network learns from.
    pub trained: Vec<PairedPicture>,
    /// Pairs that are only measured.
    pub held_back: Vec<PairedPicture>,
    /// SHA-256 over the hashes of all pictures, in hexadecimal.
    pub sha256: String,
}

/// Crops, `[batch, 3, side, side]`, sRGB values from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct StyleBatch {
    /// Of the pictures.
    pub content: Vec<f32>,
    /// Of the painted ones, at the same places.
    pub painted: Vec<f32>,
}

impl StyleSet {
    /// Pairs of which each has sides of at least `least` pixels. Parts of one picture are together; one picture of ten is held back.
    ///
    /// # Errors
    /// The first pair that is too small, or whose painted version has another size; fewer than two pictures.
    pub fn new(pictures: Vec<Vec<PairedPicture>>, least: usize) -> Result<Self, PictureSetError> {
        let sides = |picture: &TrainingPicture| [picture.width as u32, picture.height as u32];
        for PairedPicture { content, painted } in pictures.iter().flatten() {
            for picture in [content, painted] {
                if picture.height.min(picture.width) < least {
                    return Err(PictureSetError::TooSmall { path: picture.path.clone(), found: sides(picture), least });
                }
            }
            if sides(content) != sides(painted) {
                let (path, found, expected) = (painted.path.clone(), sides(painted), sides(content));
                return Err(PictureSetError::OtherSize { path, found, expected });
            }
        }
        let hashes = pictures.iter().flatten().flat_map(|pair| [&pair.content.sha256, &pair.painted.sha256]);
        let sha256 = sha256_hex(hashes);
        let found = pictures.len();
        let (mut trained, mut held_back) = (Vec::new(), Vec::new());
        for (index, pairs) in pictures.into_iter().enumerate() {
            let is_held_back = found > 0 && index % HELD_BACK == HELD_BACK.min(found) - 1;
            if is_held_back { held_back.extend(pairs) } else { trained.extend(pairs) }
        }
        match trained.is_empty() || held_back.is_empty() {
            true => Err(PictureSetError::TooFew { found }),
            false => Ok(Self { trained, held_back, sha256 }),
        }
    }

    /// The crops of update `number`, some of them mirrored.
    pub fn batch(&self, seed: u64, number: u64, batch: usize, side: usize) -> StyleBatch {
        let mut crops = StyleBatch { content: Vec::new(), painted: Vec::new() };
        for index in 0..batch {
            let mut rng = rng::numbered(seed, number * 4096 + index as u64);
            let pair = &self.trained[rng.random_range(0..self.trained.len())];
            let mut start = |length: usize| rng.random_range(0..=length - side);
            let corner = [start(pair.content.height), start(pair.content.width)];
            // Strokes follow gravity and light: no other turns.
            let turn = Turn { mirrors_x: rng.random(), mirrors_y: false, transposes: false };
            for (picture, to) in [(&pair.content, &mut crops.content), (&pair.painted, &mut crops.painted)] {
                let crop = picture.cropped(corner, [side; 2]);
                crop.planes.iter().for_each(|plane| turn.append(to, plane, side, 0));
            }
        }
        crops
    }
}
