//! The generator's layers, shared by training and files: features of cells, doublings, slopes of the height, outputs.

use std::f32::consts::TAU;

use imagine_graph::{
    Add, Clip, Concat, Conv, Cos, Distribution, Div, Floor, Graph, InputKind, LeakyRelu, Mul, PadMode, RandomNormal,
    ReduceSum, Round, Sigmoid, Sin, Slice, Softmax, Sqrt, Sub, Tensor,
};
use rand::Rng;

use super::format::{DOUBLINGS, FINE, HARMONICS, MAPS, MaterialNetworks, RELIEF, fraction, planes};
use crate::core::layers::Layers;

/// Gain that keeps the standard deviation through a leaky rectifier.
const GAIN: f32 = 1.4;
/// Shortest and longest initial period of basis vectors, in cells.
const PERIODS: [f32; 2] = [2.0, 10.0];
/// Residual layers of the cells, so each cell depends on this many cells in every direction.
const CELL_LAYERS: usize = 4;
/// Residual layers at 8 and at 4 texels.
const FINER_LAYERS: usize = 2;
/// Standard deviation of the waves' contribution at four texels.
const WAVES: f32 = 0.6;
/// Factor on the softmax's scores: one exemplar of a kind gets nearly the whole share, except in one result in twenty.
const SHARPNESS: f32 = 32.0;
/// Large enough for softmax to underflow to 0.
const NEVER: f32 = 1e4;
/// Channels of the network's output: colour, height, roughness, occlusion, metallic.
const RAW: usize = 7;

/// The part of the graph that both variants share, under construction.
pub(super) struct Body<'a, 'b, R> {
    pub networks: &'a MaterialNetworks,
    pub layers: &'a mut Layers<'b, R>,
    /// Whether basis vectors are rounded to whole cycles.
    pub rounded: bool,
}

/// Names of the maps' values.
pub(super) struct Maps {
    color: String,
    height: String,
    roughness: String,
    occlusion: String,
    metallic: String,
}

impl<R: Rng> Body<'_, '_, R> {
    /// All maps from the inputs, 0 to 1, before missing maps are neutralised. `noise` is coarsest first.
    pub fn maps(&mut self, noise: &[String]) -> Maps {
        let width = self.networks.width;
        let [cell, eighth, quarter, half, texel] = [4 * width, 3 * width, 2 * width, width, width / 2];
        self.layers.graph.weight("residual", Tensor::scalar(0.7));
        self.exemplars();
        let style = self.style();
        let waves = self.waves();
        let coarse = self.cell_means(&waves);
        let x = self.layers.graph.push("cells.in", Concat { axis: 1 }, ["latent", &coarse]);
        let mut x = self.layers.conv("cells", &x, [self.networks.local + 2 * HARMONICS.len(), cell], 1, 1.0);
        for layer in 0..CELL_LAYERS {
            x = self.residual(&format!("cells.{layer}"), &x, cell, &style, 1);
        }
        x = self.doubled("eighth", &x, [cell, eighth], &noise[0]);
        for layer in 0..FINER_LAYERS {
            x = self.residual(&format!("eighth.{layer}"), &x, eighth, &style, 2);
        }
        x = self.doubled("quarter", &x, [eighth, quarter], &noise[1]);
        let finer = self.layers.mix("quarter.waves", &waves, [2 * HARMONICS.len(), quarter], WAVES);
        x = self.layers.graph.push("quarter.waving", Add {}, [x.as_str(), &finer]);
        for layer in 0..FINER_LAYERS {
            x = self.residual(&format!("quarter.{layer}"), &x, quarter, &style, 4);
        }
        x = self.layers.pixel_norm("half.norm", &x);
        x = self.plain("half", &x, [quarter, half], &noise[2]);
        let width = self.style_width();
        x = self.layers.modulate_by_map("half.style", &x, half, &style, width, 8);
        let more = self.layers.conv("half.more", &x, [half, half], 3, GAIN);
        x = self.layers.leaky("half.more.active", &more);
        x = self.plain("texel", &x, [half, texel], &noise[3]);
        let raw = self.layers.conv("raw", &x, [texel, RAW], 3, 1.0);
        let maps = self.layers.graph.push("raw.maps", Sigmoid {}, [raw.as_str()]);
        let mut part = |name: &str, range| self.layers.graph.push(name, channels(range), [maps.as_str()]);
        Maps {
            color: part("raw.color", 0..3),
            height: part("raw.height", 3..4),
            roughness: part("raw.roughness", 4..5),
            occlusion: part("raw.occlusion", 5..6),
            metallic: part("raw.metallic", 6..7),
        }
    }

