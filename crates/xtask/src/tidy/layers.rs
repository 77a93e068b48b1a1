//! Dependencies between packages point one way, as ARCHITECTURE.md draws them: nothing depends on a layer above it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use serde_json::Value;

use crate::step::{list, members, text};

/// A package of the workspace and its dependencies, without those of tests and build scripts.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Names of direct dependencies, including optional ones.
    pub direct: BTreeSet<String>,
    /// Names of all transitive dependencies with default features.
    pub all: BTreeSet<String>,
}

/// Dependencies that a package must not have. A trailing `*` matches any ending.
struct Rule {
    package: &'static str,
    /// Forbidden even transitively.
    never: &'static [&'static str],
    /// Forbidden as direct dependencies.
    not_directly: &'static [&'static str],
}

const GPU: [&str; 4] = ["wgpu*", "naga*", "cubecl*", "ash"];
const BURN: [&str; 2] = ["burn*", "imagine_burn"];
const BEVY: [&str; 1] = ["bevy*"];

const RULES: [Rule; 16] = [
    Rule {
        package: "imagine_graph",
        never: &[
            GPU[0],
            GPU[1],
            GPU[2],
            GPU[3],
            BURN[0],
            BEVY[0],
            "imagine_burn",
            "imagine_cli",
            "imagine_cpu",
            "imagine_edit",
            "imagine_exemplar",
            "imagine_ktx2",
            "imagine_onnx",
            "imagine_png",
            "imagine_shaders",
            "imagine_train",
            "imagine_wgpu",
        ],
        not_directly: &[],
    },
    Rule { package: "imagine_codec", never: &[GPU[0], BURN[0], BURN[1], BEVY[0], "imagine_*"], not_directly: &[] },
    Rule { package: "imagine_shaders", never: &[GPU[0], BURN[0], BEVY[0], "imagine_*"], not_directly: &[] },
    Rule { package: "imagine_wgpu", never: &[BURN[0], BURN[1], BEVY[0], "imagine_train"], not_directly: &[] },
    Rule {
        package: "imagine_burn",
        never: &[BEVY[0], "imagine_wgpu", "imagine_train"],
        not_directly: &[GPU[0], GPU[1]],
    },
    Rule { package: "imagine_cpu", never: &[GPU[0], BURN[0], BURN[1], BEVY[0]], not_directly: &[] },
    Rule { package: "imagine_exemplar", never: &[GPU[0], BURN[0], BURN[1], BEVY[0]], not_directly: &[] },
    Rule { package: "imagine_edit", never: &[GPU[0], BURN[0], BURN[1], BEVY[0]], not_directly: &[] },
    Rule { package: "imagine_onnx", never: &[GPU[0], BURN[0], BURN[1], BEVY[0]], not_directly: &[] },
    Rule { package: "imagine_ktx2", never: &[GPU[0], BURN[0], BURN[1], BEVY[0]], not_directly: &[] },
    Rule { package: "imagine_png", never: &[GPU[0], BURN[0], BURN[1], BEVY[0]], not_directly: &[] },
    Rule {
        package: "imagine_train",
        never: &[BEVY[0], "imagine_wgpu", "imagine_cli"],
        not_directly: &[GPU[0], GPU[1]],
    },
    Rule { package: "imagine_cli", never: &[BEVY[0]], not_directly: &[] },
    Rule {
        package: "bevy_imagine",
        never: &[BURN[0], BURN[1], "imagine_train", "imagine_cli", "bevy_egui"],
        not_directly: &[],
    },
    Rule { package: "bevy_imagine_editor", never: &[BURN[0], BURN[1], "imagine_cli"], not_directly: &[] },
    Rule { package: "xtask", never: &[GPU[0], BURN[0], BEVY[0], "imagine_*"], not_directly: &[] },
];

/// Packages without restrictions.
const FREE: [&str; 2] = ["imagine_examples", "imagine_tests"];

