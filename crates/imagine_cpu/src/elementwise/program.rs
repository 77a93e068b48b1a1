//! A chain of functions as one loop: for every tile of the result, each step runs on registers that stay in the nearest cache, so that all
//! inputs are read once and only results are written.
//!
//! Every element is computed on its own, so the result does not depend on tiles and threads; a step alone gives the same bits as the same
//! step in a chain.

use imagine_graph::DType;
use rayon::prelude::*;

use super::function::Function;
use super::lanes;
use super::source::Source;
use crate::buffers::Buffers;
use crate::value::Value as Tensor;

/// Words of a register.
const TILE: usize = 512;
/// Work, in additions, below which one thread does all.
const SMALL: usize = 1 << 16;

/// A value of a program that is being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    index: usize,
    dtype: DType,
}

impl Operand {
    /// Element type.
    pub fn dtype(self) -> DType {
        self.dtype
    }
}

/// Builds a [`Program`]; every value is written once.
#[derive(Debug, Default)]
pub struct Builder {
    sources: usize,
    values: Vec<Value>,
}

#[derive(Clone, Copy, Debug)]
enum Value {
    Source(usize),
    Step { function: Function, operands: [Option<Operand>; 3] },
}

impl Builder {
    /// The next input.
    pub fn source(&mut self, dtype: DType) -> Operand {
        self.values.push(Value::Source(self.sources));
        self.sources += 1;
        Operand { index: self.values.len() - 1, dtype }
    }

    /// `function` of at most three operands.
    pub fn push(&mut self, function: Function, operands: &[Operand]) -> Operand {
        let mut all = [None; 3];
        all.iter_mut().zip(operands).for_each(|(all, operand)| *all = Some(*operand));
        self.values.push(Value::Step { function, operands: all });
        Operand { index: self.values.len() - 1, dtype: function.result() }
    }

    /// The program that writes these values.
    pub fn finish(self, outputs: &[Operand]) -> Program {
        let mut last_use = vec![0; self.values.len()];
        for (index, value) in self.values.iter().enumerate() {
            if let Value::Step { operands, .. } = value {
                operands.iter().flatten().for_each(|operand| last_use[operand.index] = index);
            }
        }
        outputs.iter().for_each(|output| last_use[output.index] = usize::MAX);
        let mut free = Vec::new();
        let mut registers = self.sources;
        let mut places = Vec::with_capacity(self.values.len());
        let mut steps = Vec::new();
        for (index, value) in self.values.iter().enumerate() {
            let Value::Step { function, operands } = value else {
                let Value::Source(source) = value else { unreachable!("a value is a source or a step") };
                places.push(Place::Source(*source));
                continue;
            };
            // A register is free for others after its last reader, never for that reader itself.
            let to = free.pop().unwrap_or_else(|| {
                registers += 1;
                registers - 1
            });
            places.push(Place::Register(to));
            steps.push(Step { function: *function, operands: operands.map(|o| o.map(|o| places[o.index])), to });
            let mut ended: Vec<_> = operands.iter().flatten().filter(|o| last_use[o.index] == index).collect();
            ended.dedup();
            for operand in ended {
                if let Place::Register(register) = places[operand.index]
                    && !free.contains(&register)
                {
                    free.push(register);
                }
            }
        }
        let outputs: Vec<(Place, DType)> = outputs.iter().map(|output| (places[output.index], output.dtype)).collect();
        let direct = direct(&steps, &outputs);
        Program { sources: self.sources, registers, steps, outputs, direct }
    }
}

/// A chain of functions of some inputs, element by element.
#[derive(Clone, Debug)]
pub struct Program {
    sources: usize,
    /// The first ones are for sources that must be copied.
    registers: usize,
    steps: Vec<Step>,
    outputs: Vec<(Place, DType)>,
    /// For each step, the output that it alone computes and that no step reads.
    direct: Vec<Option<usize>>,
}