    /// The critic's input: colour, normal x and y, height, roughness, occlusion, metallic.
    pub fn shown(&mut self, maps: &Maps) -> String {
        let [xy, _] = normal(&mut self.layers.graph, &maps.height, None);
        let all = [&maps.color, &xy, &maps.height, &maps.roughness, &maps.occlusion, &maps.metallic];
        self.layers.graph.push("maps", Concat { axis: 1 }, all.map(String::as_str))
    }

    /// The outputs of a generator file. Maps that an exemplar lacks are neutral.
    pub fn outputs(&mut self, maps: &Maps) {
        let gates = self.gates();
        let graph = &mut self.layers.graph;
        graph.push("base_color", Clip { min: Some(0.0), max: Some(1.0) }, [maps.color.as_str()]);
        let neutral = [
            ("height", &maps.height, 0.5),
            ("roughness", &maps.roughness, 0.5),
            ("occlusion", &maps.occlusion, 1.0),
            ("metallic", &maps.metallic, 0.0),
        ];
        for (index, (name, value, default)) in neutral.into_iter().enumerate() {
            let part = |suffix: &str| format!("{name}.{suffix}");
            let index = index as i64;
            let gate = graph.push(&part("gate"), channels(index..index + 1), [gates.as_str()]);
            let default = graph.weight(&part("default"), Tensor::scalar(default));
            let above = graph.push(&part("above"), Sub {}, [value.as_str(), &default]);
            let gated = graph.push(&part("gated"), Mul {}, [above.as_str(), &gate]);
            graph.push(name, Add {}, [gated.as_str(), &default]);
        }
        let [xy, z] = normal(graph, "height", Some("relief"));
        graph.push("normal", Concat { axis: 1 }, [xy.as_str(), &z]);
        for map in MAPS {
            graph.output(map.name(), map);
        }
    }

    /// The share of each exemplar in each cell: the share of its kind times its share of the kind.
    fn exemplars(&mut self) {
        let (kinds, exemplars) = (self.networks.kinds.len(), &self.networks.exemplars);
        let graph = &mut self.layers.graph;
        let table = spread(exemplars.len(), kinds, |exemplar, kind| exemplars[exemplar].kind == kind);
        graph.weight("exemplars.kinds", Tensor::f32([exemplars.len(), kinds, 1, 1], table));
        let of_kinds = graph.push("exemplars.spread", Conv::default(), ["kind", "exemplars.kinds"]);
        graph.push("exemplars", Mul {}, [of_kinds.as_str(), "exemplar"]);
    }

    /// The style of each cell, from its exemplars, the style of the image and the scale.
    fn style(&mut self) -> String {
        let (networks, width) = (self.networks, self.style_width());
        let exemplar = self.layers.mix("style.exemplar", "exemplars", [networks.exemplars.len(), width], 1.0);
        let deviation = 0.7 / (networks.style as f32).sqrt();
        let image = self.layers.mix("style.image", "style", [networks.style, width], deviation);
        let scale = self.layers.conv("style.scale", "scale", [1, width], 1, 0.5);
        let sum = self.layers.graph.push("style.sum", Add {}, [exemplar.as_str(), &image]);
        let sum = self.layers.graph.push("style.all", Add {}, [sum.as_str(), &scale]);
        let x = self.layers.leaky("style.active", &sum);
        let x = self.layers.conv("style.mapped", &x, [width, width], 1, GAIN);
        self.layers.leaky("style.cells", &x)
    }

    fn style_width(&self) -> usize {
        2 * self.networks.width
    }

