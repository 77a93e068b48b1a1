//! The networks in this crate: SESR with 16 channels and 5 blocks.

use std::sync::Arc;

use imagine_graph::file::{self, LoadedGenerator};

/// Factor, file name and bytes of each.
const FILES: [(usize, &str, &[u8]); 2] = [
    (2, "sesr_small_x2.generator.safetensors", include_bytes!("sesr_small_x2.generator.safetensors")),
    (4, "sesr_small_x4.generator.safetensors", include_bytes!("sesr_small_x4.generator.safetensors")),
];

/// The network for `factor`, if there is one.
pub fn load(factor: usize) -> Option<Arc<LoadedGenerator>> {
    let (_, name, bytes) = FILES.iter().find(|(known, ..)| *known == factor)?;
    Some(Arc::new(file::from_bytes(name, bytes).expect("a shipped file can be read")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upscale::Upscaler;

    #[test]
    fn every_network_enlarges_by_its_factor_and_has_a_card() {
        for factor in Upscaler::FACTORS {
            let upscaler = Upscaler::small(factor).unwrap();
            assert_eq!(upscaler.factor(), factor);
            let card = &upscaler.generator().generator.generator.card;
            assert!(!card.title.is_empty() && !card.license.is_empty() && !card.training_data.is_empty(), "{card:?}");
        }
        assert!(load(3).is_none());
    }
}
