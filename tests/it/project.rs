//! Copies of the fixtures: tests edit what they like.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The target directory that all tests share, so that tokio is built once.
pub(crate) fn target_dir() -> String {
    fixtures().join("target").display().to_string()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A workspace of one fixture package, in a temporary folder.
pub(crate) struct Project {
    temp: tempfile::TempDir,
    package: String,
}

impl Project {
    pub(crate) fn copy(package: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        for file in ["Cargo.toml", "Cargo.lock"] {
            std::fs::copy(fixtures().join(file), temp.path().join(file)).unwrap();
        }
        copy_folder(&fixtures().join(package), &temp.path().join(package));
        let package = package.to_owned();
        Self { temp, package }
    }

    /// The workspace root, without links: as cargo names it.
    pub(crate) fn root(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap()
    }

    /// A file of the package.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root().join(&self.package).join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.file(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        std::fs::write(self.file(path), text).unwrap();
    }

    /// cargo's messages about the workspace, and whether it compiles.
    pub(crate) fn check(&self) -> (String, bool) {
        let output = Command::new("cargo")
            .args(["check", "--workspace", "--all-targets", "--keep-going"])
            .arg("--message-format=json")
            .current_dir(self.root())
            .env("CARGO_TARGET_DIR", target_dir())
            .output()
            .unwrap();
        let success = output.status.success();
        (String::from_utf8(output.stdout).unwrap(), success)
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The place of the first `needle` in a text: line and UTF-16 column, from zero.
#[track_caller]
pub(crate) fn find(text: &str, needle: &str) -> (u32, u32) {
    let at = text.find(needle).unwrap_or_else(|| panic!("no {needle:?}"));
    let before = &text[..at];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before[start..].encode_utf16().count();
    (line.try_into().unwrap(), column.try_into().unwrap())
}
