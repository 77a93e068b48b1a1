//! `imagine man`: writes a manual page for the program and for each of its commands.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Command};
use imagine_graph::file::check_folder;
use serde_json::json;

use super::print;
use crate::files::write_folder;

/// Arguments of `imagine man`.
#[derive(Args, Clone, Debug)]
pub struct Man {
    /// Folder for the pages, created if needed, such as ~/.local/share/man/man1.
    folder: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Man {
    /// Writes the pages of `command`.
    pub fn run(self, mut command: Command) -> anyhow::Result<ExitCode> {
        check_folder(&self.folder)?;
        // Gives every command the full name that its page is called after.
        command.build();
        let mut pages = Vec::new();
        add_pages(&command, &mut pages).context("a manual page cannot be made")?;
        let written = write_folder(&self.folder, &pages)?;
        let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
        print(self.json, &json!({ "files": written }), &written.join("\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Adds the page of `command` and those of its commands, as file names and contents.
fn add_pages(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    let page = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    pages.push((page.get_filename(), text));
    let shown = command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help");
    shown.into_iter().try_for_each(|inner| add_pages(inner, pages))
}
