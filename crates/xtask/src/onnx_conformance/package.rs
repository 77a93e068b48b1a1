//! Installs the Python package `onnx` into a virtual environment in the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::step::{self, works};

/// The pinned version.
pub const REQUIREMENT: &str = "onnx==1.22.0";

/// The installed package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its folder.
    folder: PathBuf,
    /// Its licence files.
    pub licences: Vec<PathBuf>,
}

/// Python script: prints the package's folder and licence files, one per line; fails for another version.
const FIND: &str = "\
import importlib.metadata, sys
found = importlib.metadata.distribution('onnx')
if 'onnx==' + found.version != sys.argv[1]: sys.exit('onnx ' + found.version)
print(found.locate_file('onnx'))
for file in found.files:
    if 'licenses' in file.parts: print(found.locate_file(file))
";

impl Package {
    /// Installs the package from PyPI unless it is installed.
    pub fn install(root: &Path) -> anyhow::Result<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let environment = target.join("onnx-venv");
        let python = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
        if let Some(package) = Self::find(&python) {
            return Ok(package);
        }
        if !works("python3", &["--version"]) {
            bail!("python3 is missing: install it with its venv module (Debian, Ubuntu: apt-get install python3-venv)");
        }
        let make = step::run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
        make.context("cannot create a Python environment (Debian, Ubuntu: apt-get install python3-venv)")?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIREMENT, "numpy"];
        step::run(Command::new(&python).args(pip)).with_context(|| {
            format!("cannot install {REQUIREMENT} from PyPI; without a network, `cargo test -p imagine_cli onnx` runs the tests in third_party/onnx")
        })?;
        Self::find(&python).with_context(|| format!("{REQUIREMENT} was installed, but cannot be found"))
    }

    fn find(python: &Path) -> Option<Self> {
        let output = Command::new(python).args(["-c", FIND, REQUIREMENT]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
        let mut lines = text.lines().map(PathBuf::from);
        Some(Self { folder: lines.next()?, licences: lines.collect() })
    }

    /// The folder of its node tests.
    pub fn node_tests(&self) -> PathBuf {
        self.folder.join("backend/test/data/node")
    }
}
