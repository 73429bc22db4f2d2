//! Beside a rust-analyzer that is slow, or old: a script of that name that stands in the
//! workspace, with a child named like its cargo.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{ChildStdin, Command, Stdio},
};

use serde_json::json;

use crate::{
    client::{Client, Start},
    project::Project,
};

/// Works until its cargo is told to end, and ends with its standard input.
struct Analyzer(ChildStdin);

impl Analyzer {
    fn start(project: &Project, cargo: &str) -> Self {
        let root = project.root();
        let child = script(&root.join("cargo"), "echo ready; read line");
        let parent = script(&root.join("rust-analyzer"), &format!("{child} {cargo}\nread line"));
        // An orphan: other tests must not take it for their client's.
        let mut shell = Command::new("sh")
            .args(["-c", "exec 3<&0; \"$0\" <&3 &", &parent])
            .current_dir(&root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = shell.stdin.take().unwrap();
        shell.wait().unwrap();
        let mut ready = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        Self(stdin)
    }

    /// Its cargo is done.
    fn rests(&mut self) {
        self.0.write_all(b"\n").unwrap();
    }
}

fn script(path: &Path, text: &str) -> String {
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn client(project: &Project, target: &Path) -> Client {
    let options = json!({
        "flycheck": {"graceMs": 100},
        "cargo": {"targetDir": target},
        "fixes": {"verify": false},
    });
    let root = project.root();
    Client::start(Start::new(&root).options(options))
}

fn checks(client: &Client) -> usize {
    client.heard.iter().filter(|it| it["params"]["value"]["kind"] == "begin").count()
}

#[test]
fn a_rust_analyzer_that_works_is_waited_for() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let (json, _) = project.check();
    let target = tempfile::tempdir().unwrap();
    let _analyzer = Analyzer::start(&project, "metadata");
    let mut client = client(&project, target.path());
    client.open(&main);
    client.wait_for_log("waiting for its check");
    let journal = target.path().join("flycheck0");
    std::fs::create_dir_all(&journal).unwrap();
    std::fs::write(journal.join("stdout"), json).unwrap();
    client.wait_for_hints(&main, 2);
    assert_eq!(checks(&client), 0, "no check of our own");
    assert!(client.messages().is_empty());
    client.shut_down();
}

#[test]
fn one_that_rests_without_a_check_leaves_it_to_us() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let mut analyzer = Analyzer::start(&project, "metadata");
    let mut client = client(&project, Path::new(&crate::project::target_dir()));
    client.wait_for_log("waiting for its check");
    analyzer.rests();
    client.wait_for_log("does not check");
    client.wait_for_hints(&main, 2);
    assert!(client.messages().is_empty(), "nothing to complain about");
    client.shut_down();
}

#[test]
fn one_that_checks_without_a_journal_is_complained_about() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let mut analyzer = Analyzer::start(&project, "check --workspace");
    let mut client = client(&project, Path::new(&crate::project::target_dir()));
    client.wait_for_log("waiting for its check");
    analyzer.rests();
    client.wait_for_message("`sendlens flycheck --`");
    client.wait_for_hints(&main, 2);
    client.shut_down();
}

#[test]
fn a_save_is_answered_while_it_works() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let _analyzer = Analyzer::start(&project, "metadata");
    let mut client = client(&project, Path::new(&crate::project::target_dir()));
    client.open(&main);
    client.wait_for_log("waiting for its check");
    client.save(&main);
    client.wait_for_hints(&main, 2);
    client.shut_down();
}
