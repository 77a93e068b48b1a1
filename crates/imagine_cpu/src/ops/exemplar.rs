//! `ExemplarStart`, `ExemplarDouble`, `ExemplarMove`, `ExemplarMatch` and `ExemplarGather`: the kernels of this crate on each image.

use std::collections::HashMap;
use std::sync::Arc;

use crate::{
    Candidates, Draw, Edges, Field, Guide, Level, LevelShape, Moves, REACH, double, gather, match_pass, move_blocks,
    start,
};
use imagine_graph::rng;
use imagine_graph::{
    Clip, Dim, ExemplarDouble, ExemplarGather, ExemplarMatch, ExemplarMove, ExemplarStart, Mul, Op, Size,
};

use super::elementwise;
use crate::context::{Context, Prepared};
use crate::value::Value;

/// A guide and its target, as the operators take them.
pub(super) struct Wanted {
    guide: Value,
    target: Value,
    scale: i32,
}

impl Wanted {
    /// `None` if the node has no guide.
    pub fn new(guide: Option<Value>, target: Option<Value>, scale: u32) -> Option<Self> {
        let (guide, target) = guide.zip(target)?;
        Some(Self { guide, target, scale: scale as i32 })
    }

    fn of_image(&self, image: usize) -> Guide<'_> {
        let (level, shape) = (self.guide.shape(), self.target.shape());
        Guide {
            places: self.guide.as_i32s(),
            width: level[1],
            words: level[2],
            target: image_of(&self.target, image),
            size: [shape[2], shape[3]],
            scale: self.scale,
        }
    }
}

/// Levels of exemplars that a network has, each once: many passes read the same.
#[derive(Default)]
pub(crate) struct Levels(HashMap<LevelKey, Arc<Level>>);

/// Where the appearance and the table of a level lie in memory, and whether it tiles.
type LevelKey = ([Option<*const i32>; 2], bool);

impl Levels {
    /// The level of a matching pass.
    pub fn matched(&mut self, op: &ExemplarMatch, appearance: &Value, similar: Option<&Value>) -> Arc<Level> {
        let [height, width] = sides(appearance).map(|side| side - 2);
        self.known([Some(appearance), similar], op.tiles, || {
            let similar = similar.map_or(&[][..], Value::as_i32s);
            Level::from_words(height, width, edges(op.tiles), appearance.as_i32s(), similar)
        })
    }

    /// The level of a step that moves blocks.
    pub fn moved(&mut self, op: &ExemplarMove, similar: &Value) -> Arc<Level> {
        let [height, width] = sides(similar);
        self.known([None, Some(similar)], op.tiles, || {
            Level::from_table(height, width, edges(op.tiles), similar.as_i32s())
        })
    }

    fn known(&mut self, parts: [Option<&Value>; 2], tiles: bool, make: impl FnOnce() -> Level) -> Arc<Level> {
        let key = (parts.map(|part| part.map(|part| part.as_i32s().as_ptr())), tiles);
        self.0.entry(key).or_insert_with(|| Arc::new(make())).clone()
    }
}

/// The elements of one image of a tensor that may have one for all.
fn image_of(tensor: &Value, image: usize) -> &[i32] {
    let (elements, images) = (tensor.as_i32s(), tensor.shape()[0]);
    let length = elements.len() / images;
    let image = if images == 1 { 0 } else { image };
    &elements[image * length..][..length]
}

pub(super) fn first(op: &ExemplarStart, context: &Context) -> Value {
    let shape = context.shape();
    let level = LevelShape { height: op.height as u32, width: op.width as u32, edges: edges(op.tiles) };
    let lattice = (op.lattice[0] as u32, op.lattice[1] as u32);
    let origin = context.random.domain.tensor_origin(&op.shape);
    let places = (0..shape[0]).flat_map(|image| {
        let draw = draw(context, &op.shape, op.stream, image);
        let span = (origin.y.into(), origin.x.into(), shape[2], shape[3]);
        start(level, span, op.block as u32, lattice, draw).places
    });
    value(places, context)
}

pub(super) fn doubled(op: &ExemplarDouble, field: Value, context: &Context) -> Value {
    let level = LevelShape { height: op.height as u32, width: op.width as u32, edges: edges(op.tiles) };
    // A place outside the coarser level wraps or is clamped when it is doubled.
    let fields = fields(field, |place| place);
    let places = fields.into_iter().flat_map(|field| double(level, &field).places);
    value(places, context)
}

