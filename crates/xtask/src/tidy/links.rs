//! Markdown: every relative link and picture leads to an existing file, every anchor to a heading, and every page with
//! Rust code is compiled.

use std::path::{Component, Path, PathBuf};

/// Lists the pages whose code is compiled.
pub const SNIPPETS: &str = "examples/src/snippets.rs";

/// The files of the workspace, by path relative to the root.
pub trait Files {
    /// Whether there is such a file or folder.
    fn exists(&self, path: &Path) -> bool;
    /// Its text, if it is a text file.
    fn text(&self, path: &Path) -> Option<String>;
}

/// Files below a folder.
impl Files for &Path {
    fn exists(&self, path: &Path) -> bool {
        self.join(path).exists()
    }

    fn text(&self, path: &Path) -> Option<String> {
        std::fs::read_to_string(self.join(path)).ok()
    }
}

/// Adds the links of the page at `path` that lead nowhere. Addresses on the web are not followed.
pub fn check(path: &Path, text: &str, files: &impl Files, findings: &mut Vec<String>) {
    for (number, line) in prose(text) {
        for target in targets(&line) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let mut find = |what: &str| findings.push(format!("{}:{}: {target:?} {what}", path.display(), number + 1));
            let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
            let page = if file.is_empty() { Some(path.to_path_buf()) } else { join(path, file) };
            let Some(page) = page.filter(|page| file.is_empty() || files.exists(page)) else {
                find("leads to no file");
                continue;
            };
            let page = if file.is_empty() { Some(text.to_string()) } else { files.text(&page) };
            let is_heading = |anchor: &str| page.is_some_and(|page| headings(&page).iter().any(|h| h == anchor));
            if anchor.is_some_and(|anchor| !is_heading(anchor)) {
                find("names no heading of that page");
            }
        }
    }
}

/// Adds the page at `path` if it has Rust code and is not among the compiled pages, which `snippets` lists. Readmes of
/// crates may use crates that the examples do not have.
pub fn check_compiled(path: &Path, text: &str, snippets: &str, findings: &mut Vec<String>) {
    let page = path.to_string_lossy().replace('\\', "/");
    let outside_crates = !page.starts_with("crates/");
    if outside_crates
        && text.lines().any(|line| line.starts_with("```rust"))
        && !snippets.contains(&format!("\"{page}\""))
    {
        findings.push(format!("{page}: has Rust code that nothing compiles: list it in {SNIPPETS}"));
    }
}

/// `link` as seen from the page at `path`, relative to the root; none if it leaves the workspace.
fn join(path: &Path, link: &str) -> Option<PathBuf> {
    let mut joined = path.parent().map(Path::to_path_buf).unwrap_or_default();
    for component in Path::new(link).components() {
        match component {
            Component::Normal(name) => joined.push(name),
            Component::CurDir => {}
            Component::ParentDir if joined.pop() => {}
            _ => return None,
        }
    }
    Some(joined)
}

/// Lines outside code blocks with their numbers from 0, without code spans.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut is_code = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        let is_prose = !is_code && !is_fence;
        is_prose.then(|| (number, line.split('`').step_by(2).collect()))
    })
}

/// Link targets of a line: `[text](target)`, `![text](target)`, and one in the other.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// Anchors of a page's headings, as GitHub makes them: lower case, spaces as dashes, no other punctuation.
fn headings(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        let Some(title) = line.strip_prefix('#').filter(|_| !is_code) else { continue };
        let title = title.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let earlier = anchors.iter().filter(|other| **other == anchor).count();
        anchors.push(if earlier == 0 { anchor } else { format!("{anchor}-{earlier}") });
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages by path.
    struct Pages(&'static [(&'static str, &'static str)]);

    impl Files for Pages {
        fn exists(&self, path: &Path) -> bool {
            self.text(path).is_some()
        }

        fn text(&self, path: &Path) -> Option<String> {
            self.0.iter().find(|(page, _)| Path::new(page) == path).map(|(_, text)| text.to_string())
        }
    }

    const PAGES: Pages = Pages(&[
        ("README.md", "# Top"),
        ("docs/a.md", "# A\n## Two words, `code`\n## Again\n## Again\n```sh\n# no heading\n```"),
        ("docs/images/a.png", ""),
    ]);

    fn found(text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(Path::new("docs/b.md"), text, &PAGES, &mut findings);
        findings
    }

    #[test]
    fn links_to_files_and_headings_that_are_there_pass() {
        assert_eq!(found("[a](a.md) and [top](../README.md#top), [web](https://example.org/none)"), [""; 0]);
        assert_eq!(found("[![picture](images/a.png)](a.md#two-words-code) [again](a.md#again-1)"), [""; 0]);
        assert_eq!(found("# Here\n[here](#here)"), [""; 0]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found_with_their_line() {
        assert_eq!(found("\n[a](none.md)"), ["docs/b.md:2: \"none.md\" leads to no file"]);
        assert_eq!(found("[![p](images/none.png)](a.md)"), ["docs/b.md:1: \"images/none.png\" leads to no file"]);
        assert_eq!(found("[a](../../outside.md)"), ["docs/b.md:1: \"../../outside.md\" leads to no file"]);
        assert_eq!(found("[a](a.md#three)"), ["docs/b.md:1: \"a.md#three\" names no heading of that page"]);
        assert_eq!(found("[a](a.md#no-heading)").len(), 1);
    }

    #[test]
    fn a_page_with_code_that_nothing_compiles_is_found() {
        let found = |text: &str, snippets: &str| {
            let mut findings = Vec::new();
            check_compiled(Path::new("docs/b.md"), text, snippets, &mut findings);
            findings.len()
        };
        assert_eq!(found("```rust,no_run\nfn f() {}\n```", "b \"docs/b.md\""), 0);
        assert_eq!(found("```rust,no_run\nfn f() {}\n```", "a \"docs/a.md\""), 1);
        assert_eq!(found("```text\nimagine\n```", ""), 0);
    }

    #[test]
    fn code_is_no_link() {
        assert_eq!(found("`[a](none.md)`\n```text\n[a](none.md)\n```"), [""; 0]);
    }
}
