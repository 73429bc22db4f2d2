//! What is known stays known while the text changes, and what is found is what would be found
//! in the whole text.

use ra_ap_syntax::Edition::{self, Edition2024};

use super::*;

const TEXT: &str = "// żółw 🦀\nasync fn f(m: M) {\n    let g = m.lock();\n    io().await;\n    \
    g.use_it();\n}\n\nimpl X {\n    async fn h(n: N) {\n        io().await;\n        n.use_it();\n    \
    }\n}\n";

fn at(line: u32, column: u32) -> Position {
    Position { line, column }
}

fn known(ty: &str) -> Known {
    Known { ty: Some(ty.into()), send: Some(false), why: Vec::new() }
}

/// A text that is being edited.
struct Edited {
    text: String,
    follow: Follow,
    alive: Alive,
}

impl Edited {
    fn new(text: &str) -> Self {
        let (follow, mut alive) = Follow::new(text.to_owned(), Edition2024);
        for body in &mut alive.bodies {
            for value in &mut Arc::make_mut(body).values {
                value.known = known("T");
            }
        }
        Self { text: text.to_owned(), follow, alive }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let mut values = self.alive.bodies.iter().flat_map(|body| &body.values);
        values.find(|value| value.name.as_deref() == Some(name))
    }

    /// Replaces the first `old`, as an editor does.
    fn edit(&mut self, old: &str, new: &str) {
        let from = self.text.find(old).unwrap();
        let after = self.text.replacen(old, new, 1);
        let position = |text: &str, offset: usize| {
            Lines::new(text).position(u32::try_from(offset).unwrap().into())
        };
        let shift = Shift {
            start: position(&self.text, from),
            old_end: position(&self.text, from + old.len()),
            new_end: position(&after, from + new.len()),
        };
        self.follow.edit(&mut self.alive, &[shift], after.clone());
        self.text = after;
    }

    /// Found is what is found in the whole text at once.
    #[track_caller]
    fn check(&self) {
        let mut whole = Alive::analyse(&self.text, Edition2024);
        whole.adopt(&self.alive);
        assert_eq!(self.alive, whole, "{}", self.text);
    }
}

#[test]
fn an_edit_elsewhere_moves_everything() {
    let mut edited = Edited::new(TEXT);
    edited.edit("// żółw 🦀", "// 🦀\n// ż");
    assert_eq!(edited.value("g").unwrap().at.start, at(4, 9));
    assert_eq!(edited.value("g").unwrap().known, known("T"));
    assert_eq!(edited.value("n").unwrap().awaits[0].start, at(11, 14));
    edited.edit("// 🦀\n// ż", "/* ż */ /* 🦀 */ ");
    edited.check();
}

#[test]
fn an_edit_in_an_async_fn_is_analysed_at_once() {
    let mut edited = Edited::new(TEXT);
    edited.edit("io().await;", "let ż = 1; drop(g); io().await; ż;");
    assert_eq!(edited.value("ż").unwrap().known, Known::default(), "nobody was asked");
    assert_eq!(edited.value("n").unwrap().known, known("T"));
    edited.check();
}

#[test]
fn what_another_item_says_of_a_method_counts() {
    let mut edited = Edited::new(
        "async fn f(m: M) {\n    m.spend();\n    io().await;\n}\nimpl M {\n    fn spend(&self) {}\n}\n",
    );
    assert_eq!(edited.value("m").unwrap().awaits.len(), 1);
    edited.edit("&self", "self");
    assert_eq!(edited.value("m").unwrap().awaits.len(), 0);
    edited.check();
    edited.edit("fn f(m: M) {", "fn f(m: M) {\n    pause!();");
    edited.edit("async", "macro_rules! pause { () => { io().await } }\nasync");
    assert_eq!(edited.alive.bodies[0].awaits.len(), 2);
    edited.check();
}

#[test]
fn broken_text_keeps_what_was_known() {
    let mut edited = Edited::new(TEXT);
    edited.edit("async fn h", "async f h");
    assert!(edited.value("g").is_some() && edited.value("n").is_some());
    edited.edit("async f h", "async fn h");
    assert_eq!(edited.value("n").unwrap().known, known("T"));
    edited.check();
    edited.edit("async fn h", "fn h");
    assert!(edited.value("n").is_none(), "no longer async");
    edited.edit("fn h", "async fn h");
    edited.edit("    async fn h(n: N) {\n        io().await;\n        n.use_it();\n    }\n", "");
    assert!(edited.value("n").is_none(), "deleted with its text");
}

