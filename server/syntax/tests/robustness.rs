//! Broken, huge and deep texts.

use ra_ap_syntax::Edition::{Edition2018, Edition2024};

use super::check;
use crate::syntax::analyse;

#[test]
fn broken_code_gives_what_its_tree_allows() {
    check(
        Edition2024,
        r#"
async fn f( {
async fn g() {
    let held = mk();
    let = ;
    io().await;
       //^^^^^ held
    drop(held
}
"#,
    );
    for text in [
        "async",
        "async fn",
        "async fn f(",
        "async {",
        "select! {",
        "async fn f() { x.",
        "\u{0}",
    ] {
        analyse(text, Edition2024);
    }
}

#[test]
fn every_prefix_of_a_program_is_fine() {
    let text = r#"async fn größe(&self, (a, b): T) { 'l: for x in y(&a).await? { let Some(z) = x else { break 'l }; tokio::select! { v = f(), if c => { v.await } else => return } println!("{z:?} {}", s! { yield 1 }); match q { A { b: 1 | 2, .. } if w() => |x| async move { x }, _ => () } } }"#;
    for (end, _) in text.char_indices() {
        analyse(&text[..end], Edition2018);
        analyse(&text[end..], Edition2024);
    }
}

#[test]
fn deep_nesting_is_limited() {
    for (open, close) in [
        ("{", "}"),
        ("(", ")"),
        ("async {", "}"),
        ("[", "]"),
        ("m!(", ")"),
    ] {
        let text = format!(
            "async fn f() {{ {}x.await{} }}",
            open.repeat(10_000),
            close.repeat(10_000)
        );
        analyse(&text, Edition2024);
        let text = format!(
            "async fn f() {{ {}x.await{} }}",
            open.repeat(250),
            close.repeat(250)
        );
        analyse(&text, Edition2024);
    }
}

#[test]
fn long_chains_are_limited() {
    for link in [
        "x + ",
        "!",
        "&",
        "x = ",
        "|a| ",
        "return ",
        "x..",
        "if a {} else ",
        "-",
    ] {
        let text = format!("async fn f() {{ {}x.await }}", link.repeat(10_000));
        analyse(&text, Edition2024);
    }
    for link in [".m()", ".await", "?", "[0]", ".field", "()"] {
        let text = format!("async fn f() {{ x{} }}", link.repeat(10_000));
        analyse(&text, Edition2024);
    }
}

#[test]
fn a_large_file_is_no_problem() {
    let one = "async fn f(m: &M) { let g = m.lock().unwrap(); io().await; drop(g) }\n";
    let bodies = analyse(&one.repeat(10_000), Edition2024);
    assert_eq!(bodies.len(), 10_000);
    let long = format!(
        "async fn f() {{ {} }}",
        "let g = lock(); io().await;\n".repeat(3_000)
    );
    let bodies = analyse(&long, Edition2024);
    assert_eq!(bodies.first().map(|body| body.crossings.len()), Some(3_000));
}
