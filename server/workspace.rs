//! Which cargo workspace a folder belongs to, and where its target directory is.

use std::{ops::ControlFlow, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use crate::{
    flycheck::place,
    oracle::CargoSettings,
    process::{self, Job, JobError, Pipe},
};

/// How long cargo may think about a manifest.
const DEADLINE: Duration = Duration::from_secs(60);

/// A cargo workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The folder of its root manifest.
    pub root: Utf8PathBuf,
    /// cargo's target directory.
    pub target_dir: Utf8PathBuf,
}

/// Why a folder has no workspace, in words for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No `Cargo.toml` there.
    #[error(
        "no Cargo.toml in `{0}`, above it or in a folder right below: \
         open the folder of a cargo package to see its `Send` problems"
    )]
    NoManifest(Utf8PathBuf),
    /// cargo cannot be started.
    #[error(
        "cannot run cargo ({0}): install Rust from https://rustup.rs, or start the editor with \
         cargo's folder on its PATH, then restart the server"
    )]
    NoCargo(String),
    /// cargo rejects the manifest.
    #[error("cargo cannot read this workspace; fix its Cargo.toml and save it:\n{0}")]
    Manifest(String),
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: Utf8PathBuf,
    target_directory: Utf8PathBuf,
}

/// The folders that may hold the workspaces of an opened folder: itself or one above it, else
/// those right below it, as in a repository with a server and a web page.
pub fn candidates(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    if let Some(root) = place::workspace_root(folder) {
        return vec![root];
    }
    let Ok(entries) = folder.read_dir_utf8() else {
        return Vec::new();
    };
    let folders = entries.flatten().map(|entry| entry.path().to_owned());
    let mut folders: Vec<_> =
        folders.filter(|folder| folder.join("Cargo.toml").is_file()).collect();
    folders.sort();
    folders
}

/// The folder of the workspace around a folder.
pub fn candidates_above(folder: &Utf8Path) -> Option<Utf8PathBuf> {
    place::workspace_root(folder)
}

impl Workspace {
    /// The workspace at a folder, without running anything.
    pub fn guess(folder: &Utf8Path, cargo: &CargoSettings) -> Self {
        let root = place::workspace_root(folder).unwrap_or_else(|| folder.to_owned());
        let from_env = std::env::var("CARGO_TARGET_DIR").ok().map(Utf8PathBuf::from);
        let target_dir = cargo.target_dir.clone().or(from_env);
        let target_dir = root.join(target_dir.unwrap_or_else(|| "target".into()));
        Self { root, target_dir }
    }

    /// The workspace at a folder that has a manifest, as cargo sees it.
    pub async fn load(folder: &Utf8Path, cargo: &CargoSettings) -> Result<Self, Trouble> {
        let job = Job {
            program: place::cargo(),
            args: ["metadata", "--no-deps", "--format-version=1"].map(str::to_owned).into(),
            env: cargo.env.clone(),
            cwd: folder.to_owned(),
            deadline: DEADLINE,
        };
        let (mut json, mut last_words) = (String::new(), String::new());
        let mut hear = |pipe, line: &str| {
            let text = match pipe {
                Pipe::Stdout => &mut json,
                Pipe::Stderr => &mut last_words,
            };
            text.push_str(line);
            text.push('\n');
            ControlFlow::Continue(())
        };
        match process::run(&job, &mut hear).await {
            Ok(_) => {}
            Err(error @ JobError::Deadline { .. }) => {
                return Err(Trouble::Manifest(error.to_string()));
            }
            Err(error) => return Err(Trouble::NoCargo(error.to_string())),
        }
        let metadata: Metadata =
            serde_json::from_str(&json).map_err(|_| Trouble::Manifest(first_lines(&last_words)))?;
        let root = metadata.workspace_root;
        let target_dir = match &cargo.target_dir {
            Some(target_dir) => root.join(target_dir),
            None => metadata.target_directory,
        };
        Ok(Self { root, target_dir })
    }
}

fn first_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[..lines.len().min(8)].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_right_below_are_found() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(temp.path()).unwrap();
        assert!(candidates(folder).is_empty());
        for name in ["web", "server", "notes"] {
            std::fs::create_dir(folder.join(name)).unwrap();
        }
        for name in ["web", "server"] {
            std::fs::write(folder.join(name).join("Cargo.toml"), "[package]").unwrap();
        }
        assert_eq!(candidates(folder), [folder.join("server"), folder.join("web")]);
    }
}
