//! Adam, optionally with each tensor's gradient scaled to unit length first.
//!
//! Through dozens of steps of a recurrent network, gradients vary over orders of magnitude; scaling keeps only the
//! direction of each tensor's (Niklasson et al., "Self-Organising Textures", Distill 2021).

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use imagine_graph::Tensor as Elements;

use super::save::Tensors;

const EPSILON: f32 = 1e-8;
/// Names of the moments in files.
const MOMENTS: [&str; 2] = ["first", "second"];

/// Settings of Adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamOptions {
    /// Decay of the running mean of gradients.
    pub first_decay: f32,
    /// Decay of the running mean of their squares.
    pub second_decay: f32,
    /// Whether to scale each tensor's gradient to unit length first.
    pub unit_gradients: bool,
}

impl Default for AdamOptions {
    fn default() -> Self {
        Self { first_decay: 0.9, second_decay: 0.99, unit_gradients: true }
    }
}

/// The optimiser's state: running moments of the trainable parameters, in the order in which the module visits them.
///
/// All moments of a kind lie in one tensor: launching a dozen operations for each of a hundred parameters would take a GPU
/// longer than the update of a small network.
#[derive(Clone, Debug)]
pub struct Adam<B: Backend> {
    options: AdamOptions,
    updates: u32,
    moments: Option<[Tensor<B, 1>; 2]>,
}

impl<B: Backend> Default for Adam<B> {
    fn default() -> Self {
        Self::new(AdamOptions::default())
    }
}

/// Gradients of a module's parameters, in visiting order; `None` for a parameter without one.
pub type GradientList<B> = Vec<Option<Tensor<B, 1>>>;

/// Takes the gradients of a module's parameters out of `gradients`.
pub fn collect<A: AutodiffBackend, M: Module<A>>(
    module: &M,
    gradients: &mut A::Gradients,
) -> GradientList<A::InnerBackend> {
    let mut collector = Collector::<A> { gradients, found: Vec::new() };
    module.visit(&mut collector);
    collector.found
}

impl<B: Backend> Adam<B> {
    /// An optimiser before its first update.
    pub fn new(options: AdamOptions) -> Self {
        Self { options, updates: 0, moments: None }
    }

    /// Updates done.
    pub fn updates(&self) -> u32 {
        self.updates
    }

    /// Moves every parameter of `module` that has a gradient.
    pub fn update<A, M>(&mut self, module: M, gradients: &mut A::Gradients, learning_rate: f32) -> M
    where
        A: AutodiffBackend<InnerBackend = B>,
        M: Module<A>,
    {
        let gradients = collect(&module, gradients);
        self.apply::<A, M>(module, gradients, learning_rate)
    }

    /// Moves each parameter of `module` along its gradient in the list.
    pub fn apply<A, M>(&mut self, module: M, gradients: GradientList<B>, learning_rate: f32) -> M
    where
        A: AutodiffBackend<InnerBackend = B>,
        M: Module<A>,
    {
        self.updates += 1;
        let learning: Vec<bool> = gradients.iter().map(Option::is_some).collect();
        let mut changes = self.changes(gradients.into_iter().flatten().collect(), learning_rate).into_iter();
        let changes: Vec<_> = learning.into_iter().map(|learns| if learns { changes.next() } else { None }).collect();
        module.map(&mut Mover { changes: changes.into_iter() })
    }

    /// Adds the state to `tensors`, under names that begin with `name`. Without decay the first moment is not kept.
    pub(crate) fn save(&self, name: &str, tensors: &mut Tensors) {
        let Some(moments) = &self.moments else { return };
        let kept = usize::from(self.options.first_decay == 0.0);
        for (kind, moment) in MOMENTS.into_iter().zip(moments).skip(kept) {
            let values = moment.to_data().convert::<f32>().to_vec::<f32>().unwrap_or_default();
            tensors.insert(format!("{name}.{kind}"), Elements::f32([values.len()], values));
        }
        tensors.insert(format!("{name}.updates"), Elements::f32([1], [self.updates as f32]));
    }

