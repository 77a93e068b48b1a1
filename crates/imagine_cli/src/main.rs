//! `imagine`: inspect, generate, compare, bench and train generator networks. No Bevy in it.
//!
//! Exit code 0: done. 1: `compare` found more than its tolerance. 2: anything else went wrong, with one message on
//! stderr, and nothing half-written. 130: training was interrupted and can be resumed.

mod arguments;
mod commands;
mod hdr;
mod input_picture;
mod ktx2_file;
mod network_file;
mod output_files;
mod picture;
mod png_file;
mod recipe;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "imagine", version, about = "Runs and trains generator networks")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows what a generator file holds and what it costs.
    Inspect(commands::inspect::Inspect),
    /// Makes pictures.
    Generate(Box<commands::generate::Generate>),
    /// Holds the GPU's result against the CPU reference.
    Compare(commands::compare::Compare),
    /// Measures speed against burn-wgpu on the same device.
    #[cfg(feature = "wgpu-backend")]
    Bench(commands::bench::Bench),
    /// Makes the first picture of a process and ends; what `bench` starts to measure cold processes.
    #[command(hide = true)]
    #[cfg(feature = "wgpu-backend")]
    FirstImage(commands::bench::FirstImage),
    /// Lists the generators built in code, or writes them as files.
    Generators(commands::generators::Generators),
    /// Makes a generator file of an ONNX file.
    Import(Box<commands::import::ImportOnnx>),
    /// Runs a tree of ONNX tests on every executor.
    OnnxTest(commands::onnx_test::OnnxTest),
    /// Measures a generator of sprites on the pictures held back from its training.
    Evaluate(commands::evaluate::Evaluate),
    /// Puts a folder of folders of pictures into one file to train from.
    Pack(commands::pack::Pack),
    /// Trains a generator.
    #[command(subcommand)]
    Train(Train),
}

#[derive(Subcommand)]
enum Train {
    /// Trains a living texture (neural cellular automaton) from one picture or material.
    Texture(Box<commands::train_texture::TrainTexture>),
    /// Trains PBR materials of many kinds from a set of materials.
    Materials(Box<commands::train_materials::TrainMaterials>),
    /// Trains sprites with classes and prompts from a set of pictures.
    Sprites(Box<commands::train_sprites::TrainSprites>),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Inspect(command) => command.run(),
        Command::Generate(command) => command.run(),
        Command::Compare(command) => command.run(),
        #[cfg(feature = "wgpu-backend")]
        Command::Bench(command) => command.run(),
        #[cfg(feature = "wgpu-backend")]
        Command::FirstImage(command) => command.run(),
        Command::Generators(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::OnnxTest(command) => command.run(),
        Command::Evaluate(command) => command.run(),
        Command::Pack(command) => command.run(),
        Command::Train(Train::Texture(command)) => command.run(),
        Command::Train(Train::Materials(command)) => command.run(),
        Command::Train(Train::Sprites(command)) => command.run(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}
