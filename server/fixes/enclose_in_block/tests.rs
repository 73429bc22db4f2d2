//! What `enclose_in_block` writes, and where it declines.

use crate::fixes::tests::{check, check_declines};

const GUARD: &str = "std::sync::MutexGuard<'_, Vec<u8>>";

#[track_caller]
fn encloses(before: &str, after: &str) {
    check("enclose_in_block", GUARD, before, after);
}

#[track_caller]
fn declines(before: &str) {
    check_declines("enclose_in_block", GUARD, before);
}

#[test]
fn last_let_becomes_the_value() {
    encloses(
        "
async fn f(m: M) {
    let $0guard$0 = m.lock().unwrap();
    // Größe
    let größe: usize = guard.len(); // żółw
    io(größe).$1await;
}
",
        "
async fn f(m: M) {
    let größe: usize = {
        let guard = m.lock().unwrap();
        // Größe
        guard.len() // żółw
    };
    io(größe).await;
}
",
    );
}

#[test]
fn explicit_drop_goes() {
    encloses(
        "
async fn f(m: M) {
    let mut $0guard$0 = m.lock().unwrap();
    guard.push(1);
    let n = guard.len();
    drop(guard);
    io(n).$1await;
}
",
        "
async fn f(m: M) {
    let n = {
        let mut guard = m.lock().unwrap();
        guard.push(1);
        guard.len()
    };
    io(n).await;
}
",
    );
    encloses(
        "
async fn f(m: M) {
    let mut $0guard$0 = m.lock().unwrap();
    guard.push(1);
    // Done with it.
    drop(guard);
    io().$1await;
}
",
        "
async fn f(m: M) {
    {
        let mut guard = m.lock().unwrap();
        guard.push(1);
    }
    // Done with it.
    io().await;
}
",
    );
}

#[test]
fn several_values_come_out() {
    encloses(
        "
async fn f(m: M) {
\tlet $0guard$0 = m.lock().unwrap();
\tlet mut sum = 0;
\tfor x in guard.iter() {
\t\tsum += x;
\t}
\tlet text = \"a
  b\";
\tlet n = guard.len();
\tsum += 1;
\tio(sum, n, text).$1await;
}
",
        "
async fn f(m: M) {
\tlet (mut sum, text, n) = {
\t\tlet guard = m.lock().unwrap();
\t\tlet mut sum = 0;
\t\tfor x in guard.iter() {
\t\t\tsum += x;
\t\t}
\t\tlet text = \"a
  b\";
\t\tlet n = guard.len();
\t\t(sum, text, n)
\t};
\tsum += 1;
\tio(sum, n, text).await;
}
",
    );
}

#[test]
fn keeps_carriage_returns() {
    encloses(
        "async fn f(m: M) {\r\n    let $0g$0 = m.lock();\r\n    g.push(1);\r\n    io().$1await;\r\n}\r\n",
        "async fn f(m: M) {\r\n    {\r\n        let g = m.lock();\r\n        g.push(1);\r\n    }\r\n    io().await;\r\n}\r\n",
    );
}

#[test]
fn stays_on_one_line() {
    encloses(
        "async fn f(m: M) { let $0g$0 = m.lock(); let n = g.len(); io(n).$1await }",
        "async fn f(m: M) { let n = { let g = m.lock(); g.len() }; io(n).await }",
    );
}

#[test]
fn grows_over_a_second_guard() {
    encloses(
        "
async fn f(m: M, o: M) {
    let mut $0a$0 = m.lock().unwrap();
    let mut b = o.lock().unwrap();
    a.push(1);
    b.push(2);
    io().$1await;
}
",
        "
async fn f(m: M, o: M) {
    {
        let mut a = m.lock().unwrap();
        let mut b = o.lock().unwrap();
        a.push(1);
        b.push(2);
    }
    io().await;
}
",
    );
}

#[test]
fn shadowing_ends_the_value() {
    encloses(
        "
async fn f(m: M) {
    let $0data$0 = m.lock().unwrap();
    let data = data.len();
    io(data).$1await;
}
",
        "
async fn f(m: M) {
    let data = {
        let data = m.lock().unwrap();
        data.len()
    };
    io(data).await;
}
",
    );
}

#[test]
fn works_in_a_loop_body_with_an_early_exit() {
    encloses(
        "
async fn f(m: M) -> Option<u8> {
    loop {
        let mut $0guard$0 = m.lock().unwrap();
        let Some(x) = guard.pop() else { break };
        if x > 1 {
            io(x).$1await;
        }
    }
}
",
        "
async fn f(m: M) -> Option<u8> {
    loop {
        let x = {
            let mut guard = m.lock().unwrap();
            let Some(x) = guard.pop() else { break };
            x
        };
        if x > 1 {
            io(x).await;
        }
    }
}
",
    );
}

