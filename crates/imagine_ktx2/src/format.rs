//! Texel formats, and how KTX2 describes them (Khronos Data Format Specification 1.3).

/// Texel format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One 8-bit channel of linear data, 0 to 1.
    R8,
    /// Four 8-bit channels of linear data, 0 to 1.
    Rgba8,
    /// 8-bit sRGB colour and linear alpha.
    Rgba8Srgb,
    /// Linear radiance as 16-bit floats; the fourth channel is 1.
    Rgba16Float,
    /// One channel of linear data in blocks of 4x4 texels, half a byte a texel.
    Bc4,
    /// Two channels of linear data in blocks, a byte a texel: x and y of normals.
    Bc5,
    /// Linear radiance in blocks, a byte a texel; not negative.
    Bc6h,
    /// Four channels of linear data in blocks, a byte a texel.
    Bc7,
    /// sRGB colour and linear alpha in blocks, a byte a texel.
    Bc7Srgb,
}

/// The first `VkFormat` in blocks, BC1; all after it are in blocks.
pub(crate) const FIRST_BLOCK_FORMAT: u32 = 131;

/// Colour models.
const RGBSDA: u32 = 1;
const BC4: u32 = 131;
const BC5: u32 = 132;
const BC6H: u32 = 133;
const BC7: u32 = 134;
/// Transfer functions.
const LINEAR: u32 = 1;
const SRGB: u32 = 2;
/// Colour primaries.
const BT709: u32 = 1;
/// Channel of alpha.
const ALPHA: u32 = 15;
/// Qualifiers of a channel.
const DATA_LINEAR: u32 = 0x10;
const DATA_FLOAT: u32 = 0x80;
const DATA_SIGNED_FLOAT: u32 = 0xC0;

impl Format {
    /// Value of Vulkan's `VkFormat`.
    pub(crate) fn vulkan(self) -> u32 {
        match self {
            Format::R8 => 9,
            Format::Rgba8 => 37,
            Format::Rgba8Srgb => 43,
            Format::Rgba16Float => 97,
            Format::Bc4 => 139,
            Format::Bc5 => 141,
            Format::Bc6h => 143,
            Format::Bc7 => 145,
            Format::Bc7Srgb => 146,
        }
    }

    /// Number of channels.
    pub fn channels(self) -> usize {
        match self {
            Format::R8 | Format::Bc4 => 1,
            Format::Bc5 => 2,
            Format::Bc6h => 3,
            _ => 4,
        }
    }

    /// Texels along each side of a block; 1 if texels are stored one by one.
    pub fn block_side(self) -> u32 {
        if self.model() == RGBSDA { 1 } else { 4 }
    }

    /// Bytes of a block.
    pub fn block_bytes(self) -> usize {
        match self {
            Format::R8 => 1,
            Format::Rgba8 | Format::Rgba8Srgb => 4,
            Format::Rgba16Float | Format::Bc4 => 8,
            Format::Bc5 | Format::Bc6h | Format::Bc7 | Format::Bc7Srgb => 16,
        }
    }

    /// Bytes that a big-endian machine would swap together.
    pub(crate) fn type_size(self) -> usize {
        if self == Format::Rgba16Float { 2 } else { 1 }
    }

    fn model(self) -> u32 {
        match self {
            Format::R8 | Format::Rgba8 | Format::Rgba8Srgb | Format::Rgba16Float => RGBSDA,
            Format::Bc4 => BC4,
            Format::Bc5 => BC5,
            Format::Bc6h => BC6H,
            Format::Bc7 | Format::Bc7Srgb => BC7,
        }
    }

    fn is_srgb(self) -> bool {
        matches!(self, Format::Rgba8Srgb | Format::Bc7Srgb)
    }

    /// Data format descriptor: one basic block of version 2.
    pub(crate) fn descriptor(self) -> Vec<u8> {
        let samples = self.samples();
        let transfer = if self.is_srgb() { SRGB } else { LINEAR };
        let block_bytes = 24 + 16 * samples.len() as u32;
        let mut words = vec![4 + block_bytes, 0, 2 | block_bytes << 16];
        words.push(self.model() | BT709 << 8 | transfer << 16);
        // Sides of a block less one; all its bytes in plane 0.
        let side = self.block_side() - 1;
        words.extend([side | side << 8, self.block_bytes() as u32, 0]);
        words.extend(samples.into_iter().flatten());
        words.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    /// Sample descriptions: bit offset, length and meaning; position; range.
    fn samples(self) -> Vec<[u32; 4]> {
        let sample = |offset: u32, bits: u32, meaning: u32, [low, high]: [u32; 2]| {
            [offset | ((bits - 1) << 16) | (meaning << 24), 0, low, high]
        };
        let whole = [0, u32::MAX];
        match self {
            Format::Bc4 => vec![sample(0, 64, 0, whole)],
            Format::Bc5 => vec![sample(0, 64, 0, whole), sample(64, 64, 1, whole)],
            Format::Bc6h => vec![sample(0, 128, DATA_FLOAT, [0, 1.0f32.to_bits()])],
            Format::Bc7 | Format::Bc7Srgb => vec![sample(0, 128, 0, whole)],
            Format::R8 | Format::Rgba8 | Format::Rgba8Srgb | Format::Rgba16Float => {
                let bits = 8 * self.type_size() as u32;
                let channel = |channel: u32| {
                    let is_alpha = channel == 3;
                    let mut meaning = if is_alpha { ALPHA } else { channel };
                    if is_alpha && self == Format::Rgba8Srgb {
                        meaning |= DATA_LINEAR;
                    }
                    let range = match self {
                        Format::Rgba16Float => [(-1.0f32).to_bits(), 1.0f32.to_bits()],
                        _ => [0, 255],
                    };
                    if self == Format::Rgba16Float {
                        meaning |= DATA_SIGNED_FLOAT;
                    }
                    sample(channel * bits, bits, meaning, range)
                };
                (0..self.channels() as u32).map(channel).collect()
            }
        }
    }
}
