//! Words for a sprite: those of its file, folder and caption, the names of the colours that cover most of it, and what things
//! of such colours are called.

/// Parts of file names that say nothing about the picture.
const EMPTY: &str = "urand misc dngn unique animals new old left right middle hand base spwpn brands res of the and png vgate tile \
    single releases ancient crawl ref source rltiles tiles unused nov oct mon item player artefact nonliving vault";
/// Words of which people use one for the other.
const KIN: [&[&str]; 9] = [
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
/// All that [`looks`] says.
pub const LOOKS: [&str; 4] = ["ice", "fire", "golden", "silver"];
/// All that [`colors`] says.
const COLORS: [&str; 12] =
    ["black", "white", "grey", "brown", "pink", "red", "orange", "yellow", "green", "cyan", "blue", "purple"];
/// Share of the coloured pixels that a colour must have to be named.
const NAMED_SHARE: f32 = 0.25;

/// The words of a file or folder name: letters only, at least three of them.
pub fn words(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
    parts.filter(|part| part.chars().count() > 2 && !EMPTY.split(' ').any(|empty| empty == part)).collect()
}

/// Words that people use for this one, with itself; none if no others are known.
pub fn kin(word: &str) -> &'static [&'static str] {
    KIN.into_iter().find(|kin| kin.contains(&word)).unwrap_or_default()
}

/// Whether a word is the name of a colour or says what things of some colour are called.
pub fn is_color(word: &str) -> bool {
    let looks = LOOKS.iter().any(|look| *look == word || kin(look).contains(&word));
    looks || COLORS.contains(&word)
}

/// What things that look like a picture of straight RGBA bytes are called: ice, fire, golden, silver.
pub fn looks(rgba: &[u8]) -> Vec<&'static str> {
    let pixels = rgba.chunks_exact(4).filter(|pixel| pixel[3] > 127);
    let colors = pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]].map(|v| f32::from(v) / 255.0));
    // Outlines say nothing.
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

/// Names of the one or two colours that cover most of a picture of straight RGBA bytes.
///
/// Dark outlines count only where there is little else.
pub fn colors(rgba: &[u8]) -> Vec<&'static str> {
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

/// Hue in degrees from 0 to 360, saturation and value of an sRGB colour; greys have hue 0.
pub(super) fn hsv([r, g, b]: [f32; 3]) -> [f32; 3] {
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn words_have_kin_and_pictures_looks() {
        assert!(kin("frost").contains(&"ice") && kin("ice").contains(&"frost"));
        assert!(kin("dragon").is_empty());
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
}
