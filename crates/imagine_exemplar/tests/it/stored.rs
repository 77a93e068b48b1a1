//! Generators by example in files: to the bit, rearranged and compressed.

use imagine_exemplar::{CompressError, Compression, Exemplar, ExemplarOptions, Maps, compress};
use imagine_graph::file::{self, Fault, WeightFormat};
use imagine_graph::{Card, Generator, OutputKind, TEXELS};

use crate::drawn::pebbles;

/// Pebbles as grey colour and height, by example.
fn exemplar() -> Exemplar {
    let maps = pebbles(128);
    let channel = |k: usize| maps.texels().iter().skip(k).step_by(2).copied().collect::<Vec<u8>>();
    let color = image::RgbImage::from_fn(128, 128, |x, y| {
        let grey = channel(0)[(y * 128 + x) as usize];
        image::Rgb([grey, grey / 2, 255 - grey])
    });
    let height = image::GrayImage::from_raw(128, 128, channel(1)).unwrap();
    let pictures = [(OutputKind::BaseColor, color.into()), (OutputKind::Height, height.into())];
    Exemplar::from_maps(&pictures, &ExemplarOptions { tiles: Some(true), ..ExemplarOptions::default() }).unwrap()
}

fn bytes(generator: &Generator) -> Vec<u8> {
    file::write(generator, WeightFormat::F32).unwrap()
}

#[test]
fn a_file_holds_the_exemplar_and_its_weights_are_computed_when_it_is_loaded() {
    let made = exemplar().generator(Card::default(), |_| {}).unwrap();
    let written = bytes(&made.generator);
    // 4 bytes a texel to the bit, against 4 of texels and about 10 of appearance and tables.
    assert!(written.len() < 128 * 128 * 5, "{}", written.len());
    let read = file::read(&written).unwrap();
    assert!(read == made.generator && read.output.weights.len() > 8);
    assert_eq!(bytes(&read), written);
}

#[test]
fn a_weight_that_changes_is_written_itself() {
    let mut generator = exemplar().generator(Card::default(), |_| {}).unwrap().generator;
    let before = bytes(&generator).len();
    let texels = generator.output.weights[TEXELS].clone();
    generator.output.weights.insert(TEXELS.into(), texels);
    assert!(generator.output.weights.exemplar().is_none());
    let written = bytes(&generator);
    assert!(written.len() > 2 * before);
    assert_eq!(file::read(&written).unwrap(), generator);
}

#[test]
fn compressed_texels_are_near_and_small() {
    let made = exemplar().generator(Card::default(), |_| {}).unwrap();
    let mut worse = 0.0;
    for bits in [4.0, 6.0, 9.0] {
        let mut made = made.clone();
        let Compression { bytes: size, bits: found, psnr, .. } = made.compress(bits).unwrap();
        assert!(found <= bits && found > 0.8 * bits, "{found} of {bits} bits");
        assert!(psnr > worse + 1.0 && psnr > 25.0, "{psnr} dB at {bits} bits");
        worse = psnr;
        let written = bytes(&made.generator);
        // Besides the texels: nodes, card, and guides of four levels.
        assert!(written.len() < size + 32_000, "{} of {size}", written.len());
        let read = file::read(&written).unwrap();
        assert_eq!(read, made.generator);
        assert_eq!(read.output.weights.exemplar().unwrap().maps(), &made.maps);
        assert_eq!(read.card.metrics["texel_psnr"], made.generator.card.metrics["texel_psnr"]);
    }
}

#[test]
fn a_rearrangement_has_the_same_texels_in_other_places() {
    let exemplar = exemplar();
    let made = exemplar.generator(Card::default(), |_| {}).unwrap();
    let other = exemplar.rearranged(&made, Card::default()).unwrap();
    assert_ne!(other.maps, made.maps);
    let texels = |maps: &Maps| maps.texels().chunks(4).map(<[u8]>::to_vec).collect::<std::collections::BTreeSet<_>>();
    assert!(texels(&other.maps).is_subset(&texels(&made.maps)));
    assert!(other.generator.card.recipe.ends_with("; the file holds a rearrangement of it"));
    assert!(file::read(&bytes(&other.generator)).is_ok());
}

#[test]
fn what_cannot_be_compressed_is_refused() {
    let mut generator = exemplar().generator(Card::default(), |_| {}).unwrap().generator;
    assert_eq!(compress(&mut generator, 0.1).unwrap_err(), CompressError::Bits(0.1));
    let small = compress(&mut generator, 0.5).unwrap_err();
    assert_eq!(small, CompressError::Small { height: 128, width: 128, bits: 0.5 });
    let mut noise = imagine_graph::generators::noise_material();
    assert_eq!(compress(&mut noise, 4.0).unwrap_err(), CompressError::NoExemplar);
}

/// Where the stream of texels lies in a file: `{"exemplar":{..,"data_offsets":[from,to]}}` after the header.
fn stream(file: &[u8]) -> std::ops::Range<usize> {
    let header = u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
    let text = String::from_utf8_lossy(&file[8..8 + header]);
    let entry = text.split_once("\"exemplar\":").unwrap().1;
    let offsets = entry.split_once("\"data_offsets\":[").unwrap().1.split_once(']').unwrap().0;
    let (from, to) = offsets.split_once(',').unwrap();
    let at = |offset: &str| 8 + header + offset.parse::<usize>().unwrap();
    at(from)..at(to)
}

#[test]
fn damaged_exemplars_are_refused_by_name() {
    let made = exemplar().generator(Card::default(), |_| {}).unwrap();
    let written = bytes(&made.generator);
    let fault = |bytes: &[u8]| file::read(bytes).unwrap_err().to_string();
    let stream = stream(&written);
    let mut other = written.clone();
    // Its first byte is the version.
    other[stream.start] = 2;
    assert_eq!(
        fault(&other),
        "tensor \"exemplar\": version 2 is not supported, only 1; a newer version of bevy_imagine may read it"
    );
    other.copy_from_slice(&written);
    other[stream.start + stream.len() / 2..stream.end].fill(0x55);
    assert!(file::read(&other).is_err_and(|error| matches!(error.fault, Fault::Exemplar(_) | Fault::Invalid(_))));
}
