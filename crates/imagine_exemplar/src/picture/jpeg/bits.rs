//! The bits of entropy-coded data, up to the next marker.

use super::huffman::Codes;

/// The first byte of a marker.
pub const PREFIX: u8 = 0xFF;

/// Reads the bits of one interval of a scan after another. `None` means that the interval has no more bits, or a code that its
/// table lacks.
pub struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, the first one on top.
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, buffer: 0, count: 0 }
    }

    /// The symbol of the next code.
    pub fn symbol(&mut self, codes: &Codes) -> Option<u8> {
        self.fill();
        let (length, symbol) = codes.find((self.buffer >> 48) as u16)?;
        self.skip(length)?;
        Some(symbol)
    }

    /// The next `count` bits, at most 16, as a number.
    pub fn take(&mut self, count: u32) -> Option<u32> {
        self.fill();
        let number = self.buffer.checked_shr(64 - count).unwrap_or(0) as u32;
        self.skip(count)?;
        Some(number)
    }

    /// Skips `count` bits, at most 16.
    pub fn skip(&mut self, count: u32) -> Option<()> {
        self.fill();
        self.count = self.count.checked_sub(count)?;
        self.buffer <<= count;
        Some(())
    }

    /// Skips to the data behind the next marker, which must be a restart marker.
    pub fn restart(&mut self) -> Option<()> {
        (self.buffer, self.count) = (0, 0);
        while let Some(pair) = self.bytes.get(self.at..self.at + 2) {
            match pair {
                [PREFIX, 0xD0..=0xD7] => {
                    self.at += 2;
                    return Some(());
                }
                [PREFIX, 0 | PREFIX] => self.at += 1,
                [PREFIX, _] => return None,
                _ => self.at += 1,
            }
        }
        None
    }

    /// The prefix of the marker that ends the scan, or the end of the file.
    pub fn end(mut self) -> usize {
        while self.restart().is_some() {}
        self.at
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..) {
                // A byte of ones is followed by one of zeros; anything else is a marker.
                Some([PREFIX, 0, ..]) => {
                    self.at += 2;
                    PREFIX
                }
                Some([byte, ..]) if *byte != PREFIX => {
                    self.at += 1;
                    *byte
                }
                _ => return,
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }
}
