//! `imagine`: inspect, run, compare, benchmark and train generator networks. Does not depend on Bevy; without the feature `train`, not on burn.
//!
//! Exit code 0: success. 1: `compare` or `onnx-test` found a failure. 2: any other error, with one message on stderr and no
//! partial output. 130: training was interrupted and can be resumed.

mod arguments;
mod commands;
mod cutout;
mod edit;
mod estimate;
mod export;
mod exr_file;
mod file_format;
mod files;
mod gpu;
mod hdr;
mod input_picture;
mod jpeg_file;
mod ktx2_file;
mod layers_file;
mod network_file;
mod output;
mod panics;
mod picture;
mod png_file;
mod recipe;
mod recipe_file;
mod room;
mod tiff_file;
mod webp_file;

#[cfg(not(feature = "train"))]
use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

#[derive(Parser)]
#[command(name = "imagine", version, about = "Runs and trains generator networks")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show inputs, outputs, model card and cost of a generator.
    Inspect(commands::inspect::Inspect),
    /// Generate pictures.
    Generate(Box<commands::generate::Generate>),
    /// Enlarge pictures, sprites and materials by 2, 3 or 4.
    Upscale(Box<commands::upscale::Upscale>),
    /// Take noise out of pictures and materials, smooth bands, soften JPEG blocks.
    Restore(Box<commands::restore::RestorePictures>),
    /// Make the maps of a material from photographs: base colour without shading, normals, height, roughness, occlusion.
    Maps(Box<commands::maps::MakeMaps>),
    /// Make an endless material of one photograph: let it tile, make its maps, and a generator by example of them.
    Material(Box<commands::material::MakeMaterial>),
    /// Compare the GPU's result with the CPU reference.
    Compare(commands::compare::Compare),
    /// Time the executors beside each other.
    Bench(commands::bench::Bench),
    /// Generate one picture and exit; `bench` runs this to time a new process.
    #[command(hide = true)]
    FirstImage(commands::bench::FirstImage),
    /// List the built-in generators, or write them as files.
    Generators(commands::generators::Generators),
    /// Store the texels of a generator by example in fewer bits.
    Compress(commands::compress::Compress),
    /// Remove what lies under a mask, and fill the place from its surroundings.
    Repair(Box<commands::repair::RepairPictures>),
    /// Paint pictures in a style, or make materials others that keep their shape.
    Restyle(Box<commands::restyle::RestylePictures>),
    /// Make photographs of textures, or materials, tile.
    Tile(Box<commands::repair::TilePictures>),
    /// Put an object into pictures or materials, fitted to its place.
    Insert(Box<commands::insert::InsertObject>),
    /// Convert an ONNX file to a generator file.
    Import(Box<commands::import::ImportOnnx>),
    /// Run a tree of ONNX tests on every executor.
    OnnxTest(commands::onnx_test::OnnxTest),
    /// Evaluate a trained generator of sprites or larger pictures on held-out data, or show the figures of one by example.
    #[cfg(feature = "train")]
    Evaluate(commands::evaluate::Evaluate),
    /// Pack a folder of training pictures into one file.
    #[cfg(feature = "train")]
    Pack(commands::pack::Pack),
    /// Evaluate a trained generator (only with the feature `train`).
    #[cfg(not(feature = "train"))]
    #[command(hide = true)]
    Evaluate(commands::without_train::WithoutTrain),
    /// Pack a folder of training pictures into one file (only with the feature `train`).
    #[cfg(not(feature = "train"))]
    #[command(hide = true)]
    Pack(commands::without_train::WithoutTrain),
    /// Train a generator.
    #[command(subcommand)]
    Train(Train),
    /// Say what this machine has for generators, what will be slow, and what to install.
    Doctor(commands::doctor::Doctor),
    /// Print completions for a shell.
    Completions(commands::completions::Completions),
    /// Write manual pages.
    Man(commands::man::Man),
}

