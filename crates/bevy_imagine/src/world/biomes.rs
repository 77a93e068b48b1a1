//! Biomes: sets of control values, or layers of a material, mixed by weights that vary from place to place.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bevy::math::DVec2;
use bevy::prelude::*;
use imagine_graph::{Fields, GraphInput, InputKind, RequestError, Tensor, WorldPoint, choice_weights};
use noise::{Fbm, MultiFractal, NoiseFn, OpenSimplex};

use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::request::Control;

/// Most octaves of a noise; finer ones are smaller than any texel.
const MAX_OCTAVES: u32 = 16;

/// Writes the weight of each biome at a place.
type Weights = dyn Fn(DVec2, &mut [f32]) + Send + Sync;

/// Sets of control values, or layers, and their weights at every place.
#[derive(Clone)]
pub struct Biomes {
    biomes: Vec<BTreeMap<String, Control>>,
    /// The layers of the biomes after the first, whose layer is the ground; empty if biomes are no layers.
    layers: Vec<String>,
    weights: Arc<Weights>,
}

/// Next to [`WorldPatches`](crate::WorldPatches): the controls of the patches vary over the world.
#[derive(Component, Clone, Debug)]
pub struct WorldBiomes(pub Biomes);

/// Smooth fractal noise over the plane, by the `noise` crate; the same on every machine.
#[derive(Reflect, Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[reflect(Default, Clone, PartialEq)]
#[serde(default)]
pub struct FractalNoise {
    /// Selects one of many noises. Default 0.
    pub seed: u32,
    /// Size of the largest features in world units, above 0. Default 100.
    pub size: f64,
    /// Octaves, 1 to 16; each halves the feature size. Default 4.
    pub octaves: u32,
    /// Amplitude of each octave relative to the one before. Default 0.5.
    pub persistence: f64,
}

/// Weights of biomes by climate: two noises give temperature and moisture, and each biome has a preferred climate.
#[derive(Reflect, Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[reflect(Default, Clone, PartialEq)]
#[serde(default)]
pub struct ClimateNoise {
    /// Temperature, about -1 to 1.
    pub temperature: FractalNoise,
    /// Moisture, about -1 to 1.
    pub moisture: FractalNoise,
    /// Preferred temperature and moisture of each biome, in the order of the biomes.
    pub climates: Vec<[f32; 2]>,
    /// Sharpness of the borders: 1 mixes biomes everywhere, 100 gives thin borders. Default 20.
    pub sharpness: f32,
}

/// Control values by name, as [`Biomes`], [`WorldPatches`](crate::WorldPatches) and [`Synthesis`](crate::Synthesis) take them.
///
/// ```
/// let rock = bevy_imagine::controls([("coat", 0.1), ("ridges", 1.0)]);
/// assert_eq!(rock["ridges"], bevy_imagine::Control::Number(1.0));
/// ```
pub fn controls<'a>(values: impl IntoIterator<Item = (&'a str, impl Into<Control>)>) -> BTreeMap<String, Control> {
    values.into_iter().map(|(name, value)| (name.to_string(), value.into())).collect()
}

impl Default for FractalNoise {
    fn default() -> Self {
        Self { seed: 0, size: 100.0, octaves: 4, persistence: 0.5 }
    }
}

impl Default for ClimateNoise {
    fn default() -> Self {
        let moisture = FractalNoise { seed: 1, ..FractalNoise::default() };
        Self { temperature: FractalNoise::default(), moisture, climates: Vec::new(), sharpness: 20.0 }
    }
}

impl FractalNoise {
    /// The noise as a function of a place in world units, -1 to 1 with mean 0. Call it once: it builds tables.
    pub fn function(self) -> impl Fn(DVec2) -> f64 + Send + Sync + Clone + 'static {
        let octaves = self.octaves.clamp(1, MAX_OCTAVES) as usize;
        let noise = Fbm::<OpenSimplex>::new(self.seed).set_octaves(octaves).set_persistence(self.persistence);
        let scale = if self.size > 0.0 { self.size.recip() } else { 0.0 };
        move |place| noise.get((place * scale).to_array())
    }
}

impl ClimateNoise {
    /// The weights as a function. Call it once: it builds tables.
    pub fn function(self) -> impl Fn(DVec2, &mut [f32]) + Send + Sync + 'static {
        let (temperature, moisture) = (self.temperature.function(), self.moisture.function());
        move |place, weights| {
            let here = Vec2::new(temperature(place) as f32, moisture(place) as f32);
            for (index, weight) in weights.iter_mut().enumerate() {
                let distance =
                    self.climates.get(index).map_or(f32::MAX, |climate| here.distance_squared(Vec2::from(*climate)));
                // The bound keeps weights above 0 however far away every climate is.
                *weight = (-self.sharpness * distance).max(-80.0).exp();
            }
        }
    }
}

impl Biomes {
    /// Biomes with these control values; a missing control takes the generator's default.
    ///
    /// `weights` writes a weight of 0 or more for each biome; weights need not add up to 1. Places are x, z in world units.
    /// The function has to be pure, and is called on background threads.
    pub fn new(
        biomes: Vec<BTreeMap<String, Control>>,
        weights: impl Fn(DVec2, &mut [f32]) + Send + Sync + 'static,
    ) -> Self {
        Self { biomes, layers: Vec::new(), weights: Arc::new(weights) }
    }

