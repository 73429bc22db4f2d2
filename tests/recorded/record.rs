//! Runs a compiler on the programs and writes down what it says, the same on every machine.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::programs::{ROOT, header, home, names_in};

/// A compiler to listen to.
struct Toolchain<'a> {
    name: Option<&'a str>,
    flags: &'a [&'a str],
    /// The folder of its recordings.
    version: String,
    /// What machine-dependent paths are replaced by.
    places: Vec<(String, &'static str)>,
}

/// Records every program that is meant for the toolchain.
pub(crate) fn record(name: Option<&str>, flags: &[&str]) {
    let toolchain = Toolchain::new(name, flags);
    for group in names_in(&home().join("programs")) {
        let folder = home().join("programs").join(&group);
        if group == "crates" {
            // Crates are built by stable compilers only: others need not like their versions.
            if name.is_none() {
                toolchain.record_crates(&folder);
            }
            continue;
        }
        for program in names_in(&folder) {
            toolchain.record_program(&folder, &group, &program);
        }
    }
}

impl<'a> Toolchain<'a> {
    fn new(name: Option<&'a str>, flags: &'a [&'a str]) -> Self {
        let mut new = Self { name, flags, version: String::new(), places: Vec::new() };
        let words = new.say("rustc", &["--version"]);
        new.version = words.split(' ').nth(1).unwrap().to_owned();
        for flag in flags {
            new.version.push_str(&flag.replace("-Z", "-"));
        }
        let sysroot = new.say("rustc", &["--print", "sysroot"]).trim().to_owned();
        let cargo_home = std::env::var("CARGO_HOME")
            .unwrap_or_else(|_| format!("{}/.cargo", std::env::var("HOME").unwrap()));
        let workspace = home().join("programs/crates").display().to_string();
        new.places = vec![(workspace, ROOT), (sysroot, "/sysroot"), (cargo_home, "/cargo")];
        new
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // Started by cargo we inherit the toolchain that built us.
        for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTFLAGS"] {
            command.env_remove(name);
        }
        if let Some(name) = self.name {
            command.arg(format!("+{name}"));
        }
        command
    }

    fn say(&self, program: &str, args: &[&str]) -> String {
        String::from_utf8(self.command(program).args(args).output().unwrap().stdout).unwrap()
    }

    fn record_program(&self, folder: &Path, group: &str, program: &str) {
        let text = fs::read_to_string(folder.join(program)).unwrap();
        let wanted = header(&text, "toolchain").unwrap_or_else(|| "stable".to_owned());
        let driver = header(&text, "driver").unwrap_or_else(|| "rustc".to_owned());
        if !self.is_meant(&wanted) || driver == "clippy" && self.name.is_some() {
            return;
        }
        let program_name = if driver == "clippy" { "clippy-driver" } else { "rustc" };
        let edition = header(&text, "edition").unwrap_or_else(|| "2021".to_owned());
        let out = tempfile::tempdir().unwrap();
        let output = self
            .command(program_name)
            .args(["--crate-type=lib", "--emit=metadata", "--error-format=json"])
            .args(["--edition", &edition, "--out-dir"])
            .arg(out.path())
            .env("CLIPPY_CONF_DIR", out.path())
            .args(self.flags)
            .arg(program)
            .current_dir(folder)
            .output()
            .unwrap();
        let stem = program.strip_suffix(".rs").unwrap();
        self.write(group, stem, lines(&output.stderr));
    }

    /// Named compilers that are not nightly are old ones.
    fn is_meant(&self, wanted: &str) -> bool {
        let nightly = self.version.contains("nightly") && self.flags.is_empty();
        match wanted {
            "any" => true,
            "both" => nightly || self.name.is_none(),
            "nightly" => nightly,
            _ => self.name.is_none(),
        }
    }

    /// Every target of the workspace, with the lints of clippy where a package is about those.
    fn record_crates(&self, folder: &Path) {
        let mut targets: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (subcommand, packages) in [
            ("check", &["cases", "modules", "upstream", "edition2024", "reports"][..]),
            ("clippy", &["clippy-cases"]),
        ] {
            let mut command = self.command("cargo");
            command.args([subcommand, "--offline", "--keep-going", "--message-format=json"]);
            for package in packages {
                command.args(["-p", package]);
            }
            let Output { stdout, .. } = command.current_dir(folder).output().unwrap();
            for line in lines(&stdout) {
                let Some(target) = line["target"]["name"].as_str() else { continue };
                if line["reason"] == "compiler-artifact" && is_program(&line) {
                    targets.entry(target.to_owned()).or_default();
                } else if line["reason"] == "compiler-message" {
                    targets.entry(target.to_owned()).or_default().push(line);
                }
            }
        }
        for (target, said) in targets {
            self.write("crates", &target, said);
        }
    }

    fn write(&self, group: &str, stem: &str, said: Vec<Value>) {
        let folder = home().join(&self.version).join(group);
        fs::create_dir_all(&folder).unwrap();
        let said = said.into_iter().map(|mut line| {
            self.normalise(&mut line);
            line.to_string() + "\n"
        });
        fs::write(folder.join(format!("{stem}.json")), said.collect::<String>()).unwrap();
    }

    fn normalise(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                for (here, everywhere) in &self.places {
                    *text = text.replace(here, everywhere);
                }
                *text = without_hash(text);
            }
            Value::Array(values) => values.iter_mut().for_each(|it| self.normalise(it)),
            Value::Object(fields) => {
                if let Some(rendered) = fields.get_mut("rendered") {
                    *rendered = Value::Null;
                }
                fields.values_mut().for_each(|it| self.normalise(it));
            }
            _ => {}
        }
    }
}

/// Whether an artifact is one of ours, not a dependency.
fn is_program(artifact: &Value) -> bool {
    artifact["package_id"].as_str().is_some_and(|id| id.starts_with("path+"))
}

fn lines(output: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(output);
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Names of files that the compiler leaves behind carry a hash: `k06-4eb5….long-type-48329….txt`.
fn without_hash(text: &str) -> String {
    let Some((before, rest)) = text.split_once(".long-type-") else {
        return text.to_owned();
    };
    let Some((_, after)) = rest.split_once(".txt") else {
        return text.to_owned();
    };
    let folder = before.rfind('\'').map_or(0, |at| at + 1);
    format!("{}0.long-type-0.txt{after}", &before[..folder])
}
