//! A generator that enlarges the pictures that it is given.

use imagine_graph::file::LoadedGenerator;
use imagine_graph::generators::Formula;
use imagine_graph::{Card, Dim, Extent, Generator, OutputKind, Ratio, SizeRule, Symbol};

use super::network::{WRAPPED_SIDE, larger_than};
use super::stage::Maps;
use super::{UpscaleError, Upscaler};
use crate::maps::{check_maps, input};

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
        let mut f = Formula::new();
        f.part("maps");
        let part = Ratio::new(1, self.factor());
        let sides = [Dim::Symbol(Symbol::Height(part)), Dim::Symbol(Symbol::Width(part))];
        let mut values = Maps::new();
        for kind in maps {
            let value = input(&mut f, "image", *kind, sides);
            let value = if *kind == OutputKind::Normal { f.scaled(&value, 2.0, -1.0) } else { value };
            values.insert(*kind, value);
        }
        let larger = self.enlarged(&mut f, &values, wraps)?;
        f.part("result");
        for (kind, value) in &larger {
            f.output(value, *kind);
        }
        let side = Extent::splat(self.factor());
        let size = SizeRule { multiple: side, min: side, tiles: wraps };
        let size = if wraps { larger_than(size, WRAPPED_SIDE * self.factor()) } else { size };
        let own = &self.generator().generator.generator.card;
        let card = Card { metrics: Default::default(), ..own.clone() };
        let generator = Generator { output: f.graph, recurrence: None, size, card };
        let names: Vec<&str> = maps.iter().map(|kind| kind.name()).collect();
        self.loaded(generator, "maps", &format!("{} {wraps}", names.join(" ")), Vec::new())
    }
}
