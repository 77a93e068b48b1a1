//! Pictures to learn from, of any folders: decoded, some of them held back; and the crops that trainings cut from them.
//!
//! Folders are searched with those inside them. Of a PBR set the colour map is used; pictures are converted to sRGB with 8 bits a
//! channel, without alpha. Crops are cut at random places, half of them from a picture reduced to a random size.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use imagine_exemplar::folder::{MapRole, role_of};
use imagine_exemplar::picture::EXTENSIONS;
use rand::Rng;
use rand::rngs::StdRng;
use rayon::prelude::*;

use super::hash::sha256_hex;
use super::pack::{read_bounded, sorted};
use super::picture::{TrainingPicture, Turn};
use super::resample::{Filter, Span, byte, resample};
use crate::error::PictureSetError;

/// Decoded pictures that are kept in memory, at most, in bytes.
const MAX_BYTES: u64 = 4 << 30;
/// One picture in as many is held back, chosen by its hash.
const HELD_BACK: u64 = 10;
/// Levels of nested folders that are searched.
const MAX_DEPTH: usize = 8;
/// Pictures are reduced to at least this part of their sides before a crop is cut.
const LEAST_SCALE: f64 = 0.5;

/// The pictures of a training.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureSet {
    /// Those that the network learns from.
    pub trained: Vec<TrainingPicture>,
    /// Those that are only measured.
    pub held_back: Vec<TrainingPicture>,
    /// SHA-256 over the hashes of all pictures, in hexadecimal.
    pub sha256: String,
    /// What a person should know about how the folders were read, a sentence each.
    pub notes: Vec<String>,
}

impl PictureSet {
    /// Reads all pictures in `folders` and the folders inside them. Those with a side below `least` pixels are left out.
    ///
    /// `held_out` is a list of SHA-256 hashes of files, one at the beginning of each line; `#` begins a comment. Pictures on the list
    /// are held back, and no others. Without a list, one picture in ten is, chosen by its hash.
    pub fn read(folders: &[PathBuf], least: usize, held_out: Option<&Path>) -> Result<Self, PictureSetError> {
        let mut notes = Vec::new();
        let paths = find(folders, &mut notes)?;
        let listed = held_out.map(read_list).transpose()?;
        let mut pictures = decode_all(&paths)?;
        pictures.sort_by(|a, b| a.sha256.cmp(&b.sha256));
        let copies = pictures.len();
        pictures.dedup_by(|a, b| a.sha256 == b.sha256);
        if pictures.len() < copies {
            notes.push(format!("{} pictures are there twice, and are used once", copies - pictures.len()));
        }
        let sha256 = sha256_hex(pictures.iter().map(|picture| &picture.sha256));
        let (pictures, small): (Vec<_>, Vec<_>) =
            pictures.into_iter().partition(|picture| picture.height.min(picture.width) >= least);
        if pictures.is_empty() {
            let TrainingPicture { path, height, width, .. } = &small[0];
            return Err(PictureSetError::TooSmall {
                path: path.clone(),
                found: [*width as u32, *height as u32],
                least,
            });
        }
        if !small.is_empty() {
            notes.push(format!("{} pictures with a side below {least} pixels are left out", small.len()));
        }
        let holds = |picture: &TrainingPicture| match &listed {
            Some(listed) => listed.contains(&picture.sha256),
            None => u64::from_str_radix(&picture.sha256[..8], 16).unwrap_or(0).is_multiple_of(HELD_BACK),
        };
        let (mut held_back, mut trained): (Vec<_>, Vec<_>) = pictures.into_iter().partition(holds);
        if let (Some(path), true) = (held_out, held_back.is_empty()) {
            return Err(PictureSetError::NoneListed { path: path.to_path_buf() });
        }
        // Few pictures may have no hash that chooses them.
        if held_back.is_empty() && trained.len() > 1 {
            held_back.push(trained.remove(0));
        }
        if trained.is_empty() || held_back.is_empty() {
            return Err(PictureSetError::TooFew { found: trained.len() + held_back.len() });
        }
        Ok(Self { trained, held_back, sha256, notes })
    }

    /// A random picture to learn from, each as often as it has pixels.
    pub(crate) fn draw(&self, rng: &mut StdRng) -> &TrainingPicture {
        let areas = || self.trained.iter().map(|picture| (picture.height * picture.width) as f64);
        let mut left = rng.random::<f64>() * areas().sum::<f64>();
        let passed = areas().position(|area| {
            left -= area;
            left <= 0.0
        });
        &self.trained[passed.unwrap_or(self.trained.len() - 1)]
    }
}

impl TrainingPicture {
    /// The picture without the rows and columns that `factor` does not divide, from which pairs for measurements are made.
    pub fn trimmed(&self, factor: usize) -> Self {
        let [height, width] = [self.height, self.width].map(|side| side / factor * factor);
        self.cropped([0, 0], [height, width])
    }

