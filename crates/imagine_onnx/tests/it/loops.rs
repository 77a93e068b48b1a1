//! Loops with a known number of iterations are unrolled.

use crate::models::*;
use expect_test::expect;
use imagine_onnx::proto::*;

const IMAGE: [&str; 4] = ["n", "4", "h", "w"];

/// A body that adds the iteration's number to `v` and also returns the sum, and goes on while `goes_on`.
fn body(goes_on: NodeProto) -> GraphProto {
    let nodes = vec![
        node("Cast", &["i"], "f", vec![int("to", 1)]),
        node("Add", &["v", "f"], "v2", vec![]),
        node("Identity", &["v2"], "row", vec![]),
        goes_on,
    ];
    let input = ["i", "c", "v"].map(|name| value(name, &[])).to_vec();
    let output = ["c2", "v2", "row"].map(|name| value(name, &[])).to_vec();
    GraphProto { node: nodes, input, output, ..Default::default() }
}

fn looping(count: &str, goes_on: NodeProto) -> ModelProto {
    let mut repeat = node("Loop", &[count, "", "x"], "last", vec![branch("body", body(goes_on))]);
    repeat.output.push("rows".into());
    let sum = node("ReduceSum", &["rows", "first"], "sum", vec![int("keepdims", 0)]);
    let weights = vec![number("three", 3), number("many", 1 << 40), list("first", &[0]), number("one", 1)];
    model(18, &IMAGE, weights, vec![repeat, sum, node("Add", &["last", "sum"], "y", vec![])])
}

#[test]
fn every_iteration_is_part_of_the_graph() {
    let found = graph(&looping("three", node("Identity", &["c"], "c2", vec![])));
    assert_eq!(found.matches("= Add").count(), 3 + 1, "{found}");
    assert_eq!(found.matches("= Concat").count(), 1, "{found}");
    // The condition is false after the second iteration.
    let until = graph(&looping("three", node("Less", &["i", "one"], "c2", vec![])));
    assert_eq!(until.matches("= Add").count(), 2 + 1, "{until}");
    let unlimited = graph(&looping("", node("Less", &["i", "one"], "c2", vec![])));
    assert_eq!(unlimited, until);
}

#[test]
fn loops_without_a_known_end_are_refused() {
    let endless = fault(&looping("many", node("Identity", &["c"], "c2", vec![])));
    expect![[r#"node "last_node" (Loop, opset 18): has more than 4096 iterations"#]].assert_eq(&endless);
    let data = fault(&looping("three", node("Cast", &["v"], "c2", vec![int("to", 9)])));
    expect![[r#"node "last_node" (Loop, opset 18): input "cond" depends on run-time data, but must be known at import time: give the value of the model's input that it comes from in `values` (--value NAME=1,2)"#]].assert_eq(&data);
    let mut sized = looping("rows_of_x", node("Identity", &["c"], "c2", vec![]));
    let nodes = &mut sized.graph.as_mut().unwrap().node;
    nodes.insert(0, node("Size", &["x"], "rows_of_x", vec![]));
    let told = fault(&sized);
    assert!(told.contains("another number of iterations at every size"), "{told}");
}
