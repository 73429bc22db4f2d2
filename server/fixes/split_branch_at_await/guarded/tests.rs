//! What the split of a guarded branch writes, and where it declines.

use crate::fixes::tests::{check, check_declines, variants};

const ID: &str = "split_branch_at_await";
const GUARD: &str = "std::sync::MutexGuard<'_, Jobs>";

#[test]
fn a_match_with_a_value() {
    check(
        ID,
        GUARD,
        "
async fn f(m: M) -> u32 {
    let mut $0jobs$0 = m.lock().unwrap();
    match jobs.get_mut(\"größe\") {
        Some(job) => {
            job.n += 1;
            let n = job.n; // now
            // the rest
            send(n).$1await;
            n
        }
        None => {
            jobs.clear();
            0
        }
    }
}",
        "
async fn f(m: M) -> u32 {
    let n = {
        let mut jobs = m.lock().unwrap();
        match jobs.get_mut(\"größe\") {
            Some(job) => {
                job.n += 1;
                let n = job.n; // now
                Ok(n)
            }
            None => {
                jobs.clear();
                Err(0)
            }
        }
    };
    match n {
        Ok(n) => {
            // the rest
            send(n).await;
            n
        }
        Err(value) => value,
    }
}",
    );
}

#[test]
fn an_if_without_a_value() {
    check(
        ID,
        GUARD,
        "
async fn f(m: M) {
    let mut $0jobs$0 = m.lock().unwrap();
    if jobs.len() > 3 {
        jobs.clear();
        send(1).$1await;
    }
    send(2).await;
}",
        "
async fn f(m: M) {
    let locked = {
        let mut jobs = m.lock().unwrap();
        if jobs.len() > 3 {
            jobs.clear();
            true
        } else {
            false
        }
    };
    if locked {
        send(1).await;
    }
    send(2).await;
}",
    );
}

#[test]
fn other_arms_that_leave() {
    check(
        ID,
        GUARD,
        "
async fn f(m: M) {
    let mut $0jobs$0 = m.lock().unwrap();
    match jobs.pop() {
        Some(größe) => send(größe).$1await,
        None => return,
    }
    send(2).await;
}",
        "
async fn f(m: M) {
    let größe = {
        let mut jobs = m.lock().unwrap();
        match jobs.pop() {
            Some(größe) => größe,
            None => return,
        }
    };
    send(größe).await;
    send(2).await;
}",
    );
}

#[test]
fn what_is_read_of_a_view_is_copied() {
    let all = variants(
        ID,
        "
async fn f(m: M) {
    let $0jobs$0 = m.lock().unwrap();
    if let Some(job) = jobs.get(1) {
        send(job.größe).$1await;
    } else {
        println!(\"none\")
    }
}",
        GUARD,
    );
    let all = all.unwrap();
    let expected = "
async fn f(m: M) {
    let größe = {
        let jobs = m.lock().unwrap();
        if let Some(job) = jobs.get(1) {
            Some(job.größe)
        } else {
            println!(\"none\");
            None
        }
    };
    if let Some(größe) = größe {
        send(größe).await;
    }
}";
    assert!(all.iter().any(|it| it == expected), "{}", all.join("\n"));
}

#[test]
fn declines() {
    for code in [
        // Two arms await.
        "async fn f(m: M) { let $0g$0 = m.lock(); match g.n { 0 => a().$1await, 1 => b().await, _ => {} } }",
        // The guard is used behind the branch.
        "async fn f(m: M) { let $0g$0 = m.lock(); if g.is_ok() { a().$1await; } else { b() } g.len(); }",
        // The awaiting code writes through the guard.
        "async fn f(m: M) { let mut $0g$0 = m.lock(); if g.is_ok() { a().$1await; g.push(1); } else { b() } }",
        // The condition awaits.
        "async fn f(m: M) { let $0g$0 = m.lock(); if a(g.len()).$1await { b() } else { c() } }",
    ] {
        check_declines(ID, GUARD, code);
    }
    let other =
        "async fn f(m: M) { let $0g$0 = m.n(); if g.is_ok() { a().$1await; } else { b() } }";
    check_declines(ID, "Rc<u8>", other);
}
