//! Where diagnostics come from: own check, journal, tee, and the choice among them.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::json;

use crate::{
    client::{Client, Start},
    project::{Project, cargo_env, find},
};

/// A target directory of its own, whose journal the test writes.
struct Journal {
    _temp: tempfile::TempDir,
    target: PathBuf,
}

impl Journal {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        // Not there yet, as after `cargo clean`.
        let target = temp.path().canonicalize().unwrap().join("target");
        let _temp = temp;
        Self { _temp, target }
    }

    /// Starts a check as rust-analyzer does: the same file, from its start.
    fn truncate(&self) -> File {
        let folder = self.target.join("flycheck0");
        std::fs::create_dir_all(&folder).unwrap();
        File::create(folder.join("stdout")).unwrap()
    }

    fn client(&self, project: &Project, source: &str) -> Client {
        let options = json!({
            "flycheck": {"source": source, "graceMs": 120_000},
            "cargo": {"targetDir": self.target},
            "fixes": {"verify": false},
        });
        Client::start(Start::new(&project.root()).options(options))
    }
}

fn own_client(project: &Project) -> Client {
    let options = json!({"flycheck": {"source": "own"}, "fixes": {"verify": false}});
    Client::start(Start::new(&project.root()).options(options))
}

fn has_progress(client: &Client, kind: &str) -> bool {
    let mut heard = client.heard.iter().filter(|it| it["method"] == "$/progress");
    heard.any(|it| it["params"]["value"]["kind"] == kind)
}

#[test]
fn our_own_check_finds_what_fails_and_forgets_what_is_mended() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let mut client = own_client(&project);
    client.open(&main);
    let hints = client.wait_for_hints(&main, 2);
    client.wait_for("the end of the progress bar", |client| {
        has_progress(client, "end").then_some(())
    });
    assert!(has_progress(&client, "begin"));

    let text = project.read("src/main.rs");
    let hint = hints.iter().find(|hint| hint["message"].as_str().unwrap().contains("guard"));
    let hint = hint.expect("a hint about the guard");
    let (line, character) = find(&text, "guard = queue");
    assert_eq!(hint["range"]["start"]["line"], line);
    assert!(hint["range"]["start"]["character"].as_u64().unwrap() <= u64::from(character));
    assert_eq!(hint["severity"], 4);
    assert_eq!(hint["source"], "sendlens");
    assert_eq!(hint["code"], "held_across_await");
    assert!(hint["relatedInformation"].as_array().unwrap().len() >= 2);

    project.write("src/main.rs", &text.replace("    send(job).await;", "    drop(job);"));
    client.save(&main);
    client.wait_for_hints(&main, 1);
    assert_eq!(client.shut_down(), Some(0));
}

#[test]
fn a_check_is_overtaken_by_the_next() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let mut client = own_client(&project);
    client.open(&main);
    let text = project.read("src/main.rs");
    for round in 0..8 {
        project.write("src/main.rs", &format!("{text}\n// round {round}\n"));
        client.save(&main);
    }
    project.write("src/main.rs", "fn main() {}\n");
    client.save(&main);
    // Whatever the earlier ones have found goes with the last.
    client.wait_for("the last check", |client| {
        let ends = client.heard.iter().filter(|it| it["params"]["value"]["kind"] == "end").count();
        let begins =
            client.heard.iter().filter(|it| it["params"]["value"]["kind"] == "begin").count();
        (ends > 0 && ends == begins && hints(client, &main) == 0).then_some(())
    });
}

fn hints(client: &Client, path: &Path) -> usize {
    client.diagnostics.get(&crate::client::uri(path)).map_or(0, Vec::len)
}

const FINISHED: &str = "build-finished";