#[derive(Subcommand)]
enum Train {
    /// Train a living texture (neural cellular automaton) from one picture or material.
    #[cfg(feature = "train")]
    Texture(Box<commands::train_texture::TrainTexture>),
    /// Make a generator by example from one picture or material, in seconds.
    Exemplar(Box<commands::train_exemplar::TrainExemplar>),
    /// Train a generator of sprites with classes and prompts.
    #[cfg(feature = "train")]
    Sprites(Box<commands::train_sprites::TrainSprites>),
    /// Train a small network that paints what a camera sees, in a style by example.
    #[cfg(feature = "train")]
    Style(Box<commands::train_style::TrainStyle>),
    /// Train a network that enlarges pictures by 2 or 4.
    #[cfg(feature = "train")]
    Upscale(Box<commands::train_upscale::TrainUpscale>),
    /// Train a network that takes JPEG blocks, noise and bands out of pictures.
    #[cfg(feature = "train")]
    Restore(Box<commands::train_restore::TrainRestore>),
    /// Train a network that makes the maps of a material from a photograph.
    #[cfg(feature = "train")]
    Maps(Box<commands::train_maps::TrainMaps>),
    /// The trainings above that are not there.
    #[cfg(not(feature = "train"))]
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

fn main() -> ExitCode {
    // SAFETY: there is no other thread yet.
    unsafe { imagine_wgpu::headless::quiet_without_display() };
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            let _ = error.print();
            return ExitCode::from(2);
        }
        Err(help) => match help.print() {
            // A full disk is an error; a closed pipe, as after `| head`, is not.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return ExitCode::from(2),
            _ => return ExitCode::SUCCESS,
        },
    };
    panics::guard(|| arguments.command.run()).unwrap_or_else(|error| {
        output::note(format_args!("error: {}", with_causes(&error)));
        ExitCode::from(2)
    })
}

impl Command {
    fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Command::Inspect(command) => command.run(),
            Command::Generate(command) => command.run(),
            Command::Upscale(command) => command.run(),
            Command::Restore(command) => command.run(),
            Command::Maps(command) => command.run(),
            Command::Material(command) => command.run(),
            Command::Compare(command) => command.run(),
            Command::Bench(command) => command.run(),
            Command::FirstImage(command) => command.run(),
            Command::Generators(command) => command.run(),
            Command::Compress(command) => command.run(),
            Command::Repair(command) => command.run(),
            Command::Restyle(command) => command.run(),
            Command::Tile(command) => command.run(),
            Command::Insert(command) => command.run(),
            Command::Import(command) => command.run(),
            Command::OnnxTest(command) => command.run(),
            #[cfg(feature = "train")]
            Command::Evaluate(command) => command.run(),
            #[cfg(feature = "train")]
            Command::Pack(command) => command.run(),
            #[cfg(feature = "train")]
            Command::Train(Train::Texture(command)) => command.run(),
            Command::Train(Train::Exemplar(command)) => command.run(),
            #[cfg(feature = "train")]
            Command::Train(Train::Sprites(command)) => command.run(),
            #[cfg(feature = "train")]
            Command::Train(Train::Style(command)) => command.run(),
            #[cfg(feature = "train")]
            Command::Train(Train::Upscale(command)) => command.run(),
            #[cfg(feature = "train")]
            Command::Train(Train::Restore(command)) => command.run(),
            #[cfg(feature = "train")]
            Command::Train(Train::Maps(command)) => command.run(),
            #[cfg(not(feature = "train"))]
            Command::Evaluate(command) | Command::Pack(command) => command.run(),
            #[cfg(not(feature = "train"))]
            Command::Train(Train::Other(arguments)) => commands::without_train::refuse_training(&arguments),
            Command::Doctor(command) => command.run(),
            Command::Completions(command) => command.run(Arguments::command()),
            Command::Man(command) => command.run(Arguments::command()),
        }
    }
}

/// The error and its causes, each once: many errors already name their cause.
fn with_causes(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if cause.starts_with(&message) {
            message = cause;
        } else if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = Err::<(), _>(anyhow!("no space")).context("a.png: no space").context("cannot write");
        assert_eq!(with_causes(&error.unwrap_err()), "cannot write: a.png: no space");
        let error = Err::<(), _>(anyhow!("a.png: no space")).context("a.png");
        assert_eq!(with_causes(&error.unwrap_err()), "a.png: no space");
    }
}
