//! Which bodies are found, and what they have from the start.

use expect_test::{Expect, expect};
use ra_ap_syntax::Edition::Edition2024;

use crate::syntax::{Origin, analyse};

/// One line a body: kind, name, header, number of awaits, what it holds from the start.
#[track_caller]
fn check(text: &str, expect: Expect) {
    let mut found = String::new();
    for body in analyse(text, Edition2024) {
        let from_start: Vec<String> = body
            .crossings
            .iter()
            .filter(|it| it.held_from_start)
            .map(|it| {
                let kind = if it.origin == Origin::Capture {
                    "capture"
                } else {
                    "param"
                };
                format!("{kind} {}", it.name.as_deref().unwrap_or(&text[it.range]))
            })
            .collect();
        found.push_str(&format!(
            "{:?} {} `{}` awaits {}: {}\n",
            body.kind,
            body.name.as_deref().unwrap_or("-"),
            &text[body.header],
            body.awaits.len(),
            from_start.join(", ")
        ));
    }
    expect.assert_eq(&found);
}

#[test]
fn functions_and_methods() {
    check(
        "pub async fn größe(a: Rc<u8>, (b, c): (u8, u8)) -> u8 { 1 }
         fn sync() {}
         impl S { async fn m(&self, mut x: u8) where Self: Sync { io().await } }
         trait T { async fn required(&self); async fn provided(self: Arc<Self>) {} }",
        expect![[r#"
            Fn größe `async fn größe(a: Rc<u8>, (b, c): (u8, u8)) -> u8` awaits 0: param a, param (b, c), param b, param c
            Fn m `async fn m(&self, mut x: u8) where Self: Sync` awaits 1: param self, param x
            Fn provided `async fn provided(self: Arc<Self>)` awaits 0: param self
        "#]],
    );
}

#[test]
fn blocks_closures_and_their_captures() {
    check(
        r#"fn outer(&self, a: u8) {
            let b = 1;
            let hidden = 2;
            spawn(async move { let hidden = self.x; io(a).await; println!("{b} {hidden}"); CONST; f(); });
            let c = async |y: u8| { io(y).await; drop(b) };
            for item in list { spawn(async { io().await; item }); }
            if let Some(ä) = x { spawn(async { ä.await }); }
            match x { Some(z) => async { z }, None => async { None } };
        }"#,
        expect![[r#"
            Block - `async move` awaits 1: capture self, capture a, capture b
            Closure - `async |y: u8|` awaits 1: capture b, param y
            Block - `async` awaits 1: capture item
            Block - `async` awaits 1: capture ä
            Block - `async` awaits 0: capture z
            Block - `async` awaits 0: 
        "#]],
    );
}

#[test]
fn bodies_inside_bodies_await_on_their_own() {
    check(
        "async fn f(x: u8) { let fut = async { io(x).await; }; fut.await }",
        expect![[r#"
            Fn f `async fn f(x: u8)` awaits 1: param x
            Block - `async` awaits 1: capture x
        "#]],
    );
}

#[test]
fn bodies_inside_macros() {
    check(
        r#"cfg_rt! { async fn hidden(a: u8) { io().await } }
        impl S { methods! { async fn m(&self) { io().await } } }
        fn f(a: u8) {
            let v = vec![async { a.await }];
            my! { some tokens => async move { a.await } };
            let s = stream! { yield a; };
            quote! { async move { #x.await } };
        }"#,
        expect![[r#"
            Fn hidden `async fn hidden(a: u8)` awaits 1: param a
            Fn m `async fn m(&self)` awaits 1: param self
            Block - `async` awaits 1: capture a
            Block - `async move` awaits 1: capture a
            Block - `stream` awaits 1: capture a
        "#]],
    );
}
