//! What `hoist_temporary` writes, and where it declines.

use crate::fixes::tests::{check, check_declines};

const GUARD: &str = "std::sync::MutexGuard<'_, Vec<u8>>";

#[track_caller]
fn hoists(before: &str, after: &str) {
    check("hoist_temporary", GUARD, before, after);
}

#[test]
fn if_let_scrutinee() {
    hoists(
        "
async fn work(queue: Q) {
    if let Some(job) = $0queue.lock().unwrap()$0.pop() {
        run(job).$1await;
    }
}
",
        "
async fn work(queue: Q) {
    let job = queue.lock().unwrap().pop();
    if let Some(job) = job {
        run(job).await;
    }
}
",
    );
}

#[test]
fn else_if_becomes_a_block() {
    hoists(
        "
async fn work(queue: Q) {
    if a {
        b();
    } else if let Some(größe) = $0queue.lock().unwrap()$0.pop() {
        run(größe).$1await;
    }
}
",
        "
async fn work(queue: Q) {
    if a {
        b();
    } else {
        let größe = queue.lock().unwrap().pop();
        if let Some(größe) = größe {
            run(größe).await;
        }
    }
}
",
    );
}

#[test]
fn while_let_becomes_a_loop() {
    hoists(
        "
async fn work(queue: Q) {
    'jobs: while let Some(job) = $0queue.lock().unwrap()$0.pop() {
        run(job).$1await;
    }
}
",
        "
async fn work(queue: Q) {
    'jobs: loop {
        let Some(job) = queue.lock().unwrap().pop() else { break };
        run(job).await;
    }
}
",
    );
}

#[test]
fn arguments() {
    hoists(
        "async fn f(m: M) { send(1, $0m.lock().unwrap()$0.len()).$1await }",
        "async fn f(m: M) { let len = m.lock().unwrap().len(); send(1, len).await }",
    );
    // An argument before it has an effect: the order stays.
    hoists(
        "async fn f(m: M) { send(next(), $0m.lock().unwrap()$0.len()).$1await }",
        "async fn f(m: M) { send(next(), { let len = m.lock().unwrap().len(); len }).await }",
    );
}

#[test]
fn struct_fields_use_the_short_form() {
    hoists(
        "async fn f(m: M) { R { len: $0m.lock().unwrap()$0.len(), x: io().$1await }; }",
        "async fn f(m: M) { let len = m.lock().unwrap().len(); R { len, x: io().await }; }",
    );
}

#[test]
fn arms_become_blocks() {
    hoists(
        "
async fn f(m: M) {
    match cmd {
        Cmd::Show => num(*$0m.lock().unwrap()$0).$1await,
    }
}
",
        "
async fn f(m: M) {
    match cmd {
        Cmd::Show => {
            let value = *m.lock().unwrap();
            num(value).await
        },
    }
}
",
    );
}

#[test]
fn declines_for_names_and_writes() {
    for code in [
        "async fn f(m: M) { let $0g$0 = m.lock(); io().$1await; }",
        "async fn f(m: M) { $0m.lock().unwrap()$0.push(num().$1await); }",
    ] {
        check_declines("hoist_temporary", GUARD, code);
    }
}

#[test]
fn a_block_of_one_expression() {
    check(
        "hoist_temporary",
        "std::sync::MutexGuard<'_, Duration>",
        "
async fn f(größe: M) {
    sleep({ $0größe.lock().unwrap()$0.clone() }).$1await;
}
",
        "
async fn f(größe: M) {
    let value = größe.lock().unwrap().clone();
    sleep(value).await;
}
",
    );
}

#[test]
fn two_in_one_statement() {
    check(
        "hoist_temporary",
        "std::sync::MutexGuard<'_, Settings>",
        "
async fn f(größe: M) {
    timeout($0größe.lock().unwrap()$0.wait, load($0größe.lock().unwrap()$0.url.clone())).$1await;
}
",
        "
async fn f(größe: M) {
    let wait = größe.lock().unwrap().wait;
    let url = größe.lock().unwrap().url.clone();
    timeout(wait, load(url)).await;
}
",
    );
}

#[test]
fn not_together_over_a_call_that_may_matter() {
    let code = "async fn f(m: M) { g($0m.lock()$0.x, next(), $0m.lock()$0.y).$1await; }";
    let found = crate::fixes::tests::variants("hoist_temporary", code, GUARD).unwrap();
    assert!(found.iter().all(|it| it.matches("let ").count() == 1), "{found:#?}");
}

#[test]
fn declines_for_what_a_macro_writes_to() {
    check_declines(
        "hoist_temporary",
        "std::sync::MutexGuard<'_, String>",
        "async fn f(m: M) { write!($0m.lock().unwrap()$0, \"{}\", io().$1await).unwrap(); }",
    );
}