/// Finds forbidden dependencies, and packages without a rule.
pub fn check(packages: &[Package], findings: &mut Vec<String>) {
    for package in packages.iter().filter(|package| !FREE.contains(&package.name.as_str())) {
        let Some(rule) = RULES.iter().find(|rule| rule.package == package.name) else {
            findings.push(format!("package {}: tidy has no rule for its dependencies", package.name));
            continue;
        };
        let mut forbid = |patterns: &[&str], found: &BTreeSet<String>, how: &str| {
            for dependency in found.iter().filter(|d| **d != package.name && patterns.iter().any(|p| matches(p, d))) {
                findings.push(format!("package {} must not depend {how}on {dependency}", package.name));
            }
        };
        forbid(rule.never, &package.all, "");
        forbid(rule.not_directly, &package.direct, "directly ");
    }
}

/// Finds packages that ARCHITECTURE.md does not describe.
pub fn check_described(packages: &[Package], architecture: &str, findings: &mut Vec<String>) {
    for Package { name, .. } in packages {
        let named =
            [format!("`{name}`"), format!("`crates/{name}`")].iter().any(|name| architecture.contains(name.as_str()));
        if !named {
            findings.push(format!("ARCHITECTURE.md: package {name} is not described"));
        }
    }
}

/// Packages of the workspace in the output of `cargo metadata`.
pub fn packages(metadata: &Value) -> anyhow::Result<Vec<Package>> {
    let names: BTreeMap<String, String> =
        list(&metadata["packages"]).iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect();
    let is_built = |dependency: &Value| list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
    let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let built = list(&node["deps"]).iter().filter(|d| is_built(d)).map(|d| text(&d["pkg"])).collect();
        edges.insert(text(&node["id"]), built);
    }
    let mut packages = Vec::new();
    for package in members(metadata) {
        let id = text(&package["id"]);
        let direct = list(&package["dependencies"]);
        let direct = direct.iter().filter(|d| d["kind"].is_null()).map(|d| text(&d["name"])).collect();
        let all = reachable(&id, &edges).iter().filter_map(|id| names.get(id).cloned()).collect();
        packages.push(Package { name: text(&package["name"]), direct, all });
    }
    if packages.is_empty() {
        bail!("cargo metadata names no package of this workspace");
    }
    Ok(packages)
}

fn reachable(from: &str, edges: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![from.to_string()];
    while let Some(id) = open.pop() {
        for next in edges.get(&id).into_iter().flatten() {
            if found.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    found
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metadata() -> Value {
        let built = |id: &str| json!({"pkg": id, "dep_kinds": [{"kind": null}]});
        json!({
            "workspace_members": ["g", "w"],
            "packages": [
                {"id": "g", "name": "imagine_graph", "dependencies": [{"name": "serde", "kind": null}]},
                {"id": "w", "name": "imagine_wgpu", "dependencies": [{"name": "x", "kind": null}]},
                {"id": "x", "name": "x", "dependencies": []},
                {"id": "b", "name": "burn-core", "dependencies": []},
                {"id": "t", "name": "bevy", "dependencies": []},
            ],
            "resolve": {"nodes": [
                {"id": "g", "deps": [{"pkg": "t", "dep_kinds": [{"kind": "dev"}]}]},
                {"id": "w", "deps": [built("x"), built("g")]},
                {"id": "x", "deps": [built("b")]},
            ]},
        })
    }

    #[test]
    fn a_forbidden_dependency_is_found_behind_another_package() {
        let packages = packages(&metadata()).unwrap();
        let mut findings = Vec::new();
        check(&packages, &mut findings);
        assert_eq!(findings, ["package imagine_wgpu must not depend on burn-core"]);
    }

    #[test]
    fn a_package_without_rule_or_description_is_found() {
        let package = |name: &str| Package { name: name.into(), direct: BTreeSet::new(), all: BTreeSet::new() };
        let packages = [package("new"), package("xtask")];
        let mut findings = Vec::new();
        check(&packages, &mut findings);
        check_described(&packages, "see `crates/xtask`", &mut findings);
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings.iter().all(|finding| finding.contains("package new")));
    }

    #[test]
    fn a_direct_dependency_counts_even_if_it_is_optional() {
        let direct = BTreeSet::from(["wgpu".to_string()]);
        let mut findings = Vec::new();
        check(&[Package { name: "imagine_burn".into(), direct, all: BTreeSet::new() }], &mut findings);
        assert_eq!(findings, ["package imagine_burn must not depend directly on wgpu"]);
    }
}
