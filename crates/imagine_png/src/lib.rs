//! PNG files of generated pictures: 8-bit pixels, the XMP property that says what made them (IPTC's digital source type), and a text of the caller's that says how to make them again.
//!
//! No date, no path and no host: equal pictures and texts give equal bytes.

use std::io::Cursor;

/// Keyword of the chunk that holds the recipe.
const KEYWORD: &str = "imagine";
/// Keyword that the XMP specification prescribes.
const XMP_KEYWORD: &str = "XML:com.adobe.xmp";
/// Says what made the picture, in IPTC's vocabulary; SOURCE stands for the term.
const XMP: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/SOURCE"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"#;
/// Most bytes of a recipe that are read: pictures come from strangers.
pub const MAX_RECIPE_BYTES: usize = 1 << 20;

/// Pixels as they stand in a PNG file.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Channels, 1 to 4.
    pub channels: usize,
    /// Whether it is a colour with the sRGB curve, and not data.
    pub is_srgb: bool,
    /// Rows from the top, channels interleaved.
    pub bytes: Vec<u8>,
}

/// What made a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A network with trained weights.
    TrainedNetwork,
    /// A formula that somebody wrote down, without any training.
    Formula,
}

impl Source {
    /// The term of IPTC's vocabulary.
    fn term(self) -> &'static str {
        match self {
            Source::TrainedNetwork => "trainedAlgorithmicMedia",
            Source::Formula => "algorithmicMedia",
        }
    }
}

/// Why a PNG file has no recipe that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No PNG file, a damaged one, or one whose texts are too large.
    #[error("not a PNG file that can be read: {0}")]
    Png(#[from] png::DecodingError),
    /// A PNG file without a recipe.
    #[error("no `imagine` recipe in it: not made by this program, or stripped")]
    Missing,
    /// More than one recipe.
    #[error("more than one `imagine` recipe in it")]
    Several,
    /// A compressed recipe.
    #[error("its recipe is compressed; this program writes none so")]
    Compressed,
}

/// The XMP packet that says what made a picture, for files of other kinds.
pub fn xmp(source: Source) -> String {
    XMP.replace("SOURCE", source.term())
}

/// The bytes of a PNG file. Equal pictures and recipes give equal bytes.
pub fn encode(picture: &Picture, source: Source, recipe: &str) -> Result<Vec<u8>, png::EncodingError> {
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
    encoder.add_itxt_chunk(XMP_KEYWORD.into(), xmp(source))?;
    encoder.add_itxt_chunk(KEYWORD.into(), recipe.into())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.bytes)?;
    writer.finish()?;
    Ok(bytes)
}

/// The recipe in the bytes of a PNG file. Decodes no pixels.
pub fn recipe(bytes: &[u8]) -> Result<String, ReadError> {
    let limits = png::Limits { bytes: 4 * MAX_RECIPE_BYTES };
    let reader = png::Decoder::new_with_limits(Cursor::new(bytes), limits).read_info()?;
    let mut chunks = reader.info().utf8_text.iter().filter(|chunk| chunk.keyword == KEYWORD);
    let chunk = chunks.next().ok_or(ReadError::Missing)?;
    if chunks.next().is_some() {
        return Err(ReadError::Several);
    }
    if chunk.compressed {
        return Err(ReadError::Compressed);
    }
    Ok(chunk.get_text()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(recipe: &str) -> Vec<u8> {
        let picture = Picture { width: 2, height: 1, channels: 3, is_srgb: true, bytes: vec![0, 1, 2, 3, 4, 255] };
        encode(&picture, Source::TrainedNetwork, recipe).unwrap()
    }

    #[test]
    fn pixels_recipe_and_marking_come_back() {
        let bytes = file("ton é: 0.5");
        assert_eq!(recipe(&bytes).unwrap(), "ton é: 0.5");
        assert_eq!(bytes, file("ton é: 0.5"));
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
        let bytes = file("seed 7");
        for end in 0..bytes.len() {
            let _ = recipe(&bytes[..end]);
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x55;
            let _ = recipe(&flipped);
        }
        assert!(recipe(b"no picture").unwrap_err().to_string().contains("not a PNG file"));
        assert!(matches!(recipe(&file(&"x".repeat(8 * MAX_RECIPE_BYTES))), Err(ReadError::Png(_))));
    }
}
