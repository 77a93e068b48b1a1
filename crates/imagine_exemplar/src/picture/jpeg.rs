//! Whether a JPEG file is whole (ITU-T T.81). Decoders fill what is missing with grey and say nothing, so the file is read here
//! once more: its segments, and of every scan each block's codes, without any arithmetic on pixels.

mod bits;
mod frame;
mod huffman;
mod scan;

use std::ops::RangeInclusive;

use bits::{Bits, PREFIX};
use frame::Frame;
use huffman::Tables;

const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const HUFFMAN_TABLES: u8 = 0xC4;
const RESTART_INTERVAL: u8 = 0xDD;
/// Baseline, extended sequential and progressive DCT with Huffman codes. Decoders refuse all other kinds.
const FRAMES: RangeInclusive<u8> = 0xC0..=0xC2;
/// Most scans that are read: decoders refuse more.
const MAX_SCANS: usize = 100;

/// Whether the file has an end-of-image marker after its scans, and the scans have every block of the picture. Follows the
/// segments, so that the marker of a thumbnail inside the EXIF data does not count. Of what decoders refuse, only the markers
/// are followed.
pub fn is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    let mut tables = Tables::default();
    let mut frame: Option<Frame> = None;
    let (mut interval, mut scans) = (0, 0);
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            END_OF_IMAGE => return frame.is_none_or(|frame| frame.is_complete()),
            // Markers without a segment: TEM, RST0 to RST7, SOI.
            0x01 | 0xD0..=0xD8 => continue,
            _ => {}
        }
        let Some(length) = bytes.get(at..at + 2) else { return false };
        let end = at + usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
        let Some(segment) = bytes.get(at + 2..end) else { return false };
        at = end;
        match marker {
            HUFFMAN_TABLES => tables.define(segment),
            RESTART_INTERVAL => interval = segment.get(..2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]])),
            marker if FRAMES.contains(&marker) => frame = Frame::read(segment, marker == 0xC2),
            START_OF_SCAN => {
                let mut bits = Bits::new(bytes, at);
                scans += 1;
                let frame = frame.as_mut().filter(|_| scans <= MAX_SCANS);
                let scan = frame.and_then(|frame| frame.scan(segment, &tables, usize::from(interval)));
                if scan.is_some_and(|mut scan| scan.read(&mut bits).is_none()) {
                    return false;
                }
                at = bits.end();
            }
            _ => {}
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
