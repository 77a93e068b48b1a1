//! `imagine completions`: prints what a shell needs to complete commands, options and their values.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use super::print;

/// Arguments of `imagine completions`.
#[derive(Args, Clone, Debug)]
pub struct Completions {
    /// The shell. Bash: `source <(imagine completions bash)`; others: see their manual for the folder of completions.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Prints the completions of `command`.
    pub fn run(self, mut command: Command) -> anyhow::Result<ExitCode> {
        let (name, mut script) = (command.get_name().to_string(), Vec::new());
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        print(false, &serde_json::Value::Null, &String::from_utf8(script)?)?;
        Ok(ExitCode::SUCCESS)
    }
}
