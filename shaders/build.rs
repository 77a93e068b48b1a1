//! Writes the table of all WGSL files, so that adding one needs no edit elsewhere.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders that hold WGSL.
const FOLDERS: [&str; 3] = ["lib", "ops", "texture_io"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let mut table = String::from("&[\n");
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        for file in sorted_files(&root.join(folder))? {
            let stem = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            let path = file.display().to_string();
            writeln!(table, "    ({:?}, include_str!({path:?})),", format!("{folder}/{stem}")).expect("a string grows");
        }
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("files.rs"), table)
}

fn sorted_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "wgsl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
