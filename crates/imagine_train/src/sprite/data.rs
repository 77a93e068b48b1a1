//! A set of sprites with classes and words, decoded and held in memory, and the batches drawn from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use imagine_exemplar::picture;
use rand::Rng;
use rayon::prelude::*;

use super::format::{SIDE, Sprite};
use super::words::{self, recolored, wrong_color};
use crate::data::pack::{self, PackedPicture};
use crate::data::{first_word, sha256_hex};
use crate::error::PackError;

/// Name of the class that stands for any class.
pub const ANY: &str = "any";
/// One sprite in this many is held back.
const HELD_BACK: u64 = 10;
/// Classes are drawn in proportion to this power of their size.
const CLASS_POWER: f64 = 0.6;

/// Sprites in classes.
#[derive(Clone, Debug)]
pub struct SpriteSet {
    /// Names of the classes; the first is [`ANY`].
    pub classes: Vec<String>,
    /// Sprites to train on.
    pub sprites: Vec<Sprite>,
    /// Sprites held back for measurements.
    pub held_back: Vec<Sprite>,
    /// SHA-256 over all pictures used, in hexadecimal.
    pub sha256: String,
    /// How training and held-back sprites are drawn.
    draws: [Draws; 2],
}

/// Fails if a class has the name that stands for any class.
pub fn check_classes(pictures: &[PackedPicture], path: &Path) -> Result<(), PackError> {
    match pictures.iter().any(|picture| picture.group == ANY) {
        true => Err(PackError::ReservedClass { path: path.to_path_buf(), name: ANY }),
        false => Ok(()),
    }
}

/// Indices of sprites by class, with cumulative weights.
type Draws = Vec<(Vec<usize>, f64)>;

/// A batch for training or sampling.
#[derive(Clone, Debug, PartialEq)]
pub struct SpriteBatch {
    /// `[count, 4, SIDE, SIDE]`; empty if only conditions are needed.
    pub values: Vec<f32>,
    /// Class of each sprite as the networks see it.
    pub classes: Vec<usize>,
    /// Prompt of each sprite.
    pub prompts: Vec<String>,
}

impl SpriteSet {
    /// Reads a pack or a folder of folders, without the classes `left_out`. All pictures must be 32x32.
    pub fn read(path: &Path, left_out: &[String]) -> Result<Self, PackError> {
        let mut pictures = pack::read(path)?;
        pack::leave_out(&mut pictures, left_out)?;
        Self::new(&pictures, path)
    }

    fn new(pictures: &[PackedPicture], path: &Path) -> Result<Self, PackError> {
        check_classes(pictures, path)?;
        let groups: BTreeSet<&str> = pictures.iter().map(|picture| picture.group.as_str()).collect();
        let classes: Vec<String> = [ANY].into_iter().chain(groups).map(String::from).collect();
        let (mut sprites, mut held_back) = (Vec::new(), Vec::new());
        let decoded: Vec<_> = pictures.par_iter().map(|picture| decode(picture, path)).collect();
        for (picture, rgba) in pictures.iter().zip(decoded) {
            let rgba = rgba?;
            let class = classes.iter().position(|class| *class == picture.group).unwrap_or(0);
            let mut own = Vec::new();
            for word in
                [&picture.name, &picture.caption, &picture.group].into_iter().flat_map(|text| words::words(text))
            {
                if !own.contains(&word) {
                    own.push(word);
                }
            }
            let (colors, looks) = (words::colors(&rgba), words::looks(&rgba));
            let sprite = Sprite { class, words: own, colors, looks, recolored: None, rgba };
            let hold = first_word(&picture.file).is_multiple_of(HELD_BACK);
            if hold { &mut held_back } else { &mut sprites }.push(sprite);
        }
        if sprites.is_empty() {
            return Err(PackError::Empty { path: path.to_path_buf() });
        }
        let draws = [draws(&sprites), draws(&held_back)];
        let sha256 = sha256_hex(pictures.iter().map(|picture| &picture.file));
        Ok(Self { classes, sprites, held_back, sha256, draws })
    }

    /// `count` training sprites with random prompts; a fifth has the class "any".
    pub fn draw(&self, count: usize, rng: &mut impl Rng) -> SpriteBatch {
        draw(&self.sprites, &self.draws[0], count, rng)
    }

