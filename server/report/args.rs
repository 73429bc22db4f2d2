//! What `check` and `fix` have in common on the command line: which workspace, which packages.

use std::io;

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use cargo_metadata::{Metadata, MetadataCommand};
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

/// Flags of cargo that choose packages; without one, the choice is ours.
const PACKAGES: &[&str] = &["--workspace", "--all", "--package", "-p"];
/// Flags that every check has anyhow, or that would hide what cargo says. cargo takes none twice.
const OURS: &[&str] = &["--keep-going", "--quiet", "-q", "--verbose", "-v", "-vv"];

/// Which code to look at.
#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub(super) manifest_path: Option<Utf8PathBuf>,
    /// Package to check; by default the package of the current directory or manifest, and at the
    /// root of a workspace all of it
    #[arg(short, long, value_name = "SPEC")]
    pub(super) package: Vec<String>,
    /// Arguments for `cargo check`
    #[arg(last = true, value_name = "CARGO_ARGS")]
    pub(super) cargo_args: Vec<String>,
}

impl Selection {
    /// How cargo is to be called in a workspace.
    pub(super) fn settings(&self, workspace: &Workspace) -> CargoSettings {
        let mut args: Vec<String> = Vec::new();
        for package in &self.package {
            args.extend(["-p".to_owned(), package.clone()]);
        }
        if self.package.is_empty() && !self.asks_for(PACKAGES) {
            match &workspace.member {
                Some(member) => args.extend(["-p".to_owned(), member.clone()]),
                None => args.push("--workspace".to_owned()),
            }
        }
        if !self.asks_for(TARGETS) {
            args.push("--all-targets".to_owned());
        }
        let theirs = self.cargo_args.iter().filter(|it| !OURS.contains(&it.as_str()));
        args.extend(theirs.cloned());
        CargoSettings { args, ..CargoSettings::default() }
    }

    /// Whether one of these flags is among the arguments for cargo: `--bin x`, `--bin=x`, `-px`.
    fn asks_for(&self, flags: &[&str]) -> bool {
        let mut names = self.cargo_args.iter().map(|it| it.split('=').next().unwrap_or(it));
        names.any(|name| {
            let short = name.get(..2).filter(|_| !name.starts_with("--"));
            flags.contains(&name) || short.is_some_and(|it| flags.contains(&it))
        })
    }

    /// The workspace that the manifest, or the current directory, belongs to.
    pub(super) fn workspace(&self) -> Result<Workspace> {
        // Asked first: in a directory that is gone, cargo's own failure would mislead.
        current_dir()?;
        let mut command = MetadataCommand::new();
        command.no_deps();
        if let Some(path) = &self.manifest_path {
            command.manifest_path(path);
        }
        match command.exec() {
            Ok(metadata) => {
                Ok(Workspace { member: self.member(&metadata), root: metadata.workspace_root })
            }
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

/// A workspace, and the member of it that is asked about.
#[derive(Debug, Clone)]
pub(super) struct Workspace {
    /// The root, as an absolute path.
    pub(super) root: Utf8PathBuf,
    /// `None` at the root: then the whole workspace is meant.
    pub(super) member: Option<String>,
}

impl Selection {
    /// The package whose manifest cargo would take, unless it is the workspace's own.
    fn member(&self, metadata: &Metadata) -> Option<String> {
        let start = match &self.manifest_path {
            Some(path) => path.canonicalize_utf8().ok()?,
            None => current_dir().ok()?.join("Cargo.toml"),
        };
        let dirs = start.ancestors().skip(1);
        let manifest = dirs.map(|dir| dir.join("Cargo.toml")).find(|path| path.exists())?;
        let package = metadata.packages.iter().find(|it| it.manifest_path == manifest)?;
        (manifest.parent()? != metadata.workspace_root).then(|| package.name.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(package: &[&str], cargo_args: &str, expected: &str) {
        let selection = Selection {
            manifest_path: None,
            package: package.iter().map(|it| (*it).to_owned()).collect(),
            cargo_args: cargo_args.split_whitespace().map(str::to_owned).collect(),
        };
        let workspace = Workspace { root: "/w".into(), member: Some("größe".to_owned()) };
        assert_eq!(selection.settings(&workspace).args.join(" "), expected);
    }

    #[test]
    fn what_is_chosen_for_cargo_is_not_chosen_again() {
        check(&[], "", "-p größe --all-targets");
        check(&["a"], "--all-features", "-p a --all-targets --all-features");
        check(&[], "--workspace", "--all-targets --workspace");
        check(&[], "-p b --bin=c", "-p b --bin=c");
        check(&[], "-pb", "--all-targets -pb");
        check(&[], "--package=b --lib", "--package=b --lib");
        check(&[], "--profile ci", "-p größe --all-targets --profile ci");
    }

    #[test]
    fn what_every_check_has_is_not_given_twice() {
        check(&[], "--keep-going -q --lib", "-p größe --lib");
    }
}
