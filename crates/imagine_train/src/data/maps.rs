//! The maps of a PBR folder that networks are trained on, and how their samples are read. `imagine_exemplar` finds them.

use imagine_exemplar::folder::{MapFile, MapFiles};
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