    /// `sin` and `cos` of each wave on the fine grid, weighted by the kinds' shares and strengths: kinds blend by amplitude, not
    /// by frequency.
    pub fn waves(&mut self) -> String {
        let (kinds, waves) = (self.networks.kinds.len(), HARMONICS.len());
        let turns = self.harmonics();
        let graph = &mut self.layers.graph;
        graph.weight("turn", Tensor::scalar(TAU));
        let angle = graph.push("waves.angle", Mul {}, [turns.as_str(), "turn"]);
        let amplitude = graph.push("waves.weights", Concat { axis: 1 }, ["kind"; HARMONICS.len()]);
        let strengths = vec![1.0; self.networks.exemplars.len() * waves];
        let strength = self.of_kinds("waves.strength", strengths, "waves.amplitudes");
        let amplitude = self.layers.graph.push("waves.coarse", Mul {}, [amplitude.as_str(), &strength]);
        let amplitude = self.layers.repeated("waves.amplitude", &amplitude, FINE);
        let graph = &mut self.layers.graph;
        let sum = spread(waves, kinds * waves, |wave, row| row / kinds == wave);
        graph.weight("waves.sum", Tensor::f32([waves, kinds * waves, 1, 1], sum));
        let sine = graph.push("waves.sine", Sin {}, [angle.as_str()]);
        let cosine = graph.push("waves.cosine", Cos {}, [angle.as_str()]);
        let [sine, cosine] = [("sine", sine), ("cosine", cosine)].map(|(name, value)| {
            let weighted = graph.push(&format!("waves.{name}.weighted"), Mul {}, [value.as_str(), &amplitude]);
            graph.push(&format!("waves.{name}.sum"), Conv::default(), [weighted.as_str(), "waves.sum"])
        });
        graph.push("waves", Concat { axis: 1 }, [sine.as_str(), &cosine])
    }

    /// Phase of each harmonic of each kind on the fine grid, in fractions of a cycle.
    fn harmonics(&mut self) -> String {
        let kinds = self.networks.kinds.len();
        let rounded = self.rounded;
        let [across, down] = self.bases();
        let graph = &mut self.layers.graph;
        let phase = ["x", "y"].into_iter().enumerate().map(|(axis, name)| {
            let part = |suffix: &str| format!("waves.{name}.{suffix}");
            let axis = axis as i64;
            let place = graph.push(&part("place"), channels(axis..axis + 1), ["place"]);
            let period = graph.push(&part("period"), channels(axis + 2..axis + 3), ["place"]);
            let scaled = graph.push(&part("scaled"), Div {}, [if axis == 0 { &across } else { &down }, "scale"]);
            let mut number = graph.push(&part("number"), Mul {}, [scaled.as_str(), &period]);
            if rounded {
                // The torus's sides are in elements, wave numbers in cycles per cell.
                let cell = graph.weight("waves.cell", Tensor::scalar(1.0 / FINE as f32));
                number = graph.push(&part("cells"), Mul {}, [number.as_str(), &cell]);
                number = graph.push(&part("whole"), Round {}, [number.as_str()]);
            }
            graph.push(&part("turns"), Mul {}, [number.as_str(), &place])
        });
        let [x, y] = <[String; 2]>::try_from(phase.collect::<Vec<_>>()).expect("there are two axes");
        let turns = graph.push("waves.turns", Add {}, [x.as_str(), &y]);
        let shifts = spread(2 * kinds, 2, |row, vector| row / kinds == vector);
        graph.weight("waves.phases", Tensor::f32([2 * kinds, 2, 1, 1], shifts));
        let shift = graph.push("waves.shift", Conv::default(), ["phase", "waves.phases"]);
        let shifted = graph.push("waves.shifted", Add {}, [turns.as_str(), &shift]);
        // Sines of large arguments differ between devices, and dropping whole cycles changes no harmonic.
        let turns = fraction_of(graph, "waves.basis", &shifted);
        let waves = HARMONICS.len();
        let multiple = |at: usize| {
            let (row, column) = (at / (2 * kinds), at % (2 * kinds));
            if row % kinds == column % kinds { HARMONICS[row / kinds][column / kinds] } else { 0.0 }
        };
        let multiples: Vec<f32> = (0..waves * kinds * 2 * kinds).map(multiple).collect();
        graph.weight("waves.harmonics", Tensor::f32([waves * kinds, 2 * kinds, 1, 1], multiples));
        let turns = graph.push("waves.multiples", Conv::default(), [turns.as_str(), "waves.harmonics"]);
        fraction_of(graph, "waves.harmonic", &turns)
    }

    /// Means over the exemplars of each kind, weighted by their shares, of several rows of numbers.
    fn of_kinds(&mut self, name: &str, numbers: Vec<f32>, table: &str) -> String {
        let (kinds, exemplars) = (self.networks.kinds.len(), &self.networks.exemplars);
        let (count, rows) = (exemplars.len(), numbers.len() / exemplars.len());
        let graph = &mut self.layers.graph;
        let numbers = graph.weight(name, Tensor::f32([1, numbers.len(), 1, 1], numbers));
        let shares = vec!["exemplar"; rows];
        let shares = graph.push(&format!("{name}.shares"), Concat { axis: 1 }, shares);
        let shared = graph.push(&format!("{name}.shared"), Mul {}, [shares.as_str(), &numbers]);
        let own =
            |row: usize, column: usize| row / kinds == column / count && exemplars[column % count].kind == row % kinds;
        let sum = spread(rows * kinds, rows * count, own);
        graph.weight(table, Tensor::f32([rows * kinds, rows * count, 1, 1], sum));
        graph.push(&format!("{name}.kinds"), Conv::default(), [shared.as_str(), table])
    }

