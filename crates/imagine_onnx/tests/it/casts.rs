//! Casts to types that a graph has no equal of.

use crate::models::*;
use expect_test::{Expect, expect};

// ONNX's numbers of element types.
const UINT8: i64 = 2;
const INT8: i64 = 3;
const INT16: i64 = 5;
const INT32: i64 = 6;
const BFLOAT16: i64 = 16;
const UINT4: i64 = 21;
const INT4: i64 = 22;

/// The graph of one cast after another, to these element types.
fn check(to: &[i64], expected: Expect) {
    let names = ["a", "b", "y"];
    let casts = to.iter().zip(&names[3 - to.len()..]).scan("x", |from, (to, name)| {
        let cast = node("Cast", &[*from], name, vec![int("to", *to)]);
        *from = *name;
        Some(cast)
    });
    expected.assert_eq(&graph(&model(21, &["n", "4", "h", "w"], vec![], casts.collect())));
}

#[test]
fn integers_and_floats_become_bfloat16_by_rounding() {
    check(
        &[INT32, BFLOAT16],
        expect![[r#"
            b = Cast {"to":"i32"} (x)
            y_node.0 = Cast {} (b)
            y = Cast {"bfloat16":true} (y_node.0)
        "#]],
    );
    check(
        &[BFLOAT16, BFLOAT16],
        expect![[r#"
            b = Cast {"bfloat16":true} (x)
            y = Identity {} (b)
        "#]],
    );
}

#[test]
fn integers_of_four_bits_are_rounded_and_wrapped() {
    check(
        &[INT4, UINT4],
        expect![[r#"
            b_node.0 = Sign {} (x)
            constant = Constant {"value":{"data":{"f32":[0.5]},"shape":[]}} ()
            b_node_1.0 = Mul {} (b_node.0, constant)
            b_node_2.0 = Add {} (x, b_node_1.0)
            b_node_3.0 = Cast {"to":"i32"} (b_node_2.0)
            constant_1 = Constant {"value":{"data":{"i32":[-8]},"shape":[]}} ()
            b_node_4.0 = Sub {} (b_node_3.0, constant_1)
            constant_2 = Constant {"value":{"data":{"i32":[16]},"shape":[]}} ()
            b_node_5.0 = Mod {} (b_node_4.0, constant_2)
            b_node_6.0 = Add {} (b_node_5.0, constant_1)
            constant_3 = Constant {"value":{"data":{"i32":[16]},"shape":[]}} ()
            y_node.0 = Mod {} (b_node_6.0, constant_3)
            y = Identity {} (y_node.0)
        "#]],
    );
}

#[test]
fn integers_become_wider_as_they_are_and_narrower_by_wrapping() {
    check(
        &[UINT8, INT16, INT8],
        expect![[r#"
            a = Cast {"to":"i32"} (x)
            constant = Constant {"value":{"data":{"i32":[-128]},"shape":[]}} ()
            y_node.0 = Sub {} (a, constant)
            constant_1 = Constant {"value":{"data":{"i32":[256]},"shape":[]}} ()
            y_node_1.0 = Mod {} (y_node.0, constant_1)
            y_node_2.0 = Add {} (y_node_1.0, constant)
            y = Identity {} (y_node_2.0)
        "#]],
    );
}
