//! Why a folder is not a set of maps.

use std::path::PathBuf;

use crate::picture::{FORMATS, PictureError};

/// Why a folder is not a set of maps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// It cannot be listed.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A picture cannot be decoded.
    #[error("{path}: {source}", path = path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: Box<PictureError>,
    },
    /// A file is too long.
    #[error("{path}: {found} bytes; at most {most} are read", path = path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: u64,
        /// The limit.
        most: u64,
    },
    /// Which way green points in a normal map is not known.
    #[error(
        "{path}: neither the name nor the slopes of this normal map say which way green points. Say it with --normal gl (up: OpenGL, \
         Blender, Unity, Godot) or --normal dx (down: DirectX, Unreal), or in its name, as in wall_normal_gl.png",
        path = path.display()
    )]
    UnclearNormals {
        /// The file.
        path: PathBuf,
    },
    /// No picture is named as a colour map.
    #[error(
        "{path}: no colour map: {found}. Colour maps end in color, albedo, diffuse, basecolor or a short form of these, as in wall_diff_1k.png, and are {FORMATS}",
        path = path.display(), found = listed(pictures)
    )]
    NoColor {
        /// The folder.
        path: PathBuf,
        /// Pictures that it holds.
        pictures: Vec<PathBuf>,
    },
}

fn listed(pictures: &[PathBuf]) -> String {
    match pictures {
        [] => "it holds no picture".into(),
        _ => format!(
            "it holds {}",
            pictures
                .iter()
                .map(|path| path.file_name().unwrap_or_default().to_string_lossy())
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}
