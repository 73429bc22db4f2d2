//! A small package without dependencies, and the command line run on it.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// What the package's futures are given to.
const HEAD: &str = "\
use std::{future::Future, sync::{Arc, Mutex}};
pub fn spawn<F: Future + Send + 'static>(_: F) {}
pub async fn tick(_: u64) {}
";

/// A package in a temporary folder.
pub(crate) struct Package {
    temp: tempfile::TempDir,
}

/// What a run of `sendlens` gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Package {
    /// A package whose `main.rs` has a `spawn`, a `tick` and this body.
    pub(crate) fn new(body: &str) -> Self {
        let package = Self { temp: tempfile::tempdir().unwrap() };
        std::fs::create_dir(package.path("src")).unwrap();
        package.write("Cargo.toml", "[package]\nname = \"few\"\nedition = \"2021\"\n");
        package.write(".gitignore", "/target\nCargo.lock\n");
        package.write("src/main.rs", &format!("{HEAD}{body}"));
        package
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join(file)
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).unwrap()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path(file), text).unwrap();
    }

    /// Puts a line before all others of `main.rs`.
    pub(crate) fn with_head(&self, line: &str) {
        let text = self.read("src/main.rs");
        self.write("src/main.rs", &format!("{line}\n{text}"));
    }

    /// Commits everything.
    pub(crate) fn commit(&self) {
        for line in ["init -q", "add -A", "-c user.name=a -c user.email=a@b commit -q -m x"] {
            let mut git = Command::new("git");
            let done = git.args(line.split(' ')).current_dir(self.path(".")).status();
            assert!(done.unwrap().success(), "git {line}");
        }
    }

    /// What git prints.
    pub(crate) fn git(&self, line: &str) -> String {
        let mut git = Command::new("git");
        let output = git.args(line.split(' ')).current_dir(self.path(".")).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Writes a script of the shell and gives its path.
    #[cfg(unix)]
    pub(crate) fn script(&self, file: &str, text: &str) -> PathBuf {
        self.write(file, &format!("#!/bin/sh\n{text}\n"));
        let path = self.path(file);
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, executable).unwrap();
        path
    }

    /// `sendlens` with these arguments, in the package's folder.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sendlens"));
        command
            .args(line.split_whitespace())
            .current_dir(self.path("."))
            .env("LC_ALL", "C.UTF-8")
            .env("COLUMNS", "100")
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("GITHUB_WORKSPACE")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        self.command(line).output().unwrap().into()
    }

    /// The same with something on standard input.
    pub(crate) fn run_with_input(&self, line: &str, input: &str) -> Ran {
        let mut command = self.command(line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap().into()
    }

    /// What cargo says, as JSON.
    pub(crate) fn compiler_json(&self) -> String {
        let mut command = Command::new("cargo");
        command.args(["check", "-q", "--all-targets", "--keep-going", "--message-format=json"]);
        let output = command.current_dir(self.path(".")).env_remove("CARGO_TARGET_DIR").output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap_or(-1),
        }
    }
}
