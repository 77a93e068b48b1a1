//! The merged generator: instances of the layers' generators, blended from the lowest up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::blend;
use super::check::names;
use super::error::{LayerFault, LayersError};
use super::instance::{Instance, Source};
use super::mask::Masks;
use super::recipe::{Layer, Mask, MaterialLayers};
use super::surface::{Channels, Surface};
use crate::file::{self, LoadedGenerator};
use crate::formulas::Formula;
use crate::generator::{Card, Generator, SizeRule};
use crate::graph::{Graph, OutputKind};
use crate::tensor::axis::checked_lcm;
use crate::tensor::{Axis, Extent};

/// Maximum multiple of a size rule.
const MAX_MULTIPLE: usize = 16_384;

impl<G> MaterialLayers<G> {
    /// The same layers with the generators that `find` gives for theirs.
    pub fn try_map<H, E>(self, mut find: impl FnMut(G) -> Result<H, E>) -> Result<MaterialLayers<H>, E> {
        let mut layers = Vec::with_capacity(self.layers.len());
        for mut layer in self.layers {
            let generator = layer.generator.take().map(&mut find).transpose()?;
            layers.push(layer.with_generator(generator));
        }
        Ok(MaterialLayers { layers })
    }
}

impl MaterialLayers<Arc<LoadedGenerator>> {
    /// One generator of all layers, called `name`. Its hash follows from those of the layers' generators and from every field.
    ///
    /// Each layer but the lowest has the control `LAYER.amount`; controls of its generator are `LAYER.CONTROL`.
    pub fn merge(&self, name: &str) -> Result<LoadedGenerator, LayersError> {
        let names = names(self, |loaded| Some(loaded.name.clone()))?;
        let mut merger = Merger::new(self, &names);
        for (index, layer) in self.layers.iter().enumerate() {
            merger.add(index, layer).map_err(|fault| fail(index, &names, fault))?;
        }
        let generator =
            Generator { output: merger.finish(), recurrence: None, size: self.size(&names)?, card: self.card() };
        let generator = generator.validate()?;
        let parts = self.layers.iter().filter_map(|layer| layer.generator.clone()).collect();
        let layers = Some(Arc::new(self.clone()));
        Ok(LoadedGenerator { generator, hash: self.hash(&names), name: name.into(), parts, layers })
    }

    /// Sizes that every generator and every noise can make.
    fn size(&self, names: &[String]) -> Result<SizeRule, LayersError> {
        let (mut multiple, mut min, mut tiles) = (Extent::splat(1), Extent::splat(1), true);
        for (index, layer) in self.layers.iter().enumerate() {
            let own = layer.generator.as_ref().map(|loaded| sizes(loaded, layer.shrink));
            let own = own.unwrap_or(SizeRule { tiles: true, ..SizeRule::default() });
            tiles &= own.tiles;
            let noise = noise_size(&layer.mask);
            let joined = |axis: Axis| {
                let wanted = checked_lcm(own.multiple[axis].max(1), noise);
                wanted.and_then(|wanted| checked_lcm(multiple[axis], wanted)).unwrap_or(usize::MAX)
            };
            multiple = Extent::from_fn(joined);
            min = Extent::from_fn(|axis| min[axis].max(own.min[axis]));
            let found = multiple.height.max(multiple.width);
            if found > MAX_MULTIPLE {
                return Err(fail(index, names, LayerFault::Size { found, limit: MAX_MULTIPLE }));
            }
        }
        let min = Extent::from_fn(|axis| min[axis].next_multiple_of(multiple[axis]).min(MAX_MULTIPLE));
        Ok(SizeRule { multiple, min, tiles })
    }

    /// Every layer's card in one.
    fn card(&self) -> Card {
        let cards: Vec<&Card> = self.layers.iter().filter_map(|l| l.generator.as_ref()).map(card_of).collect();
        let mut training_data = Vec::new();
        for source in cards.iter().flat_map(|card| &card.training_data) {
            if !training_data.contains(source) {
                training_data.push(source.clone());
            }
        }
        let distinct = |part: fn(&Card) -> &String| -> Vec<&str> {
            let mut found: Vec<&str> = Vec::new();
            for text in cards.iter().map(|card| part(card).as_str()).filter(|text| !text.is_empty()) {
                if !found.contains(&text) {
                    found.push(text);
                }
            }
            found
        };
        let licenses = distinct(|card| &card.license);
        let wrapped = |license: &&str| if license.contains(' ') { format!("({license})") } else { license.to_string() };
        Card {
            title: distinct(|card| &card.title).join(", "),
            license: match licenses.as_slice() {
                [one] => one.to_string(),
                all => all.iter().map(wrapped).collect::<Vec<_>>().join(" AND "),
            },
            training_data,
            recipe: format!("layers, the lowest first: {}", distinct(|card| &card.recipe).join("; ")),
            metrics: BTreeMap::new(),
            date: distinct(|card| &card.date).into_iter().max().unwrap_or_default().into(),
            // The lowest layer gives the scale.
            texels_per_metre: self.texel_density(),
        }
    }

    /// Texels per metre of the lowest layer whose generator has a scale.
    fn texel_density(&self) -> Option<f32> {
        self.layers.iter().find_map(|layer| {
            let loaded = layer.generator.as_ref()?;
            let halvings = loaded.generator.generator.most_halvings().unwrap_or(0).min(layer.shrink as usize);
            Some(card_of(loaded).texel_density()? / (1_u32 << halvings) as f32)
        })
    }

