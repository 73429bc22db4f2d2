//! Pictures of hand-built problems.

use expect_test::{Expect, expect};

use super::*;
use crate::report::sample;

const ASCII: Look = Look { colours: false, unicode: false, width: 100 };

#[track_caller]
fn check(marked: &str, ty: &str, look: Look, expected: &Expect) {
    let (problem, sources) = sample::problem(marked, ty);
    let mut out = Vec::new();
    write(&mut out, &problem, &[], &sources, look).unwrap();
    expected.assert_eq(&String::from_utf8(out).unwrap());
}

const WORKER: &str = "\
async fn worker(m: &Mutex<i32>) {
    let $vguard$. = $xm.lock().unwrap()$.;
    tick().$aawait$.;
    let n = 1;
    let n = n + 1;
    let n = n + 1;
    tock(*guard).$aawait$.;
}

async fn $pouter$.() {
    worker().await;
}

fn main() {
    tokio::spawn($douter()$.);
}
";

#[test]
fn value_awaits_path_demand_and_fix() {
    check(
        WORKER,
        "MutexGuard<'_, i32>",
        ASCII,
        &expect![[r#"
        error: `guard` is held across an `.await` but is not `Send`
          --> src/main.rs:2:9
           |
         2 |     let guard = m.lock().unwrap();
           |         ^^^^^ has type `MutexGuard<'_, i32>`, which is not `Send`
         3 |     tick().await;
           |            ----- `guard` is still alive here
        ...
         7 |     tock(*guard).await;
           |                  ----- and here
        ...
        10 | async fn outer() {
           |          ----- through async fn `outer`
        ...
        15 |     tokio::spawn(outer());
           |                  ------- `tokio::spawn` demands `Send`
           |
           = note: it belongs to its thread
        help: Enclose it in a block
              [ok] the compiler accepts this
        1 | async fn worker(m: &Mutex<i32>) {
        2 -     let guard = m.lock().unwrap();
        2 +     let guard = { fixed };
        3 |     tick().await;

    "#]],
    );
    let unicode = Look { unicode: true, ..ASCII };
    check(
        WORKER,
        "MutexGuard<'_, i32>",
        unicode,
        &expect![[r#"
        error: `guard` is held across an `.await` but is not `Send`
           ╭▸ src/main.rs:2:9
           │
         2 │     let guard = m.lock().unwrap();
           │         ━━━━━ has type `MutexGuard<'_, i32>`, which is not `Send`
         3 │     tick().await;
           │            ───── `guard` is still alive here
           ┆
         7 │     tock(*guard).await;
           │                  ───── and here
           ┆
        10 │ async fn outer() {
           │          ───── through async fn `outer`
           ┆
        15 │     tokio::spawn(outer());
           │                  ─────── `tokio::spawn` demands `Send`
           │
           ╰ note: it belongs to its thread
        help: Enclose it in a block
              ✔ the compiler accepts this
        1 │ async fn worker(m: &Mutex<i32>) {
        2 -     let guard = m.lock().unwrap();
        2 +     let guard = { fixed };
        3 │     tick().await;

    "#]],
    );
}

#[test]
fn columns_are_characters_and_tabs_are_wide() {
    let marked =
        "fn f() {\r\n\tlet żółw = \"🦀\"; let $vstróż$. = $xlock()$.; tick().$aawait$.;\r\n}\r\n";
    check(
        marked,
        "Rc<()>",
        ASCII,
        &expect![[r#"
        error: `stróż` is held across an `.await` but is not `Send`
         --> src/main.rs:2:22
          |
        2 |     let żółw = "🦀"; let stróż = lock(); tick().await;
          |                          ^^^^^                  ----- `stróż` is still alive here
          |                          |
          |                          has type `Rc<()>`, which is not `Send`
          |
          = note: it belongs to its thread
        help: Enclose it in a block
              [ok] the compiler accepts this
        1 | fn f() {
        2 -     let żółw = "🦀"; let stróż = lock(); tick().await;
        2 +     let żółw = "🦀"; let stróż = { fixed }; tick().await;
        3 | }

    "#]],
    );
}

#[test]
fn long_types_are_shortened_and_notes_wrapped() {
    let ty = "std::sync::MutexGuard<'_, std::collections::BTreeMap<std::string::String, std::vec::Vec<app::Session>>>";
    let narrow = Look { width: 60, ..ASCII };
    check(
        "let $vguard$. = 1; tick().$aawait$.;\n",
        ty,
        narrow,
        &expect![[r#"
            error: `guard` is held across an `.await` but is not `Send`
             --> src/main.rs:1:5
              |
            1 | let guard = 1; tick().await;
              |     ^^^^^             ----- `guard` is still alive here
              |     |
              |     has type `std::sync::MutexGuard<'_, BTreeMap<String, Vec<Session>>>`, which is not `Send`
              |
              = note: it belongs to its thread

        "#]],
    );
}

#[test]
fn files_that_are_not_ours_are_named() {
    let (mut problem, sources) = sample::problem(WORKER, "Rc<()>");
    problem.fixes.clear();
    problem.path.clear();
    if let Some(demand) = &mut problem.demand {
        demand.span.file = "/registry/axum/src/lib.rs".into();
        problem.reported_at = demand.span.clone();
    }
    let mut out = Vec::new();
    write(&mut out, &problem, &[], &sources, ASCII).unwrap();
    expect![[r#"
        error: `guard` is held across an `.await` but is not `Send`
         --> src/main.rs:2:9
          |
        2 |     let guard = m.lock().unwrap();
          |         ^^^^^ has type `Rc<()>`, which is not `Send`
        3 |     tick().await;
          |            ----- `guard` is still alive here
        ...
        7 |     tock(*guard).await;
          |                  ----- and here
          |
          = note: `tokio::spawn` demands `Send`, at /registry/axum/src/lib.rs:15:18
          = note: it belongs to its thread

    "#]]
    .assert_eq(&String::from_utf8(out).unwrap());
}

#[test]
fn colours_when_asked_for() {
    let (problem, sources) = sample::problem(WORKER, "Rc<()>");
    let look = Look { colours: true, ..ASCII };
    let mut out = Vec::new();
    write(&mut out, &problem, &[], &sources, look).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("\x1b["), "{text}");
}

#[test]
fn the_summary_counts() {
    let (problem, _) = sample::problem(WORKER, "Rc<()>");
    let mut unfixed = problem.clone();
    unfixed.fixes.clear();
    let mut out = Vec::new();
    write_summary(&mut out, &[problem, unfixed], ASCII).unwrap();
    expect![[r#"
        2 problems, 1 with a verified fix
        `sendlens fix` applies it, `sendlens fix --dry-run` shows it first
    "#]]
    .assert_eq(&String::from_utf8(out).unwrap());
}

#[test]
fn a_change_that_cures_several_is_drawn_once() {
    let (problem, sources) = sample::problem(WORKER, "Rc<()>");
    let drawn = |earlier: &[Problem]| {
        let mut out = Vec::new();
        fixes::write(&mut out, &problem, earlier, &sources, ASCII).unwrap();
        String::from_utf8(out).unwrap()
    };
    let mut other = problem.clone();
    let alone = drawn(&[]);
    let again = drawn(std::slice::from_ref(&other));
    assert!(again.contains("the same change as above, for src/main.rs:2"), "{again}");
    assert!(again.lines().count() < alone.lines().count(), "{again}{alone}");
    other.fixes.clear();
    assert_eq!(drawn(&[other]), alone);
}

#[test]
fn a_change_in_another_file_says_so() {
    let (mut problem, mut sources) = sample::problem(WORKER, "Rc<()>");
    let mut other = problem.fixes[0].edits[0].clone();
    other.span.file = "src/größe.rs".into();
    sources.insert("src/größe.rs", sources.text("src/main.rs".into()).unwrap().to_string());
    problem.fixes[0].edits = vec![other];
    let mut out = Vec::new();
    fixes::write(&mut out, &problem, &[], &sources, ASCII).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("--> src/größe.rs"), "{text}");
}

#[test]
fn a_value_that_others_demand_too_is_drawn_once() {
    let (known, sources) = sample::problem(WORKER, "Größe");
    let mut problem = known.clone();
    problem.reported_at.start.line = 16;
    problem.reported_at.end.line = 16;
    let drawn = |problem: &Problem| {
        let mut out = Vec::new();
        write(&mut out, problem, std::slice::from_ref(&known), &sources, ASCII).unwrap();
        String::from_utf8(out).unwrap()
    };
    expect![[r#"
        error: `guard` is held across an `.await` but is not `Send`
            --> src/main.rs:16:18
            = note: `tokio::spawn` demands `Send` here; the value is the one of src/main.rs:2 above, and the same change cures it

    "#]]
    .assert_eq(&drawn(&problem));
    problem.held[0].awaits.pop();
    assert!(drawn(&problem).lines().count() > 4, "other awaits are worth a picture");
}

#[test]
fn only_futures_are_called_so() {
    for (ty, expected) in [
        ("BoxFuture<'_, Größe>", true),
        ("&mut Größe", true),
        ("&'a mut Größe", true),
        ("&'a Größe", false),
    ] {
        let marked = "async fn größe() { $vpool()$.; io().$aawait$.; }";
        let (mut problem, sources) = sample::problem(marked, ty);
        problem.held[0].name = None;
        problem.kind = crate::problem::Kind::AwaitsNotSend;
        let mut out = Vec::new();
        write(&mut out, &problem, &[], &sources, ASCII).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.contains("this future has type"), expected, "{out}");
        assert_ne!(out.contains("this value has type"), expected, "{out}");
    }
}
