//! Reading materials for `pack`, `train` and `evaluate`, with what a person should know about the files on stderr.

use std::path::Path;

use imagine_exemplar::folder::NormalConvention;
use imagine_train::data::pack;
use imagine_train::material::{FoundMaterials, MaterialSet, read_folder};

use crate::arguments::MapArguments;
use crate::output::note;

/// Reads and decodes the materials of a folder or pack.
pub fn read(data: &Path, maps: &MapArguments) -> anyhow::Result<MaterialSet> {
    let normal = maps.normal(data)?;
    let pictures = if data.is_dir() { found(data, normal)?.pictures } else { pack::read(data)? };
    let set = MaterialSet::new(&pictures, data)?;
    set.notes().iter().for_each(|text| note(format_args!("note: {text}")));
    Ok(set)
}

/// The maps in a folder of materials; says which file became which map.
pub fn found(folder: &Path, normal: Option<NormalConvention>) -> anyhow::Result<FoundMaterials> {
    let found = read_folder(folder, normal)?;
    note(found.to_string().trim_end());
    Ok(found)
}
