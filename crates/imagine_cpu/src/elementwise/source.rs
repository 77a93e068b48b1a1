//! Reads a tensor as it broadcasts to a shape, a run of words at a time.

use crate::value::{Data, Value};

/// The words of numbers; truth values have none.
fn words(data: &Data) -> Option<&[u32]> {
    match data {
        Data::F32(elements) => Some(bytemuck::cast_slice(elements)),
        Data::I32(elements) => Some(bytemuck::cast_slice(elements)),
        Data::Bool(_) => None,
    }
}

fn word(data: &Data, index: usize) -> u32 {
    match data {
        Data::F32(elements) => elements[index].to_bits(),
        Data::I32(elements) => elements[index] as u32,
        Data::Bool(elements) => u32::from(elements[index]),
    }
}

fn copy(data: &Data, from: usize, to: &mut [u32]) {
    match data {
        Data::F32(elements) => to.copy_from_slice(bytemuck::cast_slice(&elements[from..][..to.len()])),
        Data::I32(elements) => to.copy_from_slice(bytemuck::cast_slice(&elements[from..][..to.len()])),
        Data::Bool(elements) => {
            to.iter_mut().zip(&elements[from..]).for_each(|(to, from)| *to = u32::from(*from));
        }
    }
}

/// A tensor that broadcasts to a shape.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    data: &'a Data,
    layout: Layout,
}

#[derive(Clone, Debug)]
enum Layout {
    /// One element everywhere.
    One,
    /// The elements in their own order.
    Same,
    /// Axes, outermost first; neighbours whose strides continue each other are one.
    Axes(Vec<Axis>),
}

#[derive(Clone, Copy, Debug)]
struct Axis {
    length: usize,
    stride: usize,
}

impl<'a> Source<'a> {
    /// `value`, which broadcasts to `shape`.
    pub fn new(value: &'a Value, shape: &[usize]) -> Self {
        let own = value.shape();
        let layout = match own.iter().product::<usize>() {
            1 => Layout::One,
            count if count == shape.iter().product::<usize>() => Layout::Same,
            _ => Layout::Axes(axes(own, shape)),
        };
        Self { data: value.data(), layout }
    }

    /// The words of a run, if they lie in memory as they are needed.
    pub fn borrowed(&self, start: usize, count: usize) -> Option<&'a [u32]> {
        match self.layout {
            Layout::Same => Some(&words(self.data)?[start..][..count]),
            _ => None,
        }
    }

    /// Whether every run has the same words.
    pub fn is_uniform(&self) -> bool {
        matches!(self.layout, Layout::One)
    }

    /// Copies the words of the run from `start` on to `to`.
    pub fn read(&self, start: usize, to: &mut [u32]) {
        match &self.layout {
            Layout::One => to.fill(word(self.data, 0)),
            Layout::Same => copy(self.data, start, to),
            Layout::Axes(axes) => self.walk(axes, start, to),
        }
    }

    fn walk(&self, axes: &[Axis], start: usize, to: &mut [u32]) {
        let mut place = [0; imagine_graph::MAX_RANK];
        let (mut rest, mut offset) = (start, 0);
        for (place, axis) in place.iter_mut().zip(axes).rev() {
            *place = rest % axis.length;
            rest /= axis.length;
            offset += *place * axis.stride;
        }
        let last = axes.len() - 1;
        let inner = axes[last];
        let mut done = 0;
        while done < to.len() {
            let run = (inner.length - place[last]).min(to.len() - done);
            let to = &mut to[done..][..run];
            match inner.stride {
                0 => to.fill(word(self.data, offset)),
                _ => copy(self.data, offset, to),
            }
            done += run;
            // On to the next row.
            offset -= place[last] * inner.stride;
            place[last] = 0;
            for (place, axis) in place[..last].iter_mut().zip(axes).rev() {
                *place += 1;
                offset += axis.stride;
                if *place < axis.length {
                    break;
                }
                offset -= *place * axis.stride;
                *place = 0;
            }
        }
    }
}

/// The axes of `shape` with the strides of a tensor of `own` shape.
fn axes(own: &[usize], shape: &[usize]) -> Vec<Axis> {
    let missing = shape.len() - own.len();
    let mut axes: Vec<Axis> = Vec::new();
    let mut stride = 1;
    // From the innermost on.
    for (index, &length) in shape.iter().enumerate().rev().filter(|(_, length)| **length != 1) {
        let repeats = index < missing || own[index - missing] == 1;
        let axis = Axis { length, stride: if repeats { 0 } else { stride } };
        stride *= if repeats { 1 } else { length };
        match axes.last_mut() {
            Some(inner) if axis.stride == inner.stride * inner.length => inner.length *= length,
            _ => axes.push(axis),
        }
    }
    axes.reverse();
    axes
}
