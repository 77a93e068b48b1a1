//! Whether a JPEG file is whole. Decoders fill what is missing with grey and say nothing.

const PREFIX: u8 = 0xFF;
const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;

/// Whether the file has an end-of-image marker after its scans. Follows the segments (ITU-T T.81, annex B), so that the marker of a
/// thumbnail inside the EXIF data does not count.
pub fn is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            END_OF_IMAGE => return true,
            // Markers without a segment: TEM, RST0 to RST7, SOI.
            0x01 | 0xD0..=0xD8 => {}
            _ => {
                let Some(length) = bytes.get(at..at + 2) else { return false };
                at += usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
                if marker == START_OF_SCAN {
                    skip_scan(bytes, &mut at);
                }
            }
        }
    }
    false
}

/// The next marker; `at` is then the byte after it.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        let pair = bytes.get(*at..*at + 2)?;
        *at += 1;
        if pair[0] == PREFIX && pair[1] != PREFIX && pair[1] != 0 {
            *at += 1;
            return Some(pair[1]);
        }
    }
}

/// Skips entropy-coded data: `at` is then the prefix of the marker that ends it, or the end of the file.
fn skip_scan(bytes: &[u8], at: &mut usize) {
    while let Some(pair) = bytes.get(*at..*at + 2) {
        let is_marker = pair[0] == PREFIX && !matches!(pair[1], 0 | PREFIX | 0xD0..=0xD7);
        if is_marker {
            return;
        }
        *at += 1;
    }
}
