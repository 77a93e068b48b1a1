//! `Pad`: every element of the result is one of the input, or the constant; all modes are separable.

use std::ops::Range;

use imagine_graph::Pad;
use rayon::prelude::*;

use crate::context::Context;
use crate::element::Element;
use crate::strided;
use crate::value::{Data, Value};

/// Elements below which one thread copies all.
const SMALL: usize = 1 << 15;

pub(super) fn run(params: &Pad, x: Value, context: &Context) -> Value {
    let sides = params.sides(x.shape().len()).expect("the shape rule accepted them");
    let axes: Vec<_> = x.shape().iter().zip(sides).map(|(&length, sides)| Places::new(params, length, sides)).collect();
    if axes.iter().zip(x.shape()).all(|(axis, length)| axis.kept == (0..*length) && axis.all.len() == *length) {
        return x;
    }
    let padded = match x.data() {
        Data::F32(from) => pad(from, x.shape(), &axes, params.value, context),
        Data::I32(from) => pad(from, x.shape(), &axes, params.value as i32, context),
        Data::Bool(from) => pad(from, x.shape(), &axes, params.value != 0.0, context),
    };
    x.recycle(context.buffers);
    padded
}

/// The elements of the input that an axis of the result shows; `None` where it shows the constant.
struct Places {
    all: Vec<Option<usize>>,
    /// The longest run of elements that follow each other in the input, too.
    kept: Range<usize>,
}

impl Places {
    /// Negative pads crop first.
    fn new(params: &Pad, length: usize, [before, after]: [i64; 2]) -> Self {
        let (first, left) = (-before.min(0), length as i64 + before.min(0) + after.min(0));
        let at = -before.max(0)..left + after.max(0);
        let place = |at| params.mode.place(at, left.max(1) as usize).filter(|_| left > 0);
        let all = at.map(|at| place(at).map(|index| index + first as usize)).collect();
        let kept = before.max(0)..before.max(0) + left.max(0);
        Self { all, kept: kept.start as usize..kept.end as usize }
    }

    fn is_whole(&self, length: usize) -> bool {
        self.kept == (0..length) && self.all.len() == length
    }
}

fn pad<T: Element>(from: &[T], lengths: &[usize], axes: &[Places], value: T, context: &Context) -> Value {
    // Axes after the last padded one are one block.
    let last = (0..axes.len()).rev().find(|&n| !axes[n].is_whole(lengths[n])).expect("an axis is padded");
    let block = lengths[last + 1..].iter().product::<usize>();
    let strides = strided::strides(lengths);
    let mut to = T::take(context.shape().iter().product(), context);
    let row = axes[last].all.len() * block;
    let fill = |(index, to): (usize, &mut [T])| {
        let (mut rest, mut offset) = (index, Some(0));
        for (axis, stride) in axes[..last].iter().zip(&strides).rev() {
            let place = axis.all[rest % axis.all.len()];
            rest /= axis.all.len();
            offset = offset.zip(place).map(|(offset, place)| offset + place * *stride as usize);
        }
        match offset {
            Some(offset) => fill_row(&from[offset..][..lengths[last] * block], &axes[last], block, value, to),
            None => to.fill(value),
        }
    };
    if to.len() < SMALL {
        to.chunks_exact_mut(row).enumerate().for_each(fill);
    } else {
        to.par_chunks_exact_mut(row).enumerate().with_min_len((SMALL / 4).div_ceil(row)).for_each(fill);
    }
    T::value(context.shape(), to)
}

fn fill_row<T: Copy>(from: &[T], places: &Places, block: usize, value: T, to: &mut [T]) {
    let kept = places.kept.clone();
    let mut one = |index: usize| {
        let to = &mut to[index * block..][..block];
        match places.all[index] {
            Some(place) => to.copy_from_slice(&from[place * block..][..block]),
            None => to.fill(value),
        }
    };
    (0..kept.start).for_each(&mut one);
    (kept.end..places.all.len()).for_each(&mut one);
    if let Some(Some(first)) = places.all.get(kept.start).filter(|_| !kept.is_empty()) {
        let count = kept.len() * block;
        to[kept.start * block..][..count].copy_from_slice(&from[first * block..][..count]);
    }
}
