//! Words for a sprite: those of its file and folder, and the names of the colours that cover most of it.

/// Parts of file names that say nothing about the picture.
const EMPTY: [&str; 22] = [
    "urand", "misc", "dngn", "unique", "animals", "new", "old", "left", "right", "middle", "hand", "base", "spwpn",
    "brands", "res", "of", "the", "and", "png", "vgate", "tile", "single",
];
/// Share of the coloured pixels that a colour must have to be named.
const NAMED_SHARE: f32 = 0.25;

/// The words of a file or folder name: letters only, at least three of them.
pub fn words(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
    parts.filter(|part| part.chars().count() > 2 && !EMPTY.contains(&part.as_str())).collect()
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

/// The everyday name of an sRGB colour, by hue, saturation and value.
fn color_name([r, g, b]: [f32; 3]) -> &'static str {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let spread = most - least;
    if most < 0.2 {
        return "black";
    }
    if spread < 0.18 * most.max(0.4) {
        return if most > 0.8 { "white" } else { "grey" };
    }
    let hue = if most == r {
        60.0 * ((g - b) / spread).rem_euclid(6.0)
    } else if most == g {
        60.0 * ((b - r) / spread + 2.0)
    } else {
        60.0 * ((r - g) / spread + 4.0)
    };
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
