//! The files of `assets/styles`: named by `sources.tsv`, licensed, rearranged, small, and fit to paint with.

use std::path::PathBuf;

use imagine_edit::{Restyle, restyle};
use imagine_graph::Extent;
use imagine_graph::file::{self, EXTENSION};

/// Most bytes of all files together.
const MOST_BYTES: u64 = 4_000_000;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/styles"))
}

#[test]
fn every_style_names_its_painting_and_paints() {
    let table = std::fs::read_to_string(folder().join("sources.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
    assert!(rows.len() >= 14);
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = files.filter_map(|file| file.strip_suffix(EXTENSION).map(String::from)).collect();
    found.sort();
    assert_eq!(found, rows.iter().map(|row| row[0]).collect::<Vec<_>>());
    let mut bytes = 0;
    for row in &rows {
        let [name, _, title, author, year, license, address] = row[..] else { panic!("seven columns: {row:?}") };
        let path = folder().join(format!("{name}{EXTENSION}"));
        bytes += std::fs::metadata(&path).unwrap().len();
        let style = file::load(&path).unwrap().generator.generator;
        let card = &style.card;
        let [data] = &card.training_data[..] else { panic!("{name}: one source") };
        assert_eq!((card.title.as_str(), card.license.as_str()), (title, "CC0-1.0"));
        assert_eq!(data.name, format!("{author}, {title} ({year})"));
        assert_eq!((data.source.as_str(), data.license.as_str(), data.sha256.len()), (address, license, 64));
        assert!(card.recipe.ends_with("the file holds its blocks in another order"), "{name}: {}", card.recipe);
        assert!(!style.output.weights.exemplar().unwrap().is_exact(), "{name} is compressed");
        restyle(&style, &Restyle::new(Extent { height: 96, width: 128 })).unwrap().validate().unwrap();
    }
    assert!(bytes <= MOST_BYTES, "{bytes} bytes");
}
