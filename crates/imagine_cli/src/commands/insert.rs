//! `imagine insert`: puts an object into pictures and materials.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use imagine_edit::{Insert, input_name};
use imagine_graph::{Extent, OutputKind, Size, Tensor};

use super::edited::{kinds, options, read_one};
use crate::edit::{Edit, EditArguments, Source};
use crate::output::note;
use crate::recipe::EditMark;

/// Pixels on both sides of the edge of a piece of texture that are made anew.
const TEXTURE_SEAM: usize = 8;

/// Arguments of `imagine insert`.
#[derive(Args, Clone, Debug)]
pub struct InsertObject {
    #[command(flatten)]
    edit: EditArguments,
    /// The object: a picture with alpha, or a folder with the maps of a material. Maps that a picture does not have are left out.
    #[arg(long, value_name = "FILE|FOLDER")]
    object: PathBuf,
    /// A picture whose brightness is the object's alpha, in place of that of the object.
    #[arg(long, value_name = "FILE")]
    alpha: Option<PathBuf>,
    /// Where its centre lies, each 0 to 1 from the left and from the top.
    #[arg(long, value_name = "X,Y", default_value = "0.5,0.5", value_parser = parse_place)]
    at: [f32; 2],
    /// Its width, in widths of the picture.
    #[arg(long, default_value_t = 0.25)]
    scale: f32,
    /// Degrees by which it turns, anticlockwise.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    rotation: f32,
    /// How far its colours follow the surroundings at its edge, 0 to 1.
    #[arg(long, default_value_t = 0.5)]
    blend: f32,
    /// How far its brightness and tint follow the light of the surroundings, 0 to 1.
    #[arg(long, default_value_t = 0.5)]
    light: f32,
    /// How much of the surroundings' relief shows through, 0 to 1; of materials only.
    #[arg(long, default_value_t = 1.0)]
    relief: f32,
    /// The object is a piece of texture: all of it takes the colours of the surroundings, not its edge alone.
    #[arg(long)]
    texture: bool,
    /// Pixels on both sides of its edge that are made anew, so that one texture grows into the other, 0 to 64. Default: 8 with --texture, else 0.
    #[arg(long, value_name = "PIXELS")]
    seam: Option<usize>,
    /// Continue at the opposite border, for textures that tile.
    #[arg(long)]
    wrap: bool,
}

impl InsertObject {
    /// Inserts the object into everything.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let object = self.object().context("--object")?;
        self.edit.run(|source| self.edit_of(source, &object))
    }

    /// The object, with its alpha.
    fn object(&self) -> anyhow::Result<Source> {
        let mut object = read_one(&self.object)?;
        if let Some(path) = &self.alpha {
            let alpha = read_one(path).context("--alpha")?;
            ensure!(
                alpha.size == object.size,
                "--alpha {} has {}x{} pixels, but the object has {}x{}",
                path.display(),
                alpha.size[0],
                alpha.size[1],
                object.size[0],
                object.size[1]
            );
            object.maps.retain(|map| map.kind != OutputKind::Alpha);
            object.maps.push(alpha.brightness().context("--alpha has no colour")?);
        }
        Ok(object)
    }

    fn edit_of(&self, source: &Source, object: &Source) -> anyhow::Result<Edit> {
        let [width, height] = source.size;
        // Many more pixels than are shown would be skipped.
        let shown = (self.scale * width as f32).max(1.0);
        let object = object.reduced((object.size[0] as f32 / shown) as usize);
        let maps = kinds(source);
        let (object_maps, left_out): (Vec<_>, Vec<_>) =
            kinds(&object).into_iter().filter(|kind| *kind != OutputKind::Alpha).partition(|kind| maps.contains(kind));
        if !left_out.is_empty() {
            let names: Vec<&str> = left_out.iter().map(|kind| kind.name()).collect();
            note(format_args!("note: {}: has no {}, so the object's is left out", source.name, names.join(", ")));
        }
        let extent = |[width, height]: [usize; 2]| Extent { height, width };
        let seam = self.seam.unwrap_or(if self.texture { TEXTURE_SEAM } else { 0 });
        let insert = Insert {
            maps,
            seam,
            object_maps,
            screening: if self.texture { 0.0005 } else { 0.01 },
            tiles: self.wrap,
            ..Insert::new(extent(source.size), extent(object.size))
        };
        let mut inputs: BTreeMap<String, Tensor> = BTreeMap::new();
        for map in object.maps.iter().filter(|map| !left_out.contains(&map.kind)) {
            inputs.insert(input_name("object", map.kind), map.values.clone());
        }
        let [columns, rows] = object.size;
        let opaque = || Tensor::f32([1, 1, rows, columns], vec![1.0; rows * columns]);
        inputs.entry(input_name("object", OutputKind::Alpha)).or_insert_with(opaque);
        let [x, y] = self.at;
        let mut controls = vec![
            ("x", x),
            ("y", y),
            ("scale", self.scale),
            ("rotation", self.rotation),
            ("blend", self.blend),
            ("light", self.light),
        ];
        controls.extend((insert.maps.len() > 1).then_some(("relief", self.relief)));
        inputs.extend(controls.iter().map(|(name, value)| (name.to_string(), Tensor::scalar(*value))));
        Ok(Edit {
            name: "insert",
            loaded: imagine_edit::Edit::from(insert).loaded()?,
            size: Size::new(height, width),
            crop: None,
            inputs,
            seed: 0,
            options: options(&[controls, vec![("seam", seam as f32)]].concat()),
            mark: EditMark::Rearranged,
        })
    }
}

/// `X,Y`.
fn parse_place(text: &str) -> Result<[f32; 2], String> {
    let number = |text: &str| text.trim().parse().ok().filter(|number| (0.0..=1.0).contains(number));
    let numbers = text.split_once(',').and_then(|(x, y)| Some([number(x)?, number(y)?]));
    numbers.ok_or_else(|| "expected X,Y, two numbers from 0 to 1".into())
}