#[test]
fn declines_when_used_later_or_idle() {
    declines("async fn f(m: M) { let $0g$0 = m.lock(); io().$1await; g.push(1); }");
    declines("async fn f(m: M) { let $0g$0 = m.lock(); io(g.len()).$1await; }");
    declines("async fn f(m: M) { let $0_g$0 = m.lock(); io().$1await; }");
    declines("async fn f($0g$0: G) { io().$1await; }");
}

#[test]
fn declines_when_an_item_would_be_hidden() {
    declines("async fn f(m: M) { let $0g$0 = m.lock(); fn n() {} g.push(1); io(n()).$1await; }");
}

#[test]
fn copies_out_of_a_reference() {
    let all = crate::fixes::tests::variants(
        "enclose_in_block",
        "
async fn f(id: u8) -> Option<u8> {
    let mut $0map$0 = größen.lock().unwrap();
    let session = map.get_mut(&id)?;
    session.hits += 1;
    let hits = session.hits;
    notify(session.user.clone()).$1await;
    Some(hits)
}
",
        "std::sync::MutexGuard<'_, Map>",
    );
    let expected = "
async fn f(id: u8) -> Option<u8> {
    let (hits, user) = {
        let mut map = größen.lock().unwrap();
        let session = map.get_mut(&id)?;
        session.hits += 1;
        let hits = session.hits;
        (hits, session.user.clone())
    };
    notify(user).await;
    Some(hits)
}
";
    let all = all.unwrap();
    assert!(all.iter().any(|it| it == expected), "{all:#?}");
}

#[track_caller]
fn is_a_variant(before: &str, expected: &str) {
    let ty = "std::sync::MutexGuard<'_, Map>";
    let all = crate::fixes::tests::variants("enclose_in_block", before, ty).unwrap();
    assert!(all.iter().any(|it| it == expected), "{all:#?}");
}

#[test]
fn copies_out_of_a_guard_behind_the_guard() {
    is_a_variant(
        "
async fn f(id: u8) -> u8 {
    let $0konten$0 = größen.read();
    let account = konten.get(&id)?;
    let mut account = account.lock();
    account.balance += 1;
    notify(&account.owner).$1await;
    account.balance
}
",
        "
async fn f(id: u8) -> u8 {
    let (owner, balance) = {
        let konten = größen.read();
        let account = konten.get(&id)?;
        let mut account = account.lock();
        account.balance += 1;
        (account.owner.clone(), account.balance)
    };
    notify(&owner).await;
    balance
}
",
    );
}

#[test]
fn what_is_cloned_later_is_cloned_at_once() {
    is_a_variant(
        "
async fn f(id: u8) -> Größe {
    let mut $0map$0 = größen.lock().unwrap();
    let todo = map.get_mut(&id)?;
    todo.done = true;
    notify(todo.title.len()).$1await;
    todo.clone()
}
",
        "
async fn f(id: u8) -> Größe {
    let todo = {
        let mut map = größen.lock().unwrap();
        let todo = map.get_mut(&id)?;
        todo.done = true;
        todo.clone()
    };
    notify(todo.title.len()).await;
    todo.clone()
}
",
    );
}

#[test]
fn takes_the_head_of_the_statement_that_awaits() {
    check(
        "enclose_in_block",
        "std::sync::MutexGuard<'_, Vec<u8>>",
        "
async fn f(m: M) {
    let mut $0aufträge$0 = m.lock().unwrap();
    if let Some(job) = aufträge.pop() {
        run(job).$1await;
    }
}
",
        "
async fn f(m: M) {
    let job = m.lock().unwrap().pop();
    if let Some(job) = job {
        run(job).await;
    }
}
",
    );
    check(
        "enclose_in_block",
        "std::sync::MutexGuard<'_, Vec<u8>>",
        "
async fn f(m: M) {
    let mut $0jobs$0 = m.lock().unwrap();
    jobs.sort();
    let Some(job) = jobs.pop() else {
        idle().$1await;
        return;
    };
    run(job);
}
",
        "
async fn f(m: M) {
    let job = {
        let mut jobs = m.lock().unwrap();
        jobs.sort();
        jobs.pop()
    };
    let Some(job) = job else {
        idle().await;
        return;
    };
    run(job);
}
",
    );
}

#[test]
fn declines_for_heads_that_run_again_or_not_always() {
    for code in [
        "async fn f() { let $0g$0 = m.lock(); while let Some(x) = g.pop() { run(x).$1await; } }",
        "async fn f() { let $0g$0 = m.lock(); if a() && g.remove(1) { io().$1await; } }",
        "async fn f() { let $0g$0 = m.lock(); g.push(io().$1await); }",
        "async fn f() { let $0g$0 = m.lock(); *g += io().$1await; }",
        "async fn f() { let $0g$0 = m.lock(); if g.remove(1) { io().$1await; g.push(1); } }",
    ] {
        check_declines("enclose_in_block", "std::sync::MutexGuard<'_, Vec<u8>>", code);
    }
}
