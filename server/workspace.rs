//! Which cargo workspace a folder belongs to, and where its target directory is.

use std::{ops::ControlFlow, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::Edition;
use serde::Deserialize;
use toml_edit::{DocumentMut, Item};

use crate::{
    flycheck::place,
    oracle::CargoSettings,
    process::{self, Job, JobError, Pipe},
    syntax,
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

/// The edition that a file is written in, by the nearest manifest: 2021 where none says.
pub fn edition_of(file: &Utf8Path) -> Edition {
    let mut manifests = file.ancestors().skip(1).filter_map(|folder| {
        let text = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        text.parse::<DocumentMut>().ok()
    });
    let of = |table: Option<&Item>| Some(table?.get("edition")?.as_str()?.to_owned());
    let Some(own) = manifests.next() else {
        return syntax::edition("");
    };
    let package = own.get("package");
    let inherits = package.and_then(|it| it.get("edition")).is_some_and(|it| !it.is_str());
    let shared = |manifest: &DocumentMut| of(manifest.get("workspace")?.get("package"));
    let edition = if inherits {
        shared(&own).or_else(|| manifests.find_map(|manifest| shared(&manifest)))
    } else {
        // A manifest that names none means the first one.
        of(package).or_else(|| Some("2015".to_owned()))
    };
    syntax::edition(&edition.unwrap_or_default())
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
            gentle: false,
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
    fn editions_come_from_the_nearest_manifest() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(temp.path()).unwrap();
        let member = folder.join("żółw");
        std::fs::create_dir(&member).unwrap();
        let write = |at: &Utf8Path, text| std::fs::write(at.join("Cargo.toml"), text).unwrap();
        write(folder, "[workspace.package]\nedition = \"2024\"");
        let edition = || edition_of(&member.join("src/lib.rs"));
        for (text, want) in [
            ("[package]\nedition.workspace = true", Edition::Edition2024),
            ("[package]\nedition = { workspace = true }", Edition::Edition2024),
            ("[package]\nedition = \"2018\"", Edition::Edition2018),
            ("[package]\nname = \"a\"", Edition::Edition2015),
        ] {
            write(&member, text);
            assert_eq!(edition(), want, "{text}");
        }
    }

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
