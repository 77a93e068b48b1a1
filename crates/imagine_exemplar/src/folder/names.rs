//! The role of a file of a PBR set by its name: the conventions of ambientCG, Poly Haven, Poliigon, FreePBR, 3dtextures, Substance,
//! Quixel, Unreal, Unity, Godot and hand-made folders.
//!
//! A name is split at separators, capitals and digits. The longest known ending of the words before a resolution (`2K`, `1024`)
//! decides, or else of those after it: `Wall_Mixed_AO`, `rock_nor_gl_1k`, `Bricks_2K-JPG_NormalGL`.

/// Which way green points in a normal map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NormalConvention {
    /// Up, as OpenGL, Blender, Godot, Unity and glTF have it.
    OpenGl,
    /// Down, as DirectX and Unreal have it.
    DirectX,
}

/// What one channel of a picture holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChannelRole {
    /// 1 is rough.
    Roughness,
    /// 1 is smooth: roughness, inverted.
    Gloss,
    /// 1 is unoccluded.
    Occlusion,
    /// 1 is metal.
    Metallic,
    /// 1 is high.
    Height,
    /// 1 is opaque.
    Opacity,
}

/// What a picture of a PBR set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MapRole {
    /// Base colour, sRGB.
    Color,
    /// Normals in tangent space; the convention if the name says it.
    Normal(Option<NormalConvention>),
    /// One map, the same in all channels.
    Single(ChannelRole),
    /// Several maps in red, green, blue and alpha.
    Packed([Option<ChannelRole>; 4]),
    /// Light that the surface gives off, sRGB.
    Emissive,
}

const AO: Option<ChannelRole> = Some(ChannelRole::Occlusion);
const ROUGH: Option<ChannelRole> = Some(ChannelRole::Roughness);
const METAL: Option<ChannelRole> = Some(ChannelRole::Metallic);
const GLOSS: Option<ChannelRole> = Some(ChannelRole::Gloss);
const GL: Option<NormalConvention> = Some(NormalConvention::OpenGl);
const DX: Option<NormalConvention> = Some(NormalConvention::DirectX);

/// Endings of names, their words run together, and what they mean.
const ENDINGS: [(&[&str], MapRole); 21] = [
    (
        &[
            "color",
            "colour",
            "basecolor",
            "basecolour",
            "albedo",
            "albedotransparency",
            "diffuse",
            "diff",
            "dif",
            "col",
            "alb",
            "base",
            "bc",
            "d",
        ],
        MapRole::Color,
    ),
    (&["normal", "normals", "normalmap", "norm", "nor", "nrm", "n"], MapRole::Normal(None)),
    (&["normalderived"], MapRole::Normal(GL)),
    (&["normalgl", "normalogl", "normalopengl", "norgl", "nrmgl", "normgl", "glnormal"], MapRole::Normal(GL)),
    (&["normaldx", "normaldirectx", "nordx", "nrmdx", "normdx", "normald3d", "dxnormal"], MapRole::Normal(DX)),
    (&["roughness", "rough", "rgh", "r"], MapRole::Single(ChannelRole::Roughness)),
    (&["gloss", "glossiness", "glossy", "smoothness", "smooth"], MapRole::Single(ChannelRole::Gloss)),
    (&["ao", "ambientocclusion", "ambient", "occlusion", "occ", "mixedao"], MapRole::Single(ChannelRole::Occlusion)),
    (&["metallic", "metalness", "metal", "metallness", "mtl", "m"], MapRole::Single(ChannelRole::Metallic)),
    (&["height", "heightmap", "displacement", "displace", "disp", "bump", "h"], MapRole::Single(ChannelRole::Height)),
    (&["opacity", "alpha", "transparency"], MapRole::Single(ChannelRole::Opacity)),
    (&["emissive", "emission", "emit", "glow"], MapRole::Emissive),
    (&["arm", "orm", "aorm", "occlusionroughnessmetallic"], MapRole::Packed([AO, ROUGH, METAL, None])),
    (&["rma"], MapRole::Packed([ROUGH, METAL, AO, None])),
    (&["mra", "mrao"], MapRole::Packed([METAL, ROUGH, AO, None])),
    (&["ram", "rom"], MapRole::Packed([ROUGH, AO, METAL, None])),
    (&["metallicroughness", "mr"], MapRole::Packed([None, ROUGH, METAL, None])),
    (&["metallicsmoothness", "metallicgloss"], MapRole::Packed([METAL, None, None, GLOSS])),
    (&["maskmap"], MapRole::Packed([METAL, AO, None, GLOSS])),
    (&["aorough"], MapRole::Packed([AO, ROUGH, None, None])),
    (&["roughnessmetallic"], MapRole::Packed([None, ROUGH, METAL, None])),
];

/// Most words of an ending.
const LONGEST_ENDING: usize = 4;

/// The role of the file called `stem` (without its extension); `None` if the name is unknown.
pub fn role_of(stem: &str) -> Option<MapRole> {
    role_and_set(stem).map(|(role, _)| role)
}

