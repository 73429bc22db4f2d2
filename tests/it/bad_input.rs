//! Everything that can be wrong: each gets a message that says what to do, and the server stays up.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    client::{Client, Start, uri},
    project::Project,
};

fn own() -> Value {
    json!({"flycheck": {"source": "own"}, "fixes": {"verify": false}})
}

#[track_caller]
fn assert_lives(mut client: Client) {
    let hover = client.hover(Path::new("/nowhere.rs"), 0, 0);
    assert_eq!(hover, Value::Null);
    assert_eq!(client.shut_down(), Some(0));
}

#[test]
fn a_folder_without_a_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::start(Start::new(folder.path()).options(own()));
    client.wait_for_message("open the folder of a cargo package");
    assert_lives(client);
}

#[test]
fn a_manifest_that_cargo_rejects_and_then_accepts() {
    let project = Project::copy("sample");
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", "[package\n");
    let root = project.root();
    let mut client = Client::start(Start::new(&root).options(own()));
    client.wait_for_message("fix its Cargo.toml");
    project.write("Cargo.toml", &manifest);
    client.save(&project.file("Cargo.toml"));
    client.wait_for_hints(&project.file("src/main.rs"), 2);
    assert_lives(client);
}

#[test]
fn cargo_is_missing() {
    let project = Project::copy("sample");
    let root = project.root();
    let mut start = Start::new(&root).options(own());
    let nothing = tempfile::tempdir().unwrap();
    let nothing = nothing.path().display().to_string();
    for name in ["PATH", "HOME", "CARGO_HOME"] {
        start.env.push((name, nothing.clone()));
    }
    start.env.push(("CARGO", String::new()));
    let mut client = Client::start(start);
    client.wait_for_message("cannot run cargo");
    let main = project.file("src/main.rs");
    client.open(&main);
    client.save(&main);
    assert_eq!(client.hover(&main, 0, 0), Value::Null);
    let about_cargo = |message: &&String| message.contains("cannot run cargo");
    assert_eq!(client.messages().iter().filter(about_cargo).count(), 1);
    assert_lives(client);
}

#[test]
fn a_package_with_other_errors() {
    let project = Project::copy("sample");
    let text = project.read("src/main.rs");
    project.write("src/main.rs", &format!("{text}\nfn broken( {{ let x: = ; }}\n"));
    let root = project.root();
    let mut client = Client::start(Start::new(&root).options(own()));
    let main = project.file("src/main.rs");
    client.open(&main);
    client.wait_for("the end of the check", |client| {
        let mut heard = client.heard.iter();
        heard.find(|it| it["params"]["value"]["kind"] == "end").map(|_| ())
    });
    assert!(client.messages().is_empty(), "rust-analyzer shows such errors");
    project.write("src/main.rs", &text);
    client.save(&main);
    client.wait_for_hints(&main, 2);
    assert_lives(client);
}

#[test]
fn a_file_that_is_deleted_while_open() {
    let project = Project::copy("sample");
    let root = project.root();
    let main = project.file("src/main.rs");
    let mut client = Client::start(Start::new(&root).options(own()));
    client.open(&main);
    let hints = client.wait_for_hints(&main, 2);
    std::fs::remove_file(&main).unwrap();
    client.save(&main);
    let start = &hints[0]["range"]["start"];
    let at = |name: &str| u32::try_from(start[name].as_u64().unwrap()).unwrap();
    let hover = client.hover(&main, at("line"), at("character"));
    assert!(hover.is_object() || hover.is_null());
    assert_lives(client);
}

#[test]
fn garbage_from_the_client() {
    let folder = tempfile::tempdir().unwrap();
    let mut client =
        Client::start(Start::new(folder.path()).options(json!({"flycheck": {"source": "off"}})));
    client.write(b"Content-Length: 9\r\n\r\n{not json");
    client.write(b"Content-Length: 2\r\n\r\n[]");
    client.notify("textDocument/didChange", json!({"nonsense": true}));
    client.notify("no/suchNotification", json!({}));
    let error = client.try_request("no/suchRequest", json!({})).unwrap_err();
    assert_eq!(error["code"], -32601);
    let unopened = json!({"uri": "file:///x.rs", "version": 3});
    let change = json!({"textDocument": unopened, "contentChanges": [{"text": "x"}]});
    client.notify("textDocument/didChange", change);
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": "untitled:1"}}));
    assert_lives(client);
}

#[test]
fn a_setting_of_the_wrong_type() {
    let folder = tempfile::tempdir().unwrap();
    let options = json!({"flycheck": {"source": "everywhere"}});
    let mut client = Client::start(Start::new(folder.path()).options(options));
    client.wait_for_message("`everywhere`");
    assert_lives(client);
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_not_trusted_runs_no_cargo() {
    let project = Project::copy("sample");
    let root = project.root();
    let mut options = own();
    options["trusted"] = json!(false);
    let mut start = Start::new(&root).options(options);
    let log = root.join("log");
    let cargo = project.fake_cargo(&format!("echo \"$@\" >>{}", log.display()));
    start.env.push(("CARGO", cargo));
    let mut client = Client::start(start);
    let main = project.file("src/main.rs");
    client.open(&main);
    client.save(&main);
    let actions = json!({
        "textDocument": {"uri": uri(&main)},
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}},
        "context": {"diagnostics": []},
    });
    assert_eq!(client.request("textDocument/codeAction", actions), json!([]));
    client.shut_down();
    assert!(!log.exists(), "cargo ran: {}", std::fs::read_to_string(&log).unwrap());
}

#[cfg(unix)]
#[test]
fn a_library_that_the_user_looks_into_is_not_checked() {
    let project = Project::copy("sample");
    let library = Project::copy("sample");
    let root = project.root();
    let log = root.join("log");
    let cargo = project.fake_cargo(&format!("pwd >>{}\nexec cargo \"$@\"", log.display()));
    let mut start = Start::new(&root).options(own());
    start.env.push(("CARGO", cargo));
    let mut client = Client::start(start);
    let elsewhere = library.file("src/main.rs");
    client.open(&elsewhere);
    client.save(&elsewhere);
    client.wait_for_hints(&project.file("src/main.rs"), 2);
    client.shut_down();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.lines().all(|folder| Path::new(folder) == root), "{log}");
}

#[test]
fn a_client_that_answers_nothing() {
    let project = Project::copy("sample");
    let root = project.root();
    let mut client = Client::start(Start::new(&root).options(own()));
    client.answers = false;
    // The settings of `initialize` hold, and a progress bar that never comes is not missed.
    client.wait_for_hints(&project.file("src/main.rs"), 2);
    assert_lives(client);
}

#[test]
fn a_text_that_nests_too_deep_is_named_and_the_rest_analysed() {
    let project = Project::copy("sample");
    let root = project.root();
    let options = json!({"flycheck": {"source": "off"}});
    let mut client = Client::start(Start::new(&root).options(options));
    let deep = format!("fn deep() {{ {}{} }}", "(".repeat(10_000), ")".repeat(10_000));
    let text =
        format!("async fn f(größe: G) {{\r\n    io().await;\r\n    größe.x();\r\n}}\r\n{deep}");
    project.write("src/main.rs", &text);
    client.open(&project.file("src/main.rs"));
    client.wait_for_message("main.rs: what begins on line 5 nests too deep");
    let hover = client.hover(&project.file("src/main.rs"), 1, 11);
    let hover = hover["contents"]["value"].as_str().unwrap();
    assert!(hover.contains("`größe`, from"), "{hover}");
    assert_lives(client);
}
