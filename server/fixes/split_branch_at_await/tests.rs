//! What `split_branch_at_await` writes, and where it declines.

use crate::fixes::tests::{check, check_declines};

const ID: &str = "split_branch_at_await";
const GUARD: &str = "std::sync::MutexGuard<'_, Vec<u8>>";

#[test]
fn if_let_with_else() {
    check(
        ID,
        GUARD,
        "
async fn f(m: M) {
    if let Ok(mut $0größe$0) = m.lock() {
        größe.push(1); // ż
        let n = größe.len(); // count
        io(n).$1await;
    } else {
        io(0).await;
    }
}
",
        "
async fn f(m: M) {
    let n = if let Ok(mut größe) = m.lock() {
        größe.push(1); // ż
        let n = größe.len(); // count
        Some(n)
    } else {
        None
    };
    if let Some(n) = n {
        io(n).await;
    } else {
        io(0).await;
    }
}
",
    );
}

#[test]
fn nothing_comes_out() {
    check(
        ID,
        GUARD,
        "
async fn f(m: M) {
    if let Ok(g) = m.lock() {
        drop(g);
    }
    if let Ok(mut $0g$0) = m.lock() {
        g.push(1);
        io().$1await;
    }
}
",
        "
async fn f(m: M) {
    if let Ok(g) = m.lock() {
        drop(g);
    }
    let locked = if let Ok(mut g) = m.lock() {
        g.push(1);
        true
    } else {
        false
    };
    if locked {
        io().await;
    }
}
",
    );
}

#[test]
fn match_arms() {
    check(
        ID,
        GUARD,
        "
async fn f(m: M) -> R {
    match m.lock() {
        Ok($0v$0) => io(v.len()).$1await,
        Err(e) => Err(e.to_string()),
    }
}
",
        "
async fn f(m: M) -> R {
    let len = match m.lock() {
        Ok(v) => Ok(v.len()),
        Err(e) => Err(Err(e.to_string())),
    };
    match len {
        Ok(len) => io(len).await,
        Err(value) => value,
    }
}
",
    );
    check(
        ID,
        GUARD,
        "
async fn f(m: M) -> u8 {
    let x = match m.lock() {
        Err(_) => 0,
        Ok(mut v) => {
            let n = $0v$0.pop();
            io(n).$1await
        }
    };
    x
}
"
        .replace("Ok(mut v)", "Ok(mut $0v$0)")
        .replace("= $0v$0.pop", "= v.pop")
        .as_str(),
        "
async fn f(m: M) -> u8 {
    let n = match m.lock() {
        Err(_) => None,
        Ok(mut v) => {
            let n = v.pop();
            Some(n)
        }
    };
    let x = match n {
        None => 0,
        Some(n) => {
            io(n).await
        }
    };
    x
}
",
    );
}

#[test]
fn what_is_no_guard_is_copied() {
    check(
        ID,
        "ElementRef<'_>",
        "
async fn f(seite: Html) {
    if let Some($0link$0) = seite.select(&größe).next() {
        let href = link.attr(\"href\").unwrap_or_default();
        fetch(href).$1await;
    }
}
",
        "
async fn f(seite: Html) {
    let href = if let Some(link) = seite.select(&größe).next() {
        let href = link.attr(\"href\").unwrap_or_default();
        Some(href.to_owned())
    } else {
        None
    };
    if let Some(href) = href {
        fetch(&href).await;
    }
}
",
    );
}

#[test]
fn declines() {
    for code in [
        "async fn f() { if let Ok(mut $0g$0) = m.lock() { io().$1await; g.push(1); } }",
        "async fn f() { let $0g$0 = m.lock(); io().$1await; }",
        "async fn f() { match m.lock() { Ok($0g$0) => io(g.len()).$1await, Err(e) => return e } }",
        "async fn f() { io(0).await + if let Ok($0g$0) = m.lock() { io(g.len()).$1await } else { 0 } }",
    ] {
        check_declines(ID, GUARD, code);
    }
}