/// The role of the file called `stem`, and the words that name its set: those before the ending and the resolution.
pub(super) fn role_and_set(stem: &str) -> Option<(MapRole, String)> {
    let words = words(stem);
    let Some(at) = words.iter().rposition(|word| is_resolution(word)) else {
        return ending(&words).map(|(role, first)| (role, words[..first].join(" ")));
    };
    let (before, after) = (&words[..at], &words[at + 1..]);
    let set = |name: &[String], rest: &[String]| name.iter().chain(rest).cloned().collect::<Vec<_>>().join(" ");
    let found = ending(before).map(|(role, first)| (role, set(&before[..first], &[])));
    // `Bricks_2K-JPG_Color`: resolution and format lie in between.
    let name = &before[..before.iter().position(|word| is_resolution(word)).unwrap_or(before.len())];
    found.or_else(|| ending(after).map(|(role, first)| (role, set(name, &after[..first]))))
}

/// The longest known ending of `words`, ignoring the number of a variant (`col_2`, `COL_VAR1`) and the word "map" (`BaseMap`), and the
/// index of its first word.
fn ending(words: &[String]) -> Option<(MapRole, usize)> {
    let known = (1..=words.len().min(LONGEST_ENDING)).rev().find_map(|count| {
        let joined = words[words.len() - count..].concat();
        // A single letter is a role only after a name: `T_Wall_N`, but not `n`.
        let is_word = joined.len() > 1 || words.len() > count;
        let found = ENDINGS.iter().find(|(names, _)| is_word && names.contains(&&*joined));
        found.map(|(_, role)| (*role, words.len() - count))
    });
    let (last, rest) = words.split_last()?;
    let is_variant = ["map", "var", "variant"].contains(&last.as_str())
        || (last.len() == 1 && last.chars().all(|c| c.is_ascii_digit()));
    known.or_else(|| if is_variant { ending(rest) } else { None })
}

/// `1k` to `32k`, `128` to `32768`, and names of formats, which stand beside them.
fn is_resolution(word: &str) -> bool {
    let number = word.strip_suffix('k').unwrap_or(word);
    match (number.parse::<u32>(), number.len() < word.len()) {
        (Ok(kilo), true) => (1..=32).contains(&kilo),
        (Ok(side), false) => side.is_power_of_two() && (128..=32_768).contains(&side),
        (Err(_), _) => ["jpg", "jpeg", "png", "exr", "tif", "tiff", "webp"].contains(&word),
    }
}

