//! XMP packets: IPTC's digital source type and, for formats without a text of our own, the recipe.

use crate::{MAX_RECIPE_BYTES, ReadError, Source};

/// XMP packet; SOURCE is replaced by a term of IPTC's vocabulary, RECIPE by the property with the recipe.
const XMP: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"RECIPE
    Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/SOURCE"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"#;
/// Declaration and beginning of the property with the recipe; its value follows in quotes.
const PROPERTY: &str = "\n    xmlns:imagine=\"urn:x-imagine:1.0/\"\n    imagine:Recipe=\"";
/// Characters that stand for themselves nowhere in an attribute, and what stands for them.
const ESCAPES: [(char, &str); 6] =
    [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\n', "&#10;"), ('\r', "&#13;")];

/// The XMP packet for `source`.
pub fn xmp(source: Source) -> String {
    XMP.replace("RECIPE", "").replace("SOURCE", source.term())
}

/// The XMP packet for `source` with a recipe in it.
pub fn xmp_with_recipe(source: Source, recipe: &str) -> String {
    let escaped: String = recipe
        .chars()
        .map(|character| match ESCAPES.iter().find(|(special, _)| *special == character) {
            Some((_, escape)) => String::from(*escape),
            None => character.into(),
        })
        .collect();
    // The source first: a recipe may contain any word.
    XMP.replace("SOURCE", source.term()).replacen("RECIPE", &format!("{PROPERTY}{escaped}\""), 1)
}

/// The recipe in an XMP packet that [`xmp_with_recipe`] wrote.
pub fn recipe_in_xmp(packet: &[u8]) -> Result<String, ReadError> {
    if packet.len() > 8 * MAX_RECIPE_BYTES {
        return Err(ReadError::Long);
    }
    let text = String::from_utf8_lossy(packet);
    let (_, rest) = text.split_once("imagine:Recipe=\"").ok_or(ReadError::Missing)?;
    let (escaped, _) = rest.split_once('"').ok_or(ReadError::Missing)?;
    let mut recipe = String::new();
    let mut rest = escaped;
    while let Some(at) = rest.find('&') {
        recipe += &rest[..at];
        rest = &rest[at..];
        let known = ESCAPES.iter().find(|(_, escape)| rest.starts_with(escape));
        let (character, length) = known.map_or(('&', 1), |(character, escape)| (*character, escape.len()));
        recipe.push(character);
        rest = &rest[length..];
    }
    recipe += rest;
    if recipe.len() > MAX_RECIPE_BYTES { Err(ReadError::Long) } else { Ok(recipe) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_survive_in_a_packet() {
        for recipe in ["", "{\"seed\":7}", "a & b < c > \"d\" &amp; SOURCE RECIPE ton é\r\n\t'"] {
            let packet = xmp_with_recipe(Source::Formula, recipe);
            assert_eq!(recipe_in_xmp(packet.as_bytes()).unwrap(), recipe);
            assert!(packet.contains("digitalsourcetype/algorithmicMedia\""), "{packet}");
        }
        assert!(xmp(Source::Exemplar).contains("digitalsourcetype/composite\""));
        assert!(!xmp(Source::TrainedNetwork).contains("RECIPE"));
        assert!(xmp(Source::TrainedNetwork).contains("2008-02-29/\"\n    Iptc4xmpExt:Digital"));
    }

    #[test]
    fn packets_of_others_hold_no_recipe() {
        for packet in ["", "imagine:Recipe=\"", "imagine:Recipe=", xmp(Source::Formula).as_str()] {
            assert!(matches!(recipe_in_xmp(packet.as_bytes()), Err(ReadError::Missing)), "{packet}");
        }
        assert_eq!(recipe_in_xmp(b"imagine:Recipe=\"&x;&\"").unwrap(), "&x;&");
    }
}
