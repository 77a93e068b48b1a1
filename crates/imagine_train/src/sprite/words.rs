//! Words and prompts for sprites: from names and captions, for the colours that cover most of a sprite, and for looks (ice,
//! fire, golden, silver).
//!
//! Sprites are also recoloured, with the words for their new colours. That teaches that a colour word means the same on
//! every object, even if no picture of the set shows both together.

use rand::Rng;

use super::format::Sprite;

/// Parts of file names that do not describe the picture.
const STOP_WORDS: &str = "urand misc dngn unique animals new old left right middle hand base spwpn brands res of the and png vgate tile \
    single releases ancient crawl ref source rltiles tiles unused nov oct mon item player artefact nonliving vault";
/// Synonyms.
const SYNONYMS: [&[&str]; 9] = [
    &["ice", "cold", "frost", "freezing", "frozen"],
    &["fire", "flame", "flaming", "burning", "lava"],
    &["golden", "gold"],
    &["wooden", "wood"],
    &["lightning", "electric", "electrocution", "storm"],
    &["poison", "poisonous", "venom"],
    &["armour", "armor"],
    &["staff", "rod"],
    &["snake", "serpent"],
];
/// All looks.
pub(super) const LOOKS: [&str; 4] = ["ice", "fire", "golden", "silver"];
/// All names of colours.
const COLORS: [&str; 12] =
    ["black", "white", "grey", "brown", "pink", "red", "orange", "yellow", "green", "cyan", "blue", "purple"];
/// Least share of the covered pixels of a named colour.
const NAMED_SHARE: f32 = 0.25;

/// The words of a file or folder name: runs of at least three letters.
pub(super) fn words(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
    parts.filter(|part| part.chars().count() > 2 && !STOP_WORDS.split(' ').any(|stop| stop == part)).collect()
}

/// Synonyms of a word, itself included; empty if it has none.
fn synonyms(word: &str) -> &'static [&'static str] {
    SYNONYMS.into_iter().find(|words| words.contains(&word)).unwrap_or_default()
}

/// Whether a word names a colour or a look.
fn is_color(word: &str) -> bool {
    let looks = LOOKS.iter().any(|look| *look == word || synonyms(look).contains(&word));
    looks || COLORS.contains(&word)
}

/// The looks of a picture of straight RGBA bytes.
pub(super) fn looks(rgba: &[u8]) -> Vec<&'static str> {
    let pixels = rgba.chunks_exact(4).filter(|pixel| pixel[3] > 127);
    let colors = pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]].map(|v| f32::from(v) / 255.0));
    // Dark outlines do not count.
    let colors: Vec<[f32; 3]> = colors.filter(|[r, g, b]| r.max(*g).max(*b) >= 0.25).collect();
    let share = |is: &dyn Fn([f32; 3]) -> bool| {
        colors.iter().filter(|color| is(**color)).count() as f32 / colors.len().max(1) as f32
    };
    let icy = |[r, g, b]: [f32; 3]| b > 0.5 && b >= g && g >= r && g > 0.4 && b - r > 0.08;
    let hot = |[r, g, b]: [f32; 3]| r > 0.6 && r >= g && g > b && r - b > 0.4;
    let gold = |[r, g, b]: [f32; 3]| r > 0.4 && (0.6..0.95).contains(&(g / r)) && b < 0.6 * g;
    let metal = |[r, g, b]: [f32; 3]| r.max(g).max(b) - r.min(g).min(b) < 0.12;
    let flames = share(&hot) > 0.5 && share(&|color| hot(color) && color[1] < 0.4) > 0.1;
    let flames = flames && share(&|color| hot(color) && color[1] > 0.6) > 0.1;
    let found = [
        ("ice", share(&icy) > 0.5 && share(&|color| color_name(color) == "purple") < 0.1),
        ("fire", flames),
        ("golden", share(&gold) > 0.5),
        ("silver", share(&metal) > 0.7),
    ];
    found.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
}

/// Names of the one or two colours that cover most of a picture of straight RGBA bytes. Black, mostly outlines, counts for
/// little.
pub(super) fn colors(rgba: &[u8]) -> Vec<&'static str> {
    let mut counts: Vec<(&'static str, f32)> = Vec::new();
    for pixel in rgba.chunks_exact(4).filter(|pixel| pixel[3] > 127) {
        let name = color_name([pixel[0], pixel[1], pixel[2]].map(|v| f32::from(v) / 255.0));
        let weight = if name == "black" { 0.25 } else { 1.0 };
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += weight,
            None => counts.push((name, weight)),
        }
    }
    let total: f32 = counts.iter().map(|(_, count)| count).sum();
    counts.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    counts.into_iter().filter(|(_, count)| *count >= NAMED_SHARE * total).take(2).map(|(name, _)| name).collect()
}

