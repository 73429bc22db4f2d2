//! Awaits and values inside macro calls.

use ra_ap_syntax::Edition::Edition2024;

use super::{check, check_lines};

#[test]
fn formatting_borrows_and_awaits_in_order() {
    check(
        Edition2024,
        r#"
async fn f(out: &mut String) {
    let a = mk();
    let ü = mk();
    println!("{} {a}", num(1).await);
                            //^^^^^ out, a, ü
    drop(a);
    println!("{} {}", mk(), num(2).await);
                                 //^^^^^ out, a, ü, mk()
    let _ = write!(out, "{ü} {}", num(3).await);
                                       //^^^^^ a, ü, out
    let s = format!("{{a}}");
    io().await;
       //^^^^^ a, ü, s
    drop(s);
    io().await;
       //^^^^^ a, ü
}
"#,
    );
}

#[test]
fn a_macro_that_names_nothing_borrows_nothing() {
    check(
        Edition2024,
        r#"
async fn f() {
    let a = mk();
    println!("a {}", other.a);
    drop(a);
    io().await;
       //^^^^^ -
}
"#,
    );
}

#[test]
fn select_awaits_as_a_whole() {
    check(
        Edition2024,
        r#"
async fn f(mut rx: R, a: A) {
    let held = mk();
    tokio::select! {
  //^^^^^^^^^^^^^^^^ rx, a, held
        biased;
        Some(x) = rx.recv(), if a.ready() => { io(x).await; }
                                                   //^^^^^ rx, a, held
        Ok(1..=2) | Err(_) = other() => num(1).await,
                                             //^^^^^ rx, a, held
        else => io().await,
                   //^^^^^ rx, a, held
    }
    drop(held);
    io().await;
       //^^^^^ rx, a
}
"#,
    );
}

#[test]
fn join_awaits_as_a_whole() {
    check(
        Edition2024,
        r#"
async fn f(a: A) {
    let held = mk();
    let (x, y) = tokio::join!(one(&held), two(num(1).await));
               //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a, held
                                                   //^^^^^ a, held, one(&held)
    let r = try_join!(a)?;
          //^^^^^^^^^^^^ held, x, y
}
"#,
    );
}

#[test]
fn pinned_variables_are_held() {
    check(
        Edition2024,
        r#"
async fn f() {
    let sleep = mk();
    tokio::pin!(sleep);
    io().await;
       //^^^^^ sleep
}
"#,
    );
}

#[test]
fn streams_await_at_each_yield() {
    check(
        Edition2024,
        r#"
fn f() -> impl Stream {
    stream! {
        let rc = mk();
        yield 1;
      //^^^^^ rc
        for await x in inner { yield x; }
          //^^^^^ rc, inner
                             //^^^^^ rc, inner
    }
}
"#,
    );
}

#[test]
fn macros_of_the_file_that_await() {
    check(
        Edition2024,
        r#"
macro_rules! wait { ($e:expr) => { $e.await }; }
async fn f() {
    let g = mk();
    wait!(io());
  //^^^^^^^^^^^ g
    drop(g);
}
"#,
    );
}

#[test]
fn vectors_and_matches() {
    check(
        Edition2024,
        r#"
async fn f(o: Option<String>) {
    let v = vec![mk(), num(1).await];
                            //^^^^^ o, mk()
    if matches!(o, Some(ref s) if s.is_empty()) { io().await; }
                                                     //^^^^^ o, v
    own! { let inner = mk(); io().await; drop(inner); }
                                //^^^^^ o, v, inner
}
"#,
    );
}

#[test]
fn macros_of_the_file_are_what_they_expand_to() {
    check(
        Edition2024,
        r#"
macro_rules! give_up { ($ö:expr, $why:expr) => { if $why { drop($ö); return; } } }
macro_rules! wait { ($ö:ident) => {{ let inner = $ö.x(); io().await; inner.y() }} }
macro_rules! log { ($($part:tt)*) => { print($($part)*) } }
async fn f(ö: String) {
    give_up!(ö, late());
    io().await;
       //^^^^^ ö
    wait!(ö);
  //^^^^^^^^ ö
}
async fn local(ö: String) {
    macro_rules! end { ($it:expr) => { return consume($it) } }
    if late() {
        end!(ö);
    }
    consume(ö);
    io().await;
       //^^^^^ -
}
async fn guessed(ö: String) {
    log!("{}", ö);
    consume(ö);
    io().await;
       //^^^^^ ö
}
"#,
    );
}

#[test]
fn assertions_borrow_for_their_message_only_when_they_fail() {
    check_lines(
        Edition2024,
        r#"
let n = mk(); assert!(ok(), "{} {n}", n); consume(n); io().await;
//= -
let n = mk(); assert_eq!(n, 1); consume(n); io().await;
//= n
"#,
    );
}
