//! Child processes: none outlives its purpose.
#![cfg(unix)]

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::{
    client::{Client, Start},
    project::Project,
};

/// A project whose check never ends, with a child of its own, and the file that it notes them in.
fn endless(project: &Project) -> (Client, PathBuf) {
    let log = project.root().join("log");
    let script = format!(
        "case $1 in check) sleep 600 & echo $$ $! >>{}; wait;; *) exec cargo \"$@\";; esac",
        log.display()
    );
    let root = project.root();
    let mut start = Start::new(&root).options(json!({
        "flycheck": {"source": "own"},
        "check": {"debounceMs": 1},
    }));
    start.env.push(("CARGO", project.fake_cargo(&script)));
    (Client::start(start), log)
}

/// The processes of each check so far.
fn checks(log: &Path) -> Vec<Vec<i32>> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines = text.lines();
    lines.map(|line| line.split(' ').map(|id| id.parse().unwrap()).collect()).collect()
}

fn lives(process: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // A zombie that nobody has fetched yet is dead.
    !status.is_empty() && !status.contains(") Z ")
}

#[track_caller]
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !is_so() {
        assert!(std::time::Instant::now() < end, "not so: {what}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_overtaken_check_dies_with_its_group() {
    let project = Project::copy("sample");
    let (mut client, log) = endless(&project);
    eventually("first check", || checks(&log).len() == 1);
    client.save(&project.file("src/main.rs"));
    eventually("second check", || checks(&log).len() == 2);
    let all = checks(&log);
    eventually("the first is dead", || !all[0].iter().any(|id| lives(*id)));
    assert!(all[1].iter().all(|id| lives(*id)));
    assert_eq!(client.shut_down(), Some(0));
    // The kernel may need a moment for what is left of a group that was killed.
    eventually("the second does not outlive the server", || !all[1].iter().any(|id| lives(*id)));
}

#[cfg(target_os = "linux")]
#[test]
fn a_check_dies_with_a_server_that_loses_its_client() {
    let project = Project::copy("sample");
    let (mut client, log) = endless(&project);
    eventually("a check", || checks(&log).len() == 1);
    client.close_stdin();
    client.wait();
    let all = checks(&log);
    eventually("it is dead", || !all[0].iter().any(|id| lives(*id)));
}

#[test]
fn a_check_that_takes_too_long_is_given_up() {
    let project = Project::copy("sample");
    let root = project.root();
    let script = "case $1 in check) sleep 600;; *) exec cargo \"$@\";; esac";
    let mut start = Start::new(&root).options(json!({
        "flycheck": {"source": "own"},
        "check": {"timeoutSecs": 1},
    }));
    start.env.push(("CARGO", project.fake_cargo(script)));
    let mut client = Client::start(start);
    client.wait_for_message("sendlens.check.timeoutSecs");
    assert_eq!(client.shut_down(), Some(0));
}
