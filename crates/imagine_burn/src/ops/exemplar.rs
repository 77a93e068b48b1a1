//! `ExemplarStart`, `ExemplarDouble`, `ExemplarMove`, `ExemplarMatch` and `ExemplarGather`: integer arithmetic in `imagine_cpu`, on the CPU
//! whatever the backend.

use burn::tensor::TensorData as BurnData;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use imagine_cpu::{
    Candidates, Draw, Edges, Field, Guide, Level, LevelShape, Moves, REACH, double, gather, match_pass, move_blocks,
    start,
};
use imagine_graph::rng;
use imagine_graph::{
    Dim, ExemplarDouble, ExemplarGather, ExemplarMatch, ExemplarMove, ExemplarStart, Size, TensorData,
};

use crate::context::Context;
use crate::value::Value;

/// A guide and its target, as the operators take them.
pub(super) struct Wanted {
    guide: Vec<i32>,
    width: usize,
    words: usize,
    target: Vec<i32>,
    shape: Vec<usize>,
    scale: i32,
}

impl Wanted {
    /// `None` if the node has no guide.
    pub fn new<B: Backend>(guide: Option<Value<B>>, target: Option<Value<B>>, scale: u32) -> Option<Self> {
        let (guide, target) = guide.zip(target)?;
        let (level, shape) = (guide.shape(), target.shape());
        Some(Self {
            guide: words(guide),
            width: level[1],
            words: level[2],
            target: words(target),
            shape,
            scale: scale as i32,
        })
    }

    fn of_image(&self, image: usize) -> Guide<'_> {
        let target = image_of(&self.target, &self.shape, image);
        let size = [self.shape[2], self.shape[3]];
        Guide { places: &self.guide, width: self.width, words: self.words, target, size, scale: self.scale }
    }
}

/// The elements of one image of a tensor that may have one for all.
fn image_of<'a>(elements: &'a [i32], shape: &[usize], image: usize) -> &'a [i32] {
    let length = elements.len() / shape[0];
    let image = if shape[0] == 1 { 0 } else { image };
    &elements[image * length..][..length]
}

pub(super) fn first<B: Backend>(op: &ExemplarStart, context: &Context<B>) -> Value<B> {
    let shape = &context.outputs[0].shape;
    let level = LevelShape { height: op.height as u32, width: op.width as u32, edges: edges(op.tiles) };
    let lattice = (op.lattice[0] as u32, op.lattice[1] as u32);
    let origin = context.random.domain.tensor_origin(&op.shape);
    let places = (0..shape[0]).flat_map(|image| {
        let draw = draw(context, &op.shape, op.stream, image);
        let span = (origin.y.into(), origin.x.into(), shape[2], shape[3]);
        start(level, span, op.block as u32, lattice, draw).places
    });
    value(places, shape, context)
}

pub(super) fn doubled<B: Backend>(op: &ExemplarDouble, field: Value<B>, context: &Context<B>) -> Value<B> {
    let level = LevelShape { height: op.height as u32, width: op.width as u32, edges: edges(op.tiles) };
    // A place outside the coarser level wraps or is clamped when it is doubled.
    let fields = fields(field, |place| place);
    let places = fields.into_iter().flat_map(|field| double(level, &field).places);
    value(places, &context.outputs[0].shape, context)
}

pub(super) fn moved<B: Backend>(
    op: &ExemplarMove,
    field: Value<B>,
    similar: Value<B>,
    wanted: Option<Wanted>,
    variation: Option<Value<B>>,
    context: &Context<B>,
) -> Value<B> {
    let [height, width] = sides(&similar);
    let similar = words(similar);
    let blank = vec![0; (height + 2) * (width + 2) * 2];
    let level = Level::from_words(height, width, edges(op.tiles), &blank, &similar);
    let origin = context.random.domain.tensor_origin(&op.shape);
    let variation = variation.map(|variation| {
        let shape = variation.shape();
        (words(variation), shape)
    });
    let fields = fields(field, |place| level.shape().clamped(place));
    let places = fields.into_iter().enumerate().flat_map(|(image, mut field)| {
        field.top = i64::from(origin.y) + i64::from(op.origin[0]);
        field.left = i64::from(origin.x) + i64::from(op.origin[1]);
        let draw = draw(context, &op.shape, op.stream, image);
        let guide = wanted.as_ref().map(|wanted| wanted.of_image(image));
        let variation =
            variation.as_ref().map(|(elements, shape)| (image_of(elements, shape, image), [shape[2], shape[3]]));
        let moves = Moves { block: op.block as u32, probability: op.probability, variation };
        move_blocks(&level, &mut field, moves, draw, guide.as_ref());
        field.places
    });
    value(places, &context.outputs[0].shape, context)
}

