//! The order in which the nodes of a graph run. A file should list them in that order, but some tools do not.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::proto::NodeProto;

/// Indices of `nodes` so that a node comes after those that write what it reads, else in the file's order. Nodes on a cycle come
/// last.
pub(crate) fn execution_order(nodes: &[NodeProto]) -> Vec<usize> {
    let mut writers: HashMap<&str, usize> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            writers.entry(name).or_insert(index);
        }
    }
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut missing = vec![0usize; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        let mut read = HashSet::new();
        read_by(node, &mut read);
        let before: HashSet<usize> = read.iter().filter_map(|name| writers.get(name).copied()).collect();
        missing[index] = before.len();
        before.into_iter().for_each(|writer| readers[writer].push(index));
    }
    let mut ready: BinaryHeap<_> = (0..nodes.len()).filter(|&index| missing[index] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for &reader in &readers[index] {
            missing[reader] -= 1;
            if missing[reader] == 0 {
                ready.push(Reverse(reader));
            }
        }
    }
    order.extend((0..nodes.len()).filter(|&index| missing[index] > 0));
    order
}

/// Adds the names that a node reads, also in its branches and bodies.
pub(crate) fn read_by<'a>(node: &'a NodeProto, read: &mut HashSet<&'a str>) {
    read.extend(node.input.iter().map(String::as_str));
    for graph in node.attribute.iter().filter_map(|a| a.g.as_deref()) {
        read.extend(graph.output.iter().map(|o| o.name.as_str()));
        graph.node.iter().for_each(|inner| read_by(inner, read));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(list: &[(&str, &str)]) -> Vec<NodeProto> {
        let names = |text: &str| text.split_whitespace().map(String::from).collect();
        list.iter().map(|(i, o)| NodeProto { input: names(i), output: names(o), ..NodeProto::default() }).collect()
    }

    #[test]
    fn a_sorted_file_keeps_its_order_and_others_are_sorted() {
        assert_eq!(execution_order(&nodes(&[("x", "a"), ("x", "b"), ("b a", "y")])), [0, 1, 2]);
        assert_eq!(execution_order(&nodes(&[("b a", "y"), ("x", "b"), ("b", "a")])), [1, 2, 0]);
    }

    #[test]
    fn nodes_on_a_cycle_come_last() {
        assert_eq!(execution_order(&nodes(&[("x b", "a"), ("a", "b"), ("x", "y")])), [2, 0, 1]);
    }
}
