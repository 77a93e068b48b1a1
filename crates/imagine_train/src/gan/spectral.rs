//! Power iteration: keeps the singular vectors of weights with spectral normalisation up to date.

use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use imagine_burn::Network;

use crate::core::layers::{LEFT, RIGHT};

/// Keeps a length from being 0.
const EPSILON: f32 = 1e-12;

/// Whether a weight is a singular vector, which has no gradient.
pub(super) fn is_vector(name: &str) -> bool {
    name.ends_with(LEFT) || name.ends_with(RIGHT)
}

/// Runs `rounds` power iterations on every normalised weight: `right = W^T left`, `left = W right`, both of length 1.
pub(super) fn iterate<A: AutodiffBackend>(network: &mut Network<A>, rounds: usize) {
    let weights = &network.graph().graph().weights;
    let names: Vec<String> = weights.keys().filter_map(|name| name.strip_suffix(LEFT)).map(String::from).collect();
    for name in names {
        let rows = network.graph().graph().weights[&name].shape[0];
        let values = |suffix: &str| network.weight_values(&format!("{name}{suffix}")).map(Tensor::inner);
        let (Some(weight), Some(mut left)) = (values(""), values(LEFT)) else { continue };
        let columns = weight.dims()[0] / rows;
        let matrix = weight.reshape([rows, columns]);
        let mut right = Tensor::zeros([columns], &left.device());
        for _ in 0..rounds {
            right = unit(left.reshape([1, rows]).matmul(matrix.clone()).reshape([columns]));
            left = unit(matrix.clone().matmul(right.clone().reshape([columns, 1])).reshape([rows]));
        }
        if rounds > 0 {
            network.set_weight(&format!("{name}{LEFT}"), Tensor::from_inner(left));
            network.set_weight(&format!("{name}{RIGHT}"), Tensor::from_inner(right));
        }
    }
}

fn unit<B: Backend>(vector: Tensor<B, 1>) -> Tensor<B, 1> {
    let length = vector.clone().powi_scalar(2).sum().sqrt().add_scalar(EPSILON);
    vector / length
}

/// Each normalised weight's name, its divisor, and its largest singular value after many iterations.
#[cfg(test)]
pub(crate) fn singular_values<A: AutodiffBackend>(network: &Network<A>) -> Vec<(String, f32, f32)> {
    let value = |network: &Network<A>, name: &str| {
        let read = |suffix: &str| network.weight_values(&format!("{name}{suffix}")).unwrap().inner();
        let (weight, left, right) = (read(""), read(LEFT), read(RIGHT));
        let (rows, columns) = (left.dims()[0], right.dims()[0]);
        let row = left.reshape([1, rows]).matmul(weight.reshape([rows, columns]));
        super::scalar(row.matmul(right.reshape([columns, 1])).reshape([1]))
    };
    let mut settled = network.clone();
    iterate(&mut settled, 200);
    let weights = &network.graph().graph().weights;
    let names = weights.keys().filter_map(|name| name.strip_suffix(LEFT));
    names.map(|name| (name.to_string(), value(network, name), value(&settled, name))).collect()
}
