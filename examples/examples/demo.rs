//! You will see every generator of `assets/materials` and `assets/generators`: materials on balls, sprites on a board, each with its name.
//!
//! Without a window it saves a picture of all of them and a close-up of each.

use bevy::prelude::*;
use clap::Parser;
use imagine_examples::gallery::{self, GalleryPlugin};
use imagine_examples::progress::{Progress, update_progress};
use imagine_examples::{Arguments, Headless, parse_arguments};

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    arguments: Arguments,
    /// Shows one generator, by the name of its file: --only gravel.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let Options { arguments, only } = parse_arguments();
    let exhibits = gallery::exhibits(only.as_deref())?;
    let names: Vec<String> = exhibits.iter().map(|exhibit| exhibit.name.clone()).collect();
    let mut app = arguments.app("bevy_imagine demo");
    app.add_plugins(GalleryPlugin { exhibits });
    if !arguments.headless {
        app.insert_resource(Progress::start()).add_systems(Update, (update_progress, gallery::turn));
        return arguments.run(app, "demo");
    }
    let mut headless = Headless::new(app);
    headless.settle()?;
    arguments.finish(&mut headless, "demo")?;
    let picture = arguments.picture("demo");
    let stem = picture.file_stem().unwrap_or_default().display();
    for (index, name) in names.iter().enumerate() {
        gallery::look_at(headless.world(), index);
        headless.save(&picture.with_file_name(format!("{stem}_{name}.png")))?;
    }
    Ok(())
}
