//! Reading a file takes memory in proportion to its length, measured with a counting allocator.

mod counting;

use imagine_graph::file::{self, WeightFormat};
use imagine_graph::{Generator, Graph, OutputKind, Tensor};

const MIB: usize = 1 << 20;

/// Maximum memory of a header beyond that proportion: 2^20 JSON values, twice.
const HEADER_MEMORY: usize = 192 * MIB;

/// Peak memory while reading `bytes`, excluding `bytes`.
fn peak(bytes: &[u8]) -> usize {
    counting::peak(|| file::from_bytes("memory.generator.safetensors", bytes))
}

fn container(header: &str) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat()
}

/// A file with the document `graphs`.
fn with_graphs(graphs: &str) -> Vec<u8> {
    let metadata = serde_json::json!({
        "imagine.format": "1",
        "imagine.card": "{}",
        "imagine.generator": r#"{"size":{"multiple":[1,1],"min":[1,1],"tiles":false}}"#,
        "imagine.graphs": graphs,
    });
    container(&serde_json::json!({ "__metadata__": metadata }).to_string())
}

/// One test, because the counters are global.
#[test]
fn memory_is_bounded() {
    let weights = Tensor::f32([256, 1024], (0..MIB / 4).map(|i| (i % 255) as f32).collect::<Vec<_>>());
    let mut output = Graph::default();
    output.weight("w", weights);
    output.push("y", imagine_graph::Relu {}, ["w"]);
    output.output("y", OutputKind::Tensor);
    let generator = Generator { output, recurrence: None, size: Default::default(), card: Default::default() };
    for (format, multiple) in [(WeightFormat::F32, 4), (WeightFormat::F16, 8), (WeightFormat::U8, 16)] {
        let bytes = file::write(&generator, format).unwrap();
        let (peak, limit) = (peak(&bytes), multiple * bytes.len() + MIB);
        println!("{format:?}: {} bytes, peak {peak}", bytes.len());
        assert!(peak <= limit, "{format:?}: peak {peak} above {limit}");
    }
    drop(generator);

    let hostile = [
        ("a missing header", 0xffff_ffffu64.to_le_bytes().to_vec()),
        ("numbers", container(&format!("{{\"a\":[{}0]}}", "0,".repeat(8 * MIB - 100)))),
        ("objects", container(&format!("{{\"a\":[{}0]}}", "{\"a\":0},".repeat(MIB)))),
        ("names", container(&format!("{{{}\"a\":0}}", (0..MIB).map(|i| format!("\"{i}\":0,")).collect::<String>()))),
        ("one long name", container(&format!("{{\"{}\":0}}", "a".repeat(15 * MIB)))),
        ("nodes", with_graphs(&format!("{{\"output\":{{\"outputs\":[],\"nodes\":[{}0]}}}}", "{},".repeat(100_000)))),
        ("values", with_graphs(&format!("{{\"output\":{{\"outputs\":[{}0],\"nodes\":[]}}}}", "[],".repeat(MIB - 100)))),
    ];
    for (what, bytes) in hostile {
        assert!(file::from_bytes("memory", &bytes).is_err());
        let (peak, limit) = (peak(&bytes), 4 * bytes.len() + HEADER_MEMORY);
        println!("{what}: {} bytes, peak {peak}", bytes.len());
        assert!(peak <= limit, "{what}: peak {peak} above {limit}");
    }
}
