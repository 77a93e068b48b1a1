//! Huffman tables: symbols by the bits of their codes.

/// Tables of DC and AC codes, four each.
#[derive(Default)]
pub struct Tables {
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
}

/// Codes of up to 16 bits. Codes of one length are successive numbers; all are compared with 16 bits of data, the code on top.
pub struct Codes {
    /// Length and symbol of the code in [`SHORT`] bits; the length 0 is a longer code or none.
    short: Vec<(u8, u8)>,
    /// For each length, less 1.
    ranges: [Range; 16],
    symbols: Vec<u8>,
}

/// The codes of one length.
#[derive(Clone, Copy, Default)]
struct Range {
    start: u32,
    end: u32,
    /// Index of the first one's symbol.
    symbol: usize,
}

/// Bits that find short codes at once.
const SHORT: usize = 9;

impl Tables {
    /// Takes the tables of a segment, as far as they are sound.
    pub fn define(&mut self, mut segment: &[u8]) {
        while let Some((&[class_and_place, ref counts @ ..], rest)) = segment.split_first_chunk::<17>() {
            let symbols = counts.iter().map(|count| usize::from(*count)).sum();
            let Some((symbols, rest)) = rest.split_at_checked(symbols) else { return };
            let tables = if class_and_place >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            if let Some(table) = tables.get_mut(usize::from(class_and_place & 15)) {
                *table = Codes::new(counts, symbols);
            }
            segment = rest;
        }
    }

    pub fn dc(&self, place: u8) -> Option<&Codes> {
        self.dc.get(usize::from(place))?.as_ref()
    }

    pub fn ac(&self, place: u8) -> Option<&Codes> {
        self.ac.get(usize::from(place))?.as_ref()
    }
}

impl Codes {
    /// Codes in the order of their lengths: `counts[n]` of `n + 1` bits. `None` if there are more than so many bits can tell.
    fn new(counts: &[u8], symbols: &[u8]) -> Option<Self> {
        let (mut ranges, mut short) = ([Range::default(); 16], Vec::with_capacity(1 << SHORT));
        let (mut start, mut symbol) = (0, 0);
        for ((length, range), &count) in (1..).zip(&mut ranges).zip(counts) {
            let end = start + (u32::from(count) << (16 - length));
            if end > 1 << 16 {
                return None;
            }
            *range = Range { start, end, symbol };
            for found in symbols.iter().skip(symbol).take(usize::from(count)).filter(|_| length <= SHORT) {
                short.resize(short.len() + (1 << (SHORT - length)), (length as u8, *found));
            }
            (start, symbol) = (end, symbol + usize::from(count));
        }
        short.resize(1 << SHORT, (0, 0));
        Some(Self { short, ranges, symbols: symbols.to_vec() })
    }

    /// Length and symbol of the code at the top of `bits`.
    pub fn find(&self, bits: u16) -> Option<(u32, u8)> {
        let (length, symbol) = self.short[usize::from(bits) >> (16 - SHORT)];
        if length > 0 {
            return Some((u32::from(length), symbol));
        }
        let bits = u32::from(bits);
        let (length, range) = (1..).zip(&self.ranges).skip(SHORT).find(|(_, range)| bits < range.end)?;
        let index = range.symbol + ((bits - range.start) >> (16 - length)) as usize;
        Some((length, *self.symbols.get(index)?))
    }
}
