//! What the program says to commands of the feature `train` when it was built without it.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

const REMEDY: &str = "build it with `cargo install --path crates/imagine_cli --features train`, or run \
                      `cargo run --release -p imagine_cli --features train -- COMMAND`";

/// Trainings of the feature.
const TRAININGS: [&str; 6] = ["texture", "sprites", "style", "upscale", "restore", "maps"];

/// Arguments that nothing reads.
#[derive(Args, Clone, Debug)]
pub struct WithoutTrain {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    rest: Vec<OsString>,
}

impl WithoutTrain {
    /// Fails and says what to do.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        drop(self.rest);
        bail!("this `imagine` was built without trainings: {REMEDY}")
    }
}

/// Fails and says what to do.
pub fn refuse_training(arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let name = arguments.first().map(|name| name.to_string_lossy()).unwrap_or_default();
    match TRAININGS.contains(&name.as_ref()) {
        true => bail!("this `imagine` was built without `train {name}`: {REMEDY}"),
        false => bail!(
            "there is no training {name:?}; there are exemplar and, with the feature `train`, {}",
            TRAININGS.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_says_how_to_build_the_rest() {
        let refused = |name: &str| refuse_training(&[name.into()]).expect_err("it is not there").to_string();
        assert!(refused("sprites").contains("without `train sprites`: build it with"), "{}", refused("sprites"));
        assert!(refused("sprite").contains("no training \"sprite\"; there are exemplar"), "{}", refused("sprite"));
        let pack = WithoutTrain { rest: vec!["--out".into()] }.run().expect_err("it is not there").to_string();
        assert!(pack.contains("--features train"), "{pack}");
    }
}