    /// Each biome is a layer of the generator ([`MaterialLayers`](crate::MaterialLayers) or a `*.layers.ron` file): the first is the lowest
    /// layer, the others are `layers`, by name and from the lowest up. Layers that are not named lie as their own masks say.
    ///
    /// Where one biome has all the weight, its layer covers everything; where two meet, their heights decide, as the layer's
    /// `contrast` and `width` say. A layer's mask multiplies its weight.
    ///
    /// ```
    /// use bevy_imagine::{Biomes, ClimateNoise};
    ///
    /// let climate = ClimateNoise { climates: vec![[0.2, 0.5], [0.6, -0.5], [-0.6, 0.0]], ..ClimateNoise::default() };
    /// let biomes = Biomes::of_layers(["sand", "snow"], climate.function());
    /// ```
    pub fn of_layers(
        layers: impl IntoIterator<Item = impl Into<String>>,
        weights: impl Fn(DVec2, &mut [f32]) + Send + Sync + 'static,
    ) -> Self {
        let layers: Vec<String> = layers.into_iter().map(Into::into).collect();
        Self { biomes: vec![BTreeMap::new(); layers.len() + 1], layers, weights: Arc::new(weights) }
    }

    /// Sets control values of one biome, by its number from 0; without effect if there is no such biome. A layer's controls begin with its name: where
    /// biome 2 is `snow`, `snow.snow` at -1 is old snow.
    pub fn with_controls(mut self, biome: usize, controls: BTreeMap<String, Control>) -> Self {
        if let Some(values) = self.biomes.get_mut(biome) {
            values.extend(controls);
        }
        self
    }

    /// Biomes weighted by climate.
    pub fn by_climate(biomes: Vec<BTreeMap<String, Control>>, climate: ClimateNoise) -> Self {
        Self::new(biomes, climate.function())
    }

    /// Normalised weights of the biomes at a place: they add up to 1.
    pub fn shares(&self, place: DVec2, shares: &mut [f32]) {
        (self.weights)(place, shares);
        let valid = |share: f32| if share.is_finite() { share.max(0.0) } else { 0.0 };
        let sum: f32 = shares.iter().map(|share| valid(*share)).sum();
        for (index, share) in shares.iter_mut().enumerate() {
            *share = if sum > 0.0 { valid(*share) / sum } else { f32::from(u8::from(index == 0)) };
        }
    }

    /// Fields for a [`WorldPatch`](crate::WorldPatch) of `generator` whose texels are `texel` world units wide.
    pub fn fields(&self, generator: &Generator, texel: f64) -> Result<Fields, SynthesisError> {
        let fail = |error| SynthesisError::Request { generator: generator.name().into(), error };
        let inputs = generator.network().inputs();
        let mut names: Vec<&String> = self.biomes.iter().flat_map(BTreeMap::keys).collect();
        names.sort();
        names.dedup();
        let mut values: Vec<Vec<f32>> = vec![Vec::new(); self.biomes.len()];
        for name in &names {
            let input = inputs.iter().find(|input| input.name == **name);
            let known = || inputs.iter().map(|input| input.name.clone()).collect();
            let input =
                input.ok_or_else(|| fail(RequestError::UnknownInput { name: name.to_string(), known: known() }))?;
            for (biome, values) in self.biomes.iter().zip(&mut values) {
                values.extend(numbers(input, biome.get(*name)).map_err(fail)?);
            }
        }
        let biomes = self.clone();
        let amounts = self.layers.iter().map(|layer| format!("{layer}.amount"));
        let inputs: Vec<String> = names.into_iter().cloned().chain(amounts).collect();
        Ok(Fields::new(inputs, move |WorldPoint { x, y }, mixed| {
            let mut shares = vec![0.0; biomes.biomes.len()];
            biomes.shares(DVec2::new(x, y) * texel, &mut shares);
            mixed.fill(0.0);
            for (share, values) in shares.iter().zip(&values) {
                mixed.iter_mut().zip(values).for_each(|(mixed, value)| *mixed += share * value);
            }
            let first = mixed.len() - biomes.layers.len();
            cover(&shares, &mut mixed[first..]);
        }))
    }
}

impl fmt::Debug for Biomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Biomes").field("biomes", &self.biomes).finish_non_exhaustive()
    }
}

/// How much each layer after the first covers of what lies below it, so that each shows with its share.
fn cover(shares: &[f32], amounts: &mut [f32]) {
    let mut below = shares.first().copied().unwrap_or(1.0);
    for (amount, share) in amounts.iter_mut().zip(shares.iter().skip(1)) {
        below += share;
        *amount = if below > 0.0 { share / below } else { 0.0 };
    }
}