/// Hue in degrees, saturation and value of an sRGB colour; greys have hue 0.
fn hsv([r, g, b]: [f32; 3]) -> [f32; 3] {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let spread = most - least;
    let hue = if spread == 0.0 {
        0.0
    } else if most == r {
        60.0 * ((g - b) / spread).rem_euclid(6.0)
    } else if most == g {
        60.0 * ((b - r) / spread + 2.0)
    } else {
        60.0 * ((r - g) / spread + 4.0)
    };
    [hue, if most > 0.0 { spread / most } else { 0.0 }, most]
}

/// The everyday name of an sRGB colour, by hue, saturation and value.
fn color_name(color: [f32; 3]) -> &'static str {
    let [hue, saturation, most] = hsv(color);
    let spread = saturation * most;
    let least = most - spread;
    if most < 0.2 {
        return "black";
    }
    if spread < 0.18 * most.max(0.4) {
        return if most > 0.8 { "white" } else { "grey" };
    }
    match hue {
        h if (12.0..50.0).contains(&h) && (most < 0.65 || spread < 0.5 * most) => "brown",
        h if !(12.0..345.0).contains(&h) && most > 0.75 && least > 0.4 => "pink",
        h if !(15.0..345.0).contains(&h) => "red",
        h if h < 42.0 => "orange",
        h if h < 70.0 => "yellow",
        h if h < 160.0 => "green",
        h if h < 195.0 => "cyan",
        h if h < 260.0 => "blue",
        h if h < 310.0 => "purple",
        _ => "pink",
    }
}

impl Sprite {
    /// A prompt as a person might write it: looks and colours first, each word left out now and then or replaced by a synonym,
    /// and sometimes nothing.
    pub(super) fn prompt(&self, rng: &mut impl Rng) -> String {
        if rng.random_bool(0.1) && self.recolored.is_none() {
            return String::new();
        }
        let mut said: Vec<&str> = self.recolored.into_iter().collect();
        let first = self.recolored.unwrap_or_default();
        said.extend(self.looks.iter().filter(|look| **look != first && rng.random_bool(0.3)));
        said.extend(self.colors.iter().filter(|color| **color != first && rng.random_bool(0.6)));
        for word in &self.words {
            let synonyms = synonyms(word);
            if rng.random_bool(0.75) {
                let other = !synonyms.is_empty() && rng.random_bool(0.3);
                said.push(if other { synonyms[rng.random_range(0..synonyms.len())] } else { word });
            }
        }
        said.join(" ")
    }
}

/// Least saturation of a pixel with a hue.
const COLORED: f32 = 0.18;
/// Saturation of dyed greys.
const DYED: f32 = 0.6;
/// Words for new colours, and how sprites get them.
const CHANGES: [(&str, Change); 12] = [
    ("red", Change::Hue(0.0)),
    ("orange", Change::Hue(28.0)),
    ("yellow", Change::Hue(56.0)),
    ("green", Change::Hue(115.0)),
    ("cyan", Change::Hue(180.0)),
    ("blue", Change::Hue(225.0)),
    ("purple", Change::Hue(285.0)),
    ("pink", Change::Hue(328.0)),
    ("ice", Change::Ramp([[0.25, 0.43, 0.64], [0.55, 0.80, 0.96], [0.86, 0.95, 1.0]])),
    ("fire", Change::Ramp([[0.74, 0.15, 0.04], [0.98, 0.56, 0.08], [1.0, 0.91, 0.42]])),
    ("golden", Change::Ramp([[0.51, 0.34, 0.07], [0.88, 0.68, 0.17], [1.0, 0.93, 0.5]])),
    ("silver", Change::Ramp([[0.33, 0.34, 0.37], [0.66, 0.68, 0.72], [0.96, 0.97, 0.99]])),
];

/// A change of colours.
#[derive(Clone, Copy)]
enum Change {
    /// Turns all hues so that the dominant one becomes this one, in degrees; greys are dyed.
    Hue(f32),
    /// A ramp of sRGB colours at a third, two thirds and all of the brightest pixel's lightness; black at 0.
    Ramp([[f32; 3]; 3]),
}

