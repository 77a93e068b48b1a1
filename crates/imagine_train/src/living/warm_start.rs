//! Warm starts from an automaton that was trained before: its sizes, and its weights with the channels reordered for another
//! texture's maps.

use std::collections::BTreeMap;

use imagine_graph::{Generator, Graph, Op, OutputKind, Tensor};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::networks::{Automaton, TRAINABLE, VisibleMap};

/// Fixed filters per channel.
const FILTERS: usize = 4;

impl Automaton {
    /// The automaton of a generator file; the error says what differs.
    pub fn of(generator: &Generator) -> Result<Self, String> {
        let recurrence = generator.recurrence.as_ref().ok_or("it is not recurrent, so it is not a living texture")?;
        let step = &recurrence.step;
        let shape = |name: &str| step.weights.get(name).map(|weight| weight.shape.as_slice());
        let Some(&[channels, hidden, 1, 1]) = shape("w2.weight") else {
            return Err("it has no weight \"w2.weight\" of shape [channels, hidden, 1, 1]".into());
        };
        let number = |name: &str| match step.weights.get(name).and_then(Tensor::as_f32) {
            Some(&[value]) => Ok(value),
            _ => Err(format!("it has no number {name:?}")),
        };
        let noise = recurrence.init.nodes.iter().find_map(|node| match &node.op {
            Op::RandomUniform(random) => Some(random.high),
            _ => None,
        });
        let rates = step.weights.get("rate").and_then(Tensor::as_f32).unwrap_or_default();
        let automaton = Self {
            channels,
            hidden,
            bound: number("bound")?,
            rate: *rates.first().ok_or("it has no number \"rate\"")?,
            rest: number("fire_threshold")?,
            noise: noise.ok_or("its first state is not uniform noise")?,
            grain: rates.iter().rev().take_while(|rate| **rate == 0.0).count().min(channels),
        };
        let expected = automaton.step_graph(&mut StdRng::seed_from_u64(0));
        if step.nodes != expected.nodes || step.inputs != expected.inputs {
            return Err("its step differs from the automata trained here".into());
        }
        let odd = expected.weights.iter().find(|(name, weight)| match step.weights.get(name) {
            Some(found) if TRAINABLE.contains(&name.as_str()) => found.tensor_type() != weight.tensor_type(),
            found => found != Some(weight),
        });
        match odd {
            Some((name, _)) => Err(format!("its weight {name:?} differs from the automata trained here")),
            None => Ok(automaton),
        }
    }

    /// The trained weights of `generator`, which is this automaton, for a texture with `maps`. A channel that both textures
    /// show keeps its map; the others follow in order.
    pub(super) fn warm_start(&self, generator: &Generator, maps: &[VisibleMap]) -> BTreeMap<String, Tensor> {
        let Some(recurrence) = &generator.recurrence else { return BTreeMap::new() };
        let sources = self.sources(&visible_channels(&generator.output), maps);
        let permuted = |(name, weight): (&String, &Tensor)| {
            let values = weight.as_f32().unwrap_or_default();
            let values = match name.as_str() {
                "w1.weight" => (0..values.len())
                    .map(|at| {
                        let (row, column) = (at / (FILTERS * self.channels), at % (FILTERS * self.channels));
                        let source = sources[column / FILTERS] * FILTERS + column % FILTERS;
                        values[row * FILTERS * self.channels + source]
                    })
                    .collect(),
                "w2.weight" => sources
                    .iter()
                    .flat_map(|source| values[source * self.hidden..(source + 1) * self.hidden].to_vec())
                    .collect(),
                _ => values.to_vec(),
            };
            (name.clone(), Tensor::f32(weight.shape.clone(), values))
        };
        let trained = recurrence.step.weights.iter().filter(|(name, _)| TRAINABLE.contains(&name.as_str()));
        trained.map(permuted).collect()
    }

    /// For each channel, its source channel.
    fn sources(&self, before: &BTreeMap<(OutputKind, usize), usize>, maps: &[VisibleMap]) -> Vec<usize> {
        let wanted = maps.iter().flat_map(|map| (0..map.channels).map(|index| (map.kind, index)));
        let mut sources: Vec<Option<usize>> = wanted.map(|part| before.get(&part).copied()).collect();
        let moving = self.channels - self.grain;
        sources.resize(moving, None);
        sources.extend((moving..self.channels).map(Some));
        let mut taken = vec![false; self.channels];
        for source in &mut sources {
            match *source {
                Some(channel) if channel < self.channels && !taken[channel] => taken[channel] = true,
                _ => *source = None,
            }
        }
        let mut free = (0..self.channels).filter(|channel| !taken[*channel]).collect::<Vec<_>>().into_iter();
        sources
            .into_iter()
            .map(|source| source.unwrap_or_else(|| free.next().expect("each free channel has a source")))
            .collect()
    }
}

