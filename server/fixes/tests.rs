//! One `check` for all fixes: the value at fault is marked `$0..$0`, and others of its kind after
//! it; the first await that it crosses is found by its marker `$1`.

use ra_ap_syntax::{TextRange, TextSize};

use super::*;
use crate::{
    problem::{AutoTrait, Await, Held, Kind, Place, TargetKind, Unit},
    text::Lines,
};

/// Drafts a fix by id over `src/lib.rs`; each variant is the text with its edits applied.
pub(crate) fn variants(id: &str, marked: &str, ty: &str) -> Option<Vec<String>> {
    variants_of(id, marked, ty, |_| ())
}

/// The same for a problem that is `changed` first: another kind, no value.
pub(crate) fn variants_of(
    id: &str,
    marked: &str,
    ty: &str,
    change: impl FnOnce(&mut Problem),
) -> Option<Vec<String>> {
    let (text, values, awaits) = take_markers(marked);
    let mut problem = problem(&text, &values, &awaits, ty);
    change(&mut problem);
    let sources = sources_of(&text);
    let context = FixContext::new(&problem, &sources).unwrap();
    let (_, rule) = RULES.iter().find(|(name, _)| *name == id).expect("a known fix");
    let draft = draft(id, *rule, &context, &Views::of(&context))?;
    assert_eq!(draft.id, id);
    let applied = draft.variants.iter().map(|edits| {
        let changed = sources.apply(edits).expect("edits fit");
        changed.text("src/lib.rs".into()).unwrap().to_string()
    });
    Some(applied.collect())
}

/// The ids of all fixes that apply, in the order in which they are tried.
pub(crate) fn ids(marked: &str, ty: &str) -> Vec<&'static str> {
    let (text, values, awaits) = take_markers(marked);
    let mut problem = problem(&text, &values, &awaits, ty);
    // Of a reference the compiler names what it refers to.
    problem.leaf = Some(ty.trim_start_matches('&').to_owned());
    drafts(&problem, &sources_of(&text)).iter().map(|it| it.id).collect()
}

/// A workspace of one file.
pub(crate) fn sources_of(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.insert("src/lib.rs", text);
    let manifest = "[dependencies]\ntokio = { version = \"1\", features = [\"full\"] }\n";
    sources.insert("Cargo.toml", manifest);
    sources
}

/// A problem with values of one type in `src/lib.rs`.
pub(crate) fn problem(text: &str, values: &[TextRange], awaits: &[TextRange], ty: &str) -> Problem {
    let value = values[0];
    let lines = Lines::new(text);
    let span = |range| lines.span("src/lib.rs".into(), range);
    Problem {
        id: "1".into(),
        signature: String::new(),
        // rustc names such a type where a trait's method gives the future.
        kind: match ty.starts_with("impl Future") {
            true => Kind::TraitFuture,
            false => Kind::HeldAcrossAwait,
        },
        message: String::new(),
        compiler_message: String::new(),
        unit: Unit {
            package_id: String::new(),
            package: "app".into(),
            target: "app".into(),
            kind: TargetKind::Lib,
            src: "src/lib.rs".into(),
            edition: "2021".into(),
        },
        lint: None,
        auto_trait: AutoTrait::Send,
        leaf: Some(ty.into()),
        future: Place { what: "async fn `f`".into(), span: span(value) },
        held: values.iter().map(|it| held(text, *it, ty, awaits)).collect(),
        demand: None,
        path: vec![],
        reported_at: span(value),
        fixes: vec![],
    }
}

fn held(text: &str, value: TextRange, ty: &str, awaits: &[TextRange]) -> Held {
    let lines = Lines::new(text);
    let span = |range| lines.span("src/lib.rs".into(), range);
    let value_text = text[std::ops::Range::<usize>::from(value)].to_owned();
    let is_name = value_text.chars().all(|c| c == '_' || c.is_alphanumeric());
    Held {
        name: is_name.then(|| value_text.clone()),
        text: value_text,
        ty: Some(ty.into()),
        send: Some(false),
        span: span(value),
        in_macro: None,
        awaits: awaits.iter().map(|it| Await { span: span(*it), reported: true }).collect(),
        why: vec![],
    }
}

/// The first variant must read as expected.
#[track_caller]
pub(crate) fn check(id: &str, ty: &str, before: &str, after: &str) {
    let variants = variants(id, before, ty).expect("the fix applies");
    assert_eq!(variants[0].trim(), after.trim());
}

/// The fix must decline.
#[track_caller]
pub(crate) fn check_declines(id: &str, ty: &str, before: &str) {
    if let Some(variants) = variants(id, before, ty) {
        panic!("`{id}` should decline, but drafts:\n{}", variants[0]);
    }
}

fn take_markers(marked: &str) -> (String, Vec<TextRange>, Vec<TextRange>) {
    let mut text = String::new();
    let (mut value, mut awaits, mut rest) = (Vec::new(), Vec::new(), marked);
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        let here = TextSize::of(&text);
        match rest[at..].get(..2) {
            Some("$0") => value.push(here),
            Some("$1") => awaits.push(TextRange::at(here, TextSize::of("await"))),
            _ => panic!("unknown marker"),
        }
        rest = &rest[at + 2..];
    }
    text.push_str(rest);
    let values = value.chunks(2).map(|it| TextRange::new(it[0], it[1])).collect();
    (text, values, awaits)
}
