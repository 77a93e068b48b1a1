//! Runs a group: each thread takes tiles, and runs all stages on one before it takes the next.

use imagine_graph::{DType, Extent, RandomUniform, Texel, ValueId, rng};

use super::stage::{self, Group, Place, Stage, Target};
use crate::buffers::Buffers;
use crate::elementwise::Row;
use crate::finish::{Activation, Finish};
use crate::ops::conv::Rows;
use crate::ops::normalization::affine;
use crate::product::{Packed, Product};
use crate::tile::{Shared, Tile, for_each};
use crate::value::{Data, Value};

impl Group {
    /// Computes the group's outputs; `values` by id.
    pub fn run(&self, values: &[Option<Value>], random: rng::RandomState, buffers: &Buffers) -> Vec<(ValueId, Value)> {
        let inputs: Vec<&Value> =
            self.inputs.iter().map(|value| values[value.0].as_ref().expect("an earlier step wrote it")).collect();
        let mut results: Vec<Vec<f32>> =
            self.outputs.iter().map(|output| buffers.take(output.shape.iter().product())).collect();
        let shared: Vec<Shared> = results.iter_mut().map(|result| Shared::new(result)).collect();
        for_each(self.cut.count(), |index| {
            let mut memory = buffers.take(self.rows * self.stride);
            let mut run = TileRun {
                group: self,
                tile: self.cut.tile(index),
                inputs: &inputs,
                memory: Shared::new(&mut memory),
                outputs: &shared,
                random,
                buffers,
                registers: Vec::new(),
            };
            self.stages.iter().for_each(|stage| run.stage(stage));
            run.store();
            buffers.give(memory);
        });
        let values = self.outputs.iter().zip(results).map(|(output, result)| {
            let value = match output.dtype {
                DType::Bool => {
                    let bools = Value::bools(&output.shape, result.iter().map(|x| x.to_bits() != 0).collect());
                    buffers.give(result);
                    bools
                }
                _ => Value::f32s(&output.shape, result),
            };
            (output.value, value)
        });
        values.collect()
    }
}

/// A tile on its way through the stages.
struct TileRun<'a> {
    group: &'a Group,
    tile: Tile,
    inputs: &'a [&'a Value],
    memory: Shared<'a>,
    outputs: &'a [Shared<'a>],
    random: rng::RandomState,
    buffers: &'a Buffers,
    /// Memory of programs.
    registers: Vec<Vec<u32>>,
}

impl<'a> TileRun<'a> {
    fn stage(&mut self, stage: &Stage) {
        match stage {
            Stage::Load { input, channels, to } => self.load(*input, *channels, *to),
            Stage::Conv { convolution, window, input, bias, finish, to } => {
                let (x, bias) = (self.inputs[*input].as_f32s(), self.numbers(*bias));
                let window = window.as_ref().expect("the group's cut is known");
                let (finish, to) = (self.finish(finish), self.rows_of(*to));
                convolution.parts_of(0..convolution.parts(), |group, blocks, rows| {
                    let to = Rows { first: to.first + rows.start * to.distance, ..to };
                    convolution.tile(&self.tile, window, (group, blocks), x, bias, finish, to, self.buffers);
                });
            }
            Stage::Transposed { transposed, input, bias, finish, to } => {
                let (x, bias) = (self.inputs[*input].as_f32s(), self.numbers(*bias));
                let (finish, stride) = (self.finish(finish), self.group.stride);
                transposed.parts_of(0..transposed.parts(), |group, blocks, rows| {
                    let result = (self.rows(to + rows.start, rows.len()), stride);
                    transposed.tile(&self.tile, (group, blocks), x, bias, finish, result, self.buffers);
                });
            }
            Stage::Pointwise { weights, offsets, from, bias, finish, to } => {
                let (bias, finish) = (self.numbers(*bias), self.finish(finish));
                self.pointwise(weights, offsets, *from, bias, finish, self.rows_of(*to));
            }
            Stage::Affine { factors, from, to } => {
                self.join(*from, factors.len(), *to);
                for (channel, (factor, addend)) in factors.iter().enumerate() {
                    affine(self.row(to + channel), *factor, *addend);
                }
            }
            Stage::Elementwise { program, sources, targets, channels } => {
                for channel in 0..*channels {
                    let rows: Vec<Row> = sources.iter().map(|source| self.source(*source, channel)).collect();
                    let results = targets.iter().map(|target| bytemuck::cast_slice_mut(self.target(*target, channel)));
                    let mut results: Vec<&mut [u32]> = results.collect();
                    program.run_rows(&rows, &mut results, self.tile.positions(), &mut self.registers);
                }
            }
            Stage::Join { from, channels, to } => self.join(*from, *channels, *to),
            Stage::Random { params, channels, to } => self.random(params, *channels, *to),
        }
    }

