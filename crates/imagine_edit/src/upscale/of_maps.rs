//! A generator that enlarges the pictures that it is given.

use imagine_graph::file::LoadedGenerator;
use imagine_graph::generators::Formula;
use imagine_graph::{Card, Dim, Extent, Generator, GraphInput, OutputKind, Ratio, SizeRule, Symbol};

use super::stage::Maps;
use super::{UpscaleError, Upscaler};
use crate::maps::{check_maps, input};
use crate::network::{WRAPPED_SIDE, larger_than};

impl Upscaler {
    /// A generator that enlarges a picture (`[OutputKind::BaseColor]`), a sprite (and `Alpha`) or a material. Sizes are those of the result.
    ///
    /// Inputs are named [`input_name("image", kind)`](crate::input_name): base colour and emissive in sRGB, normals as in a file, 0 to 1; outputs
    /// after the maps. If it `wraps`, pictures continue at the opposite border, and the result tiles as they do.
    ///
    /// # Errors
    /// No maps, others than those of a material, or one twice; a network that cannot wrap.
    pub fn of_maps(&self, maps: &[OutputKind], wraps: bool) -> Result<LoadedGenerator, UpscaleError> {
        check_maps(maps)?;
        let f = of_maps(maps, self.factor(), &[], |f, values| self.enlarged(f, values, wraps))?;
        let side = Extent::splat(self.factor());
        let size = SizeRule { multiple: side, min: side, tiles: wraps };
        let size = if wraps { larger_than(size, WRAPPED_SIDE * self.factor()) } else { size };
        let own = &self.generator().generator.generator.card;
        let card = Card { metrics: Default::default(), ..own.clone() };
        let generator = Generator { output: f.graph, recurrence: None, size, card };
        self.loaded(generator, "maps", &what(maps, wraps), Vec::new())
    }
}

/// A graph with inputs for `maps`, whose sides are `factor` times smaller than those of the result, and with `controls`; `stage` makes its
/// outputs of them.
pub(crate) fn of_maps<E>(
    maps: &[OutputKind],
    factor: usize,
    controls: &[GraphInput],
    stage: impl FnOnce(&mut Formula, &Maps) -> Result<Maps, E>,
) -> Result<Formula, E> {
    let mut f = Formula::new();
    f.part("maps");
    let part = Ratio::new(1, factor);
    let sides = [Dim::Symbol(Symbol::Height(part)), Dim::Symbol(Symbol::Width(part))];
    let mut values = Maps::new();
    for kind in maps {
        let value = input(&mut f, "image", *kind, sides);
        let value = if *kind == OutputKind::Normal { f.scaled(&value, 2.0, -1.0) } else { value };
        values.insert(*kind, value);
    }
    f.graph.inputs.extend(controls.iter().cloned());
    let made = stage(&mut f, &values)?;
    f.part("result");
    for (kind, value) in &made {
        f.output(value, *kind);
    }
    Ok(f)
}

/// What tells generators of maps apart.
pub(crate) fn what(maps: &[OutputKind], wraps: bool) -> String {
    let names: Vec<&str> = maps.iter().map(|kind| kind.name()).collect();
    format!("{} {wraps}", names.join(" "))
}
