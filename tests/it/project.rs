//! Copies of the fixtures: tests edit what they like.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// The target directory that all tests share, so that tokio is built once.
pub(crate) fn target_dir() -> String {
    fixtures().join("target").display().to_string()
}

/// What cargo gets from every test. Each copy is compiled a few times only: caches would just pile
/// up.
pub(crate) fn cargo_env() -> [(&'static str, String); 2] {
    [("CARGO_TARGET_DIR", target_dir()), ("CARGO_INCREMENTAL", "0".to_owned())]
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
        let read = |file| std::fs::read_to_string(fixtures().join(file)).unwrap();
        // To cargo, copies of one package are the same thing in a shared target directory: what
        // one test mends would be fresh in another. A version of its own keeps each apart.
        static COPIES: AtomicU32 = AtomicU32::new(0);
        let copy = COPIES.fetch_add(1, Ordering::Relaxed);
        let version = format!("\"0.{}.{copy}\"", std::process::id());
        let manifest = read("Cargo.toml").replacen("\"0.1.0\"", &version, 1);
        std::fs::write(temp.path().join("Cargo.toml"), manifest).unwrap();
        std::fs::write(temp.path().join("Cargo.lock"), read("Cargo.lock")).unwrap();
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

    /// A cargo for the server alone: a shell script, with `$CARGO` for the real one.
    #[cfg(unix)]
    pub(crate) fn fake_cargo(&self, script: &str) -> String {
        let path = self.root().join("fake-cargo");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, executable).unwrap();
        path.display().to_string()
    }

    /// Whether the package's own unit tests pass; what they say otherwise.
    pub(crate) fn own_tests(&self) -> Result<(), String> {
        let output = Command::new("cargo")
            .args(["test", "--lib", "--package", &self.package])
            .current_dir(self.root())
            .envs(cargo_env())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = || String::from_utf8_lossy(&said).into_owned();
        output.status.success().then_some(()).ok_or_else(said)
    }

    /// cargo's messages about the workspace, and whether it compiles.
    pub(crate) fn check(&self) -> (String, bool) {
        let output = Command::new("cargo")
            .args(["check", "--workspace", "--all-targets", "--keep-going"])
            .arg("--message-format=json")
            .current_dir(self.root())
            .envs(cargo_env())
            .output()
            .unwrap();
        let success = output.status.success();
        (String::from_utf8(output.stdout).unwrap(), success)
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
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
