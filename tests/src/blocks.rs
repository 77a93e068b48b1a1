//! What block-compressed textures show, through a decoder that is not ours.

use imagine_wgpu::texture_io::Blocks;

/// Four channels, 0 to 255.
pub type Texel = [u8; 4];

/// The texels that a GPU shows; channels that the format lacks are 0, alpha 255.
pub fn decoded(what: Blocks, [width, height]: [u32; 2], blocks: &[u8]) -> Vec<Texel> {
    let [width, height] = [width as usize, height as usize];
    let mut texels = vec![[0, 0, 0, 255]; width * height];
    for (index, block) in blocks.chunks(what.bytes() as usize).enumerate() {
        let (column, row) = (index % width.div_ceil(4), index / width.div_ceil(4));
        let mut all = [[0; 4]; 16];
        match what {
            Blocks::Color { .. } | Blocks::Packed => bcdec_rs::bc7(block, all.as_flattened_mut(), 16),
            Blocks::Normal | Blocks::Pair => {
                let mut pairs = [[0; 2]; 16];
                bcdec_rs::bc5(block, pairs.as_flattened_mut(), 8, false);
                all = pairs.map(|[red, green]| [red, green, 0, 255]);
            }
            Blocks::Single => {
                let mut reds = [0; 16];
                bcdec_rs::bc4(block, &mut reds, 4, false);
                all = reds.map(|red| [red, 0, 0, 255]);
            }
        }
        for (i, texel) in all.into_iter().enumerate() {
            let (x, y) = (column * 4 + i % 4, row * 4 + i / 4);
            if x < width && y < height {
                texels[y * width + x] = texel;
            }
        }
    }
    texels
}

/// Decibels over the first `channels` channels.
pub fn psnr(a: &[Texel], b: &[Texel], channels: usize) -> f64 {
    let squares = |(a, b): (&Texel, &Texel)| (0..channels).map(|c| f64::from(a[c].abs_diff(b[c])).powi(2)).sum::<f64>();
    let mean = a.iter().zip(b).map(squares).sum::<f64>() / (a.len() * channels) as f64;
    10.0 * (255.0f64.powi(2) / mean).log10()
}
