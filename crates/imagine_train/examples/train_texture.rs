//! Trains a living texture from a picture or a material folder.

use std::ops::ControlFlow;
use std::path::PathBuf;

use imagine_train::data::{Exemplar, ExemplarOptions};
use imagine_train::trainer::{Event, TextureOptions, train_texture};

#[cfg(feature = "tch")]
type Backend = burn::backend::Autodiff<burn::backend::LibTorch>;
#[cfg(not(feature = "tch"))]
type Backend = burn::backend::Autodiff<burn::backend::Flex>;

fn main() {
    let mut args = std::env::args().skip(1);
    let path = PathBuf::from(args.next().expect("picture or folder"));
    let out = PathBuf::from(args.next().expect("output folder"));
    let options: TextureOptions = serde_json::from_str(&args.next().unwrap_or("{}".into())).expect("options as JSON");
    let exemplar =
        ExemplarOptions { side: args.next().map_or(128, |s| s.parse().expect("side")), ..Default::default() };
    let exemplar = Exemplar::load(&path, &exemplar).unwrap_or_else(|e| panic!("{e}"));
    let result =
        train_texture::<Backend>(&exemplar, &options, &Default::default(), Some(&out), &Default::default(), |event| {
            match event {
                Event::Updated(p) if p.update % 20 != 0 && p.update > 5 => {}
                event => println!("{event:?}"),
            }
            ControlFlow::Continue(())
        });
    if let Err(error) = result {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