/// The value of a control, one number for each channel of its input.
fn numbers(input: &GraphInput, control: Option<&Control>) -> Result<Vec<f32>, RequestError> {
    let given = control.map(|control| control.tensor(input)).transpose()?;
    let values = given.as_ref().and_then(Tensor::as_f32);
    let wrong = |expected: &str| RequestError::Value {
        name: input.name.clone(),
        expected: expected.into(),
        found: format!("{control:?}"),
    };
    match (&input.kind, values) {
        (InputKind::Range { default, .. }, None) => Ok(vec![*default]),
        (InputKind::Range { .. }, Some(&[number])) => Ok(vec![number]),
        (InputKind::Color { default }, None) => Ok(default.to_vec()),
        (InputKind::Color { .. }, Some(color @ [_, _, _])) => Ok(color.to_vec()),
        (InputKind::Choice { options, default }, _) => {
            choice_weights(options, *default, given.as_ref()).map_err(|expected| wrong(&expected))
        }
        (InputKind::Mask, None) => Ok(vec![1.0]),
        (InputKind::Mask, Some(&[share])) => Ok(vec![share]),
        (kind, _) => Err(wrong(&format!("a value for a {}", kind.name()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imagine_graph::{DType, Dim};

    #[test]
    fn shares_are_normalised_and_invalid_weights_count_as_0() {
        let shares = |weights: [f32; 3]| {
            let biomes =
                Biomes::new(vec![BTreeMap::new(); 3], move |_: DVec2, out: &mut [f32]| out.copy_from_slice(&weights));
            let mut found = [0.0; 3];
            biomes.shares(DVec2::ZERO, &mut found);
            found
        };
        assert_eq!(shares([1.0, 3.0, 0.0]), [0.25, 0.75, 0.0]);
        assert_eq!(shares([-1.0, 2.0, f32::NAN]), [0.0, 1.0, 0.0]);
        assert_eq!(shares([0.0; 3]), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn climate_selects_biomes() {
        let climates = vec![[-0.3, 0.0], [0.3, 0.0]];
        let climate = ClimateNoise { climates, sharpness: 60.0, ..ClimateNoise::default() };
        let biomes = Biomes::by_climate(vec![BTreeMap::new(); 2], climate);
        let (mut cold, mut warm) = (0, 0);
        for i in 0..2_000 {
            let place = DVec2::new(f64::from(i) * 7.3, f64::from(i % 40) * 31.0);
            let mut shares = [0.0; 2];
            biomes.shares(place, &mut shares);
            cold += usize::from(shares[0] > 0.9);
            warm += usize::from(shares[1] > 0.9);
        }
        assert!(cold > 100 && warm > 100, "{cold} cold, {warm} warm");
    }

    #[test]
    fn biomes_become_fields() {
        let generator = Generator::from(crate::generators::load("noise_material").unwrap());
        let controls = |coat: f32| {
            BTreeMap::from([("coat".into(), Control::Number(coat)), ("coat_color".into(), Color::WHITE.into())])
        };
        let half = |_: DVec2, out: &mut [f32]| out.fill(1.0);
        let fields = Biomes::new(vec![controls(0.2), controls(0.6)], half).fields(&generator, 1.0).unwrap();
        assert_eq!(fields.inputs(), ["coat", "coat_color"]);
        let unknown = BTreeMap::from([("coats".into(), Control::Number(1.0))]);
        let error = Biomes::new(vec![unknown], half).fields(&generator, 1.0).unwrap_err().to_string();
        assert!(error.contains("coats"), "{error}");
        let wrong = BTreeMap::from([("coat".into(), Control::from(Color::WHITE))]);
        assert!(Biomes::new(vec![wrong], half).fields(&generator, 1.0).is_err());
    }

    #[test]
    fn layers_cover_by_their_shares() {
        let shares = [0.2, 0.3, 0.1, 0.4];
        let mut amounts = [0.0; 3];
        cover(&shares, &mut amounts);
        let mut shown = vec![1.0];
        for amount in amounts {
            shown.iter_mut().for_each(|share| *share *= 1.0 - amount);
            shown.push(amount);
        }
        assert!(shown.iter().zip(shares).all(|(shown, share)| (shown - share).abs() < 1e-6), "{shown:?}");
        cover(&[0.0, 0.0, 1.0, 0.0], &mut amounts);
        assert_eq!(amounts, [0.0, 1.0, 0.0]);
    }

    #[test]
    fn a_biome_can_mix_options() {
        let options = ["moss", "rock", "sand"].map(String::from).to_vec();
        let input = GraphInput {
            name: "kind".into(),
            kind: InputKind::Choice { options, default: 2 },
            dtype: DType::F32,
            shape: vec![Dim::Fixed(1), Dim::Fixed(3)],
        };
        let shares = |text: &str| numbers(&input, Some(&Control::from(text)));
        assert_eq!(numbers(&input, None).unwrap(), [0.0, 0.0, 1.0]);
        assert_eq!(shares("rock").unwrap(), [0.0, 1.0, 0.0]);
        assert_eq!(shares("moss=1,rock=3").unwrap(), [0.25, 0.75, 0.0]);
        assert!(shares("moss=1,snow=1").is_err());
        assert!(shares("moss=-1,rock=3").is_err());
    }
}