    /// The state that [`Self::save`] added, of a module with `count` trainable numbers; a new one if it is not there.
    pub(crate) fn load(
        options: AdamOptions,
        name: &str,
        tensors: &Tensors,
        count: usize,
        device: &B::Device,
    ) -> Result<Self, String> {
        let values = |kind: &str| tensors.get(&format!("{name}.{kind}")).and_then(Elements::as_f32);
        let (Some(&[updates]), Some(second)) = (values("updates"), values(MOMENTS[1])) else {
            return Ok(Self::new(options));
        };
        let first = values(MOMENTS[0]).map_or_else(|| vec![0.0; second.len()], <[f32]>::to_vec);
        if [first.len(), second.len()] != [count; 2] {
            return Err(format!("{} moments of {name:?}, which has {count} trainable numbers", second.len()));
        }
        let moments = [first, second.to_vec()];
        let moments = moments.map(|values| Tensor::from_data(TensorData::new(values, [count]), device));
        Ok(Self { options, updates: updates as u32, moments: Some(moments) })
    }

    /// The change of each parameter.
    fn changes(&mut self, gradients: Vec<Tensor<B, 1>>, learning_rate: f32) -> Vec<Tensor<B, 1>> {
        let AdamOptions { first_decay, second_decay, unit_gradients } = self.options;
        let sizes = gradients.iter().map(|gradient| gradient.dims()[0]).collect();
        if gradients.is_empty() {
            return gradients;
        }
        let unit = |gradient: Tensor<B, 1>| {
            let length = gradient.clone().powi_scalar(2).sum().sqrt() + EPSILON;
            gradient / length
        };
        let gradients = if unit_gradients { gradients.into_iter().map(unit).collect() } else { gradients };
        let gradient = Tensor::cat(gradients, 0);
        let moments = self.moments.take().unwrap_or_else(|| [(); 2].map(|()| gradient.zeros_like()));
        let [first, second] = moments;
        let first = first.mul_scalar(first_decay) + gradient.clone().mul_scalar(1.0 - first_decay);
        let second = second.mul_scalar(second_decay) + gradient.powi_scalar(2).mul_scalar(1.0 - second_decay);
        let unbiased = |decay: f32| 1.0 - decay.powi(self.updates as i32);
        let deviation = second.clone().div_scalar(unbiased(second_decay)).sqrt() + EPSILON;
        let change = first.clone().mul_scalar(learning_rate / unbiased(first_decay)) / deviation;
        self.moments = Some([first, second]);
        change.split_with_sizes(sizes, 0)
    }
}

struct Collector<'a, A: AutodiffBackend> {
    gradients: &'a mut A::Gradients,
    found: GradientList<A::InnerBackend>,
}

impl<A: AutodiffBackend> ModuleVisitor<A> for Collector<'_, A> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<A, D>>) {
        let gradient = param.val().grad_remove(self.gradients);
        self.found.push(gradient.map(|gradient| gradient.flatten(0, D - 1)));
    }
}

struct Mover<B: Backend> {
    /// Subtracted from each parameter.
    changes: std::vec::IntoIter<Option<Tensor<B, 1>>>,
}

impl<A: AutodiffBackend> ModuleMapper<A> for Mover<A::InnerBackend> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<A, D>>) -> Param<Tensor<A, D>> {
        let (id, tensor, mapper) = param.consume();
        let tensor = match self.changes.next().flatten() {
            Some(change) => {
                let shape = tensor.shape();
                Tensor::from_inner(tensor.inner() - change.reshape(shape)).require_grad()
            }
            None => tensor,
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::{Autodiff, Flex};

    #[test]
    fn finds_a_minimum_and_continues_from_its_saved_state() {
        type A = Autodiff<Flex>;
        let device = Default::default();
        let wanted = Tensor::<A, 1>::from_data([1.0f32, -2.0, 0.5], &device);
        let mut module = vec![Param::from_data(TensorData::new(vec![0.0f32; 3], [3]), &device)];
        let mut adam = Adam::<Flex>::default();
        let step = |module: Vec<Param<Tensor<A, 1>>>, adam: &mut Adam<Flex>| {
            let loss = (module[0].val() - wanted.clone()).powi_scalar(2).sum();
            adam.update(module, &mut loss.backward(), 0.02)
        };
        for _ in 0..300 {
            module = step(module, &mut adam);
        }
        let off = (module[0].val() - wanted.clone()).abs().max().into_scalar();
        assert!(off < 0.05, "{off}");
        let mut saved = Tensors::new();
        adam.save("module", &mut saved);
        let load = |count| Adam::load(AdamOptions::default(), "module", &saved, count, &device);
        assert!(load(4).unwrap_err().contains("4 trainable numbers"));
        let mut copy = load(3).unwrap();
        let ours = step(module.clone(), &mut adam)[0].val().into_data();
        assert_eq!(ours, step(module, &mut copy)[0].val().into_data());
    }
}
