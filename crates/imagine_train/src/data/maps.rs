//! The maps of a PBR folder that networks are trained on, and how their samples are read. `imagine_exemplar` finds them.

use imagine_exemplar::folder::{MapFile, MapFiles};
use imagine_exemplar::same_proportions;
use imagine_graph::OutputKind;

use super::planes::Samples;

/// The maps, in the order of their channels.
const MAPS: [(OutputKind, Samples); 6] = [
    (OutputKind::BaseColor, Samples::Color),
    (OutputKind::Normal, Samples::Normal),
    (OutputKind::Roughness, Samples::Value),
    (OutputKind::Height, Samples::Value),
    (OutputKind::Occlusion, Samples::Value),
    (OutputKind::Metallic, Samples::Value),
];

/// Those maps of a set that networks are trained on, colour first, and how their samples are read.
pub(crate) fn trained_maps(found: &MapFiles) -> Vec<(Samples, MapFile)> {
    let map = |(kind, samples): &(OutputKind, Samples)| {
        found.maps.iter().find(|map| map.kind == *kind).map(|map| (*samples, map.clone()))
    };
    MAPS.iter().filter_map(map).collect()
}

/// A set without the maps that no network is trained on.
pub fn only_trained(found: MapFiles) -> MapFiles {
    found.only(&MAPS.map(|(kind, _)| kind))
}

/// The size to which maps of sizes `[width, height]` are scaled: the smallest. Fails with the index of a map of other proportions
/// than the first, the colour map.
pub(crate) fn common_size(sizes: &[[u32; 2]]) -> Result<[u32; 2], usize> {
    match sizes.iter().position(|size| !same_proportions(*size, sizes[0])) {
        Some(index) => Err(index),
        None => Ok(sizes.iter().copied().min().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_of_one_shape_take_the_smallest_size() {
        assert_eq!(common_size(&[[128, 64], [128, 64]]), Ok([128, 64]));
        assert_eq!(common_size(&[[128, 64], [512, 256], [32, 16]]), Ok([32, 16]));
        assert_eq!(common_size(&[[1000, 333], [500, 167]]), Ok([500, 167]));
        assert_eq!(common_size(&[[128, 128], [128, 128], [64, 32]]), Err(2));
        assert_eq!(common_size(&[[96, 64], [64, 64]]), Err(1));
    }
}