/// For each step, the output that it alone computes and that no step reads.
fn direct(steps: &[Step], outputs: &[(Place, DType)]) -> Vec<Option<usize>> {
    let output = |(index, step): (usize, &Step)| {
        let place = Place::Register(step.to);
        let is_last = steps[index + 1..].iter().all(|step| Place::Register(step.to) != place);
        let is_read = steps[index + 1..].iter().any(|step| step.operands.contains(&Some(place)));
        let mut of = (0..outputs.len()).filter(|&output| outputs[output].0 == place);
        of.next().filter(|_| is_last && !is_read && of.next().is_none())
    };
    steps.iter().enumerate().map(output).collect()
}

#[derive(Clone, Copy, Debug)]
struct Step {
    function: Function,
    operands: [Option<Place>; 3],
    to: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Source(usize),
    Register(usize),
}

/// What a program reads of a source for a run of elements.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// A word for each element.
    Words(&'a [u32]),
    /// A word for all.
    All(u32),
}

/// A part of an output that one thread writes.
enum Part<'a> {
    Words(&'a mut [u32]),
    Bool(&'a mut [bool]),
}

impl Program {
    /// Runs the program on inputs that broadcast to `shape`, and returns its outputs.
    ///
    /// # Panics
    /// If the number of sources is not that of the program.
    pub fn run(&self, sources: &[Source], shape: &[usize], buffers: &Buffers) -> Vec<Tensor> {
        let count = shape.iter().product();
        let mut outputs: Vec<Output> =
            self.outputs.iter().map(|(_, dtype)| Output::new(*dtype, count, buffers)).collect();
        self.write(sources, count, &mut outputs);
        outputs.into_iter().map(|output| output.value(shape)).collect()
    }

    fn write(&self, sources: &[Source], count: usize, outputs: &mut [Output]) {
        assert_eq!(sources.len(), self.sources, "a program reads all of its sources");
        let per_element: usize = self.steps.iter().map(|step| step.function.cost()).sum::<usize>() + self.sources;
        let mut parts = outputs.iter_mut().map(Output::part).collect::<Vec<_>>();
        if count.saturating_mul(per_element) < SMALL {
            return self.run_part(sources, 0, count, &mut parts);
        }
        // The parts are equal for any number of threads.
        let length = (SMALL / 2 / per_element).next_multiple_of(TILE);
        let mut tasks = Vec::with_capacity(count.div_ceil(length));
        for start in (0..count).step_by(length) {
            let length = length.min(count - start);
            tasks.push((start, length, parts.iter_mut().map(|part| part.split_off(length)).collect::<Vec<_>>()));
        }
        tasks.into_par_iter().for_each(|(start, length, mut parts)| self.run_part(sources, start, length, &mut parts));
    }

    /// Runs the program on rows of `count` words; truth values are 0 and 1. `registers` is memory that further runs can use again.
    pub fn run_rows(&self, sources: &[Row], outputs: &mut [&mut [u32]], count: usize, registers: &mut Vec<Vec<u32>>) {
        let tile = TILE.min(count);
        registers.resize_with(registers.len().max(self.registers), Vec::new);
        for (index, register) in registers[..self.registers].iter_mut().enumerate() {
            match sources.get(index) {
                Some(Row::Words(_)) => {}
                Some(Row::All(word)) => {
                    register.clear();
                    register.resize(tile, *word);
                }
                None => register.resize(register.len().max(tile), 0),
            }
        }
        let operand = |registers: &[Vec<u32>], place: Place, start: usize, length: usize| -> *const [u32] {
            match place {
                Place::Register(register) => &registers[register][..length],
                Place::Source(source) => match sources[source] {
                    Row::Words(words) => &words[start..][..length],
                    Row::All(_) => &registers[source][..length],
                },
            }
        };
        for start in (0..count).step_by(TILE) {
            let length = TILE.min(count - start);
            for (step, direct) in self.steps.iter().zip(&self.direct) {
                let mut own = std::mem::take(&mut registers[step.to]);
                let operands = step.operands.map(|place| match place {
                    // SAFETY: a step writes a register that it does not read; rows outlive the run.
                    Some(place) => unsafe { &*operand(registers, place, start, length) },
                    None => &[],
                });
                match direct {
                    Some(output) => lanes::apply(step.function, operands, &mut outputs[*output][start..][..length]),
                    None => lanes::apply(step.function, operands, &mut own[..length]),
                }
                registers[step.to] = own;
            }
            for (index, ((place, _), output)) in self.outputs.iter().zip(outputs.iter_mut()).enumerate() {
                if self.direct.contains(&Some(index)) {
                    continue;
                }
                // SAFETY: as above.
                let words = unsafe { &*operand(registers, *place, start, length) };
                output[start..][..length].copy_from_slice(words);
            }
        }
    }

    fn run_part(&self, sources: &[Source], start: usize, count: usize, outputs: &mut [Part]) {
        let tile = TILE.min(count);
        let mut registers: Vec<Vec<u32>> = vec![Vec::new(); self.registers];
        let copied = |source: &Source| source.borrowed(start, tile).is_none();
        registers.iter_mut().skip(self.sources).for_each(|register| *register = vec![0; tile]);
        for (register, source) in registers.iter_mut().zip(sources).filter(|(_, source)| copied(source)) {
            *register = vec![0; tile];
            if source.is_uniform() {
                source.read(0, register);
            }
        }
        // The last step may write to the only output itself.
        let direct = match (&*outputs, self.steps.last(), &self.outputs[..]) {
            ([Part::Words(_)], Some(step), [(Place::Register(register), _)]) => step.to == *register,
            _ => false,
        };
        for done in (0..count).step_by(TILE) {
            let (start, length) = (start + done, TILE.min(count - done));
            for (register, source) in registers.iter_mut().zip(sources) {
                if !register.is_empty() && !source.is_uniform() {
                    source.read(start, &mut register[..length]);
                }
            }
            for (index, step) in self.steps.iter().enumerate() {
                let mut own = std::mem::take(&mut registers[step.to]);
                let operands = step.operands.map(|operand| match operand {
                    None => &[][..],
                    Some(Place::Register(register)) => &registers[register][..length],
                    Some(Place::Source(source)) => {
                        sources[source].borrowed(start, length).unwrap_or_else(|| &registers[source][..length])
                    }
                });
                match outputs {
                    [Part::Words(output)] if direct && index + 1 == self.steps.len() => {
                        lanes::apply(step.function, operands, &mut output[done..][..length]);
                    }
                    _ => lanes::apply(step.function, operands, &mut own[..length]),
                }
                registers[step.to] = own;
            }
            if direct {
                continue;
            }
            for ((place, _), output) in self.outputs.iter().zip(outputs.iter_mut()) {
                let from = match *place {
                    Place::Register(register) => &registers[register][..length],
                    Place::Source(source) => {
                        sources[source].borrowed(start, length).unwrap_or_else(|| &registers[source][..length])
                    }
                };
                match output {
                    Part::Words(output) => output[done..][..length].copy_from_slice(from),
                    Part::Bool(output) => {
                        output[done..].iter_mut().zip(from).for_each(|(output, word)| *output = *word != 0);
                    }
                }
            }
        }
    }
}

impl<'a> Part<'a> {
    /// The first `length` elements, which the part loses.
    fn split_off(&mut self, length: usize) -> Part<'a> {
        match self {
            Part::Words(words) => Part::Words(words.split_off_mut(..length).expect("a part is within the output")),
            Part::Bool(truths) => Part::Bool(truths.split_off_mut(..length).expect("a part is within the output")),
        }
    }
}

/// An output as it is written.
enum Output {
    F32(Vec<f32>),
    I32(Vec<i32>),
    Bool(Vec<bool>),
}

impl Output {
    fn new(dtype: DType, count: usize, buffers: &Buffers) -> Self {
        match dtype {
            DType::F32 => Output::F32(buffers.take(count)),
            DType::I32 => Output::I32(vec![0; count]),
            DType::Bool => Output::Bool(vec![false; count]),
        }
    }

    fn part(&mut self) -> Part<'_> {
        match self {
            Output::F32(elements) => Part::Words(bytemuck::cast_slice_mut(elements)),
            Output::I32(elements) => Part::Words(bytemuck::cast_slice_mut(elements)),
            Output::Bool(elements) => Part::Bool(elements),
        }
    }

    fn value(self, shape: &[usize]) -> Tensor {
        match self {
            Output::F32(elements) => Tensor::f32s(shape, elements),
            Output::I32(elements) => Tensor::i32s(shape, elements),
            Output::Bool(elements) => Tensor::bools(shape, elements),
        }
    }
}