pub(super) fn moved(
    op: &ExemplarMove,
    field: Value,
    similar: Value,
    wanted: Option<Wanted>,
    variation: Option<Value>,
    context: &Context,
) -> Value {
    let level = match context.prepared {
        Some(Prepared::Level(level)) => level.clone(),
        _ => Levels::default().moved(op, &similar),
    };
    let origin = context.random.domain.tensor_origin(&op.shape);
    let fields = fields(field, |place| level.shape().clamped(place));
    let places = fields.into_iter().enumerate().flat_map(|(image, mut field)| {
        field.top = i64::from(origin.y) + i64::from(op.origin[0]);
        field.left = i64::from(origin.x) + i64::from(op.origin[1]);
        let draw = draw(context, &op.shape, op.stream, image);
        let guide = wanted.as_ref().map(|wanted| wanted.of_image(image));
        let variation = variation.as_ref().map(|map| (image_of(map, image), [map.shape()[2], map.shape()[3]]));
        let moves = Moves { block: op.block as u32, probability: op.probability, variation };
        move_blocks(&level, &mut field, moves, draw, guide.as_ref());
        field.places
    });
    value(places, context)
}

pub(super) fn matched(
    op: &ExemplarMatch,
    field: Value,
    appearance: Value,
    similar: Option<Value>,
    wanted: Option<Wanted>,
    candidates: Option<Value>,
    context: &Context,
) -> Value {
    let level = match context.prepared {
        // A table that is no weight is not part of it.
        Some(Prepared::Level(level)) if level.has_table() == similar.is_some() => level.clone(),
        _ => Levels::default().matched(op, &appearance, similar.as_ref()),
    };
    let fields = fields(field, |place| level.shape().clamped(place));
    let places = fields.into_iter().enumerate().flat_map(|(image, field)| {
        let guide = wanted.as_ref().map(|wanted| wanted.of_image(image));
        let candidates = candidates.as_ref().map(|places| Candidates {
            places: image_of(places, image),
            size: [places.shape()[2], places.shape()[3]],
            cost: op.candidate_cost as i32,
        });
        match_pass(&level, &field.wrapped(REACH), guide.as_ref(), candidates.as_ref()).places
    });
    value(places, context)
}

pub(super) fn gathered(
    op: &ExemplarGather,
    field: Value,
    texels: Value,
    gain: Option<Value>,
    context: &Context,
) -> Value {
    let shape = context.shape();
    let [height, width] = sides(&texels);
    let level = LevelShape { height: height as u32, width: width as u32, edges: Edges::Wrap };
    let fields = fields(field, |place| level.clamped(place));
    let channels = op.first..op.first + op.channels;
    let numbers: Vec<f32> =
        fields.iter().flat_map(|field| gather(level, texels.as_i32s(), field, channels.clone(), op.signed)).collect();
    let gathered = Value::f32s(shape, numbers);
    let Some(gain) = gain else { return gathered };
    let scaled = elementwise::run(&Op::Mul(Mul {}), vec![gathered, gain], context);
    elementwise::run(&Op::Clip(Clip { min: Some(-1.0), max: Some(1.0) }), vec![scaled], context)
}

fn edges(tiles: bool) -> Edges {
    if tiles { Edges::Wrap } else { Edges::Bounded }
}

/// What `image` draws from, in a field whose whole has the symbolic shape `dims`.
fn draw(context: &Context, dims: &[Dim], stream: u32, image: usize) -> Draw {
    let random = context.random;
    let torus = random.domain.wrap.then(|| whole(dims, context.size));
    Draw { torus, image: image as u32, key: rng::key(random.seed, stream, random.step) }
}

/// Rows and columns of a field of the whole image.
fn whole(dims: &[Dim], size: Size) -> [usize; 2] {
    [2, 3].map(|axis| dims[axis].bind(size).expect("the shape rule bound it"))
}

/// Rows and columns of places of a tensor of an exemplar.
fn sides(exemplar: &Value) -> [usize; 2] {
    let shape = exemplar.shape();
    [shape[0], shape[1]]
}

/// The fields of all images, each place changed by `map`.
fn fields(field: Value, map: impl Fn(u32) -> u32) -> Vec<Field> {
    let shape = field.shape();
    let (height, width) = (shape[2], shape[3]);
    let fields = field.as_i32s().chunks(height * width).map(|places| {
        let places = places.iter().map(|&place| map(place as u32)).collect();
        Field { top: 0, left: 0, height, width, places }
    });
    fields.collect()
}

fn value(places: impl Iterator<Item = u32>, context: &Context) -> Value {
    Value::i32s(context.shape(), places.map(|place| place as i32).collect())
}