    /// Means over the elements of each cell.
    fn cell_means(&mut self, waves: &str) -> String {
        let channels = 2 * HARMONICS.len();
        let mean = Tensor::f32([channels, 1, FINE, FINE], vec![1.0 / (FINE * FINE) as f32; channels * FINE * FINE]);
        let graph = &mut self.layers.graph;
        let mean = graph.weight("waves.mean", mean);
        let strided = Conv { group: channels, strides: vec![FINE; 2], ..Conv::default() };
        graph.push("waves.cells", strided, [waves, &mean])
    }

    /// Horizontal and vertical cycles per cell of the kinds' basis vectors, at scale 1.
    fn bases(&mut self) -> [String; 2] {
        let count = self.networks.exemplars.len();
        let mut numbers = [vec![0.0; 2 * count], vec![0.0; 2 * count]];
        for vector in 0..2 {
            for exemplar in 0..count {
                let [part, _] = self.layers.uniform();
                numbers[vector][vector * count + exemplar] = 1.0 / (PERIODS[0] * (PERIODS[1] / PERIODS[0]).powf(part));
            }
        }
        let [x, y] = numbers;
        [("waves.x", x), ("waves.y", y)].map(|(name, numbers)| self.of_kinds(name, numbers, "waves.bases"))
    }

    /// `0.7 x + conv(styled(x))`; a cell has `times` pixels along a side.
    fn residual(&mut self, name: &str, x: &str, channels: usize, style: &str, times: usize) -> String {
        let (width, layers) = (self.style_width(), &mut *self.layers);
        let changed = layers.pixel_norm(&format!("{name}.norm"), x);
        let changed = layers.modulate_by_map(&format!("{name}.style"), &changed, channels, style, width, times);
        let changed = layers.leaky(&format!("{name}.active"), &changed);
        let changed = layers.conv(&format!("{name}.conv"), &changed, [channels, channels], 3, 1.0);
        let kept = layers.graph.push(&format!("{name}.kept"), Mul {}, [x, "residual"]);
        layers.graph.push(&format!("{name}.sum"), Add {}, [kept.as_str(), &changed])
    }

    /// Smooth up-sampling by 2 with noise in each channel. Residual layers pass their input on, so repeated pixels would show as
    /// blocks.
    fn doubled(&mut self, name: &str, x: &str, channels: [usize; 2], noise: &str) -> String {
        let x = self.layers.conv(&format!("{name}.mix"), x, channels, 1, 1.0);
        let x = self.layers.smoothly_doubled(&format!("{name}.doubled"), &x, channels[1]);
        let noise = self.layers.mix(&format!("{name}.noise"), noise, [1, channels[1]], 0.2);
        self.layers.graph.push(&format!("{name}.noisy"), Add {}, [x.as_str(), &noise])
    }

    /// Up-sampling by 2, a convolution with noise, an activation.
    fn plain(&mut self, name: &str, x: &str, channels: [usize; 2], noise: &str) -> String {
        let layers = &mut *self.layers;
        let x = layers.conv(&format!("{name}.mix"), x, channels, 1, 1.0);
        let x = layers.repeated(&format!("{name}.doubled"), &x, 2);
        let x = layers.conv(&format!("{name}.conv"), &x, [channels[1]; 2], 3, GAIN);
        let noise = layers.mix(&format!("{name}.noise"), noise, [1, channels[1]], 0.2);
        let x = layers.graph.push(&format!("{name}.noisy"), Add {}, [x.as_str(), &noise]);
        layers.graph.push(&format!("{name}.active"), LeakyRelu { alpha: 0.2 }, [x.as_str()])
    }

    /// 1 where the local exemplars have relief, roughness, occlusion, metallic, 0 where they lack them, smooth in between.
    fn gates(&mut self) -> String {
        let count = self.networks.exemplars.len();
        let seen = |row: usize, exemplar: usize| {
            let [_, normal, height, roughness, occlusion, metallic] = self.networks.exemplars[exemplar].maps;
            [normal || height, roughness, occlusion, metallic][row]
        };
        let table = spread(4, count, seen);
        let graph = &mut self.layers.graph;
        graph.weight("learnt", Tensor::f32([4, count, 1, 1], table));
        let gates = graph.push("gate.cells", Conv::default(), ["exemplars", "learnt"]);
        (0..DOUBLINGS)
            .fold(gates, |gates, doubling| self.layers.smoothly_doubled(&format!("gate.{doubling}"), &gates, 4))
    }
}

