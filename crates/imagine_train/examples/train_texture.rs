//! Trains a living texture with nothing but this crate: the smallest host of [`train_texture`], without command line niceties.
//!
//! ```text
//! cargo run --release -p imagine_train [--features tch] --example train_texture -- EXEMPLAR FOLDER [OPTIONS.json] [CARD.json]
//! ```
//! `FOLDER` receives checkpoints, previews and in the end `trained.generator.safetensors`; a checkpoint there is continued.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use imagine_graph::file::{WeightFormat, save};
use imagine_train::data::{Exemplar, ExemplarOptions};
use imagine_train::trainer::{Event, train_texture};
use serde::de::DeserializeOwned;

#[cfg(not(feature = "tch"))]
type Backend = burn::backend::Autodiff<burn::backend::Flex>;
#[cfg(feature = "tch")]
type Backend = burn::backend::Autodiff<burn::backend::LibTorch>;

/// Updates between two printed lines.
const PRINT_EVERY: u32 = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [exemplar, folder, files @ ..] = arguments.as_slice() else {
        return Err("usage: train_texture EXEMPLAR FOLDER [OPTIONS.json] [CARD.json]".into());
    };
    let exemplar = Exemplar::load(exemplar, &ExemplarOptions::default())?;
    let (options, card) = (read(files.first())?, read(files.get(1))?);
    let generator = train_texture::<Backend>(&exemplar, &options, &card, Some(folder), &Default::default(), |event| {
        match event {
            Event::Updated(progress) if !progress.update.is_multiple_of(PRINT_EVERY) => {}
            event => println!("{event:?}"),
        }
        ControlFlow::Continue(())
    })?;
    save(folder.join("trained.generator.safetensors"), &generator, WeightFormat::F32)?;
    Ok(())
}

/// The JSON file's content, or the default if no file is given.
fn read<T: Default + DeserializeOwned>(path: Option<&PathBuf>) -> Result<T, Box<dyn std::error::Error>> {
    let Some(path) = path.map(Path::new) else { return Ok(T::default()) };
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}
