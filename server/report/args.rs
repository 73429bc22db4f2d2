//! What `check` and `fix` have in common on the command line: which workspace, which packages.

use std::io;

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use cargo_metadata::MetadataCommand;
use clap::Args;

use crate::oracle::CargoSettings;

/// Flags of cargo that choose targets; without one, all targets are checked.
const TARGETS: &[&str] = &[
    "--lib",
    "--bin",
    "--bins",
    "--example",
    "--examples",
    "--test",
    "--tests",
    "--bench",
    "--benches",
    "--all-targets",
];

/// Which code to look at.
#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub(super) manifest_path: Option<Utf8PathBuf>,
    /// Package to check; all of the workspace by default
    #[arg(short, long, value_name = "SPEC")]
    pub(super) package: Vec<String>,
    /// Arguments for `cargo check`
    #[arg(last = true, value_name = "CARGO_ARGS")]
    pub(super) cargo_args: Vec<String>,
}

impl Selection {
    /// How cargo is to be called.
    pub(super) fn settings(&self) -> CargoSettings {
        let mut args: Vec<String> = Vec::new();
        for package in &self.package {
            args.extend(["-p".to_owned(), package.clone()]);
        }
        if self.package.is_empty() {
            args.push("--workspace".to_owned());
        }
        if !self.cargo_args.iter().any(|it| TARGETS.contains(&it.as_str())) {
            args.push("--all-targets".to_owned());
        }
        args.extend(self.cargo_args.iter().cloned());
        CargoSettings { args, ..CargoSettings::default() }
    }

    /// The root of the workspace, as an absolute path.
    pub(super) fn workspace_root(&self) -> Result<Utf8PathBuf> {
        // Asked first: in a directory that is gone, cargo's own failure would mislead.
        current_dir()?;
        let mut command = MetadataCommand::new();
        command.no_deps();
        if let Some(path) = &self.manifest_path {
            command.manifest_path(path);
        }
        match command.exec() {
            Ok(metadata) => Ok(metadata.workspace_root),
            Err(cargo_metadata::Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                bail!(
                    "cargo was not found\n\
                     help: install Rust from https://rustup.rs, or put cargo in PATH"
                )
            }
            Err(cargo_metadata::Error::CargoMetadata { stderr }) => bail!(complaint(&stderr)),
            Err(error) => Err(error).context("cargo cannot read the workspace"),
        }
    }
}

/// The current directory.
pub(super) fn current_dir() -> Result<Utf8PathBuf> {
    let dir = std::env::current_dir().map_err(|error| {
        anyhow::anyhow!(
            "cannot read the current directory ({error}); was it deleted?\n\
             help: change to a directory that exists"
        )
    })?;
    Utf8PathBuf::from_path_buf(dir).ok().context("the path of the current directory is not UTF-8")
}

/// cargo's words about a workspace that it cannot read, and what to do.
fn complaint(stderr: &str) -> String {
    let words = stderr.trim().trim_start_matches("error: ");
    let help = if words.starts_with("could not find `Cargo.toml`") {
        "go to a cargo workspace, or name its manifest with --manifest-path; \
         --from reads the compiler JSON of other build systems"
    } else if words.starts_with("manifest path") {
        "--manifest-path takes the path to a Cargo.toml"
    } else {
        "repair the manifest first: `cargo metadata` must succeed"
    };
    format!("cargo cannot read the workspace: {words}\nhelp: {help}")
}
