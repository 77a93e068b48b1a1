//! Sprites in colours that they do not have, with the words for them: what teaches that a word of colour says the same of every
//! thing, also where no picture of a set shows both together.

use rand::Rng;

use super::Sprite;
use super::caption;

/// Least saturation of a pixel that has a hue.
const COLORED: f32 = 0.18;
/// Saturation that grey things are given with a hue.
const DYED: f32 = 0.6;
/// What there is to be said of a sprite in another colour, and how it is brought about.
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

/// How colours change.
#[derive(Clone, Copy)]
enum Change {
    /// The most frequent hue becomes this one, in degrees, and the others turn along; grey things are dyed.
    Hue(f32),
    /// sRGB colours by lightness, at a third, two thirds and all of the brightest pixel's; black at none.
    Ramp([[f32; 3]; 3]),
}

/// The sprite in another colour, whose word its prompts always say and none of whose words says another; none if the change
/// that was drawn cannot be seen in the result.
pub(super) fn recolored(sprite: &Sprite, rng: &mut impl Rng) -> Option<Sprite> {
    // Looks, which few sprites have of their own, as often as plain colours.
    let (colors, looks) = CHANGES.split_at(CHANGES.len() - caption::LOOKS.len());
    let of = if rng.random() { colors } else { looks };
    let (name, change) = of[rng.random_range(0..of.len())];
    let rgba = change.applied(&sprite.rgba);
    let (colors, looks) = (caption::colors(&rgba), caption::looks(&rgba));
    if !colors.contains(&name) && !looks.contains(&name) {
        return None;
    }
    let words = sprite.words.iter().filter(|word| !caption::is_color(word)).cloned().collect();
    Some(Sprite { class: sprite.class, words, colors, looks, always: Some(name), rgba })
}

/// A prompt of a sprite in another colour with a word for a colour that the sprite does not have in place of the one that it
/// always says.
pub(super) fn contradicted(sprite: &Sprite, prompt: &str, rng: &mut impl Rng) -> String {
    let said = sprite.always.unwrap_or_default();
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
                let [hue, saturation, value] = caption::hsv(pixel);
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

/// The mean hue in degrees, as a direction weighted by saturation and value; none where little has a hue.
fn dominant_hue(pixels: impl Iterator<Item = [f32; 3]>) -> Option<f32> {
    let (mut sum, mut colored, mut all) = ([0.0f32; 2], 0.0, 0.0);
    for pixel in pixels {
        let [hue, saturation, value] = caption::hsv(pixel);
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
    use super::super::sprites::tests::synthetic_set;
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn hues_survive_the_way_there_and_back() {
        for color in [[0.9, 0.2, 0.1], [0.1, 0.8, 0.3], [0.2, 0.3, 0.7], [0.5, 0.5, 0.5], [0.6, 0.1, 0.6]] {
            let back = rgb(caption::hsv(color));
            assert!(std::iter::zip(color, back).all(|(a, b)| (a - b).abs() < 1e-5), "{color:?} {back:?}");
        }
    }

    #[test]
    fn every_change_can_be_seen_and_is_said() {
        let set = synthetic_set(40);
        let mut rng = StdRng::seed_from_u64(3);
        let mut found = std::collections::BTreeSet::new();
        for sprite in set.sprites.iter().cycle().take(600) {
            let Some(changed) = recolored(sprite, &mut rng) else { continue };
            let name = changed.always.unwrap();
            assert!(changed.colors.contains(&name) || changed.looks.contains(&name));
            assert!(changed.prompt(&mut rng).starts_with(name));
            let coverage = |rgba: &[u8]| rgba.chunks_exact(4).map(|pixel| pixel[3]).collect::<Vec<_>>();
            assert_eq!(coverage(&changed.rgba), coverage(&sprite.rgba));
            found.insert(name);
        }
        // Discs and squares of one shade have no flames, which are of more than one.
        let expected = CHANGES.iter().map(|(name, _)| *name).filter(|name| *name != "fire").collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_contradiction_says_a_colour_that_is_not_there_of_the_same_thing() {
        let set = synthetic_set(10);
        let sprite = Sprite { words: vec!["sword".into()], ..set.sprites[0].clone() };
        let mut rng = StdRng::seed_from_u64(2);
        for changed in (0..60).filter_map(|_| recolored(&sprite, &mut StdRng::from_rng(&mut rng))) {
            let other =
                contradicted(&changed, &format!("{} sword", changed.always.unwrap()), &mut StdRng::seed_from_u64(5));
            let (name, thing) = other.split_once(' ').unwrap();
            assert_eq!(thing, "sword");
            assert!(CHANGES.iter().any(|(known, _)| *known == name));
            assert!(!changed.colors.contains(&name) && !changed.looks.contains(&name), "{other}");
        }
    }

    #[test]
    fn words_of_other_colours_are_not_said() {
        let set = synthetic_set(10);
        let words = ["fire", "gold", "red", "sword"].map(String::from).to_vec();
        let sprite = Sprite { words, ..set.sprites[0].clone() };
        let mut rng = StdRng::seed_from_u64(1);
        let changed = (0..40).find_map(|_| recolored(&sprite, &mut rng)).unwrap();
        assert_eq!(changed.words, ["sword"]);
    }
}