    /// The picture in another size, rounded to bytes.
    pub fn resized(&self, filter: Filter, [height, width]: [usize; 2]) -> Self {
        let spans = [Span::whole(self.height, height), Span::whole(self.width, width)];
        let sides = [self.height, self.width];
        let planes =
            self.planes.each_ref().map(|plane| resample(filter, plane, sides, spans).into_iter().map(byte).collect());
        Self { planes, height, width, path: self.path.clone(), sha256: self.sha256.clone() }
    }
}

/// A crop with a rim of further pixels around it, square.
pub(crate) struct Window {
    /// Red, green and blue in sRGB.
    pub planes: [Vec<u8>; 3],
    /// Side with the rim.
    pub side: usize,
}

impl TrainingPicture {
    /// A random crop of `side` pixels with `rim` more on each side, which mirror the picture where it ends; half of the crops are those of
    /// the picture reduced to a random size.
    pub(crate) fn window(&self, side: usize, rim: usize, rng: &mut StdRng) -> Window {
        let [height, width] = [self.height, self.width];
        let most = (height.min(width) as f64 / side as f64).min(LEAST_SCALE.recip());
        let step = if rng.random() { rng.random_range(1.0..=most) } else { 1.0 };
        let mut start = |length: usize| {
            let free = length as f64 - side as f64 * step;
            let start = rng.random_range(0.0..=free.max(0.0));
            if step == 1.0 { start.floor() } else { start }
        };
        let starts = [start(height), start(width)];
        let outer = side + 2 * rim;
        let spans = starts.map(|start| Span { start: start - rim as f64 * step, step, length: outer });
        let cut = |plane: &Vec<u8>| {
            resample(Filter::Cubic, plane, [height, width], spans).into_iter().map(byte).collect::<Vec<u8>>()
        };
        Window { planes: self.planes.each_ref().map(cut), side: outer }
    }
}

impl Turn {
    /// A random one.
    pub fn random(rng: &mut StdRng) -> Self {
        Turn { mirrors_x: rng.random(), mirrors_y: rng.random(), transposes: rng.random() }
    }
}

/// Picture files in the folders, without those that are other maps of a PBR set than its colour.
fn find(folders: &[PathBuf], notes: &mut Vec<String>) -> Result<BTreeSet<PathBuf>, PictureSetError> {
    let mut found = BTreeSet::new();
    let mut maps = 0;
    let mut open: Vec<(PathBuf, usize)> = folders.iter().map(|folder| (folder.clone(), 0)).collect();
    while let Some((folder, depth)) = open.pop() {
        for path in sorted(&folder)? {
            if path.is_dir() {
                // A folder may contain itself by a link.
                open.extend((depth < MAX_DEPTH).then_some((path, depth + 1)));
                continue;
            }
            let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            if !EXTENSIONS.contains(&&*extension) {
                continue;
            }
            match role_of(&path.file_stem().unwrap_or_default().to_string_lossy()) {
                None | Some(MapRole::Color) => _ = found.insert(path),
                Some(_) => maps += 1,
            }
        }
    }
    if maps > 0 {
        notes.push(format!(
            "{maps} pictures are left out, as their names say that they are normals, roughness or other maps"
        ));
    }
    if found.is_empty() {
        let names: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        return Err(PictureSetError::Empty { folders: names.join(", ") });
    }
    Ok(found)
}

fn decode_all(paths: &BTreeSet<PathBuf>) -> Result<Vec<TrainingPicture>, PictureSetError> {
    let mut bytes = 0;
    let mut pictures = Vec::new();
    let paths: Vec<&PathBuf> = paths.iter().collect();
    // In parts, so that too many pictures are noticed before memory is full.
    for part in paths.chunks(64) {
        let decoded: Result<Vec<TrainingPicture>, PictureSetError> =
            part.par_iter().map(|path| Ok(TrainingPicture::read(path)?)).collect();
        pictures.extend(decoded?);
        bytes = pictures.iter().map(|p: &TrainingPicture| 3 * (p.height * p.width) as u64).sum();
        if bytes > MAX_BYTES {
            break;
        }
    }
    match bytes > MAX_BYTES {
        true => Err(PictureSetError::TooLarge { pictures: paths.len(), read: pictures.len(), most: MAX_BYTES >> 20 }),
        false => Ok(pictures),
    }
}

/// The hashes on a list.
fn read_list(path: &Path) -> Result<BTreeSet<String>, PictureSetError> {
    let text = read_bounded(path, 16 << 20)?;
    let mut hashes = BTreeSet::new();
    for (number, line) in String::from_utf8_lossy(&text).lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let Some(hash) = line.split_whitespace().next() else { continue };
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let (path, line, found) = (path.to_path_buf(), number + 1, hash.chars().take(80).collect());
            return Err(PictureSetError::Line { path, line, found });
        }
        hashes.insert(hash.to_lowercase());
    }
    Ok(hashes)
}
