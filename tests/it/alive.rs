//! What is alive across awaits: shown before anybody complains, and while the text changes.

use expect_test::expect;
use serde_json::{Value, json};

use crate::{
    client::{Client, Start, capabilities, uri},
    project::{Project, find},
};

/// Compiles; nobody demands `Send` of `żółw`, which is not.
const CLEAN: &str = r#"use std::rc::Rc;

async fn żółw(n: u32) -> u32 {
    let rc = Rc::new(n); // 🦀
    let s = "🦀"; tick().await;
    let sum = *rc + s.len() as u32;
    tick().await;
    sum
}

async fn tick() {}

async fn fine(text: String) {
    tick().await;
    println!("{text}");
}

#[tokio::main]
async fn main() {
    println!("{}", żółw(1).await);
    fine(String::new()).await;
}
"#;

fn start(project: &Project, mut options: Value) -> Client {
    options["flycheck"] = json!({"source": "own"});
    let root = project.root();
    let mut start = Start::new(&root).options(options);
    start.capabilities = capabilities();
    for surface in ["inlayHint", "codeLens"] {
        start.capabilities["workspace"][surface] = json!({"refreshSupport": true});
    }
    let mut client = Client::start(start);
    client.open(&project.file("src/main.rs"));
    client
}

fn clean(options: Value) -> (Project, Client) {
    let project = Project::copy("sample");
    project.write("src/main.rs", CLEAN);
    let client = start(&project, options);
    (project, client)
}

fn document(project: &Project) -> Value {
    json!({"uri": uri(&project.file("src/main.rs"))})
}

fn hints_params(project: &Project) -> Value {
    let range = json!({
        "start": {"line": 0, "character": 0},
        "end": {"line": 999, "character": 0},
    });
    json!({"textDocument": document(project), "range": range})
}

fn is_some(answer: &Value) -> bool {
    answer.as_array().is_some_and(|list| !list.is_empty())
}

/// `line:character label` of each hint.
fn hints(answer: &Value) -> Vec<String> {
    let hints = answer.as_array().unwrap().iter();
    let hints = hints.map(|hint| {
        let at = &hint["position"];
        format!("{}:{} {}", at["line"], at["character"], hint["label"].as_str().unwrap())
    });
    hints.collect()
}

fn lenses(client: &mut Client, project: &Project) -> Vec<String> {
    let params = json!({"textDocument": document(project)});
    let answer = client.request("textDocument/codeLens", params);
    let lenses = answer.as_array().unwrap().iter();
    let lenses = lenses.map(|lens| {
        let line = &lens["range"]["start"]["line"];
        format!("{line} {}", lens["command"]["title"].as_str().unwrap())
    });
    lenses.collect()
}

fn hover(client: &mut Client, project: &Project, text: &str, needle: &str) -> String {
    let (line, character) = find(text, needle);
    let hover = client.hover(&project.file("src/main.rs"), line, character);
    let value = hover["contents"]["value"].as_str();
    let root = uri(&project.root());
    value.map_or("nothing".to_owned(), |value| value.replace(&root, "ROOT"))
}

#[test]
fn what_is_not_send_is_known_before_anybody_minds() {
    let (project, mut client) = clean(json!({"inlayHints": "all"}));
    let params = hints_params(&project);
    let answer = client.ask_until("textDocument/inlayHint", &params, is_some);
    assert_eq!(hints(&answer), ["4:30 holds rc: Rc", "6:16 holds rc: Rc"]);
    let tooltip = answer[0]["tooltip"]["value"].as_str().unwrap();
    assert!(tooltip.contains("- `rc`: `Rc<u32>`, from line 4, **is not `Send`**"), "{tooltip}");
    assert_eq!(
        lenses(&mut client, &project)[0],
        "2 not Send: rc: Rc is held across several .awaits"
    );
    assert!(client.diagnostics.values().all(Vec::is_empty), "nobody complains");
    let asked = |client: &Client, method: &str| {
        client.heard.iter().any(|message| message["method"] == method)
    };
    for method in ["workspace/inlayHint/refresh", "workspace/codeLens/refresh"] {
        client.wait_for(method, |client| asked(client, method).then_some(()));
    }
}