pub(super) fn matched<B: Backend>(
    op: &ExemplarMatch,
    field: Value<B>,
    appearance: Value<B>,
    similar: Option<Value<B>>,
    wanted: Option<Wanted>,
    candidates: Option<Value<B>>,
    context: &Context<B>,
) -> Value<B> {
    let [height, width] = sides(&appearance).map(|side| side - 2);
    let similar = similar.map(words).unwrap_or_default();
    let candidates = candidates.map(|candidates| {
        let shape = candidates.shape();
        (words(candidates), shape)
    });
    let level = Level::from_words(height, width, edges(op.tiles), &words(appearance), &similar);
    let fields = fields(field, |place| level.shape().clamped(place));
    let places = fields.into_iter().enumerate().flat_map(|(image, field)| {
        let guide = wanted.as_ref().map(|wanted| wanted.of_image(image));
        let candidates = candidates.as_ref().map(|(places, shape)| Candidates {
            places: image_of(places, shape, image),
            size: [shape[2], shape[3]],
            cost: op.candidate_cost as i32,
        });
        match_pass(&level, &field.wrapped(REACH), guide.as_ref(), candidates.as_ref()).places
    });
    value(places, &context.outputs[0].shape, context)
}

pub(super) fn gathered<B: Backend>(
    op: &ExemplarGather,
    field: Value<B>,
    texels: Value<B>,
    gain: Option<FloatTensor<B>>,
    context: &Context<B>,
) -> Value<B> {
    let shape = &context.outputs[0].shape;
    let [height, width] = sides(&texels);
    let level = LevelShape { height: height as u32, width: width as u32, edges: Edges::Wrap };
    let texels = words(texels);
    let fields = fields(field, |place| level.clamped(place));
    let channels = op.first..op.first + op.channels;
    let numbers: Vec<f32> =
        fields.iter().flat_map(|field| gather(level, &texels, field, channels.clone(), op.signed)).collect();
    let gathered = B::float_from_data(BurnData::new(numbers, shape.clone()), context.device);
    Value::Float(match gain {
        Some(gain) => B::float_clamp(B::float_mul(gathered, gain), (-1.0).into(), 1.0.into()),
        None => gathered,
    })
}

fn edges(tiles: bool) -> Edges {
    if tiles { Edges::Wrap } else { Edges::Bounded }
}

/// What `image` draws from, in a field whose whole has the symbolic shape `dims`.
fn draw<B: Backend>(context: &Context<B>, dims: &[Dim], stream: u32, image: usize) -> Draw {
    let random = context.random;
    let torus = random.domain.wrap.then(|| whole(dims, context.size));
    Draw { torus, image: image as u32, key: rng::key(random.seed, stream, random.step) }
}

/// Rows and columns of a field of the whole image.
fn whole(dims: &[Dim], size: Size) -> [usize; 2] {
    [2, 3].map(|axis| dims[axis].bind(size).expect("the shape rule bound it"))
}

/// Rows and columns of places of a tensor of an exemplar.
fn sides<B: Backend>(exemplar: &Value<B>) -> [usize; 2] {
    let shape = exemplar.shape();
    [shape[0], shape[1]]
}

fn words<B: Backend>(integers: Value<B>) -> Vec<i32> {
    match integers.into_data().data {
        TensorData::I32(words) => words,
        _ => unreachable!("the shape rule asked for integers"),
    }
}

/// The fields of all images, each place changed by `map`.
fn fields<B: Backend>(field: Value<B>, map: impl Fn(u32) -> u32) -> Vec<Field> {
    let shape = field.shape();
    let (height, width) = (shape[2], shape[3]);
    let words = words(field);
    let fields = words.chunks(height * width).map(|places| {
        let places = places.iter().map(|&place| map(place as u32)).collect();
        Field { top: 0, left: 0, height, width, places }
    });
    fields.collect()
}

fn value<B: Backend>(places: impl Iterator<Item = u32>, shape: &[usize], context: &Context<B>) -> Value<B> {
    let places: Vec<i32> = places.map(|place| place as i32).collect();
    let data = BurnData::new(places, shape.to_vec()).convert::<B::IntElem>();
    Value::Int(B::int_from_data(data, context.device))
}
