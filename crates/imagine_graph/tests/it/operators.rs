//! Promises of every operator in the table, checked on its cases.

use imagine_graph::{Class, Op};

#[test]
fn every_case_validates_and_has_the_right_number_of_values() {
    for info in Op::ALL {
        let cases = (info.cases)();
        assert!(cases.len() >= 3, "{} has only {} cases", info.name, cases.len());
        for case in cases {
            assert_eq!(case.op.name(), info.name);
            let (graph, inputs) = case.graph();
            let valid = graph.validate().unwrap_or_else(|e| panic!("{} {:?}: {e}", info.name, case.name));
            let bound = valid.bind(case.size()).unwrap_or_else(|e| panic!("{} {:?}: {e}", info.name, case.name));
            assert_eq!(inputs.len(), graph.inputs.len());
            let node = &valid.nodes()[0];
            let types: Vec<_> = node.inputs.iter().map(|v| v.map(|v| bound.value_type(v))).collect();
            let reach = node.op.reach(&types, bound.value_type(node.outputs[0]));
            assert_eq!(reach.len(), node.inputs.len(), "{} {:?}: one reach per input", info.name, case.name);
        }
    }
}

#[test]
fn attributes_survive_a_round_trip() {
    for info in Op::ALL {
        for case in (info.cases)() {
            let attributes = serde_json::Value::from(case.op.attributes());
            let text = attributes.to_string();
            let back = Op::from_attributes(info.name, serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(back, case.op, "{} {:?}: {text}", info.name, case.name);
        }
    }
}

#[test]
fn unknown_operators_and_attributes_are_rejected() {
    let refused = |name, attributes| Op::from_attributes(name, attributes).unwrap_err();
    assert_eq!(refused("Convolve", serde_json::json!({})), "unknown operator \"Convolve\"");
    let message = refused("Conv", serde_json::json!({"stride": [2, 2]}));
    assert!(message.starts_with("Conv: unknown field `stride`, expected one of `group`, `strides`"), "{message}");
}

#[test]
fn views_keep_their_elements() {
    for info in Op::ALL.iter().filter(|info| info.class == Class::View) {
        for case in (info.cases)() {
            let (graph, inputs) = case.graph();
            let valid = graph.validate().unwrap();
            let bound = valid.bind(case.size()).unwrap();
            assert_eq!(
                bound.value_type(valid.outputs()[0]).elements(),
                inputs[0].len(),
                "{} {:?}",
                info.name,
                case.name
            );
        }
    }
}
