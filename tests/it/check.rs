//! `sendlens check`, from the command line to what is printed.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    time::{Duration, Instant},
};

use expect_test::expect;
use serde_json::Value;

use crate::package::Package;

const GUARD: &str = "\
async fn żółw(m: Arc<Mutex<u64>>) {
    let guard = m.lock().unwrap();
    let n = *guard;
    tick(n).await;
}
fn main() {
    spawn(żółw(Default::default()));
}
";

#[test]
fn a_picture_and_a_fix() {
    let ran = Package::new(GUARD).run("check");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    expect![[r#"
        error: `guard` is held across an `.await` but is not `Send`
           ╭▸ src/main.rs:5:9
           │
         5 │     let guard = m.lock().unwrap();
           │         ━━━━━ has type `std::sync::MutexGuard<'_, u64>`, which is not `Send`
         6 │     let n = *guard;
         7 │     tick(n).await;
           │             ───── `guard` is still alive here
           ┆
        10 │     spawn(żółw(Default::default()));
           │           ──────────────────────── `spawn` demands `Send`
           │
           ╰ note: a lock must be released on the thread that took it
        help: Enclose `guard` in a block that ends before the `.await`
              ✔ the compiler accepts this
        4 │ async fn żółw(m: Arc<Mutex<u64>>) {
        5 -     let guard = m.lock().unwrap();
        6 -     let n = *guard;
        5 +     let n = {
        6 +         let guard = m.lock().unwrap();
        7 +         *guard
        8 +     };
        9 │     tick(n).await;

        1 problem, 1 with a verified fix
        `sendlens fix` applies it, `sendlens fix --dry-run` shows it first
    "#]]
    .assert_eq(&ran.stdout);
}

#[test]
fn json_names_the_verified_fix() {
    let ran = Package::new(GUARD).run("check --message-format json -p few");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let problem: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(problem["held"][0]["name"], "guard");
    assert_eq!(problem["held"][0]["column"], 9);
    assert_eq!(problem["fixes"][0]["verdict"], "verified");
}

#[test]
fn sarif_and_github() {
    let package = Package::new(GUARD);
    let sarif: Value =
        serde_json::from_str(&package.run("check --message-format sarif").stdout).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "src/main.rs");
    let edit = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert!(edit["insertedContent"]["text"].is_string());
    let github = package.run("check --message-format github --no-verify").stdout;
    assert!(github.starts_with("::error file=src/main.rs,line=5,"), "{github}");
    assert_eq!(github.lines().count(), 1);
}

#[test]
fn a_fix_that_bares_an_error_of_the_users_own_is_not_verified() {
    // rustc does not look at moves while the future is not `Send`.
    let package = Package::new(
        "fn main() {
    spawn(async {
        let żółw = std::rc::Rc::new(1);
        tick(1).await;
        drop(żółw);
        drop(żółw);
    });
}
",
    );
    let problem: Value =
        serde_json::from_str(&package.run("check --message-format json").stdout).unwrap();
    let fixes = problem["fixes"].as_array().unwrap();
    let arc = fixes.iter().find(|it| it["id"] == "replace_rc_with_arc").unwrap();
    assert_eq!((&arc["verdict"], &arc["preferred"]), (&"unchecked".into(), &false.into()));
    assert!(arc["note"].as_str().unwrap().contains("use of moved value: `żółw`"), "{arc}");
    assert!(package.run("fix --allow-no-vcs").stderr.contains("fixed 0, left 1"));
}

/// `serde-sarif` makes its types of the schema: what they do not know is not SARIF.
#[test]
fn sarif_is_what_the_schema_says() {
    for body in [GUARD, "fn main() {}", "fn main() { spawn(async { std::env::args(); }) }"] {
        let text = Package::new(body).run("check --message-format sarif").stdout;
        let ours: Value = serde_json::from_str(&text).unwrap();
        let typed: serde_sarif::sarif::Sarif = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_value(typed).unwrap(), ours, "{text}");
    }
}

