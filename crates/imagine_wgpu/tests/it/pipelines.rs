//! The pipeline store on a device: kernels and texture passes, and threads that ask for the same pipeline.

use std::sync::Arc;

use imagine_wgpu::{BoundsChecks, PipelineStore, texture_io};

use crate::common::gpu;

#[test]
fn every_texture_pass_compiles() {
    let Some(gpu) = gpu() else { return };
    let store = PipelineStore::new(&gpu.device, BoundsChecks::On);
    for pass in texture_io::variants() {
        store.compile(&pass.pipeline).unwrap_or_else(|error| panic!("{:?}: {error}", pass.pipeline));
        assert!(store.get(&pass.pipeline).is_some());
    }
}

#[test]
fn threads_share_one_compilation() {
    let Some(gpu) = gpu() else { return };
    let store = PipelineStore::new(&gpu.device, BoundsChecks::On);
    let key = texture_io::variants().swap_remove(0).pipeline;
    let compiled: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| store.compile(&key).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(compiled.iter().all(|pipeline| Arc::ptr_eq(pipeline, &compiled[0])));
}
