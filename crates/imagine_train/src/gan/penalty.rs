//! Gradient penalties of a critic: the squared length of its gradient at real (R1) or generated (R2) images.
//!
//! burn does not record its backward pass, so a second level of differentiation wraps the first: the outer level
//! differentiates the critic with respect to the image, with constant weights; the inner level records that and
//! differentiates it with respect to the weights. Critics may only use operators whose gradients consist of differentiable
//! operators: convolutions, matrix products, elementwise functions, sums; no pooling, no interpolation.
//! R1: Mescheder et al., "Which Training Methods for GANs do actually Converge?", ICML 2018.

use burn::backend::Autodiff;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use imagine_burn::{Network, RunError, Value};
use imagine_graph::Size;
use imagine_graph::rng::RandomState;

/// `mean_n |d critic(x_n) / d x_n|^2`, differentiable with respect to the critic's weights.
///
/// The critic's first input is the images, its other inputs are `conditions`, in order. Its one output is a score per image,
/// which must not depend on other images.
pub fn gradient_penalty<A: AutodiffBackend>(
    critic: &Network<A>,
    images: Tensor<A, 4>,
    conditions: &[imagine_graph::Tensor],
) -> Result<Tensor<A, 1>, RunError> {
    let [count, _, height, width] = images.dims();
    let device = images.device();
    let critic = critic.convert::<Autodiff<A>>(Tensor::from_inner);
    let images = Tensor::<Autodiff<A>, 4>::from_inner(images).require_grad();
    let mut inputs = vec![Value::from_tensor(images.clone())];
    inputs.extend(conditions.iter().map(|condition| Value::from_data(condition, &device)));
    let size = Size { batch: count, ..Size::new(height, width) };
    let scores = critic.run(inputs, size, RandomState::default())?.remove(0);
    let gradients = scores.into_tensor::<2>().sum().backward();
    let gradient = images.grad(&gradients).expect("the critic reads its images");
    Ok(gradient.powi_scalar(2).sum().div_scalar(count as f32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::Flex;
    use burn::module::{Module, ModuleVisitor, Param};
    use burn::tensor::TensorData;
    use imagine_graph::{Conv, Dim, Flatten, Graph, InputKind, LeakyRelu, MatMul, Op, OutputKind, PadMode, Softplus};
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    type A = Autodiff<Flex>;

    fn critic(activation: impl Into<Op>, rng: &mut StdRng) -> Graph {
        let mut graph = Graph::default();
        let mut draw = |shape: &[usize], scale: f32| {
            let count = shape.iter().product();
            imagine_graph::Tensor::f32(shape, (0..count).map(|_| rng.random_range(-scale..scale)).collect::<Vec<f32>>())
        };
        graph.input("image", InputKind::Tensor, Dim::nchw(2));
        graph.weight("w1", draw(&[4, 2, 3, 3], 0.5));
        graph.weight("b1", draw(&[4], 0.3));
        graph.weight("w2", draw(&[64, 1], 0.5));
        let strided = Conv { strides: vec![2, 2], ..Conv::same(3, PadMode::Constant) };
        graph.push("conv", strided, ["image", "w1", "b1"]);
        graph.push("active", activation, ["conv"]);
        graph.push("flat", Flatten::default(), ["active"]);
        graph.push("score", MatMul {}, ["flat", "w2"]);
        graph.output("score", OutputKind::Tensor);
        graph
    }

    fn images(rng: &mut StdRng) -> Tensor<A, 4> {
        let data: Vec<f32> = (0..3 * 2 * 8 * 8).map(|_| rng.random_range(-1.0..1.0)).collect();
        Tensor::from_data(TensorData::new(data, [3, 2, 8, 8]), &Default::default())
    }

    /// The penalty by first-order gradients only.
    fn penalty(graph: &Graph, images: &Tensor<A, 4>) -> f64 {
        let valid = graph.validate().unwrap();
        let x = images.clone().require_grad();
        let size = Size { batch: 3, ..Size::new(8, 8) };
        let random = RandomState::default();
        let network = Network::<A>::new(&valid, &Default::default());
        let score = network.run(vec![Value::from_tensor(x.clone())], size, random).unwrap().remove(0);
        let gradient = x.grad(&score.into_tensor::<2>().sum().backward()).unwrap();
        gradient.into_data().iter::<f64>().map(|v| v * v).sum::<f64>() / 3.0
    }

    struct Collect<'a>(&'a <A as AutodiffBackend>::Gradients, Vec<Option<Vec<f32>>>);

    impl ModuleVisitor<A> for Collect<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<A, D>>) {
            self.1.push(param.val().grad(self.0).map(|g| g.into_data().to_vec().unwrap()));
        }
    }

    fn compare(activation: impl Into<Op>, tolerance: f64) {
        let mut rng = StdRng::seed_from_u64(3);
        let (graph, images) = (critic(activation, &mut rng), images(&mut rng));
        let valid = graph.validate().unwrap();
        let network = Network::<A>::new(&valid, &Default::default());
        let value = gradient_penalty(&network, images.clone(), &[]).unwrap();
        let by_first_order = penalty(&graph, &images);
        let found = f64::from(value.clone().into_scalar());
        assert!((found - by_first_order).abs() < 1e-4 * by_first_order, "{found} {by_first_order}");
        let gradients = value.backward();
        let mut collect = Collect(&gradients, Vec::new());
        network.visit(&mut collect);
        let scale = collect.1.iter().flatten().flatten().fold(0f64, |m, g| m.max(f64::from(g.abs())));
        for (index, name) in graph.weights.keys().enumerate() {
            for element in (0..graph.weights[name].len()).step_by(3) {
                let moved = |by: f32| {
                    let mut graph = graph.clone();
                    let weight = graph.weights[name].clone();
                    let mut data = weight.as_f32().unwrap().to_vec();
                    data[element] += by;
                    graph.weights.insert(name.clone(), imagine_graph::Tensor::f32(weight.shape, data));
                    penalty(&graph, &images)
                };
                let expected = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                let found = collect.1[index].as_ref().map_or(0.0, |g| f64::from(g[element]));
                assert!((found - expected).abs() < tolerance * scale, "{name}[{element}]: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn the_penaltys_gradient_is_that_of_central_differences() {
        compare(Softplus {}, 2e-3);
    }

    #[test]
    fn a_critic_with_kinks_has_the_gradient_between_them() {
        compare(LeakyRelu { alpha: 0.2 }, 2e-2);
    }
}