/// The state's channel for each channel of each map that is not constant.
fn visible_channels(output: &Graph) -> BTreeMap<(OutputKind, usize), usize> {
    let mut channels = BTreeMap::new();
    for map in &output.outputs {
        let slice = output.nodes.iter().find(|node| node.name == format!("{}.channels", map.name));
        let scale = output.weights.get(&format!("{}.std", map.name)).and_then(Tensor::as_f32).unwrap_or_default();
        let (Some(Op::Slice(slice)), true) = (slice.map(|node| &node.op), scale.iter().any(|scale| *scale != 0.0))
        else {
            continue;
        };
        if let (&[first], &[end]) = (slice.starts.as_slice(), slice.ends.as_slice()) {
            let range = first.max(0) as usize..end.max(0) as usize;
            channels.extend(range.enumerate().map(|(index, channel)| ((map.kind, index), channel)));
        }
    }
    channels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maps(kinds: &[OutputKind]) -> Vec<VisibleMap> {
        let map = |kind: &OutputKind| {
            let channels = if *kind == OutputKind::BaseColor { 3 } else { 1 };
            VisibleMap { kind: *kind, channels, mean: vec![0.5; channels], std: vec![0.2; channels] }
        };
        kinds.iter().map(map).collect()
    }

    #[test]
    fn channels_follow_their_maps() {
        use OutputKind::{BaseColor, Height, Metallic, Occlusion, Roughness};
        let automaton = Automaton { channels: 8, hidden: 4, rate: 0.25, ..Automaton::default() };
        let mut rng = StdRng::seed_from_u64(1);
        let mut before = automaton.generator(&maps(&[BaseColor, Roughness, Height]), 9, &mut rng);
        let step = &mut before.recurrence.as_mut().unwrap().step;
        step.weight("w2.weight", Tensor::f32([8, 4, 1, 1], (0..32).map(|at| (at / 4) as f32).collect::<Vec<_>>()));
        step.weight("w1.weight", Tensor::f32([4, 32, 1, 1], (0..128).map(|at| (at % 32) as f32).collect::<Vec<_>>()));
        assert_eq!(Automaton::of(&before).unwrap(), automaton);
        let mut constant = maps(&[Metallic]);
        (constant[0].channels, constant[0].std) = (0, vec![0.0]);
        let asked: Vec<_> = maps(&[BaseColor, Height, Occlusion]).into_iter().chain(constant).collect();
        let weights = automaton.warm_start(&before, &asked);
        let rows: Vec<f32> = weights["w2.weight"].as_f32().unwrap().iter().step_by(4).copied().collect();
        // Height was channel 4; the first free channel was the roughness's.
        assert_eq!(rows, [0.0, 1.0, 2.0, 4.0, 3.0, 5.0, 6.0, 7.0]);
        let columns = &weights["w1.weight"].as_f32().unwrap()[..32];
        assert_eq!(columns[12..20], [16.0, 17.0, 18.0, 19.0, 12.0, 13.0, 14.0, 15.0]);
        let same = automaton.warm_start(&before, &maps(&[BaseColor, Roughness, Height]));
        for name in TRAINABLE {
            assert_eq!(same[name], before.recurrence.as_ref().unwrap().step.weights[name]);
        }
    }

    #[test]
    fn grain_stays_grain() {
        let automaton = Automaton { channels: 8, hidden: 4, ..Automaton::default() }.with_grain(2);
        let before = automaton.generator(&maps(&[OutputKind::BaseColor]), 9, &mut StdRng::seed_from_u64(1));
        assert_eq!(Automaton::of(&before).unwrap(), automaton);
        let channels = visible_channels(&before.output);
        let sources = automaton.sources(&channels, &maps(&[OutputKind::Height, OutputKind::BaseColor]));
        assert_eq!(sources, [3, 0, 1, 2, 4, 5, 6, 7]);
    }

    #[test]
    fn other_automata_are_refused() {
        let automaton = Automaton { channels: 8, hidden: 4, ..Automaton::default() };
        let before = automaton.generator(&maps(&[OutputKind::BaseColor]), 9, &mut StdRng::seed_from_u64(1));
        let refused = |change: &dyn Fn(&mut Generator)| {
            let mut changed = before.clone();
            change(&mut changed);
            Automaton::of(&changed).unwrap_err()
        };
        assert!(refused(&|generator| generator.recurrence = None).contains("not recurrent"));
        let step = |generator: &mut Generator, change: &dyn Fn(&mut Graph)| {
            change(&mut generator.recurrence.as_mut().unwrap().step)
        };
        assert!(refused(&|generator| step(generator, &|step| drop(step.nodes.pop()))).contains("its step"));
        assert!(refused(&|generator| step(generator, &|step| drop(step.weights.remove("rate")))).contains("\"rate\""));
        let filters =
            |step: &mut Graph| drop(step.weight("perception.weight", Tensor::f32([32, 1, 3, 3], vec![0.0; 288])));
        assert!(refused(&|generator| step(generator, &filters)).contains("\"perception.weight\""));
        let narrow = |step: &mut Graph| drop(step.weight("w1.bias", Tensor::f32([3], vec![0.0; 3])));
        assert!(refused(&|generator| step(generator, &narrow)).contains("\"w1.bias\""));
    }
}
