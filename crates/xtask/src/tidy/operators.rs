//! Every operator of the table has its files, under its stem.
//!
//! The compiler finds missing mappings in executors. This finds missing shaders, misplaced files and leftovers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One line of the operator table.
#[derive(Debug, PartialEq)]
pub struct Operator {
    /// ONNX name.
    pub name: String,
    /// Shared name of its files.
    pub stem: String,
    /// `Pass`, `View` or `Fold`.
    pub class: String,
}

/// The operators of the table in the text of `imagine_graph/src/ops/mod.rs`: lines `Name => stem, Class;`.
pub fn parse(text: &str) -> Vec<Operator> {
    let table = text.split("\noperators! {").nth(1).and_then(|rest| rest.split("\n}").next()).unwrap_or_default();
    let line = |line: &str| {
        let (name, rest) = line.trim().strip_suffix(';')?.split_once(" => ")?;
        let (stem, class) = rest.split_once(", ")?;
        Some(Operator { name: name.into(), stem: stem.into(), class: class.into() })
    };
    table.lines().filter_map(line).collect()
}

/// Finds missing and superfluous files; `read` returns a file's text by its path from the root.
pub fn check(operators: &[Operator], read: &impl Fn(&Path) -> Option<String>, findings: &mut Vec<String>) {
    if operators.is_empty() {
        findings.push("crates/imagine_graph/src/ops/mod.rs: no operator table found".into());
    }
    let mut stems: BTreeMap<&str, Vec<&Operator>> = BTreeMap::new();
    for operator in operators {
        stems.entry(&operator.stem).or_default().push(operator);
        if !["Pass", "View", "Fold"].contains(&operator.class.as_str()) {
            findings.push(format!("operator {}: unknown class {:?}", operator.name, operator.class));
        }
    }
    for (stem, family) in stems {
        check_stem(stem, &family, read, findings);
    }
}

/// A stem needs a kernel if one of its operators does, and must not have one otherwise.
fn check_stem(stem: &str, family: &[&Operator], read: &impl Fn(&Path) -> Option<String>, findings: &mut Vec<String>) {
    let names: Vec<&str> = family.iter().map(|operator| operator.name.as_str()).collect();
    let left_to_cpu = read(Path::new("crates/imagine_burn/src/ops/on_cpu.rs")).unwrap_or_default();
    let is_left_to_cpu = names.iter().all(|name| left_to_cpu.contains(&format!("`{name}`")));
    let names = names.join(", ");
    let mut need = |path: PathBuf, needed: bool, holds: &[&str]| match (read(&path), needed) {
        (None, true) => findings.push(format!("{}: missing (operators {names})", path.display())),
        (Some(_), false) => findings.push(format!("{}: {names} need no kernel", path.display())),
        (Some(text), true) => {
            for what in holds.iter().filter(|what| !text.contains(**what)) {
                findings.push(format!("{}: no `{what}` in it (operators {names})", path.display()));
            }
        }
        (None, false) => {}
    };
    let rust = |package: &str| PathBuf::from(format!("crates/{package}/src/ops/{stem}.rs"));
    let has_kernel = family.iter().any(|operator| operator.class == "Pass");
    need(rust("imagine_graph"), true, &["fn infer", "fn reach", "fn cases"]);
    // `imagine_burn` leaves some operators to `imagine_cpu`.
    need(rust("imagine_burn"), !is_left_to_cpu, &[]);
    need(rust("imagine_cpu"), true, &[]);
    need(rust("imagine_wgpu"), has_kernel, &[]);
    need(PathBuf::from(format!("shaders/ops/{stem}.wgsl")), has_kernel, &["@compute"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "use a;\noperators! {\n    /// Doc => umented.\n    Conv => conv, Pass;\n    Identity => unary, View;\n}\nlet A => b, C;\n";

    #[test]
    fn the_table_is_read() {
        let names: Vec<_> = parse(TABLE).into_iter().map(|o| (o.name, o.stem, o.class)).collect();
        let expected = [("Conv", "conv", "Pass"), ("Identity", "unary", "View")];
        assert_eq!(names, expected.map(|(a, b, c)| (a.to_string(), b.to_string(), c.to_string())));
        assert_eq!(parse("nothing"), []);
    }

    #[test]
    fn missing_and_superfluous_files_are_found() {
        let whole = "fn infer fn reach fn cases";
        let read = |path: &Path| match path.to_str().unwrap() {
            "crates/imagine_graph/src/ops/conv.rs" => Some(whole.to_string()),
            "crates/imagine_graph/src/ops/unary.rs" => Some(whole.replace("fn cases", "")),
            "crates/imagine_wgpu/src/ops/unary.rs" => Some(String::new()),
            path if path.contains("imagine_burn")
                || path.contains("imagine_cpu")
                || path.contains("imagine_wgpu/src/ops/conv") =>
            {
                Some(String::new())
            }
            _ => None,
        };
        let mut findings = Vec::new();
        check(&parse(TABLE), &read, &mut findings);
        assert_eq!(
            findings,
            [
                "shaders/ops/conv.wgsl: missing (operators Conv)",
                "crates/imagine_graph/src/ops/unary.rs: no `fn cases` in it (operators Identity)",
                "crates/imagine_wgpu/src/ops/unary.rs: Identity need no kernel",
            ]
        );
        findings.clear();
        check(&[], &read, &mut findings);
        assert_eq!(findings.len(), 1);
    }
}
