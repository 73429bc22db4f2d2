//! Control flow, patterns and closures, with the awaits labelled in place.

use ra_ap_syntax::Edition::{Edition2021, Edition2024};

use super::{check, check_with};
use crate::syntax::{Cfg, Facts, Receiver, ValueFacts};

#[test]
fn every_await_of_a_value_is_listed() {
    check(
        Edition2024,
        r#"
async fn f(c: bool) {
    let größe = mk();
    if c { io().await; } else { io().await; }
              //^^^^^ größe
                                   //^^^^^ größe
    for _ in list() { io().await; }
                         //^^^^^ größe, list()
    drop(größe);
    io().await;
       //^^^^^ -
}
"#,
    );
}

#[test]
fn patterns_declare_their_bindings() {
    check(
        Edition2024,
        r#"
async fn f(o: O) {
    let Pair { left, right: renamed, .. } = pair();
    let Some(inner) = o else { return io().await };
                                         //^^^^^ o, left, renamed
    let (ref a, mut b) = tuple();
    io().await;
       //^^^^^ o, left, renamed, inner, a, b, tuple()
    match x() { whole @ Some(_) | whole @ None => io().await }
                                                     //^^^^^ o, left, renamed, inner, a, b, tuple(), whole
    println!("{a}");
}
"#,
    );
}

#[test]
fn while_let_and_labelled_loops() {
    check(
        Edition2024,
        r#"
async fn f(mut rx: Receiver<u8>) {
    'outer: loop {
        let first = mk();
        while let Some(item) = rx.recv().await {
                                       //^^^^^ rx, first
            if item.done() { continue 'outer; }
            let late = mk();
            if late.stop() { break 'outer; }
            io().await;
               //^^^^^ rx, first, item, rx.recv().await, late
        }
    }
    io().await;
       //^^^^^ rx
}
"#,
    );
}

#[test]
fn guards_of_arms_borrow_the_scrutinee() {
    check(
        Edition2024,
        r#"
async fn f(x: Option<String>) {
    match x {
        Some(s) if s.is_empty() => io().await,
                                      //^^^^^ x, s
        _ => {}
    }
    io().await;
       //^^^^^ x
}
"#,
    );
}

#[test]
fn closures_hold_what_they_capture() {
    check(
        Edition2024,
        r#"
async fn f() {
    let rc = mk();
    let c = move || println!("{rc}");
    io().await;
       //^^^^^ c
    let other = mk();
    let d = || other.get();
    io().await;
       //^^^^^ c, other, d
    d();
}
"#,
    );
}

#[test]
fn a_value_used_twice_is_copied() {
    check(
        Edition2021,
        r#"
async fn f() {
    let n = number();
    let m = n;
    io().await;
       //^^^^^ n, m
    take(n);
    io().await;
       //^^^^^ m
}
"#,
    );
}

#[test]
fn facts_say_what_is_copied_and_dropped() {
    let text = r#"
async fn f() {
    let n = number();
    io().await;
       //^^^^^ -
}
"#;
    let start = text.find("n = number").unwrap_or_default() as u32;
    let range = ra_ap_syntax::TextRange::at(start.into(), 1.into());
    let mut facts = Facts::default();
    facts.values.insert(range, ValueFacts::from_type("u64"));
    check_with(Edition2021, &facts, text);
}

#[test]
fn facts_say_how_a_receiver_is_taken() {
    let text = r#"
async fn f(x: X) {
    x.finalise();
    io().await;
       //^^^^^ -
}
"#;
    let start = text.find("x.finalise").unwrap_or_default() as u32;
    let range = ra_ap_syntax::TextRange::at(start.into(), 1.into());
    let mut facts = Facts::default();
    facts.receivers.insert(range, Receiver::Value);
    check_with(Edition2021, &facts, text);
}

#[test]
fn methods_of_the_file_say_how_they_take_their_receiver() {
    check(
        Edition2021,
        r#"
impl X { fn seal(self) {} fn look(&self) {} }
async fn f(x: X, y: X) {
    x.seal();
    y.look();
    io().await;
       //^^^^^ y
}
"#,
    );
}

#[test]
fn references_are_reborrowed() {
    check(
        Edition2021,
        r#"
async fn f(x: &mut X, y: &mut X) {
    loop {
        takes(x).await;
               //^^^^^ x
    }
}
async fn g(x: &mut X) {
    takes(x).await;
           //^^^^^ -
}
"#,
    );
}

#[test]
fn what_is_configured_out_holds_nothing() {
    let text = r#"
async fn f(a: A, #[cfg(windows)] b: B) {
    #[cfg(feature = "x")]
    let c = mk();
    #[cfg(not(feature = "x"))]
    let d = mk();
    match a { #[cfg(windows)] A(e) => { io().await }, f => io().await }
                                                              //^^^^^ d, f
}
"#;
    let facts = Facts { cfg: Some(Cfg::new(["unix"])), ..Facts::default() };
    check_with(Edition2021, &facts, text);
}

#[test]
fn what_is_called_once_is_taken() {
    check(
        Edition2024,
        r#"
async fn once<F>(größe: F) where F: FnOnce(u8) -> u8 {
    größe(1);
    io().await;
       //^^^^^ -
}
async fn often(größe: impl Fn(u8) -> u8) {
    größe(1);
    io().await;
       //^^^^^ größe
}
"#,
    );
}

#[test]
fn a_closure_captures_a_variable_once() {
    check(
        Edition2024,
        r#"
async fn f(größe: String) {
    let make = || if größe.is_empty() { vec![] } else { vec![größe] };
    make();
    io().await;
       //^^^^^ make
}
"#,
    );
}
