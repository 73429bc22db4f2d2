//! Fixes in calls of macros: `«value»` marks the value where the macro, or its caller, writes it,
//! `‹call›` the call that the compiler points at.

use ra_ap_syntax::{TextRange, TextSize};

use super::written_out;
use crate::{
    fixes::{
        self,
        tests::{problem, sources_of},
    },
    text::Lines,
};

/// The texts that the variants of a fix give.
fn variants(id: &str, ty: &str, marked: &str) -> Option<Vec<String>> {
    let (marked, call) = take(marked, '‹', '›');
    let (text, value) = take(&marked, '«', '»');
    let (value, call) = (value.unwrap(), moved(call.unwrap(), value.unwrap()));
    let mut problem = problem(&text, &[call], &[], ty);
    let held = &mut problem.held[0];
    let span = Lines::new(&text).span("src/lib.rs".into(), value);
    if !call.contains_range(value) {
        held.in_macro = Some(span);
    }
    let sources = sources_of(&text);
    let drafts = written_out(&problem, &sources).into_iter().flat_map(|written| {
        let drafts = fixes::drafts_as_written(&written.problem, &written.sources);
        let draft = drafts.into_iter().find(|it| it.id == id);
        let variants = draft.and_then(|it| written.back(it)).map(|it| it.variants);
        variants.unwrap_or_default()
    });
    let texts = drafts.filter_map(|edits| {
        let changed = sources.apply(&edits)?;
        Some(changed.text("src/lib.rs".into())?.to_string())
    });
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then_some(texts)
}

/// Takes out two markers: the text without them, and what was between.
fn take(marked: &str, open: char, close: char) -> (String, Option<TextRange>) {
    let (Some(start), Some(end)) = (marked.find(open), marked.find(close)) else {
        return (marked.to_owned(), None);
    };
    let size = |offset: usize| TextSize::try_from(offset).unwrap();
    let range = TextRange::new(size(start), size(end - open.len_utf8()));
    (marked.replace([open, close], ""), Some(range))
}

/// A range of the text with the value's markers, in the text without.
fn moved(range: TextRange, value: TextRange) -> TextRange {
    let (open, close) = (TextSize::of('«'), TextSize::of('»'));
    let at = |offset: TextSize| {
        let opened = if offset > value.start() { open } else { TextSize::new(0) };
        let closed = if offset > value.end() + open { close } else { TextSize::new(0) };
        offset - opened - closed
    };
    TextRange::new(at(range.start()), at(range.end()))
}

#[track_caller]
fn check(id: &str, ty: &str, before: &str, after: &str) {
    let variants = variants(id, ty, before).expect("the fix applies");
    assert!(variants.iter().any(|it| it.trim() == after.trim()), "{variants:#?}");
}

const GUARD: &str = "std::sync::MutexGuard<'_, Vec<u8>>";

#[test]
fn a_type_among_the_arguments() {
    check(
        "replace_rc_with_arc",
        "Rc<Größe>",
        "
use std::rc::Rc;
macro_rules! job { ($f:ident, $t:ty) => { async fn $f(«v»: $t) { io().await; drop(v); } } }
‹job!(first, Rc<Größe>)›;
job!(second, Rc<u8>);
",
        "
use std::rc::Rc;
macro_rules! job { ($f:ident, $t:ty) => { async fn $f(v: $t) { io().await; drop(v); } } }
job!(first, std::sync::Arc<Größe>);
job!(second, Rc<u8>);
",
    );
    check(
        "take_owned_argument",
        "&Receiver<u8>",
        "
macro_rules! job { ($f:ident, $t:ty) => { async fn $f(«v»: $t) { io().await; v.recv(); } } }
‹job!(żółw, &Receiver<u8>)›;
",
        "
macro_rules! job { ($f:ident, $t:ty) => { async fn $f(v: $t) { io().await; v.recv(); } } }
job!(żółw, Receiver<u8>);
",
    );
}

#[test]
fn statements_of_the_body_keep_its_variables() {
    check(
        "enclose_in_block",
        GUARD,
        "
macro_rules! report {
    ($m:expr) => {{
        let «list» = $m.lock().unwrap();
        let n = list.len();
        io(\"ü\", n).await;
    }};
}
async fn f(a: A) { ‹report!(a.größe)›; }
",
        "
macro_rules! report {
    ($m:expr) => {{
        let n = {
            let list = $m.lock().unwrap();
            list.len()
        };
        io(\"ü\", n).await;
    }};
}
async fn f(a: A) { report!(a.größe); }
",
    );
}

#[test]
fn a_call_that_declares_moves_as_a_call() {
    let macro_ =
        "macro_rules! locked { ($g:ident in $m:expr) => { let «$g» = $m.lock().unwrap(); }; }";
    let before = format!(
        "{macro_}
async fn f(m: M) {{
    ‹locked!(größe in m)›;
    io().await;
    größe.len();
}}"
    );
    let after = "macro_rules! locked { ($g:ident in $m:expr) => { let $g = $m.lock().unwrap(); }; }
async fn f(m: M) {
    io().await;
    locked!(größe in m);
    größe.len();
}";
    check("move_after_await", GUARD, &before, after);
}

#[test]
fn a_macro_in_a_macro() {
    check(
        "clone_out_of_guard",
        "std::sync::MutexGuard<'_, u8>",
        "
macro_rules! inner { ($m:ident) => { let «v» = $m.lock().unwrap(); io(*v).await; }; }
macro_rules! outer { ($m:ident) => {{ inner!($m); io(2).await; }}; }
// ü
async fn f(m: M) { ‹outer!(m)›; }
",
        "
macro_rules! inner { ($m:ident) => { let snapshot = *$m.lock().unwrap(); io(snapshot).await; }; }
macro_rules! outer { ($m:ident) => {{ inner!($m); io(2).await; }}; }
// ü
async fn f(m: M) { outer!(m); }
",
    );
}

#[test]
fn declines_for_macros_of_others_and_calls_that_no_rule_takes() {
    for text in [
        "async fn f(m: M) { ‹select!(«m.lock()»)›; }",
        "macro_rules! one { ($a:ident) => { $a } } async fn f(m: M) { ‹one!(m, «n»)›; }",
    ] {
        assert_eq!(variants("hoist_temporary", GUARD, text), None, "{text}");
    }
}

#[test]
fn each_fn_of_a_repetition_may_be_meant() {
    check(
        "replace_rc_with_arc",
        "Rc<str>",
        "
use std::rc::Rc;
macro_rules! table {
    ($($name:ident($key:ty) -> $row:ty),* $(,)?) => {
        $(pub async fn $name(«key»: $key) -> $row { io().await; größe(key) })*
    };
}
// größe
‹table!(users(u32) -> String, names(Rc<str>) -> u32)›;
",
        "
use std::rc::Rc;
macro_rules! table {
    ($($name:ident($key:ty) -> $row:ty),* $(,)?) => {
        $(pub async fn $name(key: $key) -> $row { io().await; größe(key) })*
    };
}
// größe
table!(users(u32) -> String, names(std::sync::Arc<str>) -> u32);
",
    );
}