/// The sprite in a random new colour, without words for other colours; `None` if the change cannot be measured in the result.
pub(super) fn recolored(sprite: &Sprite, rng: &mut impl Rng) -> Option<Sprite> {
    // Looks are as frequent as plain colours, because few sprites have them.
    let (colors, looks) = CHANGES.split_at(CHANGES.len() - LOOKS.len());
    let of = if rng.random() { colors } else { looks };
    let (name, change) = of[rng.random_range(0..of.len())];
    let rgba = change.applied(&sprite.rgba);
    let (colors, looks) = (self::colors(&rgba), self::looks(&rgba));
    if !colors.contains(&name) && !looks.contains(&name) {
        return None;
    }
    let words = sprite.words.iter().filter(|word| !is_color(word)).cloned().collect();
    Some(Sprite { class: sprite.class, words, colors, looks, recolored: Some(name), rgba })
}

/// The prompt of a recoloured sprite with the word for its colour replaced by one for a colour that it does not have.
pub(super) fn wrong_color(sprite: &Sprite, prompt: &str, rng: &mut impl Rng) -> String {
    let said = sprite.recolored.unwrap_or_default();
    let names = CHANGES.iter().map(|(name, _)| *name);
    let others: Vec<&str> =
        names.filter(|name| !sprite.colors.contains(name) && !sprite.looks.contains(name)).collect();
    prompt.replacen(said, others[rng.random_range(0..others.len())], 1)
}

impl Change {
    fn applied(self, rgba: &[u8]) -> Vec<u8> {
        let pixels: Vec<[f32; 3]> =
            rgba.chunks_exact(4).map(|p| [p[0], p[1], p[2]].map(|v| f32::from(v) / 255.0)).collect();
        let seen =
            || pixels.iter().zip(rgba.chunks_exact(4)).filter(|(_, bytes)| bytes[3] > 127).map(|(pixel, _)| *pixel);
        let brightest = seen().map(value).fold(1e-3, f32::max);
        let own = dominant_hue(seen());
        let changed = pixels.iter().map(|&pixel| match self {
            Change::Ramp(ramp) => on_ramp(ramp, value(pixel) / brightest),
            Change::Hue(wanted) => {
                let [hue, saturation, value] = hsv(pixel);
                match own {
                    Some(own) if saturation >= COLORED => rgb([hue + wanted - own, saturation, value]),
                    Some(_) => pixel,
                    None => rgb([wanted, DYED, value]),
                }
            }
        });
        let bytes = |color: [f32; 3]| color.map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8);
        let whole = changed.zip(rgba.chunks_exact(4)).flat_map(|(color, old)| {
            let [r, g, b] = bytes(color);
            [r, g, b, old[3]]
        });
        whole.collect()
    }
}

fn value([r, g, b]: [f32; 3]) -> f32 {
    r.max(g).max(b)
}

/// The mean hue in degrees, as a direction weighted by saturation and value; `None` for mostly grey pixels.
fn dominant_hue(pixels: impl Iterator<Item = [f32; 3]>) -> Option<f32> {
    let (mut sum, mut colored, mut all) = ([0.0f32; 2], 0.0, 0.0);
    for pixel in pixels {
        let [hue, saturation, value] = hsv(pixel);
        all += value;
        if saturation >= COLORED {
            colored += value;
            let weight = saturation * value;
            sum = [sum[0] + weight * hue.to_radians().cos(), sum[1] + weight * hue.to_radians().sin()];
        }
    }
    (colored > 0.3 * all).then(|| sum[1].atan2(sum[0]).to_degrees())
}

fn on_ramp([a, b, c]: [[f32; 3]; 3], lightness: f32) -> [f32; 3] {
    let stops = [[0.0; 3], a, b, c];
    let at = (lightness * 3.0).clamp(0.0, 3.0);
    let first = (at as usize).min(2);
    std::array::from_fn(|channel| {
        let [from, to] = [stops[first][channel], stops[first + 1][channel]];
        from + (to - from) * (at - first as f32)
    })
}