    /// The floats of an input, if there is one.
    fn numbers(&self, input: Option<usize>) -> Option<&'a [f32]> {
        input.map(|input| self.inputs[input].as_f32s())
    }

    fn pointwise(
        &self,
        weights: &Packed,
        offsets: &[u32],
        from: usize,
        bias: Option<&[f32]>,
        finish: Finish,
        to: Rows,
    ) {
        let (tile, source) = (self.tile, self.rows(from, weights.terms));
        let run = |source: &[f32], first: usize, count: usize| {
            let (blocks, result, stride) = (0..weights.blocks(), to.memory, to.distance);
            Product { weights, blocks, bias, offsets, source, finish, result, first, stride, count }.run();
        };
        if to.down == tile.stride {
            return run(source, to.first, tile.positions());
        }
        (0..tile.rows).for_each(|row| run(&source[row * tile.stride..], to.first + row * to.down, tile.columns));
    }

    fn join(&self, from: Place, channels: usize, to: usize) {
        for channel in 0..channels {
            let result = self.row(to + channel);
            match self.source(from, channel) {
                Row::Words(words) => result.copy_from_slice(bytemuck::cast_slice(words)),
                Row::All(word) => result.fill(f32::from_bits(word)),
            }
        }
    }

    fn random(&self, params: &RandomUniform, channels: usize, to: usize) {
        let (tile, domain) = (self.tile, self.random.domain);
        let key = rng::key(self.random.seed, params.stream, self.random.step);
        let origin = domain.tensor_origin(&params.shape);
        let whole = Extent { height: self.group.cut.height, width: self.group.cut.width };
        let (low, span) = (params.low, params.high - params.low);
        for (channel, row) in (0..channels).flat_map(|channel| (0..tile.rows).map(move |row| (channel, row))) {
            let plane = (tile.image * channels + channel) as u32;
            let result = &mut self.row(to + channel)[row * tile.stride..][..tile.columns];
            let mut done = 0;
            while done < tile.columns {
                let element = Texel { y: (tile.top + row) as i32, x: (tile.left + done) as i32 };
                let at = domain.coordinate(origin, whole, element);
                // Coordinates go on by 1 until a torus closes.
                let left = tile.columns - done;
                let run = if domain.wrap { left.min(whole.width - at.x as usize) } else { left };
                for (x, number) in result[done..][..run].iter_mut().enumerate() {
                    let cell = rng::cell((at.x as u32).wrapping_add(x as u32), at.y as u32, plane, key);
                    *number = low + span * rng::uniform(cell);
                }
                done += run;
            }
        }
    }

    fn finish<'b>(&'b self, finish: &'b stage::Finish) -> Finish<'b> {
        let activation = match finish.activation {
            stage::Activation::None => Activation::None,
            stage::Activation::Relu => Activation::Relu,
            stage::Activation::Leaky(alpha) => Activation::Leaky(alpha),
            stage::Activation::PRelu(input) => Activation::PRelu(self.inputs[input].as_f32s()),
            stage::Activation::Clip(low, high) => Activation::Clip(low, high),
        };
        Finish { affine: finish.affine.as_ref().map(|affine| affine.as_slice()), activation }
    }

    /// Where a stage writes.
    fn rows_of(&self, target: Target) -> Rows<'a> {
        match target {
            Target::Tile(row) => {
                let stride = self.group.stride;
                Rows { memory: self.memory, first: row * stride, distance: stride, down: self.tile.stride }
            }
            Target::Output(index) => {
                let (cut, channels) = (&self.group.cut, self.group.outputs[index].channels);
                let distance = cut.height * cut.width;
                Rows { memory: self.outputs[index], first: self.plane_start(channels, 0), distance, down: cut.width }
            }
        }
    }

    /// Rows of the tile's memory. Stages read and write different ones.
    fn rows(&self, first: usize, count: usize) -> &'a mut [f32] {
        let stride = self.group.stride;
        // SAFETY: the tile's memory is this thread's own, and the plan lets no stage read rows that it writes.
        unsafe { self.memory.part(first * stride..(first + count) * stride) }
    }

    fn row(&self, row: usize) -> &'a mut [f32] {
        &mut self.rows(row, 1)[..self.tile.positions()]
    }

    /// What a stage reads for a channel.
    fn source(&self, place: Place, channel: usize) -> Row<'a> {
        let (tile, positions) = (self.tile, self.tile.positions());
        match place {
            Place::Tile { row, channels } => Row::Words(bytemuck::cast_slice(self.row(row + channel % channels))),
            Place::Value { input, first, channels } => {
                let value = self.inputs[input];
                let (own, plane) = (channels_of(value), self.group.cut.height * self.group.cut.width);
                let start = (image_of(value, tile.image) * own + first + channel % channels) * plane;
                let start = start + tile.top * self.group.cut.width + tile.left;
                Row::Words(bytemuck::cast_slice(&value.as_f32s()[start..][..positions]))
            }
            Place::Channels { input } => {
                let value = self.inputs[input];
                let own = channels_of(value);
                let index = image_of(value, tile.image) * own + channel % own;
                Row::All(match value.data() {
                    Data::F32(data) => data[index].to_bits(),
                    Data::Bool(data) => u32::from(data[index]),
                    Data::I32(data) => data[index] as u32,
                })
            }
        }
    }

    /// Where a stage writes a channel.
    fn target(&self, target: Target, channel: usize) -> &'a mut [f32] {
        match target {
            Target::Tile(row) => self.row(row + channel),
            Target::Output(index) => {
                let channels = self.group.outputs[index].channels;
                let start = self.plane_start(channels, channel);
                // SAFETY: tiles are different places of the output, and each stage writes another output.
                unsafe { self.outputs[index].part(start..start + self.tile.positions()) }
            }
        }
    }

    /// Where the tile begins in a channel of its image.
    fn plane_start(&self, channels: usize, channel: usize) -> usize {
        let cut = &self.group.cut;
        ((self.tile.image * channels + channel) * cut.height + self.tile.top) * cut.width + self.tile.left
    }

    fn load(&self, input: usize, channels: usize, to: usize) {
        let (value, tile, cut) = (self.inputs[input], self.tile, &self.group.cut);
        for channel in 0..channels {
            let start = (image_of(value, tile.image) * channels + channel) * cut.height + tile.top;
            let result = self.row(to + channel);
            for row in 0..tile.rows {
                let from = (start + row) * cut.width + tile.left;
                let result = &mut result[row * tile.stride..][..tile.columns];
                match value.data() {
                    Data::F32(data) => result.copy_from_slice(&data[from..][..tile.columns]),
                    Data::Bool(data) => {
                        let words = data[from..].iter().map(|truth| f32::from_bits(u32::from(*truth)));
                        result.iter_mut().zip(words).for_each(|(to, word)| *to = word);
                    }
                    Data::I32(_) => unreachable!("integers are not fused"),
                }
            }
        }
    }

    /// Copies the outputs that no stage wrote.
    fn store(&self) {
        let (tile, cut) = (self.tile, &self.group.cut);
        for (index, output) in self.group.outputs.iter().enumerate() {
            let Some(place) = output.from else { continue };
            for channel in 0..output.channels {
                let Row::Words(words) = self.source(place, channel) else { continue };
                let words: &[f32] = bytemuck::cast_slice(words);
                let start = self.plane_start(output.channels, channel);
                for row in 0..tile.rows {
                    let at = start + row * cut.width;
                    // SAFETY: tiles are different places of the output.
                    let to = unsafe { self.outputs[index].part(at..at + tile.columns) };
                    to.copy_from_slice(&words[row * tile.stride..][..tile.columns]);
                }
            }
        }
    }
}

/// Channels of a value.
fn channels_of(value: &Value) -> usize {
    super::image_shape(value.shape()).map_or(1, |shape| shape[1])
}

/// The image of a value that has one for all, or one for each.
fn image_of(value: &Value, image: usize) -> usize {
    let images = super::image_shape(value.shape()).map_or(1, |shape| shape[0]);
    if images == 1 { 0 } else { image }
}
