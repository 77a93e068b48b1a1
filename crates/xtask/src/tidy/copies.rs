//! Copies of assets are identical to the originals. Packages are published separately, so each needs its own copy.

use std::path::Path;

/// Copy and original.
const COPIES: [(&str, &str); 5] = [
    (
        "crates/bevy_imagine/src/default_generators/red_bricks.generator.safetensors",
        "assets/materials/red_bricks.generator.safetensors",
    ),
    (
        "crates/bevy_imagine/src/default_generators/plaster.generator.safetensors",
        "assets/materials/plaster.generator.safetensors",
    ),
    (
        "crates/bevy_imagine/src/default_generators/moss.generator.safetensors",
        "assets/materials/moss.generator.safetensors",
    ),
    (
        "crates/imagine_edit/src/upscale/sesr_small_x2.generator.safetensors",
        "assets/upscalers/sesr_small_x2.generator.safetensors",
    ),
    (
        "crates/imagine_edit/src/upscale/sesr_small_x4.generator.safetensors",
        "assets/upscalers/sesr_small_x4.generator.safetensors",
    ),
];

/// Finds copies that differ; `read` returns a file's bytes.
pub fn check(read: &dyn Fn(&Path) -> Option<Vec<u8>>, findings: &mut Vec<String>) {
    for (copy, original) in COPIES {
        match (read(Path::new(copy)), read(Path::new(original))) {
            (Some(found), Some(expected)) if found == expected => {}
            (None, _) => findings.push(format!("{copy}: missing; copy {original}")),
            (_, None) => findings.push(format!("{original}: missing, but {copy} is a copy of it")),
            _ => findings.push(format!("{copy}: differs from {original}; copy it again")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_and_missing_copies_are_found() {
        let found = |read: &dyn Fn(&Path) -> Option<Vec<u8>>| {
            let mut findings = Vec::new();
            check(read, &mut findings);
            findings
        };
        assert_eq!(found(&|_| Some(vec![1])), [""; 0]);
        let older = found(&|path| Some(vec![path.starts_with("assets") as u8]));
        assert!(older.len() == COPIES.len() && older[0].contains("differs"), "{older:?}");
        let missing = found(&|path| path.starts_with("assets").then(Vec::new));
        assert!(missing.len() == COPIES.len() && missing[0].contains("missing"), "{missing:?}");
    }
}
