//! No import cycles between the files of a package.
//!
//! A file depends on every file that defines an item it names, followed through re-exports. `mod` lines, re-exports
//! (`pub use`) and test code do not count: a `mod.rs` may list and re-export its children, which must not depend on it.
//! Paths in macro bodies count; they are read token by token.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, ItemMod, UseTree, Visibility};

use super::read_below;

/// Checked packages.
pub const PACKAGES: [&str; 12] = [
    "imagine_graph",
    "imagine_wgpu",
    "imagine_train",
    "bevy_imagine",
    "imagine_onnx",
    "imagine_burn",
    "imagine_codec",
    "imagine_cpu",
    "imagine_edit",
    "imagine_exemplar",
    "imagine_cli",
    "bevy_imagine_editor",
];

/// A module: `[]` is the crate's root.
type Module = Vec<String>;

/// One source file.
#[derive(Default)]
struct Source {
    name: String,
    /// Names of items defined here, child modules left out.
    items: BTreeSet<String>,
    /// Names that `use` brings in, and whether others see them: local name, full path.
    imports: BTreeMap<String, (Vec<String>, bool)>,
    /// Modules whose names are all brought in.
    globs: Vec<(Vec<String>, bool)>,
    /// Paths that the code names, as written.
    paths: BTreeSet<Vec<String>>,
}

/// Adds the import cycles among the files below `crates/PACKAGE/src`.
pub fn check(root: &Path, package: &str, findings: &mut Vec<String>) -> anyhow::Result<()> {
    let source = root.join("crates").join(package).join("src");
    let mut texts = Vec::new();
    read_below(&source, &source, &mut texts)?;
    findings.extend(cycles(&texts)?.into_iter().map(|cycle| format!("{package}: import cycle: {cycle}")));
    Ok(())
}

/// The import cycles among files, given as name below `src` and text. Each lists its edges with one imported name.
fn cycles(texts: &[(String, String)]) -> anyhow::Result<Vec<String>> {
    let mut sources: BTreeMap<Module, Source> = BTreeMap::new();
    let mut tests: BTreeSet<Module> = BTreeSet::new();
    for (name, text) in texts {
        let module = module_of(name);
        let file = syn::parse_file(text).with_context(|| format!("cannot parse {name}"))?;
        let source = read(name, &module, &file, &mut tests);
        sources.insert(module, source);
    }
    sources.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
    let edges = edges(&sources);
    let components = components(&edges);
    let mut found = Vec::new();
    for component in components.iter().filter(|component| component.len() > 1) {
        let inside = |module: &Module| component.contains(module);
        let edges = edges.iter().filter(|(from, _)| inside(from));
        let shown: Vec<String> = edges
            .map(|(from, to)| {
                let to = to.iter().filter(|(to, _)| inside(to));
                let to: Vec<String> = to.map(|(to, what)| format!("{} ({what})", sources[to].name)).collect();
                format!("{} -> {}", sources[from].name, to.join(", "))
            })
            .collect();
        found.push(shown.join("; "));
    }
    Ok(found)
}

fn module_of(file: &str) -> Module {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let mut module: Module = stem.split('/').map(String::from).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.meta.require_list().is_ok_and(|list| {
                    let cfg = list.tokens.to_string();
                    cfg == "test" || cfg.starts_with("all (test")
                })
    })
}

/// Reads a file: its items, imports and the paths it names. Adds test modules to `tests`.
fn read(name: &str, module: &Module, file: &File, tests: &mut BTreeSet<Module>) -> Source {
    let mut reader = Reader { source: Source { name: name.into(), ..Source::default() }, module, depth: 0, tests };
    reader.visit_file(file);
    reader.source
}

struct Reader<'a> {
    source: Source,
    module: &'a Module,
    /// How many inline modules the visited item is in.
    depth: usize,
    tests: &'a mut BTreeSet<Module>,
}