#[test]
fn hovers_say_what_is_held_and_whether_it_is_send() {
    let (project, mut client) = clean(json!({}));
    let params = json!({"textDocument": document(&project)});
    client.ask_until("textDocument/codeLens", &params, is_some);
    let mut at = |needle: &str| hover(&mut client, &project, CLEAN, needle);
    expect![[r#"
        **`rc` is held across several `.await`s, and is not `Send`**

        Type: `Rc<u32>`

        Still alive at the `.await` on [line 5](ROOT/sample/src/main.rs#L5) and [line 7](ROOT/sample/src/main.rs#L7).

        `Rc<u32>` is not `Send`: its reference count is not atomic, so two threads could corrupt it.

        So the future of `żółw` is not `Send` either: it can be awaited, but not spawned where tasks move between threads."#]]
    .assert_eq(&at("rc = Rc"));
    expect![[r#"
        **Held across this `.await`**

        - `rc`: `Rc<u32>`, from [line 4](ROOT/sample/src/main.rs#L4), **is not `Send`**
        - `s`: `&str`, from [line 5](ROOT/sample/src/main.rs#L5), is `Send`"#]]
    .assert_eq(&at("await;\n    let sum"));
    expect![[r#"
        **The future of `żółw` is not `Send`**

        It holds:

        - `rc`: `Rc<u32>`, from [line 4](ROOT/sample/src/main.rs#L4), held across the `.await` on [line 5](ROOT/sample/src/main.rs#L5) and [line 7](ROOT/sample/src/main.rs#L7)
          - `Rc<u32>` is not `Send`: its reference count is not atomic, so two threads could corrupt it"#]]
    .assert_eq(&at("fn żółw"));
    expect![[r#"
        **Held across this `.await`**

        - `text`: `String`, from [line 13](ROOT/sample/src/main.rs#L13), is `Send`"#]]
    .assert_eq(&at("await;\n    println"));
    let held = "is held across the `.await` on";
    assert_eq!(
        at("s = \""),
        format!("`s` {held} [line 5](ROOT/sample/src/main.rs#L5), and is `Send`.")
    );
    assert_eq!(
        at("text: String"),
        format!("`text` {held} [line 14](ROOT/sample/src/main.rs#L14), and is `Send`.")
    );
    assert_eq!(
        at("async fn fine"),
        "All that the future of `fine` holds across its `.await`s is `Send`."
    );
    for needle in ["n: u32", "fine(text", "async fn tick", "println"] {
        assert_eq!(at(needle), "nothing", "{needle}");
    }
}

#[test]
fn a_value_at_fault_marks_its_awaits() {
    let (project, mut client) = clean(json!({}));
    let params = json!({"textDocument": document(&project)});
    client.ask_until("textDocument/codeLens", &params, is_some);
    let mut lines = |needle: &str| {
        let (line, character) = find(CLEAN, needle);
        let position = json!({"line": line, "character": character});
        let params = json!({"textDocument": document(&project), "position": position});
        let answer = client.request("textDocument/documentHighlight", params);
        let places = answer.as_array().into_iter().flatten();
        places.map(|place| place["range"]["start"]["line"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(lines("rc = Rc"), [3, 4, 6]);
    assert!(lines("text: String").is_empty());
}

#[test]
fn hints_follow_the_text_at_once() {
    let (project, mut client) = clean(json!({"inlayHints": "all"}));
    let params = hints_params(&project);
    client.ask_until("textDocument/inlayHint", &params, is_some);
    let main = project.file("src/main.rs");
    let edit = |client: &mut Client, line: u32, text: &str| {
        let place = json!({"line": line, "character": 0});
        client.change(&main, json!([{"range": {"start": place, "end": place}, "text": text}]));
    };
    edit(&mut client, 0, "// ż\n");
    edit(&mut client, 6, "    tick().await;\n    drop(rc); let rc = 1;\n");
    let answer = client.request("textDocument/inlayHint", params.clone());
    // A value that was borrowed before is held even where it is dropped; `tick` borrows nothing.
    assert_eq!(hints(&answer)[..2], ["5:30 holds rc: Rc", "6:16 holds rc: Rc"]);
}

#[test]
fn problems_alone_are_marked_unless_all_is_wanted() {
    let (project, mut client) = clean(json!({"codeLens": "off"}));
    let params = hints_params(&project);
    let (line, character) = find(CLEAN, "rc = Rc");
    let at = json!({
        "textDocument": document(&project),
        "position": {"line": line, "character": character},
    });
    client.ask_until("textDocument/hover", &at, Value::is_object);
    assert_eq!(client.request("textDocument/inlayHint", params), json!([]));
    assert!(lenses(&mut client, &project).is_empty());

    // Somebody minds in the sample as it is.
    let project = Project::copy("sample");
    let mut client = start(&project, json!({"types": false}));
    let params = hints_params(&project);
    let answer = client.ask_until("textDocument/inlayHint", &params, |answer| {
        answer.as_array().is_some_and(|list| list.len() == 2)
    });
    assert_eq!(hints(&answer)[0], "15:19 holds guard: MutexGuard");
    let lens = lenses(&mut client, &project);
    assert_eq!(lens[0], "12 not Send: guard: MutexGuard is held across an .await");
}

/// The hints of the file, `line code`.
fn problems(client: &Client, project: &Project) -> Vec<String> {
    let known = client.diagnostics.get(&uri(&project.file("src/main.rs")));
    let known = known.into_iter().flatten();
    let known = known.map(|it| format!("{} {}", it["range"]["start"]["line"], it["code"]));
    known.collect()
}

#[test]
fn live_problems_come_and_go_without_a_save() {
    let (project, mut client) = clean(json!({"live": true}));
    let main = project.file("src/main.rs");
    let params = json!({"textDocument": document(&project)});
    client.ask_until("textDocument/codeLens", &params, is_some);
    let spawned = CLEAN.replace("żółw(1).await);", "1); tokio::spawn(żółw(1));");
    client.change(&main, json!([{"text": spawned}]));
    client.wait_for_hints(&main, 1);
    assert_eq!(problems(&client, &project), ["3 \"held_across_await\""]);
    // What does not compile says nothing of `Send`.
    let broken =
        spawned.replace("tick().await;\n    sum", "let n: u8 = \"\"; tick().await;\n    sum");
    let (line, character) = find(CLEAN, "rc = Rc");
    let at = json!({"line": line, "character": character});
    let menu = json!({
        "textDocument": document(&project),
        "range": {"start": at, "end": at},
        "context": {"diagnostics": []},
    });
    client.ask_until("textDocument/codeAction", &menu, is_some);
    client.change(&main, json!([{"text": broken}]));
    // The menu empties when fixes are judged, and they are judged last.
    client.ask_until("textDocument/codeAction", &menu, |answer| !is_some(answer));
    assert_eq!(problems(&client, &project).len(), 1);
    client.change(&main, json!([{"text": CLEAN}]));
    client.wait_for_hints(&main, 0);
    assert_eq!(project.read("src/main.rs"), CLEAN, "nothing was written");
}

#[test]
fn without_live_only_a_save_brings_problems() {
    let (project, mut client) = clean(json!({}));
    let main = project.file("src/main.rs");
    let spawned = CLEAN.replace("żółw(1).await);", "1); tokio::spawn(żółw(1));");
    client.change(&main, json!([{"text": spawned}]));
    let params = json!({"textDocument": document(&project)});
    // The compiler has seen the text, and was asked for types alone.
    client.ask_until("textDocument/codeLens", &params, is_some);
    assert!(problems(&client, &project).is_empty());
    project.write("src/main.rs", &spawned);
    client.save(&main);
    client.wait_for_hints(&main, 1);
}