    /// SHA-256 of the layers as JSON, with all names, and with hashes in place of generators.
    fn hash(&self, names: &[String]) -> String {
        #[derive(Serialize)]
        struct Hashed {
            layers: Vec<Layer<String>>,
        }
        let hash = |layer: &Layer<Arc<LoadedGenerator>>| layer.generator.as_ref().map(|loaded| loaded.hash.clone());
        let named = |(layer, name): (&Layer<Arc<LoadedGenerator>>, &String)| Layer {
            name: name.clone(),
            ..layer.with_generator(hash(layer))
        };
        let layers = self.layers.iter().zip(names).map(named);
        let text = serde_json::to_string(&Hashed { layers: layers.collect() }).expect("texts and numbers serialise");
        file::hash(format!("imagine layers 1\n{text}").as_bytes())
    }
}

fn fail(index: usize, names: &[String], fault: LayerFault) -> LayersError {
    LayersError::Layer { number: index + 1, name: names[index].clone(), fault: Box::new(fault) }
}

fn card_of(loaded: &Arc<LoadedGenerator>) -> &Card {
    &loaded.generator.generator.card
}

/// Sizes that a layer of `loaded` can have.
fn sizes(loaded: &LoadedGenerator, shrink: u32) -> SizeRule {
    let generator = &loaded.generator.generator;
    let halvings = generator.most_halvings().unwrap_or(0).min(shrink as usize);
    generator.size.halved(halvings)
}

/// The multiple that the noises of a mask need.
fn noise_size(mask: &Mask) -> usize {
    match mask {
        Mask::Noise { size, .. } => *size,
        Mask::Not(mask) => noise_size(mask),
        // Powers of two.
        Mask::Product(masks) | Mask::Sum(masks) => masks.iter().map(noise_size).max().unwrap_or(1),
        _ => 1,
    }
}

/// The graph so far, and the surface of the layers in it.
struct Merger<'a> {
    f: Formula,
    names: &'a [String],
    channels: Channels,
    instances: Vec<Instance>,
    below: Option<Surface>,
    /// Maps that some layer so far makes.
    known: BTreeSet<OutputKind>,
    noises: u32,
}

impl<'a> Merger<'a> {
    fn new(layers: &MaterialLayers<Arc<LoadedGenerator>>, names: &'a [String]) -> Self {
        let outputs = layers.layers.iter().filter_map(|layer| layer.generator.as_ref());
        let outputs = outputs.flat_map(|loaded| &loaded.generator.generator.output.outputs);
        let kinds: BTreeSet<OutputKind> = outputs.map(|output| output.kind).collect();
        let channels = Channels::new(OutputKind::MAPS.into_iter().filter(|kind| kinds.contains(kind)));
        let (instances, known) = (Vec::new(), BTreeSet::new());
        Self { f: Formula::new(), names, channels, instances, below: None, known, noises: 0 }
    }

    fn add(&mut self, index: usize, layer: &Layer<Arc<LoadedGenerator>>) -> Result<(), LayerFault> {
        let instance = layer.generator.as_ref().map(|loaded| self.instance(index, layer, loaded)).transpose()?;
        self.f.part(&format!("{}/maps", self.names[index]));
        let surface = match (&instance, &self.below) {
            (Some(instance), _) => Surface::of(&mut self.f, &self.channels, instance),
            (None, Some(below)) => below.clone(),
            (None, None) => return Err(LayerFault::NoGround),
        };
        let above = blend::adjusted(&mut self.f, &self.channels, layer, surface);
        let covered = match self.below.take() {
            None => above,
            Some(below) => self.cover(index, layer, &above, &below)?,
        };
        self.below = Some(covered);
        self.known.extend(instance.iter().flat_map(|instance| instance.maps.keys()));
        Ok(())
    }

    /// `above`, the maps of layer `index`, over what lies below.
    fn cover(
        &mut self,
        index: usize,
        layer: &Layer<Arc<LoadedGenerator>>,
        above: &Surface,
        below: &Surface,
    ) -> Result<Surface, LayerFault> {
        let name = &self.names[index];
        self.f.part(&format!("{name}/mask"));
        let amount = self.f.range(&format!("{name}.amount"), [0.0, 1.0], layer.amount);
        let (known, noises) = (&self.known, &mut self.noises);
        let mut masks = Masks { f: &mut self.f, channels: &self.channels, below, known, noises };
        let mask = masks.value(&layer.mask)?;
        let mask = self.f.mul(&mask, &amount);
        self.f.part(&format!("{name}/blend"));
        let weight = blend::weight(&mut self.f, &self.channels, layer, &mask, [above, below]);
        Ok(blend::blended(&mut self.f, &self.channels, layer, &weight, [above, below]))
    }

    /// The instance of a layer's generator; one that an equal layer has already.
    fn instance(
        &mut self,
        index: usize,
        layer: &Layer<Arc<LoadedGenerator>>,
        loaded: &LoadedGenerator,
    ) -> Result<Instance, LayerFault> {
        let seed = layer.seed.unwrap_or(index as u32);
        let (hash, shrink) = (loaded.hash.clone(), layer.shrink);
        let source = Source { hash, controls: layer.controls.clone(), seed, shrink };
        if let Some(equal) = self.instances.iter().find(|instance| instance.source == source) {
            return Ok(equal.clone());
        }
        let instance = Instance::add(&mut self.f.graph, &self.names[index], loaded, source)?;
        self.instances.push(instance.clone());
        Ok(instance)
    }

    fn finish(mut self) -> Graph {
        self.f.part("layers");
        if let Some(surface) = self.below {
            surface.outputs(&mut self.f, &self.channels);
        }
        self.f.graph
    }
}