    /// As [`SpriteSet::draw`], with a share `recolor` of them, evenly from all classes, recoloured; and a wrong prompt for each:
    /// that of another sprite of its class, or for recoloured ones their own with a wrong colour.
    pub(super) fn draw_with_wrong_prompts(
        &self,
        count: usize,
        recolor: f32,
        rng: &mut impl Rng,
    ) -> (SpriteBatch, Vec<String>) {
        let draws = &self.draws[0];
        let (own, classes) = choose(&self.sprites, draws, count, rng);
        let mut change = |_| {
            let (members, _) = &draws[rng.random_range(0..draws.len())];
            let sprite = one_of(&self.sprites, members, rng);
            if rng.random::<f32>() < recolor { recolored(sprite, rng) } else { None }
        };
        let changed: Vec<Option<Sprite>> = (0..count).map(&mut change).collect();
        let shown: Vec<&Sprite> =
            own.into_iter().zip(&changed).map(|(own, other)| other.as_ref().unwrap_or(own)).collect();
        let batch = batch(&shown, rng);
        let mut wrong = |((sprite, prompt), members): ((&&Sprite, &String), &[usize])| match sprite.recolored {
            Some(_) => wrong_color(sprite, prompt, rng),
            None => one_of(&self.sprites, members, rng).prompt(rng),
        };
        let wrong = shown.iter().zip(&batch.prompts).zip(classes).map(&mut wrong).collect();
        (batch, wrong)
    }

    /// `count` training sprites with their own classes and without prompts.
    pub(super) fn draw_labelled(&self, count: usize, rng: &mut impl Rng) -> SpriteBatch {
        let (chosen, _) = choose(&self.sprites, &self.draws[0], count, rng);
        let values = chosen.iter().flat_map(|sprite| sprite.values()).collect();
        let classes = chosen.iter().map(|sprite| sprite.class).collect();
        SpriteBatch { values, classes, prompts: vec![String::new(); count] }
    }

    /// Classes and prompts of `count` training sprites, all equally likely; no values.
    pub fn draw_conditions(&self, count: usize, rng: &mut impl Rng) -> SpriteBatch {
        let chosen: Vec<&Sprite> = (0..count).map(|_| &self.sprites[rng.random_range(0..self.sprites.len())]).collect();
        SpriteBatch { values: Vec::new(), ..batch(&chosen, rng) }
    }

    /// `count` held-back sprites; training sprites if none are held back.
    pub fn draw_held_back(&self, count: usize, rng: &mut impl Rng) -> SpriteBatch {
        if self.held_back.is_empty() {
            return self.draw(count, rng);
        }
        draw(&self.held_back, &self.draws[1], count, rng)
    }

    /// The first `most` held-back sprites.
    pub fn held_back_batch(&self, most: usize, rng: &mut impl Rng) -> SpriteBatch {
        batch(&self.held_back.iter().take(most).collect::<Vec<_>>(), rng)
    }
}

fn draw(sprites: &[Sprite], draws: &Draws, count: usize, rng: &mut impl Rng) -> SpriteBatch {
    batch(&choose(sprites, draws, count, rng).0, rng)
}

/// `count` sprites, and for each the indices of its class.
fn choose<'a>(
    sprites: &'a [Sprite],
    draws: &'a Draws,
    count: usize,
    rng: &mut impl Rng,
) -> (Vec<&'a Sprite>, Vec<&'a [usize]>) {
    let total = draws.last().map_or(0.0, |(_, sum)| *sum);
    let (mut chosen, mut classes) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for _ in 0..count {
        let at = rng.random::<f64>() * total;
        let (members, _) = draws.iter().find(|(_, sum)| at < *sum).unwrap_or(&draws[0]);
        chosen.push(one_of(sprites, members, rng));
        classes.push(members.as_slice());
    }
    (chosen, classes)
}

fn one_of<'a>(sprites: &'a [Sprite], members: &[usize], rng: &mut impl Rng) -> &'a Sprite {
    &sprites[members[rng.random_range(0..members.len())]]
}

fn batch(sprites: &[&Sprite], rng: &mut impl Rng) -> SpriteBatch {
    let values = sprites.iter().flat_map(|sprite| sprite.values()).collect();
    let classes = sprites.iter().map(|sprite| if rng.random_bool(0.2) { 0 } else { sprite.class }).collect();
    let prompts = sprites.iter().map(|sprite| sprite.prompt(rng)).collect();
    SpriteBatch { values, classes, prompts }
}