#[test]
fn what_others_compiled() {
    let package = Package::new(GUARD);
    let json = package.compiler_json();
    let ran = package.run_with_input("check --from - --message-format json", &json);
    assert_eq!((ran.code, ran.stdout.lines().count()), (1, 1), "{}", ran.stderr);
    // rustc's own objects, as build systems other than cargo print them, and a torn last line.
    let bare: String = json
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|line| format!("{}\n", line["message"]))
        .chain(["{\"reason\":\"compiler-mess".to_owned()])
        .collect();
    package.write("rustc.json", &bare);
    let ran = package.run("check --from rustc.json --no-verify");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("`guard` is still alive here"), "{}", ran.stdout);
}

#[test]
fn nothing_to_say() {
    let ran = Package::new("fn main() { spawn(tick(1)); }").run("check");
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
}

#[test]
fn other_errors_are_no_problem_of_ours() {
    let ran = Package::new("fn main() { nowhere(); }").run("check");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert!(ran.stderr.contains("for other reasons"), "{}", ran.stderr);
}

#[track_caller]
fn check_refusal(package: &Package, line: &str, words: &str) {
    let ran = package.run(line);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{line}");
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
}

#[test]
fn what_cannot_run_says_why() {
    let package = Package::new(GUARD);
    check_refusal(&package, "check --from nowhere.json", "cannot read nowhere.json");
    check_refusal(&package, "check --from .gitignore", "holds no compiler JSON");
    check_refusal(&package, "check -p nobody", "did not match any packages");
    check_refusal(&package, "check --manifest-path no/Cargo.toml", "does not exist");
    package.write("Cargo.toml", "[package");
    check_refusal(&package, "check", "repair the manifest");
    std::fs::remove_file(package.path("Cargo.toml")).unwrap();
    check_refusal(&package, "check", "could not find `Cargo.toml`");
}

#[test]
fn cargo_is_missing() {
    let package = Package::new(GUARD);
    let mut command = package.command("check");
    let output = command.env("PATH", "/nowhere").env_remove("CARGO").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cargo was not found"));
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let package = Package::new(GUARD);
    assert!(!package.run("check --no-verify").stdout.contains('\x1b'));
    let coloured = |variables: &[(&str, &str)]| {
        let mut command = package.command("check --no-verify");
        let output = command.envs(variables.iter().copied()).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("NO_COLOR", "1")]));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let package = Package::new(GUARD);
    let json = package.compiler_json();
    package.write("rustc.json", &json);
    let mut command = package.command("check --from rustc.json --no-verify");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ran = child.wait_with_output().unwrap();
    assert_eq!((ran.status.code(), ran.stderr.as_slice()), (Some(1), &[][..]));
}

/// Ctrl-C reaches `sendlens` alone, because cargo has a group of its own: it must not live on.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_cargo() {
    let package = Package::new(GUARD);
    // A build that says when it runs and never ends.
    package.write(
        "build.rs",
        "fn main() { std::fs::write(\"running\", std::process::id().to_string()).unwrap(); \
         std::thread::sleep(std::time::Duration::from_secs(600)); }",
    );
    let mut child = package.command("check").stderr(Stdio::piped()).spawn().unwrap();
    let running = package.path("running");
    wait_until(|| std::fs::read_to_string(&running).is_ok_and(|text| !text.is_empty()));
    let build = package.read("running");
    let kill = |signal: &str, process: &str| {
        let mut command = std::process::Command::new("kill");
        command.args([signal, process]).stderr(Stdio::null()).status().unwrap().success()
    };
    assert!(kill("-INT", &child.id().to_string()));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    wait_until(|| !kill("-0", &build));
    let stderr = BufReader::new(child.stderr.take().unwrap());
    assert_eq!(stderr.lines().count(), 0);
}

#[track_caller]
fn wait_until(mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "waited too long");
        std::thread::sleep(Duration::from_millis(20));
    }
}
