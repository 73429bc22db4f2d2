//! What `lock_in_each_turn` writes, and where it declines.

use crate::fixes::tests::{check, check_declines};

const ID: &str = "lock_in_each_turn";
const GUARD: &str = "std::sync::MutexGuard<'_, Vec<u8>>";

#[test]
fn declares_the_guard_behind_the_await() {
    check(
        ID,
        GUARD,
        "
async fn f(größen: M, hosts: Vec<String>) {
    let mut $0größen$0 = größen.lock().unwrap();
    for host in &hosts {
        let ms = ping(host, \"ü\").$1await;
        größen.push(ms);
    }
}
",
        "
async fn f(größen: M, hosts: Vec<String>) {
    for host in &hosts {
        let ms = ping(host, \"ü\").await;
        let mut größen = größen.lock().unwrap();
        größen.push(ms);
    }
}
",
    );
}

#[test]
fn ends_the_guard_before_the_await() {
    check(
        ID,
        GUARD,
        "
async fn f(m: M) {
    let mut $0list$0 = m.lock().unwrap();
    list.clear();
    loop {
        list.push(1);
        list.push(2);
        io().$1await;
    }
}
",
        "
async fn f(m: M) {
    {
        let mut list = m.lock().unwrap();
        list.clear();
    }
    loop {
        {
            let mut list = m.lock().unwrap();
            list.push(1);
            list.push(2);
        }
        io().await;
    }
}
",
    );
}

#[test]
fn the_head_of_a_while_let() {
    check(
        ID,
        GUARD,
        "
async fn f(m: M) {
    let mut $0jobs$0 = m.lock().unwrap();
    while let Some(job) = jobs.pop() {
        run(job).$1await;
    }
}
",
        "
async fn f(m: M) {
    loop {
        let Some(job) = m.lock().unwrap().pop() else { break };
        run(job).await;
    }
}
",
    );
}

#[test]
fn one_use_in_an_arm() {
    check(
        ID,
        GUARD,
        "
async fn f(m: M) {
    let mut $0list$0 = m.lock().unwrap();
    for n in 0..3 {
        match load(n).$1await {
            Some(x) => list.push(x),
            None => {}
        }
    }
}
",
        "
async fn f(m: M) {
    for n in 0..3 {
        match load(n).await {
            Some(x) => m.lock().unwrap().push(x),
            None => {}
        }
    }
}
",
    );
}

#[test]
fn declines_when_used_behind_the_loop_or_twice_in_one_statement() {
    for code in [
        "async fn f(m: M) { let $0g$0 = m.lock(); for x in y { io().$1await; g.push(x); } g.sort(); }",
        "async fn f(m: M) { let $0g$0 = m.lock(); for x in g.iter() { io(x).$1await; } }",
        "async fn f(m: M) { let $0g$0 = m.lock(); for x in y { g.put(io().$1await, g.len()); } }",
        "async fn f(m: M) { let $0g$0 = m.lock(); g.push(1); io().$1await; g.pop(); }",
    ] {
        check_declines(ID, GUARD, code);
    }
    let text = "async fn f() { let $0x$0 = Rc::new(1); for y in z { io().$1await; g(&x); } }";
    check_declines(ID, "Rc<u8>", text);
}
