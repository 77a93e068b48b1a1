//! Entry functions of the fuzz targets. The test `fuzz_corpus` of `imagine_graph` includes this file and replays the
//! committed corpus through them, so that it needs neither cargo-fuzz nor libFuzzer.

mod draft;

use imagine_graph::file::{self, Fault, WeightFormat};
use imagine_graph::{Generator, Request, Size, ValidGenerator, ValidGraph};

/// How far a file came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its container or documents are no generator.
    Refused,
    /// It is a generator, whose graphs are not valid.
    Invalid,
    /// It is a valid generator.
    Valid,
}

/// Reads `data` as a file.
pub fn read_bytes(data: &[u8]) -> Stage {
    match file::from_bytes("fuzz.generator.safetensors", data) {
        Ok(loaded) => {
            exercise(&loaded.generator);
            Stage::Valid
        }
        Err(error) => {
            assert!(error.to_string().starts_with("fuzz.generator.safetensors: "));
            match error.fault {
                Fault::Invalid(_) | Fault::UnusedTensor { .. } => Stage::Invalid,
                _ => Stage::Refused,
            }
        }
    }
}

/// Makes a file of graphs out of `data`, damages it, and reads it.
pub fn structured(data: &[u8]) -> Stage {
    read_bytes(&draft::file(data))
}

/// Everything that is done with a generator before it runs.
fn exercise(generator: &ValidGenerator) {
    for graph in generator.graphs() {
        for size in sizes() {
            bind(graph, size);
        }
    }
    resolve(generator);
    write(&generator.generator);
}

/// Sizes that people ask for, and some that nobody should.
fn sizes() -> [Size; 7] {
    [
        Size::new(1, 1),
        Size::new(97, 61),
        Size::new(64, 64).with_batch(3),
        Size::new(16_384, 16_384),
        Size::new(0, 5).with_batch(0),
        Size::new(usize::MAX, 1),
        Size { batch: usize::MAX, height: usize::MAX, width: usize::MAX },
    ]
}

fn bind(graph: &ValidGraph, size: Size) {
    match graph.bind(size) {
        Ok(bound) => drop(bound.support()),
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
}

/// Requests with and without inputs; those whose inputs would fill the memory are left out.
fn resolve(generator: &ValidGenerator) {
    for size in [generator.generator.size.smallest(), Size::new(7, 5), Size::new(0, 1)] {
        let elements = |dims: &[imagine_graph::Dim]| {
            dims.iter().try_fold(1usize, |product, dim| product.checked_mul(dim.bind(size)?))
        };
        let small = generator.inputs().iter().all(|input| elements(&input.shape).is_some_and(|count| count < 1 << 16));
        if small && let Err(error) = generator.resolve(&Request::new(size, 1)) {
            assert!(!error.to_string().is_empty());
        }
    }
}

/// What can be read can be written, and comes back. One format a run, by the number of nodes.
fn write(generator: &Generator) {
    let formats = [WeightFormat::F32, WeightFormat::F16, WeightFormat::U8];
    let format = formats[generator.output.nodes.len() % 3];
    let bytes = file::write(generator, format).expect("a valid generator can be written");
    let back = file::read(&bytes).expect("what was written can be read");
    if format == WeightFormat::F32 {
        assert_eq!(&back, generator);
    }
    assert_eq!(file::write(&back, format).expect("and written again"), bytes);
}