impl Reader<'_> {
    /// `path` from the crate's root, if it begins with `crate`, `self` or `super`.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let mut module = self.module.clone();
        let mut depth = self.depth;
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                module.clear();
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {}
            _ => return None,
        }
        while let Some("super") = rest.first().map(String::as_str) {
            match depth {
                0 => drop(module.pop()),
                _ => depth -= 1,
            }
            rest = &rest[1..];
        }
        module.extend_from_slice(rest);
        Some(module)
    }

    fn note_use(&mut self, tree: &UseTree, mut path: Vec<String>, public: bool) {
        match tree {
            UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.note_use(&step.tree, path, public);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.note_use(tree, path.clone(), public)),
            UseTree::Glob(_) => {
                let path = self.absolute(&path).unwrap_or(path);
                self.source.globs.push((path, public));
            }
            UseTree::Name(last) => {
                let name = last.ident.to_string();
                self.note_name(name.clone(), name, path, public);
            }
            UseTree::Rename(last) => self.note_name(last.rename.to_string(), last.ident.to_string(), path, public),
        }
    }

    fn note_name(&mut self, local: String, name: String, mut path: Vec<String>, public: bool) {
        let local = if name == "self" { path.last().cloned().unwrap_or(local) } else { local };
        if name != "self" {
            path.push(name);
        }
        let path = self.absolute(&path).unwrap_or(path);
        self.source.imports.insert(local, (path, public));
    }

    fn note_path(&mut self, path: Vec<String>) {
        let path = match self.absolute(&path) {
            Some(path) => std::iter::once("crate".to_string()).chain(path).collect(),
            None => path,
        };
        self.source.paths.insert(path);
    }

    /// Paths in the tokens of a macro.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 2;
        for token in tokens {
            match token {
                TokenTree::Ident(word) if colons == 2 => {
                    path.push(word.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Ident(word) => {
                    self.note_path(std::mem::replace(&mut path, vec![word.to_string()]));
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() && colons < 2 => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.note_tokens(group.stream()),
                _ => {}
            }
            self.note_path(std::mem::take(&mut path));
            colons = 2;
        }
        self.note_path(path);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = match item {
            Item::Const(item) => (&item.attrs, Some(&item.ident)),
            Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            Item::Impl(item) => (&item.attrs, None),
            Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
            Item::Mod(item) => (&item.attrs, None),
            Item::Static(item) => (&item.attrs, Some(&item.ident)),
            Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            Item::Type(item) => (&item.attrs, Some(&item.ident)),
            Item::Union(item) => (&item.attrs, Some(&item.ident)),
            Item::Use(item) => (&item.attrs, None),
            _ => return visit::visit_item(self, item),
        };
        if is_test(attributes) {
            if let Item::Mod(ItemMod { ident, content: None, .. }) = item {
                self.tests.insert(self.module.iter().cloned().chain([ident.to_string()]).collect());
            }
            return;
        }
        if let Some(name) = name.filter(|_| self.depth == 0) {
            self.source.items.insert(name.to_string());
        }
        match item {
            Item::Use(item) => {
                let public = !matches!(item.vis, Visibility::Inherited);
                self.note_use(&item.tree, Vec::new(), public);
            }
            Item::Mod(item) => {
                self.depth += 1;
                visit::visit_item_mod(self, item);
                self.depth -= 1;
            }
            item => visit::visit_item(self, item),
        }
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.note_path(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.note_path(call.path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        self.note_tokens(call.tokens.clone());
    }
}

/// For each module, the modules that define what it names, with one such name.
type Edges = BTreeMap<Module, BTreeMap<Module, String>>;

fn edges(sources: &BTreeMap<Module, Source>) -> Edges {
    let mut edges = Edges::new();
    for (module, source) in sources {
        let mut targets = BTreeMap::new();
        for path in &source.paths {
            let Some((first, rest)) = path.split_first() else { continue };
            let full = if first == "crate" {
                rest.to_vec()
            } else if let Some((import, _)) = source.imports.get(first) {
                // A re-exported name counts only where the code of this file uses it too.
                import.iter().chain(rest).cloned().collect()
            } else if source.items.contains(first) {
                continue;
            } else {
                module.iter().chain(path).cloned().collect()
            };
            if let Some(target) = resolve_from(sources, module, &full, 0) {
                targets.entry(target).or_insert_with(|| path.join("::"));
            }
        }
        for (path, public) in source.imports.values() {
            if let Some(target) = resolve_from(sources, module, path, 0).filter(|_| !public) {
                targets.entry(target).or_insert_with(|| path.join("::"));
            }
        }
        targets.remove(module);
        edges.insert(module.clone(), targets);
    }
    edges
}

/// The module that defines what `path` names; `None` for a module itself and for items of other crates.
fn resolve(sources: &BTreeMap<Module, Source>, path: &[String], depth: usize) -> Option<Module> {
    if depth > 16 {
        return None;
    }
    let known = (0..=path.len()).rev().find(|&length| sources.contains_key(&path[..length]))?;
    let (module, rest) = path.split_at(known);
    let name = rest.first()?;
    let source = &sources[module];
    if source.items.contains(name) {
        return Some(module.to_vec());
    }
    if let Some((import, _)) = source.imports.get(name) {
        let path: Vec<String> = import.iter().chain(&rest[1..]).cloned().collect();
        return resolve_from(sources, module, &path, depth + 1);
    }
    for (glob, _) in &source.globs {
        for base in [glob.clone(), module.iter().chain(glob).cloned().collect()] {
            let path: Vec<String> = base.iter().chain(rest).cloned().collect();
            if sources.contains_key(&base)
                && let Some(found) = resolve(sources, &path, depth + 1)
            {
                return Some(found);
            }
        }
    }
    None
}

/// `path` from the crate's root, or, as in `use child::Name`, from `module`.
fn resolve_from(
    sources: &BTreeMap<Module, Source>,
    module: &[String],
    path: &[String],
    depth: usize,
) -> Option<Module> {
    let relative: Vec<String> = module.iter().chain(path).cloned().collect();
    let is_child = sources.keys().any(|key| key.len() == module.len() + 1 && relative.starts_with(key));
    match is_child {
        true => resolve(sources, &relative, depth + 1),
        false => resolve(sources, path, depth),
    }
}

/// Strongly connected components.
fn components(edges: &Edges) -> Vec<BTreeSet<Module>> {
    let reach: BTreeMap<&Module, BTreeSet<&Module>> = edges.keys().map(|from| (from, reachable(edges, from))).collect();
    let mut seen = BTreeSet::new();
    let mut components = Vec::new();
    for from in edges.keys() {
        if seen.contains(from) {
            continue;
        }
        let both = reach[from].iter().filter(|to| reach.get(**to).is_some_and(|back| back.contains(from)));
        let mut component: BTreeSet<Module> = both.map(|to| (*to).clone()).collect();
        component.insert(from.clone());
        seen.extend(component.iter().cloned());
        components.push(component);
    }
    components
}

fn reachable<'a>(edges: &'a Edges, from: &Module) -> BTreeSet<&'a Module> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Module> = edges.get(from).into_iter().flat_map(|to| to.keys()).collect();
    while let Some(module) = open.pop() {
        if found.insert(module) {
            open.extend(edges.get(module).into_iter().flat_map(|to| to.keys()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let texts: Vec<_> = files.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        cycles(&texts).unwrap()
    }

    #[test]
    fn two_files_that_use_each_other_are_a_cycle() {
        let lib = ("lib.rs", "mod a; mod b;");
        let a = ("a.rs", "use crate::b::B; pub struct A(B);");
        assert_eq!(found(&[lib, a, ("b.rs", "pub struct B;")]), [""; 0]);
        let cycle = found(&[lib, a, ("b.rs", "pub struct B; fn f(a: super::a::A) {}")]);
        assert_eq!(cycle, ["a.rs -> b.rs (B); b.rs -> a.rs (crate::a::A)"]);
    }

    #[test]
    fn a_parent_may_list_its_children_but_not_use_them_back() {
        let child = ("a/b.rs", "use super::A; pub fn f(a: A) {}");
        let lib = ("lib.rs", "mod a;");
        assert_eq!(found(&[lib, ("a/mod.rs", "mod b; pub use b::f; pub struct A;"), child]), [""; 0]);
        assert_eq!(found(&[lib, ("a/mod.rs", "mod b; pub struct A; fn g() { b::f(A) }"), child]).len(), 1);
        assert_eq!(found(&[lib, ("a/mod.rs", "mod b; use b::f; pub struct A; fn g() { f(A) }"), child]).len(), 1);
    }

    #[test]
    fn names_are_followed_through_re_exports_and_globs() {
        let lib = ("lib.rs", "mod a; mod b; mod c; pub use c::*; pub use a::A as First;");
        let a = ("a.rs", "use crate::C; pub struct A(C);");
        let c = ("c.rs", "use crate::First; pub struct C;");
        assert_eq!(found(&[lib, a, c, ("b.rs", "")]).len(), 1);
    }

    #[test]
    fn macros_count_and_tests_do_not() {
        let lib = ("lib.rs", "mod a; mod b;");
        let b = ("b.rs", "use crate::a::A; pub fn f(_: A) {}");
        assert_eq!(found(&[lib, b, ("a.rs", "pub struct A; fn g() { vec![crate::b::f(A)]; }")]).len(), 1);
        let tests = "pub struct A; #[cfg(test)] mod tests { fn g() { crate::b::f(super::A) } }";
        assert_eq!(found(&[lib, b, ("a.rs", tests)]), [""; 0]);
        let tests = ("a/tests.rs", "fn g() { crate::b::f(super::A) }");
        assert_eq!(found(&[lib, b, ("a.rs", "pub struct A; #[cfg(test)] mod tests;"), tests]), [""; 0]);
    }
}
