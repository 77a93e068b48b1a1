//! The card of a generator that is built in code.

use crate::generator::Card;

/// The card of a generator without training data.
pub(super) fn card(title: &str, name: &str) -> Card {
    Card {
        title: title.into(),
        license: "MIT OR Apache-2.0".into(),
        recipe: format!("built in code: imagine_graph::generators::{name}"),
        ..Card::default()
    }
}
