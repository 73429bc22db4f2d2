//! From the hint to the applied fix: hovers, menus, edits.

use expect_test::expect;
use serde_json::{Value, json};

use crate::{
    client::{Client, Start, capabilities, uri},
    project::{Project, find},
};

fn start(project: &Project) -> Client {
    // Types come when they come; what problems say is the same in each run.
    let options = json!({"flycheck": {"source": "own"}, "types": false});
    let mut client = Client::start(Start::new(&project.root()).options(options));
    let main = project.file("src/main.rs");
    client.open(&main);
    client.wait_for_hints(&main, 2);
    client
}

fn hover(client: &mut Client, project: &Project, needle: &str) -> String {
    let text = project.read("src/main.rs");
    let (line, character) = find(&text, needle);
    let hover = client.hover(&project.file("src/main.rs"), line, character);
    let value = hover["contents"]["value"].as_str();
    let root = uri(&project.root());
    value.map_or("nothing".to_owned(), |value| value.replace(&root, "ROOT"))
}

#[test]
fn hovers_answer_on_the_value_the_await_and_the_demand_only() {
    let project = Project::copy("sample");
    let mut client = start(&project);
    // The last line of a hover names the fix that the compiler has accepted: wait for it.
    actions(&mut client, &project, "guard = queue");
    expect![[r#"
        **`guard` is held across an `.await`, but is not `Send`**

        Still alive at the `.await` on [line 16](ROOT/sample/src/main.rs#L16).

        `std::sync::MutexGuard<'_, VecDeque<u32>>` is not `Send`: a lock must be released on the thread that took it.

        `tokio::spawn` on [line 40](ROOT/sample/src/main.rs#L40) demands `Send`: the task may move to another thread at any `.await`, with all that it holds.

        Quick fix, accepted by the compiler: *Enclose `guard` in a block that ends before the `.await`*."#]].assert_eq(&hover(&mut client, &project, "guard = queue"));
    let point = "await;\n}\n\nasync fn send";
    expect![[r#"
        **Held across this `.await`**

        - `guard`: `std::sync::MutexGuard<'_, VecDeque<u32>>`, from [line 14](ROOT/sample/src/main.rs#L14), **is not `Send`**
        - `queue`, from [line 13](ROOT/sample/src/main.rs#L13)

        `tokio::spawn` on [line 40](ROOT/sample/src/main.rs#L40) demands `Send`: the task may move to another thread at any `.await`, with all that it holds.

        Quick fix, accepted by the compiler: *Enclose `guard` in a block that ends before the `.await`*."#]].assert_eq(&hover(&mut client, &project, point));
    expect![[r#"
        **`tokio::spawn` demands `Send`, and this future is not**

        1. async fn `worker`, [line 13](ROOT/sample/src/main.rs#L13)
        2. holds `guard` from [line 14](ROOT/sample/src/main.rs#L14), a `std::sync::MutexGuard<'_, VecDeque<u32>>`, across the `.await` on [line 16](ROOT/sample/src/main.rs#L16)

        Quick fix, accepted by the compiler: *Enclose `guard` in a block that ends before the `.await`*."#]].assert_eq(&hover(&mut client, &project, "tokio::spawn(worker"));
    assert_eq!(hover(&mut client, &project, "VecDeque,"), "nothing");
    assert_eq!(hover(&mut client, &project, "println"), "nothing");
}

/// The menu at a place, once the compiler has had its say.
fn actions(client: &mut Client, project: &Project, needle: &str) -> Vec<Value> {
    let params = menu_params(project, needle);
    let is_verified = |answer: &Value| {
        let mut actions = answer.as_array().into_iter().flatten();
        actions.any(|action| action["isPreferred"] == true)
    };
    let answer = client.ask_until("textDocument/codeAction", &params, is_verified);
    answer.as_array().unwrap().clone()
}

/// The menu at a place, as it is.
fn menu(client: &mut Client, project: &Project, needle: &str) -> Value {
    client.request("textDocument/codeAction", menu_params(project, needle))
}

fn menu_params(project: &Project, needle: &str) -> Value {
    let (line, character) = find(&project.read("src/main.rs"), needle);
    let place = json!({"line": line, "character": character});
    json!({
        "textDocument": {"uri": uri(&project.file("src/main.rs"))},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": [], "only": ["quickfix"]},
    })
}

#[test]
fn the_best_fix_is_applied_and_the_compiler_agrees() {
    let project = Project::copy("sample");
    let mut client = start(&project);
    let before = project.read("src/main.rs");
    // Pressed where rust-analyzer shows its error.
    let actions = actions(&mut client, &project, "worker(Arc::clone");
    let best = actions[0].clone();
    assert_eq!(best["isPreferred"], true);
    assert_eq!(best["kind"], "quickfix");
    assert_eq!(best["diagnostics"][0]["source"], "sendlens");
    assert_eq!(best["edit"], Value::Null, "the edit comes when it is wanted");
    let resolved = client.request("codeAction/resolve", best);
    let change = &resolved["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"]["version"], 1);
    project.write("src/main.rs", &apply(&before, change["edits"].as_array().unwrap()));
    let (messages, _) = project.check();
    let about_guard = |line: &&str| line.contains("MutexGuard") && line.contains("not `Send`");
    assert_eq!(messages.lines().filter(about_guard).count(), 0, "{messages}");
}

#[test]
fn actions_are_offered_wherever_the_user_may_point() {
    let project = Project::copy("sample");
    let mut client = start(&project);
    let places = [
        "queue.lock",
        "guard = queue",
        "(job).await",
        ".await;\n}\n\nasync fn send",
        "await;\n}\n\nasync fn send",
        "tokio::spawn(worker",
        "spawn(worker",
        "worker(Arc::clone",
    ];
    for place in &places[1..] {
        let titles = actions(&mut client, &project, place);
        let about_guard = |it: &Value| it["title"].as_str().unwrap().contains("`guard`");
        assert!(titles.iter().any(about_guard), "{place}: {titles:#?}");
    }
    for place in [places[0], "println", "tokio::main", "tokio::time"] {
        assert_eq!(menu(&mut client, &project, place), json!([]), "{place}");
    }
}

#[test]
fn edits_are_inline_for_clients_that_do_not_resolve() {
    let project = Project::copy("sample");
    let root = project.root();
    let mut start = Start::new(&root).options(json!({"flycheck": {"source": "own"}}));
    start.capabilities = capabilities();
    start.capabilities["textDocument"]["codeAction"]["resolveSupport"] = Value::Null;
    start.capabilities["workspace"]["workspaceEdit"]["documentChanges"] = json!(false);
    let mut client = Client::start(start);
    let main = project.file("src/main.rs");
    client.open(&main);
    client.wait_for_hints(&main, 2);
    let actions = actions(&mut client, &project, "guard = queue");
    assert!(actions[0]["edit"]["changes"][uri(&main)].is_array(), "{actions:#?}");
}

#[test]
fn the_menu_opens_wherever_the_problem_shows() {
    let project = Project::copy("sample");
    let mut client = start(&project);
    for needle in ["guard = queue", "await;\n}\n\nasync fn send", "worker(Arc::clone"] {
        let found = actions(&mut client, &project, needle);
        assert_eq!(found[0]["isPreferred"], true, "{needle}");
    }
    let (line, character) = find(&project.read("src/main.rs"), "println");
    let place = json!({"line": line, "character": character});
    let mut params = json!({
        "textDocument": {"uri": uri(&project.file("src/main.rs"))},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": []},
    });
    assert_eq!(client.request("textDocument/codeAction", params.clone()), json!([]));
    params["context"]["only"] = json!(["source.organizeImports"]);
    assert_eq!(client.request("textDocument/codeAction", params), Value::Null);
}

#[test]
fn text_that_is_not_saved_counts() {
    let project = Project::copy("sample");
    let mut client = start(&project);
    let main = project.file("src/main.rs");
    let before = actions(&mut client, &project, "guard = queue");
    let place = json!({"line": 0, "character": 0});
    let insert = json!([{"range": {"start": place, "end": place}, "text": "// new\n"}]);
    client.change(&main, insert);
    let (line, character) = find(&project.read("src/main.rs"), "guard = queue");
    let place = json!({"line": line + 1, "character": character});
    let params = json!({
        "textDocument": {"uri": uri(&main)},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": []},
    });
    let unchecked = client.request("textDocument/codeAction", params.clone());
    let title = unchecked[0]["title"].as_str().unwrap().to_owned();
    assert!(title.ends_with("(not checked by the compiler)"), "{title}");
    let is_verified = |answer: &Value| answer[0]["isPreferred"] == true;
    let again = client.ask_until("textDocument/codeAction", &params, is_verified);
    assert_eq!(again[0]["title"], before[0]["title"]);
    let resolved = client.request("codeAction/resolve", again[0].clone());
    let change = &resolved["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"]["version"], 2);
    let text = format!("// new\n{}", project.read("src/main.rs"));
    project.write("src/main.rs", &apply(&text, change["edits"].as_array().unwrap()));
    let (messages, _) = project.check();
    assert!(!messages.contains("MutexGuard"), "{messages}");
}

#[test]
fn a_fix_that_was_applied_is_not_offered_again() {
    let project = Project::copy("sample");
    let mut client = start(&project);
    let main = project.file("src/main.rs");
    let best = actions(&mut client, &project, "guard = queue")[0].clone();
    let resolved = client.request("codeAction/resolve", best.clone());
    let edits = resolved["edit"]["documentChanges"][0]["edits"].as_array().unwrap();
    let text = apply(&project.read("src/main.rs"), edits);
    // As an editor applies it: nothing is saved yet.
    client.change(&main, json!([{"text": text}]));
    let (line, character) = find(&text, "guard = queue");
    let place = json!({"line": line, "character": character});
    let params = json!({
        "textDocument": {"uri": uri(&main)},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": []},
    });
    let is_other = |answer: &Value| {
        let mut actions = answer.as_array().into_iter().flatten();
        actions.all(|action| !action["title"].as_str().unwrap().contains("Enclose"))
    };
    client.ask_until("textDocument/codeAction", &params, is_other);
    // The compiler sees the text as it is: the hint goes before the save, and stays away.
    client.wait_for_hints(&main, 1);
    project.write("src/main.rs", &text);
    client.save(&main);
    let checks = |client: &Client| {
        let ended = |it: &&Value| it["params"]["value"]["kind"] == "end";
        client.heard.iter().filter(ended).count()
    };
    client.wait_for("the check after the save", |client| (checks(client) > 1).then_some(()));
    assert_eq!(client.diagnostics[&uri(&main)].len(), 1);
}

#[test]
fn a_text_that_does_not_compile_keeps_its_hints() {
    let project = Project::copy("sample");
    let mut client = start(&project);
    let main = project.file("src/main.rs");
    let menu = actions(&mut client, &project, "guard = queue");
    assert!(!menu.is_empty());
    let text = project.read("src/main.rs");
    let broken = text.replace("send(job).await", "let ż: u8 = \"🦀\"; send(job).await");
    client.change(&main, json!([{"text": broken}]));
    let (line, character) = find(&broken, "guard = queue");
    let place = json!({"line": line, "character": character});
    let params = json!({
        "textDocument": {"uri": uri(&main)},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": []},
    });
    // Judged anew, nothing can be offered; what was wrong still is.
    client.ask_until("textDocument/codeAction", &params, |answer| answer == &json!([]));
    assert_eq!(client.diagnostics[&uri(&main)].len(), 2);
}

#[test]
fn a_stale_fix_is_refused() {
    let project = Project::copy("sample");
    let mut client = start(&project);
    let main = project.file("src/main.rs");
    let actions = actions(&mut client, &project, "guard = queue");
    let place = json!({"line": 0, "character": 0});
    client.change(&main, json!([{"range": {"start": place, "end": place}, "text": "// new\n"}]));
    let error = client.try_request("codeAction/resolve", actions[0].clone()).unwrap_err();
    assert_eq!(error["code"], -32801);
    assert!(error["message"].as_str().unwrap().contains("open the menu again"));
}

#[test]
fn hints_follow_the_text_until_the_next_check() {
    let project = Project::copy("sample");
    let mut client = start(&project);
    let main = project.file("src/main.rs");
    let place = json!({"line": 0, "character": 0});
    let text = "// ż 🦀\n\n";
    client.change(&main, json!([{"range": {"start": place, "end": place}, "text": text}]));
    let (line, _) = find(&project.read("src/main.rs"), "guard = queue");
    let hover = client.hover(&main, line + 2, 13);
    assert!(hover.is_object(), "known at once");
    client.wait_for("moved hints", |client| {
        let hints = client.diagnostics.get(&uri(&main))?;
        let at = |hint: &Value| hint["range"]["start"]["line"] == line + 2;
        hints.iter().any(at).then_some(())
    });
}

#[test]
fn columns_are_counted_as_negotiated() {
    let project = Project::copy("sample");
    let text = project.read("src/main.rs");
    let needle = "let mut guard";
    let turtles = text.replace(needle, "let _ż = \"🦀\"; let mut guard");
    project.write("src/main.rs", &turtles);
    // Four spaces, then `let _ż = "🦀"; let `.
    for (encoding, start) in [("utf-8", 26), ("utf-16", 23), ("utf-32", 22)] {
        let root = project.root();
        let options = json!({"flycheck": {"source": "own"}, "fixes": {"verify": false}});
        let mut start_up = Start::new(&root).options(options);
        start_up.capabilities["general"]["positionEncodings"] = json!([encoding]);
        let mut client = Client::start(start_up);
        let main = project.file("src/main.rs");
        let hints = client.wait_for_hints(&main, 2);
        let (line, _) = find(&turtles, "let mut guard");
        let hint = hints.iter().find(|hint| hint["range"]["start"]["line"] == line).unwrap();
        let column = hint["range"]["start"]["character"].as_u64().unwrap();
        assert!(column == start || column == start + 4, "{encoding}: {column}");
    }
}

/// Applies the protocol's edits to a text whose columns are ASCII.
fn apply(text: &str, edits: &[Value]) -> String {
    let offset = |place: &Value| {
        let number = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
        let starts = text.split_inclusive('\n').take(number("line")).map(str::len);
        starts.sum::<usize>() + number("character")
    };
    let mut edits: Vec<_> = edits
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            let range = offset(&range["start"])..offset(&range["end"]);
            (range, edit["newText"].as_str().unwrap())
        })
        .collect();
    edits.sort_by_key(|(range, _)| std::cmp::Reverse((range.start, range.end)));
    let mut text = text.to_owned();
    for (range, new_text) in edits {
        text.replace_range(range, new_text);
    }
    text
}
