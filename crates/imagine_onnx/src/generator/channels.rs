//! The channels of an output that are one map: `y` for all, `y/0..3` or `y/3` for some.

use std::collections::BTreeMap;

use crate::error::{Fault, ImportError};
use crate::inputs::ValueInfo;
use crate::role::OutputRole;

/// Channels of an output; all if `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Channels(pub Option<[usize; 2]>);

impl Channels {
    pub const ALL: Self = Self(None);

    pub fn range(first: usize, end: usize) -> Self {
        Self(Some([first, end]))
    }

    /// The name of this part of output `output`.
    pub fn name(self, output: &str) -> String {
        match self.0 {
            None => output.into(),
            Some([first, end]) if end == first + 1 => format!("{output}/{first}"),
            Some([first, end]) => format!("{output}/{first}..{end}"),
        }
    }

    /// The output and the channels that `name` means, if it names a part.
    fn parse(name: &str) -> Option<(&str, Self)> {
        let (output, channels) = name.rsplit_once('/')?;
        let number = |text: &str| text.parse::<usize>().ok().filter(|&channel| channel < 1 << 16);
        let [first, end] = match channels.split_once("..") {
            Some((first, end)) => [number(first)?, number(end)?],
            None => [number(channels)?, number(channels)? + 1],
        };
        (first < end).then_some((output, Self(Some([first, end]))))
    }
}

/// The roles of every output in `outputs`, by its channels, in the order of the channels.
pub(super) fn by_output(
    roles: &BTreeMap<String, OutputRole>,
    outputs: &[ValueInfo],
) -> Result<Vec<Vec<(Channels, OutputRole)>>, ImportError> {
    let mut found: Vec<Vec<(Channels, OutputRole)>> = vec![Vec::new(); outputs.len()];
    for (name, role) in roles {
        let index = |name: &str| outputs.iter().position(|info| info.name == *name);
        let whole = index(name).map(|index| (index, Channels::ALL));
        let part = || Channels::parse(name).and_then(|(output, channels)| Some((index(output)?, channels)));
        let Some((index, channels)) = whole.or_else(part) else {
            let known = outputs.iter().map(|info| info.name.clone()).collect();
            return Err(Fault::UnknownRole { what: "output", name: name.clone(), known }.into());
        };
        found[index].push((channels, role.clone()));
    }
    for (info, parts) in outputs.iter().zip(&mut found) {
        parts.sort_by_key(|(channels, _)| channels.0);
        if parts.len() > 1 && parts[0].0 == Channels::ALL {
            let reason = "has a role for all channels and others for some: give either".into();
            return Err(Fault::Output { output: info.name.clone(), reason }.into());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_by_their_channels() {
        for name in ["y/0..3", "y/3", "a/b/0..2"] {
            let (output, channels) = Channels::parse(name).unwrap();
            assert_eq!(channels.name(output), name);
        }
        for name in ["y", "y/", "y/3..3", "y/4..2", "y/-1", "y/0..99999999"] {
            assert_eq!(Channels::parse(name), None, "{name}");
        }
    }
}