#[test]
fn an_open_brace_costs_the_items_around_it_nothing() {
    for (from, to) in [
        ("    io().await;", "    if x {\n    io().await;"),
        ("    io().await;", "    io().await; }"),
        ("    io().await;", "    foo(\"; io().await;"),
        ("impl X {", "impl X {{"),
    ] {
        let mut edited = Edited::new(TEXT);
        edited.edit(from, to);
        assert_eq!(edited.value("n").unwrap().known, known("T"), "{to}");
        edited.edit(to, from);
        edited.check();
    }
}

/// Every source file of this crate: one item at a time gives what the whole file gives.
#[test]
fn items_alone_give_what_the_file_gives() {
    let mut files = 0;
    each_source("server".into(), &mut |file, text| {
        let (_, alive) = Follow::new(text.to_owned(), Edition::CURRENT);
        assert_eq!(alive, Alive::analyse(text, Edition::CURRENT), "{file}");
        files += 1;
    });
    assert!(files > 100);
}

fn each_source(folder: &Utf8Path, check: &mut impl FnMut(&Utf8Path, &str)) {
    for entry in folder.read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        if path.is_dir() {
            each_source(&path, check);
        } else if path.extension() == Some("rs") {
            check(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn lines_of_windows_are_followed() {
    let mut edited = Edited::new(&TEXT.replace('\n', "\r\n"));
    assert_eq!(edited.value("g").unwrap().at.start, at(3, 9));
    edited.edit("io().await;\r\n", "io().await;\r\n\r\n    io().await;\r\n");
    assert_eq!(edited.value("n").unwrap().at.start, at(11, 16));
    edited.check();
}

#[test]
fn what_nests_too_deep_costs_only_itself() {
    let deep = format!("fn deep() {{ {}{} }}\n", "{".repeat(10_000), "}".repeat(10_000));
    let mut edited = Edited::new(&format!("{TEXT}{deep}"));
    assert_eq!(edited.follow.too_deep(), Some(14));
    assert!(edited.value("g").is_some() && edited.value("n").is_some());
    edited.edit(&deep, "fn flat() {}\n");
    assert_eq!(edited.follow.too_deep(), None);
    for open in ["{", "(", "mod m {", "impl X {", "async {", "m!{", "'", "\"", "/*", "r#\""] {
        edited.edit("fn flat() {}\n", &open.repeat(10_000));
        edited.edit(&open.repeat(10_000), "fn flat() {}\n");
        edited.check();
    }
}

#[test]
fn macros_can_hide_all() {
    let mut edited = Edited::new(
        "tests! {\n    async fn f(m: M) {\n        io().await;\n        m.use_it();\n    }\n}\n\
         include!(\"größe.rs\");\nm!(a => { async move { x.await } }, 'ż');\n",
    );
    assert_eq!(edited.value("m").unwrap().awaits.len(), 1);
    edited.edit("m.use_it();", "m.use_it(); io().await");
    assert_eq!(edited.value("m").unwrap().known, known("T"));
    edited.check();
}

/// Each key of a program that is typed from nothing, and of one that is deleted again.
#[test]
fn every_key_is_followed() {
    let text = format!("{TEXT}macro_rules! m {{ ($x:expr) => {{ $x.await }} }}\n");
    let mut edited = Edited::new("");
    let ends: Vec<usize> = text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    for end in ends.iter().copied().chain(ends.iter().rev().copied()).chain([0]) {
        edited.follow.edit(&mut edited.alive, &[], text[..end].to_owned());
    }
    assert_eq!(edited.alive, Alive::default());
}

#[test]
fn a_file_of_fifty_thousand_lines_is_followed() {
    let many = TEXT.repeat(50_000 / TEXT.lines().count() + 1);
    let mut edited = Edited::new(&many);
    edited.edit("io().await;", "io().await; io().await;");
    assert_eq!(edited.alive.bodies[0].awaits.len(), 2);
    assert_eq!(edited.alive.bodies.len(), 2 * many.matches("impl X").count());
    edited.check();
}
