//! Damaged files, made from one valid file.

mod container;
mod documents;

use expect_test::Expect;
use imagine_graph::file::{self, WeightFormat};
use imagine_graph::{Conv, Dim, Generator, Graph, InputKind, OutputKind, PadMode, Tanh, Tensor};
use serde_json::Value;

const FILE: &str = "assets/moss.generator.safetensors";

/// `picture -> up3.conv -> tanh`, with 3x3 weights `[2, 1, 3, 3]` and a bias.
fn generator() -> Generator {
    let mut output = Graph::default();
    output.input("picture", InputKind::Tensor, Dim::nchw(1));
    output.weight("weight", Tensor::f32([2, 1, 3, 3], (0..18).map(|i| i as f32 / 8.0).collect::<Vec<_>>()));
    output.weight("bias", Tensor::f32([2], [0.5, -0.5]));
    output.push("up3.conv", Conv::same(3, PadMode::Wrap), ["picture", "weight", "bias"]);
    output.push("tanh", Tanh {}, ["up3.conv"]);
    output.output("tanh", OutputKind::Tensor);
    Generator { output, recurrence: None, size: Default::default(), card: Default::default() }
}

fn bytes() -> Vec<u8> {
    file::write(&generator(), WeightFormat::F32).unwrap()
}

/// Header and data of a file.
fn split(bytes: &[u8]) -> (String, Vec<u8>) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (String::from_utf8(bytes[8..8 + length].to_vec()).unwrap(), bytes[8 + length..].to_vec())
}

fn join(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// The good file with its header changed.
fn with_header(change: impl Fn(&mut Value)) -> Vec<u8> {
    let (header, data) = split(&bytes());
    let mut header: Value = serde_json::from_str(&header).unwrap();
    change(&mut header);
    join(&header.to_string(), &data)
}

/// The good file with one of its JSON documents changed.
fn with_document(key: &str, change: impl Fn(&mut Value)) -> Vec<u8> {
    with_header(|header| {
        let text = &mut header["__metadata__"][key];
        let mut document = serde_json::from_str(text.as_str().unwrap()).unwrap();
        change(&mut document);
        *text = document.to_string().into();
    })
}

fn with_graph(change: impl Fn(&mut Value)) -> Vec<u8> {
    with_document("imagine.graphs", |graphs| change(&mut graphs["output"]))
}

/// The good file with `from` replaced in the text of its header.
fn with_text(from: &str, to: &str) -> Vec<u8> {
    let (header, data) = split(&bytes());
    assert_eq!(header.matches(from).count(), 1, "{header}");
    join(&header.replace(from, to), &data)
}

fn refused(bytes: &[u8], message: Expect) {
    message.assert_eq(&file::from_bytes(FILE, bytes).unwrap_err().to_string());
}
