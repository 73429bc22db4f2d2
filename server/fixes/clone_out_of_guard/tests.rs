//! What `clone_out_of_guard` writes, and where it declines.

use crate::fixes::tests::{check, check_declines, variants};

const GUARD: &str = "std::sync::MutexGuard<'_, State>";

#[track_caller]
fn takes(before: &str, after: &str) {
    check("clone_out_of_guard", GUARD, before, after);
}

#[test]
fn one_read_needs_no_guard() {
    takes(
        "
async fn f(m: M) {
    let $0guard$0 = m.lock().unwrap();
    if guard.is_empty() {
        io(\"żółw\").$1await;
    }
}
",
        "
async fn f(m: M) {
    let is_empty = m.lock().unwrap().is_empty();
    if is_empty {
        io(\"żółw\").await;
    }
}
",
    );
}

#[test]
fn several_reads_come_out_of_a_block() {
    takes(
        "
async fn f(m: M) {
    let $0state$0 = m.lock().unwrap();
    io().$1await;
    println!(\"{} {}\", state.name, state.len());
}
",
        "
async fn f(m: M) {
    let (name, len) = {
        let state = m.lock().unwrap();
        (state.name, state.len())
    };
    io().await;
    println!(\"{} {}\", name, len);
}
",
    );
}

#[test]
fn values_computed_before_come_out_as_well() {
    takes(
        "
async fn f(m: M) {
    let mut $0guard$0 = m.lock().unwrap();
    guard.push(1);
    let n = guard.len();
    io(n, guard.len()).$1await;
    drop(guard);
}
",
        "
async fn f(m: M) {
    let (n, len) = {
        let mut guard = m.lock().unwrap();
        guard.push(1);
        let n = guard.len();
        (n, guard.len())
    };
    io(n, len).await;
}
",
    );
}

#[test]
fn declines_when_written_later() {
    for later in ["guard.push(1);", "guard.x = 1;", "*guard += 1;", "f(&mut guard);"] {
        let code =
            format!("async fn f(m: M) {{ let mut $0guard$0 = m.lock(); io().$1await; {later} }}");
        check_declines("clone_out_of_guard", GUARD, &code);
    }
}

#[test]
fn declines_for_what_is_no_guard() {
    check_declines(
        "clone_out_of_guard",
        "Rc<u8>",
        "async fn f() { let $0rc$0 = Rc::new(1); io().$1await; f(rc.len()); }",
    );
}

#[test]
fn a_text_is_made_before() {
    takes(
        "
async fn f(m: M) -> Result<u8> {
    let $0größe$0 = m.lock().unwrap();
    io().$1await.with_context(|| format!(\"after {größe:?} {}\", größe.len()))
}
",
        "
async fn f(m: M) -> Result<u8> {
    let text = {
        let größe = m.lock().unwrap();
        format!(\"after {größe:?} {}\", größe.len())
    };
    io().await.with_context(|| text)
}
",
    );
    let other = "async fn f(m: M) { let $0größe$0 = m.lock(); n += io().$1await; g(|| format!(\"{größe} {n}\")) }";
    let all = variants("clone_out_of_guard", other, GUARD).unwrap_or_default();
    assert!(all.iter().all(|it| !it.contains("let text = ")), "{all:#?}");
}

#[test]
fn shown_in_a_format_string() {
    takes(
        "
async fn f(m: M) {
    let $0zähler$0 = m.lock().unwrap();
    io().$1await;
    println!(\"größe {zähler} {{zähler}} {zähler:?}\");
}
",
        "
async fn f(m: M) {
    let snapshot = *m.lock().unwrap();
    io().await;
    println!(\"größe {snapshot} {{zähler}} {snapshot:?}\");
}
",
    );
}