#[test]
fn a_journal_is_read_in_whatever_steps_it_is_written() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let (json, success) = project.check();
    assert!(!success);
    let journal = Journal::new();
    let mut client = journal.client(&project, "journal");
    client.open(&main);

    let mut file = journal.truncate();
    for step in json.as_bytes().chunks(1000) {
        file.write_all(step).unwrap();
    }
    client.wait_for_hints(&main, 2);

    // A check that is cut off in the middle of a line takes nothing away.
    let mut file = journal.truncate();
    file.write_all(&json.as_bytes()[..json.len() / 2]).unwrap();
    drop(file);
    // One that says the unit compiles does, though its file is the same.
    let mut file = journal.truncate();
    let is_kept = |line: &&str| !line.contains("compiler-message") && !line.contains(FINISHED);
    for line in json.lines().filter(is_kept) {
        writeln!(file, "{line}").unwrap();
    }
    writeln!(file, "{}", artifact(&json)).unwrap();
    client.wait_for_hints(&main, 0);
    assert!(!has_progress(&client, "begin"), "no check of our own");
}

/// The line that cargo would print, had the unit compiled.
fn artifact(json: &str) -> String {
    let mut lines = json.lines().map(serde_json::from_str::<serde_json::Value>);
    let message =
        lines.find_map(|line| line.ok().filter(|line| line["reason"] == "compiler-message"));
    let message = message.unwrap();
    json!({
        "reason": "compiler-artifact",
        "package_id": message["package_id"],
        "manifest_path": message["manifest_path"],
        "target": message["target"],
        "profile": {"opt_level": "0", "debuginfo": 2, "debug_assertions": true,
            "overflow_checks": true, "test": false},
        "features": [],
        "filenames": [],
        "executable": null,
        "fresh": false,
    })
    .to_string()
}

#[test]
fn auto_listens_to_rust_analyzer_and_does_not_check() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let (json, _) = project.check();
    let journal = Journal::new();
    let mut client = journal.client(&project, "auto");
    client.open(&main);
    journal.truncate().write_all(json.as_bytes()).unwrap();
    client.wait_for_hints(&main, 2);
    assert!(!has_progress(&client, "begin"), "no check of our own");
    client.shut_down();
}

#[test]
fn auto_checks_where_nobody_else_does() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let options = json!({"flycheck": {"graceMs": 100}, "fixes": {"verify": false}});
    let mut client = Client::start(Start::new(&project.root()).options(options));
    client.wait_for_hints(&main, 2);
    client.shut_down();
}

#[test]
fn an_old_journal_speaks_only_of_files_that_have_not_changed() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let (json, _) = project.check();
    let journal = Journal::new();
    let mut file = journal.truncate();
    file.write_all(json.as_bytes()).unwrap();
    let hours_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    file.set_modified(hours_ago).unwrap();
    drop(file);
    let source = File::options().write(true).open(&main).unwrap();
    source.set_modified(hours_ago - std::time::Duration::from_secs(60)).unwrap();
    let mut client = journal.client(&project, "auto");
    client.wait_for_hints(&main, 2);
}

