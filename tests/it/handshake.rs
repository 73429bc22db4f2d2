//! The life of a server: handshake, encodings, and every way to end.

use std::path::Path;

use serde_json::{Value, json};

use crate::client::{Client, Start, capabilities};

fn start(root: &Path) -> Start<'_> {
    Start::new(root).options(json!({"flycheck": {"source": "off"}}))
}

#[test]
fn says_what_it_can_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::start(start(folder.path()));
    let answer = client.initialized.clone();
    assert_eq!(answer["serverInfo"]["name"], "sendlens");
    let capabilities = &answer["capabilities"];
    assert_eq!(capabilities["hoverProvider"], true);
    assert_eq!(capabilities["textDocumentSync"]["change"], 2, "incremental");
    assert_eq!(capabilities["codeActionProvider"]["resolveProvider"], true);
    client.wait_for("registration of watched files", |client| {
        let mut heard = client.heard.iter();
        heard.find(|it| it["method"] == "client/registerCapability").map(|_| ())
    });
    assert_eq!(client.shut_down(), Some(0));
}

#[test]
fn takes_the_encoding_that_the_client_likes_best() {
    for (offered, want) in [
        (json!(["utf-8", "utf-16"]), "utf-8"),
        (json!(["utf-16", "utf-8"]), "utf-16"),
        (json!(["utf-7", "utf-32"]), "utf-32"),
        (Value::Null, "utf-16"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut start = start(folder.path());
        start.capabilities = capabilities();
        start.capabilities["general"]["positionEncodings"] = offered;
        let client = Client::start(start);
        assert_eq!(client.initialized["capabilities"]["positionEncoding"], want);
    }
}

#[test]
fn exit_without_shutdown_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::start(start(folder.path()));
    client.notify("exit", Value::Null);
    assert_eq!(client.wait().code(), Some(1));
}

#[test]
fn ends_with_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::start(start(folder.path()));
    client.close_stdin();
    assert_eq!(client.wait().code(), Some(1));
}

#[cfg(unix)]
#[test]
fn ends_with_its_client() {
    let folder = tempfile::tempdir().unwrap();
    let mut editor = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let mut start = start(folder.path());
    start.process_id = Some(editor.id());
    let mut client = Client::start(start);
    editor.kill().unwrap();
    editor.wait().unwrap();
    assert_eq!(client.wait().code(), Some(1));
}

#[test]
fn requests_before_initialize_are_refused() {
    let mut client = Client::spawn(&[]);
    let params =
        json!({"textDocument": {"uri": "file:///a.rs"}, "position": {"line": 0, "character": 0}});
    let error = client.try_request("textDocument/hover", params).unwrap_err();
    assert_eq!(error["code"], -32002);
}

#[test]
fn logs_go_where_they_are_told_and_never_to_the_client() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sendlens"))
        .args(["--log".as_ref(), log.as_os_str()])
        .env("SENDLENS_LOG", "trace")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    assert!(!std::fs::read_to_string(log).unwrap().is_empty());
}
