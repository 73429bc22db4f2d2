//! Values for unit tests: one believable problem, made by hand.

use cargo_metadata::diagnostic::Diagnostic;

use crate::{
    problem::{
        AutoTrait, Await, Edit, Fix, Held, Kind, Place, Position, Problem, Span, TargetKind, Unit,
        Verdict,
    },
    rustc::{Line, parse_line},
};

/// A span of `src/main.rs` within one line.
pub(crate) fn span(line: u32, from: u32, to: u32) -> Span {
    let at = |column| Position { line, column };
    Span { file: "src/main.rs".into(), start: at(from), end: at(to) }
}

/// An error of the compiler that stands at `inside`, after the text `before` of its file.
pub(crate) fn error_at(file: &str, before: &str, inside: &str) -> Diagnostic {
    let place = |text: &str| {
        let line = text.matches('\n').count() + 1;
        let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    };
    let (start, end) = (place(before), place(&format!("{before}{inside}")));
    let span = format!(
        r#"{{"file_name":"{file}","byte_start":0,"byte_end":0,"line_start":{},"line_end":{},
        "column_start":{},"column_end":{},"is_primary":true,"text":[],"label":null,
        "suggested_replacement":null,"suggestion_applicability":null,"expansion":null}}"#,
        start.0, end.0, start.1, end.1,
    );
    let json = format!(
        r#"{{"$message_type":"diagnostic","message":"m","code":null,"level":"error",
        "spans":[{span}],"children":[],"rendered":null}}"#
    );
    match parse_line(&json.replace('\n', " ")) {
        Line::Diagnostic(report) => report.diagnostic,
        other => panic!("not read: {other:?}"),
    }
}

/// The binary `target` of the package `sample`.
pub(crate) fn unit(target: &str) -> Unit {
    Unit {
        package_id: "path+file:///w#sample@0.1.0".into(),
        package: "sample".into(),
        target: target.into(),
        kind: TargetKind::Bin,
        src: "/w/src/main.rs".into(),
        edition: "2024".into(),
    }
}

/// A guard held across two awaits, with one verified fix and one unchecked.
pub(crate) fn problem(id: &str) -> Problem {
    let guard = Held {
        name: Some("guard".into()),
        text: "mut guard".into(),
        ty: Some("std::sync::MutexGuard<'_, u32>".into()),
        send: Some(false),
        span: span(4, 9, 18),
        in_macro: None,
        awaits: vec![
            Await { span: span(6, 18, 23), reported: true },
            Await { span: span(7, 14, 19), reported: false },
        ],
        why: vec!["`std::sync::MutexGuard<'_, u32>` is not `Send`".into()],
    };
    Problem {
        id: id.into(),
        signature: id.into(),
        kind: Kind::HeldAcrossAwait,
        message: "`guard` is not `Send` and is held across an `.await`".into(),
        compiler_message: "future cannot be sent between threads safely".into(),
        unit: unit("sample"),
        lint: None,
        auto_trait: AutoTrait::Send,
        leaf: Some("std::sync::MutexGuard<'_, u32>".into()),
        future: place("async fn `worker`", span(3, 1, 35)),
        held: vec![guard],
        demand: Some(place("tokio::spawn", span(12, 5, 17))),
        path: vec![
            place("async block", span(12, 18, 56)),
            place("async fn `worker`", span(3, 1, 35)),
        ],
        reported_at: span(12, 5, 57),
        fixes: vec![
            fix("enclose_in_block", "Enclose `guard` in a block", Verdict::Verified),
            fix("drop_before_await", "Drop `guard` before the await", Verdict::Unchecked),
            fix("spawn_local", "Spawn on a `LocalSet`", Verdict::Rejected),
        ],
    }
}

fn place(what: &str, span: Span) -> Place {
    let what = what.to_owned();
    Place { what, span }
}

fn fix(id: &'static str, title: &str, verdict: Verdict) -> Fix {
    let edit = |line, column, new_text: &str| Edit {
        span: span(line, column, column),
        new_text: new_text.into(),
    };
    Fix {
        id,
        title: title.into(),
        verdict,
        preferred: verdict == Verdict::Verified,
        edits: vec![edit(4, 5, "{\n    "), edit(6, 5, "}\n    ")],
        note: None,
    }
}
