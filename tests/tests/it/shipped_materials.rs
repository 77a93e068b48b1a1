//! The files of `assets/materials`: named by `sources.tsv`, licensed, rearranged, small; two of them are the same on every executor.

use std::path::PathBuf;

use burn::backend::Flex;
use imagine_graph::file::{self, EXTENSION};
use imagine_graph::{OutputKind, Request};

use crate::bits::{bits, gpu};

/// Most bytes of all files together.
const MOST_BYTES: u64 = 14 << 20;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/materials"))
}

/// Name, title and address of each material.
fn sources() -> Vec<[String; 3]> {
    let table = std::fs::read_to_string(folder().join("sources.tsv")).unwrap();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        [fields[0], fields[2], fields[6]].map(String::from)
    };
    table.lines().map(row).collect()
}

fn path(name: &str) -> PathBuf {
    folder().join(format!("{name}{EXTENSION}"))
}

#[test]
fn every_source_has_its_file_with_licence_and_origin() {
    let sources = sources();
    assert!(sources.len() >= 24);
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder()).unwrap().map(Result::unwrap) {
        let file = entry.file_name().into_string().unwrap();
        if let Some(name) = file.strip_suffix(EXTENSION) {
            assert!(sources.iter().any(|source| source[0] == name), "{name} is not in sources.tsv");
            bytes += entry.metadata().unwrap().len();
        }
    }
    assert!(bytes <= MOST_BYTES, "{bytes} bytes");
    for [name, title, address] in &sources {
        let card = file::read_card(&std::fs::read(path(name)).unwrap()).unwrap();
        let [data] = &card.training_data[..] else { panic!("{name}: one source") };
        assert_eq!((card.title.as_str(), card.license.as_str()), (title.as_str(), "CC0-1.0"));
        assert_eq!((data.source.as_str(), data.license.as_str(), data.sha256.len()), (address.as_str(), "CC0-1.0", 64));
        assert!(card.recipe.ends_with("the file holds a rearrangement of it"), "{name}: {}", card.recipe);
        assert!(card.texel_density().is_some_and(|texels| texels > 50.0), "{name}: its size in metres");
        assert!(card.metrics["broken_joints"] == 0.0 && card.metrics["texel_bits"] <= 4.0, "{name}");
    }
}

#[test]
fn the_gpu_and_burn_make_the_same_bytes() {
    let Some(gpu) = gpu() else { return };
    for name in ["castle_stones", "red_bricks"] {
        let loaded = file::load(path(name)).unwrap();
        let generator = &loaded.generator.generator;
        assert!(generator.size.tiles && !generator.output.weights.exemplar().unwrap().is_exact(), "{name}");
        for kind in [OutputKind::BaseColor, OutputKind::Normal, OutputKind::Roughness, OutputKind::Height] {
            assert!(generator.output.outputs.iter().any(|output| output.kind == kind), "{name}: {kind:?}");
        }
        let request = Request::new(generator.size.smallest(), 11);
        let burn = imagine_burn::generate::<Flex>(&loaded.generator, &request, &Default::default()).unwrap();
        let made = gpu.generate(&loaded.generator, &request).unwrap();
        for ((output, burn), (_, made)) in burn.outputs.iter().zip(&made.outputs) {
            assert!(bits(burn) == bits(made), "{name}: {}", output.name);
        }
    }
}
