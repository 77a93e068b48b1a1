//! PNG files with provenance: the XMP property that says a trained network made the picture, and the recipe.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, ensure};

use crate::picture::Picture;
use crate::recipe::{self, Recipe};

/// Keyword of the chunk that holds the recipe.
const KEYWORD: &str = "imagine";
/// Keyword that the XMP specification prescribes.
const XMP_KEYWORD: &str = "XML:com.adobe.xmp";
/// Marks the picture as made by a trained network, in IPTC's vocabulary.
const XMP: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"#;
/// Largest picture that a recipe is read from.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// The bytes of a PNG file. Equal pictures and recipes give equal bytes.
pub fn encode(picture: &Picture, recipe: &Recipe) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width, picture.height);
    encoder.set_color(match picture.channels {
        1 => png::ColorType::Grayscale,
        2 => png::ColorType::GrayscaleAlpha,
        3 => png::ColorType::Rgb,
        _ => png::ColorType::Rgba,
    });
    encoder.set_depth(png::BitDepth::Eight);
    if picture.is_srgb {
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    }
    encoder.add_itxt_chunk(XMP_KEYWORD.into(), XMP.into())?;
    encoder.add_itxt_chunk(KEYWORD.into(), recipe.to_text())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.bytes)?;
    writer.finish()?;
    Ok(bytes)
}

/// The recipe in the PNG file at `path`.
pub fn read_recipe(path: &Path) -> anyhow::Result<Recipe> {
    read(path).with_context(|| path.display().to_string())
}

fn read(path: &Path) -> anyhow::Result<Recipe> {
    let metadata = std::fs::metadata(path)?;
    ensure!(metadata.is_file(), "not a file");
    ensure!(metadata.len() <= MAX_FILE_BYTES, "larger than {MAX_FILE_BYTES} bytes");
    recipe_of(&std::fs::read(path)?)
}

/// The recipe in the bytes of a PNG file. Decodes no pixels.
fn recipe_of(bytes: &[u8]) -> anyhow::Result<Recipe> {
    let limits = png::Limits { bytes: 4 * recipe::MAX_BYTES };
    let decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    let reader = decoder.read_info().context("not a PNG file that can be read")?;
    let mut chunks = reader.info().utf8_text.iter().filter(|chunk| chunk.keyword == KEYWORD);
    let chunk = chunks.next().context("no `imagine` recipe in it: not made by this program, or stripped")?;
    ensure!(chunks.next().is_none(), "more than one `imagine` recipe in it");
    ensure!(!chunk.compressed, "its recipe is compressed; this program writes none so");
    Recipe::from_text(&chunk.get_text()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn recipe() -> Recipe {
        Recipe {
            generator_sha256: "0123456789abcdef".repeat(4),
            output: "base_color".into(),
            seed: u64::MAX,
            size: "2x1".into(),
            steps: 7,
            controls: BTreeMap::from([("wear".into(), "0.5".into()), ("ton é".into(), "#ff0000".into())]),
            images: BTreeMap::new(),
            executor: "cpu".into(),
            version: "1.2.3".into(),
        }
    }

    fn file(recipe: &Recipe) -> Vec<u8> {
        let picture = Picture { width: 2, height: 1, channels: 3, is_srgb: true, bytes: vec![0, 1, 2, 3, 4, 255] };
        encode(&picture, recipe).unwrap()
    }

    #[test]
    fn recipe_and_marking_come_back() {
        let bytes = file(&recipe());
        assert_eq!(recipe_of(&bytes).unwrap(), recipe());
        assert_eq!(bytes, file(&recipe()));
        let mut reader = png::Decoder::new(Cursor::new(&bytes)).read_info().unwrap();
        let xmp = &reader.info().utf8_text.iter().find(|chunk| chunk.keyword == XMP_KEYWORD).unwrap();
        assert!(xmp.get_text().unwrap().contains("digitalsourcetype/trainedAlgorithmicMedia"));
        assert!(reader.info().srgb.is_some());
        let mut pixels = vec![0; 6];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [0, 1, 2, 3, 4, 255]);
    }

    #[test]
    fn strangers_pictures_are_refused_with_a_reason() {
        let bytes = file(&recipe());
        for end in 0..bytes.len() {
            let _ = recipe_of(&bytes[..end]);
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x55;
            let _ = recipe_of(&flipped);
        }
        assert!(recipe_of(b"no picture").unwrap_err().to_string().contains("not a PNG file"));
        let wrong = |change: fn(&mut Recipe), part: &str| {
            let mut recipe = recipe();
            change(&mut recipe);
            let message = format!("{:#}", recipe_of(&file(&recipe)).unwrap_err());
            assert!(message.contains(part), "{message}");
        };
        wrong(|r| r.size = "99999999x9".into(), "size");
        wrong(|r| r.executor = "abacus".into(), "executor");
        wrong(|r| r.generator_sha256 = "../../x".into(), "SHA-256");
        wrong(|r| r.output = "x".repeat(recipe::MAX_BYTES), "larger");
    }
}
