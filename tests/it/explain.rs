//! The whole explanation: in a panel, or in a document that the editor is asked to show.

use serde_json::{Value, json};

use crate::{
    client::{Client, Start, capabilities, uri},
    project::{Project, find},
};

fn start(project: &Project, able: impl FnOnce(&mut Value)) -> Client {
    let options =
        json!({"flycheck": {"source": "own"}, "types": false, "fixes": {"verify": false}});
    let root = project.root();
    let cache = project.root().join("cache");
    let mut start = Start::new(&root).options(options);
    start.env.push(("XDG_CACHE_HOME", cache.display().to_string()));
    start.capabilities = capabilities();
    able(&mut start.capabilities);
    let mut client = Client::start(start);
    let main = project.file("src/main.rs");
    client.open(&main);
    client.wait_for_hints(&main, 2);
    client
}

fn has_panel(capabilities: &mut Value) {
    capabilities["experimental"]["commands"]["commands"] = json!(["sendlens.explain"]);
}

fn shows_documents(capabilities: &mut Value) {
    capabilities["window"]["showDocument"] = json!({"support": true});
}

fn place(project: &Project, needle: &str) -> Value {
    let (line, character) = find(&project.read("src/main.rs"), needle);
    json!({
        "textDocument": {"uri": uri(&project.file("src/main.rs"))},
        "position": {"line": line, "character": character},
    })
}

/// The action that explains, at a place; the menu as a whole, or the quick fixes alone.
fn explaining(client: &mut Client, place: &Value, only: Value) -> Option<Value> {
    let range = json!({"start": place["position"], "end": place["position"]});
    let params = json!({
        "textDocument": place["textDocument"],
        "range": range,
        "context": {"diagnostics": [], "only": only},
    });
    let menu = client.request("textDocument/codeAction", params);
    menu.as_array()?.iter().find(|it| it["command"]["command"] == "sendlens.explain").cloned()
}

#[test]
fn a_panel_gets_the_picture_and_the_way() {
    let project = Project::copy("sample");
    let mut client = start(&project, has_panel);
    assert_eq!(client.initialized["capabilities"]["executeCommandProvider"], Value::Null);
    let at = place(&project, "tokio::spawn(worker");
    let explanation = client.request("sendlens/explain", at.clone());
    assert_eq!(explanation["title"], "`guard` is held across an `.await`, but is not `Send`");
    let document = explanation["document"].as_str().unwrap();
    for part in ["14 ╭─", "16 ┿━", "17 ╰─", "1. async fn `worker`", "a lock must be released"]
    {
        assert!(document.contains(part), "no {part} in {document}");
    }
    let life = &explanation["lives"][0];
    assert_eq!(life["awaits"].as_array().unwrap().len(), 1);
    assert_eq!(life["to"]["start"]["line"], 16);
    let action = explaining(&mut client, &at, Value::Null).expect("an action");
    assert_eq!(action["command"]["arguments"][1], at["position"]);
    assert_eq!(explaining(&mut client, &at, json!(["quickfix"])), None);
    let elsewhere = place(&project, "println");
    assert_eq!(explaining(&mut client, &elsewhere, Value::Null), None);
    client.shut_down();
}

#[test]
fn decorations_get_the_life_of_the_value_under_the_cursor() {
    let project = Project::copy("sample");
    let mut client = start(&project, has_panel);
    let life = |client: &mut Client, needle| {
        let lives = client.request("sendlens/life", place(&project, needle));
        let lives = lives.as_array().unwrap().clone();
        lives.iter().map(|life| life["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(life(&mut client, "guard = queue"), ["guard"]);
    assert_eq!(life(&mut client, "guard.pop_front"), ["guard"]);
    assert_eq!(life(&mut client, "limit.is_err"), ["limit"]);
    assert!(life(&mut client, "job = guard").is_empty(), "it is `Send`");
    assert!(life(&mut client, "println").is_empty());
    client.shut_down();
}

#[test]
fn an_editor_without_a_panel_is_asked_to_show_a_document() {
    let project = Project::copy("sample");
    let mut client = start(&project, shows_documents);
    let commands = &client.initialized["capabilities"]["executeCommandProvider"]["commands"];
    assert_eq!(*commands, json!(["sendlens.explain"]));
    let at = place(&project, "guard = queue");
    let action = explaining(&mut client, &at, Value::Null).expect("an action");
    client.request("workspace/executeCommand", action["command"].clone());
    let shown = client.wait_for("a document", |client| {
        let mut heard = client.heard.iter().filter(|it| it["method"] == "window/showDocument");
        heard.next_back().map(|it| it["params"]["uri"].as_str().unwrap().to_owned())
    });
    let text = std::fs::read_to_string(shown.strip_prefix("file://").unwrap()).unwrap();
    assert!(text.starts_with("# `guard` is held across an `.await`"), "{text}");

    // Without a place: everything.
    let all = json!({"command": "sendlens.explain", "arguments": []});
    client.request("workspace/executeCommand", all);
    let text = std::fs::read_to_string(shown.strip_prefix("file://").unwrap()).unwrap();
    assert!(text.contains("`guard`") && text.contains("`limit`"), "{text}");
    let unknown = json!({"command": "no.such.command"});
    assert!(client.try_request("workspace/executeCommand", unknown).is_err());
    client.shut_down();
}

#[test]
fn an_editor_that_can_do_neither_has_no_such_action() {
    let project = Project::copy("sample");
    let mut client = start(&project, |_| {});
    let at = place(&project, "guard = queue");
    assert_eq!(explaining(&mut client, &at, Value::Null), None);
    assert_eq!(client.initialized["capabilities"]["executeCommandProvider"], Value::Null);
    client.shut_down();
}