/// Words in lower case, split at characters other than letters and digits, before a capital that begins a word, and between
/// letters and digits (`2K` stays one word).
fn words(stem: &str) -> Vec<String> {
    let characters: Vec<char> = stem.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (index, &character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| characters[index]);
        let after = characters.get(index + 1).copied();
        let begins = match before {
            Some(before) if before.is_alphanumeric() && character.is_alphanumeric() => {
                let is_kilo = before.is_ascii_digit()
                    && character.eq_ignore_ascii_case(&'k')
                    && !after.is_some_and(char::is_alphanumeric);
                let capital = character.is_uppercase()
                    && (before.is_lowercase() || after.is_some_and(char::is_lowercase) && before.is_uppercase());
                let digit = before.is_ascii_digit() != character.is_ascii_digit() && !is_kilo;
                capital || digit
            }
            _ => true,
        };
        if begins && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if character.is_alphanumeric() {
            words.last_mut().expect("there is always a word").extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEIGHT: MapRole = MapRole::Single(ChannelRole::Height);
    const ROUGHNESS: MapRole = MapRole::Single(ChannelRole::Roughness);
    const OCCLUSION: MapRole = MapRole::Single(ChannelRole::Occlusion);
    const METALLIC: MapRole = MapRole::Single(ChannelRole::Metallic);
    const ORM: MapRole = MapRole::Packed([AO, ROUGH, METAL, None]);

    #[test]
    fn names_are_taken_apart_into_words() {
        assert_eq!(words("Bricks089_2K-JPG_NormalGL"), ["bricks", "089", "2k", "jpg", "normal", "gl"]);
        assert_eq!(words("T_Wall_BaseColor"), ["t", "wall", "base", "color"]);
        assert_eq!(words("rock__wall 10"), ["rock", "wall", "10"]);
        assert_eq!(words("stoneORMMap"), ["stone", "orm", "map"]);
    }

    /// Every convention as its source writes it.
    #[test]
    fn conventions_of_libraries_and_tools() {
        let table = [
            ("ambientCG", "Bricks089_2K-JPG_Color", Some(MapRole::Color)),
            ("ambientCG", "Bricks089_1K-PNG_NormalGL", Some(MapRole::Normal(GL))),
            ("ambientCG", "Bricks089_2K-JPG_NormalDX", Some(MapRole::Normal(DX))),
            ("ambientCG", "Bricks089_2K-JPG_AmbientOcclusion", Some(OCCLUSION)),
            ("ambientCG", "Bricks089_2K-JPG_Displacement", Some(HEIGHT)),
            ("ambientCG", "Metal032_1K-JPG_Metalness", Some(METALLIC)),
            ("ambientCG's preview", "Bricks089", None),
            ("ambientCG's preview", "Metal032", None),
            ("Poly Haven", "rock_wall_10_diff_1k", Some(MapRole::Color)),
            ("Poly Haven", "rock_wall_10_nor_gl_1k", Some(MapRole::Normal(GL))),
            ("Poly Haven", "rock_wall_10_nor_dx_4k", Some(MapRole::Normal(DX))),
            ("Poly Haven", "rock_wall_10_arm_1k", Some(ORM)),
            ("Poly Haven", "castle_brick_02_col_2_2k", Some(MapRole::Color)),
            ("Poliigon", "BronzeSheet001_COL_2K_METALNESS", Some(MapRole::Color)),
            ("Poliigon", "BronzeSheet001_METALNESS_2K_METALNESS", Some(METALLIC)),
            ("Poliigon", "Bricks01_COL_VAR1_1K", Some(MapRole::Color)),
            ("Poliigon", "Bricks01_GLOSS_1K", Some(MapRole::Single(ChannelRole::Gloss))),
            ("Poliigon", "Bricks01_NRM_1K", Some(MapRole::Normal(None))),
            ("FreePBR", "rusty-metal_normal-ogl", Some(MapRole::Normal(GL))),
            ("FreePBR", "rusty-metal_albedo", Some(MapRole::Color)),
            ("3dtextures", "Stone_Wall_013_ambientOcclusion", Some(OCCLUSION)),
            ("3dtextures", "Stone_Wall_013_basecolor", Some(MapRole::Color)),
            ("Substance", "Wall_Base_Color", Some(MapRole::Color)),
            ("Substance", "Wall_Mixed_AO", Some(OCCLUSION)),
            ("Substance", "Wall_Normal_OpenGL", Some(MapRole::Normal(GL))),
            ("Substance", "Wall_OcclusionRoughnessMetallic", Some(ORM)),
            ("Unreal", "T_Wall_D", Some(MapRole::Color)),
            ("Unreal", "T_Wall_N", Some(MapRole::Normal(None))),
            ("Unreal", "T_Wall_ORM", Some(ORM)),
            ("Unity", "Wall_AlbedoTransparency", Some(MapRole::Color)),
            ("Unity", "Wall_BaseMap", Some(MapRole::Color)),
            ("Unity", "Wall_MetallicSmoothness", Some(MapRole::Packed([METAL, None, None, GLOSS]))),
            ("Unity", "Wall_MaskMap", Some(MapRole::Packed([METAL, AO, None, GLOSS]))),
            ("Godot", "wall_albedo", Some(MapRole::Color)),
            ("Godot", "wall_orm", Some(ORM)),
            ("Quixel", "vd3kbbyn_2K_Albedo", Some(MapRole::Color)),
            ("Quixel", "vd3kbbyn_2K_Roughness", Some(ROUGHNESS)),
            ("camel case", "brickWallBaseColor", Some(MapRole::Color)),
            ("by hand", "Ambient_Occlusion", Some(OCCLUSION)),
            ("by hand", "ROUGHNESS", Some(ROUGHNESS)),
            ("by hand", "colour", Some(MapRole::Color)),
            ("by hand", "stoneORMMap", Some(ORM)),
            ("no map", "render", None),
            ("no map", "map", None),
            ("no map", "world_map", None),
            ("no map", "n", None),
            ("no map", "", None),
        ];
        for (source, name, role) in table {
            assert_eq!(role_of(name), role, "{source}: {name}");
        }
    }

    #[test]
    fn the_files_of_a_set_share_its_name() {
        let sets = [
            (
                "bricks 089",
                ["Bricks089_2K-JPG_Color", "Bricks089_1K-PNG_NormalGL", "Bricks089_2K-JPG_AmbientOcclusion"],
            ),
            ("rock wall 10", ["rock_wall_10_diff_1k", "rock_wall_10_nor_gl_4k", "rock_wall_10_arm_1k"]),
            ("castle brick 02", ["castle_brick_02_col_2_2k", "castle_brick_02_nor_2k", "castle_brick_02_disp_2k"]),
            (
                "bronze sheet 001",
                [
                    "BronzeSheet001_COL_2K_METALNESS",
                    "BronzeSheet001_METALNESS_2K_METALNESS",
                    "BronzeSheet001_NRM_4K_METALNESS",
                ],
            ),
            ("wall", ["Wall_Base_Color", "Wall_Mixed_AO", "Wall_Normal_OpenGL"]),
            ("", ["color", "Ambient_Occlusion", "Normal_GL"]),
        ];
        for (set, names) in sets {
            for name in names {
                assert_eq!(role_and_set(name).map(|(_, set)| set).as_deref(), Some(set), "{name}");
            }
        }
    }

    #[test]
    fn no_ending_stands_twice() {
        let mut endings: Vec<_> = ENDINGS.iter().flat_map(|(names, _)| names.iter()).collect();
        let count = endings.len();
        endings.sort();
        endings.dedup();
        assert_eq!(endings.len(), count);
    }
}
