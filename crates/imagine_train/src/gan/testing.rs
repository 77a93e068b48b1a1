//! What the tests of every adversarial family ask of its training.

use burn::tensor::backend::AutodiffBackend;
use imagine_graph::Card;

use super::run::Training;
use super::task::Task;
use crate::core::Trainer;

/// Fails unless a training that stops after two updates and is resumed ends like one that was not stopped.
pub(crate) fn assert_resuming_repeats<A: AutodiffBackend, T: Task<A>>(start: impl Fn() -> Training<A, T>) {
    let folder = tempfile::tempdir().unwrap();
    let (mut whole, mut first) = (start(), start());
    for _ in 0..2 {
        whole.advance().unwrap();
        first.advance().unwrap();
    }
    first.save(folder.path(), &Card::default()).unwrap();
    let mut second = start();
    assert!(second.resume(folder.path()).unwrap());
    for _ in 0..2 {
        whole.advance().unwrap();
        second.advance().unwrap();
    }
    assert_eq!(second.update(), 4);
    let weights = |training: &Training<A, T>| {
        let networks = &training.networks;
        [networks.generator.weights(), networks.critic.weights(), networks.average.weights()]
    };
    assert_eq!(weights(&whole), weights(&second));
}