/// sRGB from hue in degrees, saturation and value.
fn rgb([hue, saturation, value]: [f32; 3]) -> [f32; 3] {
    [5.0, 3.0, 1.0].map(|offset| {
        let at = (offset + hue / 60.0).rem_euclid(6.0);
        value - value * saturation * at.min(4.0 - at).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::sprite::data::tests::synthetic_set;

    #[test]
    fn file_names_give_their_words() {
        assert_eq!(words("urand_Fire-Dragon2_old3"), ["fire", "dragon"]);
        assert!(words("01_a_e_sw").is_empty());
    }

    #[test]
    fn every_name_of_a_colour_is_known() {
        let steps = || (0..=10).map(|step| step as f32 / 10.0);
        let mut named: Vec<&str> =
            steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| color_name([r, g, b])))).collect();
        named.sort_unstable();
        named.dedup();
        let mut known = COLORS;
        known.sort_unstable();
        assert_eq!(named, known);
        assert!(is_color("ice") && is_color("frost") && is_color("gold") && !is_color("sword"));
    }

    #[test]
    fn words_have_synonyms_and_pictures_looks() {
        assert!(synonyms("frost").contains(&"ice") && synonyms("ice").contains(&"frost"));
        assert!(synonyms("dragon").is_empty());
        let of = |pixels: &[[u8; 4]]| looks(&pixels.concat());
        assert_eq!(of(&[[150, 200, 250, 255], [200, 230, 255, 255], [10, 10, 20, 255]]), ["ice"]);
        assert_eq!(of(&[[230, 60, 10, 255], [250, 190, 30, 255]]), ["fire"]);
        assert_eq!(of(&[[210, 170, 40, 255], [160, 120, 20, 255]]), ["golden"]);
        assert_eq!(of(&[[200, 200, 205, 255], [120, 122, 125, 255]]), ["silver"]);
        assert!(of(&[[20, 160, 30, 255]]).is_empty() && of(&[[0, 0, 0, 0]]).is_empty());
    }

    #[test]
    fn the_largest_colours_are_named() {
        let rgba = |parts: &[(usize, [u8; 4])]| -> Vec<u8> {
            parts.iter().flat_map(|(count, pixel)| pixel.repeat(*count)).collect()
        };
        let outlined = [(30, [5, 5, 5, 255]), (40, [200, 20, 20, 255]), (900, [0, 200, 0, 0])];
        assert_eq!(colors(&rgba(&outlined)), ["red"]);
        assert_eq!(colors(&rgba(&[(3, [240, 240, 240, 255]), (5, [30, 60, 220, 255])])), ["blue", "white"]);
        assert_eq!(colors(&rgba(&[(9, [120, 80, 40, 255])])), ["brown"]);
        assert_eq!(colors(&rgba(&[(9, [250, 210, 40, 255])])), ["yellow"]);
        assert_eq!(colors(&rgba(&[(9, [0, 0, 0, 0])])), [""; 0]);
    }
    #[test]
    fn hues_survive_a_round_trip() {
        for color in [[0.9, 0.2, 0.1], [0.1, 0.8, 0.3], [0.2, 0.3, 0.7], [0.5, 0.5, 0.5], [0.6, 0.1, 0.6]] {
            let back = rgb(hsv(color));
            assert!(std::iter::zip(color, back).all(|(a, b)| (a - b).abs() < 1e-5), "{color:?} {back:?}");
        }
    }

    #[test]
    fn every_change_is_measured_and_named() {
        let set = synthetic_set(40);
        let mut rng = StdRng::seed_from_u64(3);
        let mut found = std::collections::BTreeSet::new();
        for sprite in set.sprites.iter().cycle().take(600) {
            let Some(changed) = recolored(sprite, &mut rng) else { continue };
            let name = changed.recolored.unwrap();
            assert!(changed.colors.contains(&name) || changed.looks.contains(&name));
            assert!(changed.prompt(&mut rng).starts_with(name));
            let coverage = |rgba: &[u8]| rgba.chunks_exact(4).map(|pixel| pixel[3]).collect::<Vec<_>>();
            assert_eq!(coverage(&changed.rgba), coverage(&sprite.rgba));
            found.insert(name);
        }
        // Discs and squares have one shade; flames need several.
        let expected = CHANGES.iter().map(|(name, _)| *name).filter(|name| *name != "fire").collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_wrong_colour_keeps_the_thing_and_names_a_colour_that_is_not_there() {
        let set = synthetic_set(10);
        let sprite = Sprite { words: vec!["sword".into()], ..set.sprites[0].clone() };
        let mut rng = StdRng::seed_from_u64(2);
        for changed in (0..60).filter_map(|_| recolored(&sprite, &mut StdRng::from_rng(&mut rng))) {
            let other =
                wrong_color(&changed, &format!("{} sword", changed.recolored.unwrap()), &mut StdRng::seed_from_u64(5));
            let (name, thing) = other.split_once(' ').unwrap();
            assert_eq!(thing, "sword");
            assert!(CHANGES.iter().any(|(known, _)| *known == name));
            assert!(!changed.colors.contains(&name) && !changed.looks.contains(&name), "{other}");
        }
    }

    #[test]
    fn recoloured_sprites_lose_words_for_other_colours() {
        let set = synthetic_set(10);
        let words = ["fire", "gold", "red", "sword"].map(String::from).to_vec();
        let sprite = Sprite { words, ..set.sprites[0].clone() };
        let mut rng = StdRng::seed_from_u64(1);
        let changed = (0..40).find_map(|_| recolored(&sprite, &mut rng)).unwrap();
        assert_eq!(changed.words, ["sword"]);
    }
}
