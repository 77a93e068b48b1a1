//! All WGSL of the workspace as text: `lib/` holds functions, `ops/` one kernel per operator stem, `texture_io/` passes from
//! tensors to textures and back.
//!
//! The text is for naga_oil's composer: `imagine_wgpu` owns the one place that composes it. Bindings, defs and the
//! interfaces of the texture passes are described in this package's README.

/// Every WGSL file: its path below `shaders/` without `.wgsl`, as in `ops/binary`, and its text. Sorted by path.
pub const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The text of the file `path`, given below `shaders/` without `.wgsl`.
pub fn source(path: &str) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, text)| *text)
}

/// The files of one folder: `lib`, `ops` or `texture_io`.
pub fn folder(name: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().copied().filter(move |(path, _)| path.split_once('/').is_some_and(|(folder, _)| folder == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_has_files_and_every_file_says_what_it_is_for() {
        for name in ["lib", "ops", "texture_io"] {
            assert!(folder(name).count() > 0, "shaders/{name} is empty");
        }
        for (path, text) in FILES {
            assert!(text.starts_with("// "), "{path} does not open with a comment");
            assert_eq!(source(path), Some(*text));
        }
    }

    #[test]
    fn every_library_file_is_imported_under_its_own_name() {
        for (path, text) in folder("lib") {
            let stem = path.trim_start_matches("lib/");
            assert!(text.contains(&format!("#define_import_path imagine::{stem}\n")), "{path} has another import path");
        }
    }
}
