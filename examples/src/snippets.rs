//! The Rust snippets of README and guides, compiled as documentation tests. Nothing else uses this module.

/// One item for each page.
macro_rules! pages {
    ($($name:ident $path:literal),* $(,)?) => {
        $(#[doc = include_str!(concat!("../../", $path))] pub mod $name {})*
    };
}

pages! {
    readme "README.md",
    edits "docs/edits.md",
    editor "docs/editor.md",
    exemplar "docs/exemplar.md",
    generators "docs/generators.md",
    install "docs/install.md",
    layers "docs/layers.md",
    maps "docs/maps.md",
    materials "docs/materials.md",
    onnx "docs/onnx.md",
    performance "docs/performance.md",
    skies "docs/skies.md",
    sprites "docs/sprites.md",
    targets "docs/targets.md",
    upscaling "docs/upscaling.md",
    worlds "docs/worlds.md",
    bevy_imagine_readme "crates/bevy_imagine/README.md",
    bevy_imagine_editor_readme "crates/bevy_imagine_editor/README.md",
    imagine_graph_readme "crates/imagine_graph/README.md",
}