fn decode(packed: &PackedPicture, path: &Path) -> Result<Vec<u8>, PackError> {
    let place = path.join(&packed.group).join(&packed.name);
    let undecodable = |source| PackError::Picture { path: place.clone(), source: Box::new(source) };
    let file = picture::open(&packed.file).map_err(undecodable)?;
    let found = file.size();
    if found != [SIDE as u32; 2] {
        return Err(PackError::Size { path: place, found, side: SIDE });
    }
    Ok(file.decode().map_err(undecodable)?.into_srgb8().into_raw())
}

fn draws(sprites: &[Sprite]) -> Draws {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, sprite) in sprites.iter().enumerate() {
        members.entry(sprite.class).or_default().push(index);
    }
    let mut sum = 0.0;
    let weigh = |members: Vec<usize>| {
        sum += (members.len() as f64).powf(CLASS_POWER);
        (members, sum)
    };
    members.into_values().map(weigh).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::sprite::format::VALUES;

    /// Red discs and blue squares, small and large ones, on nothing.
    pub(crate) fn synthetic(count: usize) -> Vec<PackedPicture> {
        let picture = |index: usize| {
            let radius = 4 + index % 9;
            let round = index.is_multiple_of(2);
            let sprite = image::RgbaImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
                let [dx, dy] = [x, y].map(|v| v as i32 - 16);
                let distance = if round { dx * dx + dy * dy } else { dx.abs().max(dy.abs()).pow(2) };
                let inside = distance < (radius * radius) as i32;
                let shade = 150 + (index * 7 % 100) as u8;
                match (inside, round) {
                    (true, true) => image::Rgba([shade, 10, 10, 255]),
                    (true, false) => image::Rgba([10, 10, shade, 255]),
                    _ => image::Rgba([0; 4]),
                }
            });
            let mut png = std::io::Cursor::new(Vec::new());
            sprite.write_to(&mut png, image::ImageFormat::Png).unwrap();
            let group = if round { "disc" } else { "square" };
            let name = format!("{}_size{radius}_{index}", if radius < 8 { "small" } else { "large" });
            PackedPicture { group: group.into(), name, caption: String::new(), file: png.into_inner() }
        };
        (0..count).map(picture).collect()
    }

    pub(crate) fn synthetic_set(count: usize) -> SpriteSet {
        SpriteSet::new(&synthetic(count), Path::new("synthetic")).unwrap()
    }

    #[test]
    fn a_set_has_classes_words_and_colours() {
        let set = synthetic_set(60);
        assert_eq!(set.classes, ["any", "disc", "square"]);
        assert_eq!(set.sprites.len() + set.held_back.len(), 60);
        assert!(!set.held_back.is_empty());
        let disc = set.sprites.iter().find(|sprite| sprite.class == 1).unwrap();
        assert_eq!(
            (disc.words.as_slice(), disc.colors.as_slice()),
            (["small", "size", "disc"].map(String::from).as_slice(), ["red"].as_slice())
        );
        let values = disc.values();
        assert_eq!(values[0], 0.0);
        assert!(values[16 * SIDE + 16] > 0.5 && values[3 * SIDE * SIDE + 16 * SIDE + 16] == 1.0);
    }

    #[test]
    fn batches_depend_on_the_random_numbers_only() {
        let set = synthetic_set(40);
        let draw = |seed| set.draw(16, &mut StdRng::seed_from_u64(seed));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_eq!(draw(1).values.len(), 16 * VALUES);
    }

    #[test]
    fn a_picture_of_another_size_is_named() {
        let mut pictures = synthetic(3);
        let mut png = std::io::Cursor::new(Vec::new());
        image::RgbaImage::new(31, 32).write_to(&mut png, image::ImageFormat::Png).unwrap();
        pictures[1].file = png.into_inner();
        let message = SpriteSet::new(&pictures, Path::new("set")).unwrap_err().to_string();
        assert!(
            message.contains("square/small_size5_1") && message.contains("31x32 pixels, expected 32x32"),
            "{message}"
        );
        pictures[1].file.truncate(40);
        assert!(matches!(SpriteSet::new(&pictures, Path::new("set")), Err(PackError::Picture { .. })));
    }

    #[test]
    fn a_class_cannot_be_called_any() {
        let mut pictures = synthetic(3);
        pictures[1].group = ANY.into();
        let message = SpriteSet::new(&pictures, Path::new("set")).unwrap_err().to_string();
        assert!(message.contains("set: a class cannot be called \"any\""), "{message}");
    }
}
