//! Checks of layers before any graph is built: counts, names and ranges. They bound what hostile files can ask for.

use super::error::{LayerFault, LayersError};
use super::recipe::{Layer, MAX_LAYERS, Mask, MaterialLayers};

/// Maximum number of terms of a mask.
const MAX_TERMS: usize = 32;
/// Maximum characters of a layer's name.
const MAX_NAME: usize = 40;
/// Minimum radius of `Mask::Cavity`, in texels.
pub(super) const MIN_RADIUS: f32 = 0.5;
/// Maximum of a layer's halvings.
pub(super) const MAX_SHRINK: u32 = 10;
/// Maximum seed of a layer.
pub(super) const MAX_SEED: u32 = 10_000;

type Found = Result<(), LayerFault>;

/// Names of the layers: their own, or those of their generators. `generator` gives the name of a layer's generator.
pub(super) fn names<G>(
    layers: &MaterialLayers<G>,
    generator: impl Fn(&G) -> Option<String>,
) -> Result<Vec<String>, LayersError> {
    let count = layers.layers.len();
    if !(1..=MAX_LAYERS).contains(&count) {
        return Err(LayersError::Count(count));
    }
    let mut names: Vec<String> = Vec::new();
    for (index, layer) in layers.layers.iter().enumerate() {
        let fail =
            |name: &str, fault| LayersError::Layer { number: index + 1, name: name.into(), fault: Box::new(fault) };
        let name = match layer.name.as_str() {
            "" => free_name(layer.generator.as_ref().and_then(&generator), index, layers, &names),
            name => name.to_string(),
        };
        check_name(&name).map_err(|fault| fail(&name.chars().take(MAX_NAME).collect::<String>(), fault))?;
        if let Some(other) = names.iter().position(|known| *known == name) {
            return Err(fail(&name, LayerFault::SameName { other: other + 1 }));
        }
        check(layer, index).map_err(|fault| fail(&name, fault))?;
        names.push(name);
    }
    Ok(names)
}

/// A name that no other layer has, from that of the generator.
fn free_name<G>(generator: Option<String>, index: usize, layers: &MaterialLayers<G>, names: &[String]) -> String {
    let number = format!("layer_{}", index + 1);
    let plain: String =
        generator.unwrap_or_default().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let plain: String =
        plain.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).chars().take(MAX_NAME - 2).collect();
    let is_taken = |name: &str| names.iter().any(|known| known == name) || layers.layers.iter().any(|l| l.name == name);
    let numbered = format!("{plain}_{}", index + 1);
    let choices = [plain.clone(), numbered, number.clone()];
    choices.into_iter().find(|name| !plain.is_empty() && !is_taken(name)).unwrap_or(number)
}

fn check_name(name: &str) -> Found {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= MAX_NAME
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fits { Ok(()) } else { Err(LayerFault::Name) }
}

fn check<G>(layer: &Layer<G>, index: usize) -> Found {
    match &layer.generator {
        None if index == 0 => return Err(LayerFault::NoGround),
        None if !layer.controls.is_empty() => return Err(LayerFault::ControlsOfNothing),
        None if layer.shrink > 0 => return Err(LayerFault::NotByExample { generator: "nothing".into() }),
        _ => {}
    }
    if let Some(seed) = layer.seed.filter(|seed| *seed > MAX_SEED) {
        return Err(LayerFault::Value { what: "seed", found: seed.to_string(), expected: "0 to 10000" });
    }
    require(layer.shrink <= MAX_SHRINK, "shrink", layer.shrink.to_string(), "0 to 10")?;
    within("amount", layer.amount, 0.0, 1.0, "0 to 1")?;
    within("contrast", layer.contrast, 0.0, 1.0, "0 to 1")?;
    within("width", layer.width, 0.001, 1.0, "0.001 to 1")?;
    within("follow", layer.follow, 0.0, 1.0, "0 to 1")?;
    within("thickness", layer.thickness, -64.0, 64.0, "-64 to 64")?;
    within("relief", layer.relief, 0.0, 4.0, "0 to 4")?;
    layer.tint.iter().try_for_each(|factor| within("tint", *factor, 0.0, 4.0, "0 to 4"))?;
    let replaced = [("roughness", layer.roughness), ("metallic", layer.metallic), ("height", layer.height)];
    for (what, value) in replaced {
        value.map_or(Ok(()), |value| within(what, value, 0.0, 1.0, "0 to 1"))?;
    }
    let mut terms = 0;
    check_mask(&layer.mask, &mut terms)?;
    if terms > MAX_TERMS { Err(LayerFault::Terms { found: terms, limit: MAX_TERMS }) } else { Ok(()) }
}

/// RON nests at most 128 deep, and so does this function.
fn check_mask(mask: &Mask, terms: &mut usize) -> Found {
    *terms += 1;
    match mask {
        Mask::Everywhere => Ok(()),
        Mask::Amount(amount) => within("Amount", *amount, 0.0, 1.0, "0 to 1"),
        Mask::Height { from, to } => ramp(*from, *to, 1.0, "from and to of Height"),
        Mask::Slope { from, to } => ramp(*from, *to, 90.0, "from and to of Slope"),
        Mask::Occlusion { from, to } => ramp(*from, *to, 1.0, "from and to of Occlusion"),
        Mask::Cavity { radius, from, to } => {
            within("radius of Cavity", *radius, MIN_RADIUS, 32.0, "0.5 to 32 texels")?;
            ramp(*from, *to, 1.0, "from and to of Cavity")
        }
        Mask::Facing { direction, radius, from, to } => {
            within("radius of Facing", *radius, 0.0, 32.0, "0 to 32 texels")?;
            let length: f32 = direction.iter().map(|v| v * v).sum();
            within("squared length of the direction of Facing", length, 1e-6, 1e6, "above 0")?;
            ramp(*from, *to, 1.0, "from and to of Facing")
        }
        Mask::Noise { size, octaves, from, to } => {
            let expected = "a power of two from 2 to 256";
            require(size.is_power_of_two() && (2..=256).contains(size), "size of Noise", size.to_string(), expected)?;
            require((1..=8).contains(octaves), "octaves of Noise", octaves.to_string(), "1 to 8")?;
            ramp(*from, *to, 1.0, "from and to of Noise")
        }
        Mask::Input(name) => require(
            check_name(name).is_ok(),
            "name of Input",
            format!("{name:?}"),
            "a letter, then letters, digits and _",
        ),
        Mask::Not(mask) => check_mask(mask, terms),
        Mask::Product(masks) | Mask::Sum(masks) => {
            require(!masks.is_empty(), "number of masks", "0".into(), "1 or more")?;
            masks.iter().try_for_each(|mask| check_mask(mask, terms))
        }
    }
}

/// Both ends lie within twice the range of what is measured, and differ.
fn ramp(from: f32, to: f32, most: f32, what: &'static str) -> Found {
    let sound = [from, to].iter().all(|end| end.abs() <= 2.0 * most) && (from - to).abs() >= 1e-4 * most;
    require(sound, what, format!("{from} and {to}"), "two different numbers within the range of what is measured")
}

fn within(what: &'static str, value: f32, low: f32, high: f32, expected: &'static str) -> Found {
    require((low..=high).contains(&value), what, value.to_string(), expected)
}

fn require(sound: bool, what: &'static str, found: String, expected: &'static str) -> Found {
    if sound { Ok(()) } else { Err(LayerFault::Value { what, found, expected }) }
}