fn tee(project: &Project, cache: &Path, command: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_sendlens"))
        .args(["flycheck", "--"])
        .args(command)
        .current_dir(project.root())
        .env("XDG_CACHE_HOME", cache)
        .envs(cargo_env())
        .stderr(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn the_tee_passes_bytes_and_exit_codes_through() {
    let project = Project::copy("sample");
    let cache = tempfile::tempdir().unwrap();
    let script = r"printf 'a\r\n\377\0half'; exit 7";
    let output = tee(&project, cache.path(), &["sh", "-c", script]);
    assert_eq!(output.stdout, b"a\r\n\xff\0half");
    assert_eq!(output.status.code(), Some(7));
    let output = tee(&project, cache.path(), &["sh", "-c", "kill -9 $$"]);
    assert_eq!(output.status.code(), Some(128 + 9));
    let output = tee(&project, cache.path(), &["no-such-command-anywhere"]);
    assert_eq!(output.status.code(), Some(127));
}

#[test]
fn the_server_hears_the_tee() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let cache = tempfile::tempdir().unwrap();
    let options = json!({"flycheck": {"source": "tee"}, "fixes": {"verify": false}});
    let root = project.root();
    let mut start = Start::new(&root).options(options);
    start.env.push(("XDG_CACHE_HOME", cache.path().display().to_string()));
    let mut client = Client::start(start);
    let command = ["cargo", "check", "--workspace", "--all-targets", "--message-format=json"];
    let output = tee(&project, cache.path(), &command);
    assert_eq!(output.status.code(), Some(101));
    client.wait_for_hints(&main, 2);
    client.shut_down();
}

#[cfg(unix)]
#[test]
fn a_tee_that_is_killed_leaves_what_it_copied() {
    use std::os::unix::process::CommandExt;

    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let (json, _) = project.check();
    let cache = tempfile::tempdir().unwrap();
    let messages = project.root().join("messages");
    let is_message = |line: &&str| line.contains("compiler-message");
    let lines: Vec<&str> = json.lines().filter(is_message).collect();
    std::fs::write(&messages, format!("{}\n{{\"reason\":\"com", lines.join("\n"))).unwrap();

    let options = json!({"flycheck": {"source": "tee"}, "fixes": {"verify": false}});
    let root = project.root();
    let mut start = Start::new(&root).options(options);
    start.env.push(("XDG_CACHE_HOME", cache.path().display().to_string()));
    let mut client = Client::start(start);
    let script = format!("cat {}; sleep 600", messages.display());
    let mut tee = Command::new(env!("CARGO_BIN_EXE_sendlens"))
        .args(["flycheck", "--", "sh", "-c", &script])
        .current_dir(&root)
        .env("XDG_CACHE_HOME", cache.path())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    client.wait_for_hints(&main, 2);
    let group = format!("-{}", tee.id());
    assert!(Command::new("kill").args(["-9", "--", &group]).status().unwrap().success());
    tee.wait().unwrap();
    assert_eq!(client.wait_for_hints(&main, 2).len(), 2);

    let output = self::tee(&project, cache.path(), &["cat", messages.to_str().unwrap()]);
    assert!(output.status.success(), "the next one is not disturbed");
    client.shut_down();
}

#[test]
fn a_journal_that_appears_later_ends_our_own_checks() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let (json, _) = project.check();
    let journal = Journal::new();
    let options = json!({
        "flycheck": {"graceMs": 3000},
        "cargo": {"targetDir": journal.target},
        "fixes": {"verify": false},
    });
    let script = "case $1 in check) sleep 600;; *) exec cargo \"$@\";; esac";
    let root = project.root();
    let mut start = Start::new(&root).options(options);
    start.env.push(("CARGO", project.fake_cargo(script)));
    let mut client = Client::start(start);
    client.open(&main);
    client.wait_for("our own check", |client| has_progress(client, "begin").then_some(()));
    let begun = |client: &Client| {
        let mut heard = client.heard.iter();
        heard.by_ref().filter(|it| it["params"]["value"]["kind"] == "begin").count()
    };
    journal.truncate().write_all(json.as_bytes()).unwrap();
    client.wait_for_hints(&main, 2);
    let before = begun(&client);
    client.save(&main);
    let mended = json.lines().filter(|line| !line.contains("compiler-message"));
    let mended: Vec<&str> = mended.filter(|line| !line.contains(FINISHED)).collect();
    let mended = format!("{}\n{}\n", mended.join("\n"), artifact(&json));
    journal.truncate().write_all(mended.as_bytes()).unwrap();
    client.wait_for_hints(&main, 0);
    assert_eq!(begun(&client), before, "no check of ours after the save");
}

#[test]
fn settings_take_effect_when_they_change() {
    let project = Project::copy("sample");
    let main = project.file("src/main.rs");
    let root = project.root();
    let mut client =
        Client::start(Start::new(&root).options(json!({"flycheck": {"source": "off"}})));
    client.settings = json!({"flycheck": {"source": "own"}, "fixes": {"verify": false}});
    client.notify("workspace/didChangeConfiguration", json!({"settings": null}));
    client.wait_for_hints(&main, 2);
    client.shut_down();
}