/// xy and z of the unit normals of a height map, from Sobel slopes times [`RELIEF`] and `relief`; y up.
fn normal(graph: &mut Graph, height: &str, relief: Option<&str>) -> [String; 2] {
    let x: [f32; 9] = [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0];
    let y: [f32; 9] = [-1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0];
    // Uphill to the right tilts the normal left; rows run down, the normal's y up.
    let filters: Vec<f32> = x.iter().map(|v| -v / 8.0).chain(y.iter().map(|v| v / 8.0)).collect();
    graph.weight("slopes.filters", Tensor::f32([2, 1, 3, 3], filters));
    graph.weight("slopes.relief", Tensor::scalar(RELIEF));
    graph.weight("one", Tensor::scalar(1.0));
    let slopes = graph.push("slopes.filtered", Conv::same(3, PadMode::Wrap), [height, "slopes.filters"]);
    let mut slopes = graph.push("slopes", Mul {}, [slopes.as_str(), "slopes.relief"]);
    if let Some(relief) = relief {
        slopes = graph.push("slopes.asked", Mul {}, [slopes.as_str(), relief]);
    }
    let squares = graph.push("slopes.squares", Mul {}, [slopes.as_str(), &slopes]);
    let tilt = graph.push("slopes.tilt", ReduceSum { axes: vec![1], ..ReduceSum::default() }, [squares.as_str()]);
    let square = graph.push("slopes.length_squared", Add {}, [tilt.as_str(), "one"]);
    let length = graph.push("slopes.length", Sqrt {}, [square.as_str()]);
    [
        graph.push("normal.xy", Div {}, [slopes.as_str(), &length]),
        graph.push("normal.z", Div {}, ["one", length.as_str()]),
    ]
}

/// The exemplars' shares of their kinds: the softmax of a latent number each.
pub(super) fn exemplar(networks: &MaterialNetworks, graph: &mut Graph) {
    let (kinds, count) = (networks.kinds.len(), networks.exemplars.len());
    graph.input("variant", InputKind::Latent(Distribution::Normal), planes(count));
    let sharpness = graph.weight("exemplars.sharpness", Tensor::scalar(SHARPNESS));
    let scores = graph.push("exemplar.scores", Mul {}, ["variant", &sharpness]);
    // A column per kind, in which exemplars of other kinds have no share.
    let among = |at: usize| if networks.exemplars[at / kinds].kind == at % kinds { 0.0 } else { -NEVER };
    let table: Vec<f32> = (0..count * kinds).map(among).collect();
    let among = graph.weight("exemplars.among", Tensor::f32([1, count, kinds, 1], table));
    let columns = graph.push("exemplar.columns", Add {}, [scores.as_str(), &among]);
    let shares = graph.push("exemplar.shares", Softmax { axis: 1 }, [columns.as_str()]);
    graph.push("exemplar", ReduceSum { axes: vec![2], ..ReduceSum::default() }, [shares.as_str()]);
}

/// Normal noise, one channel per doubling, coarsest first.
pub(super) fn noise(graph: &mut Graph) -> Vec<String> {
    let draw = |(stream, divisor): (usize, usize)| {
        let shape = fraction(1, divisor);
        graph.push(
            &format!("noise{stream}"),
            RandomNormal { shape, stream: stream as u32, ..RandomNormal::default() },
            [],
        )
    };
    [8, 4, 2, 1].into_iter().enumerate().map(draw).collect()
}

fn channels(range: std::ops::Range<i64>) -> Slice {
    Slice { starts: vec![range.start], ends: vec![range.end], axes: vec![1], steps: vec![] }
}

/// A matrix of 0 and 1.
fn spread(rows: usize, columns: usize, one: impl Fn(usize, usize) -> bool) -> Vec<f32> {
    (0..rows * columns).map(|at| f32::from(u8::from(one(at / columns, at % columns)))).collect()
}

/// Fractions of cycles.
fn fraction_of(graph: &mut Graph, name: &str, turns: &str) -> String {
    let whole = graph.push(&format!("{name}.floor"), Floor {}, [turns]);
    graph.push(&format!("{name}.fraction"), Sub {}, [turns, &whole])
}
