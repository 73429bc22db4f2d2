//! Hand-built problems for the tests of this directory. The places are marked in the text:
//! `$v..$.` the value, `$a..$.` an await, `$d..$.` the demand, `$p..$.` a station of the path,
//! `$x..$.` what the fix replaces by `{ fixed }`.

use ra_ap_syntax::{TextRange, TextSize};

use crate::{
    problem::{
        AutoTrait, Await, Edit, Fix, Held, Kind, Place, Problem, Span, TargetKind, Unit, Verdict,
    },
    sources::Sources,
    text::Lines,
};

/// A problem in `src/main.rs` and the text without its marks.
pub(super) fn problem(marked: &str, ty: &str) -> (Problem, Sources) {
    let (text, marks) = take_marks(marked);
    let lines = Lines::new(&text);
    let spans = |kind: char| -> Vec<Span> {
        let found = marks.iter().filter(|(it, _)| *it == kind);
        let span = |range| lines.span("src/main.rs".into(), range);
        found.map(|(_, range)| span(*range)).collect()
    };
    let places = |kind, what: &str| -> Vec<Place> {
        let what = what.to_owned();
        let place = |span| Place { what: what.clone(), span };
        spans(kind).into_iter().map(place).collect()
    };
    let mut sources = Sources::default();
    sources.insert("src/main.rs", text.as_str());
    let value = spans('v').remove(0);
    let name = sources.slice(&value).unwrap().to_owned();
    let problem = Problem {
        id: "00c0ffee".into(),
        signature: "00c0ffee".into(),
        kind: Kind::HeldAcrossAwait,
        message: format!("`{name}` of type `{ty}` is held across an `.await` but is not `Send`"),
        compiler_message: "future cannot be sent between threads safely".into(),
        unit: unit(),
        lint: None,
        auto_trait: AutoTrait::Send,
        leaf: Some(ty.into()),
        future: Place { what: "async fn `worker`".into(), span: value.clone() },
        held: vec![Held {
            name: Some(name.clone()),
            text: name,
            ty: Some(ty.into()),
            send: Some(false),
            span: value.clone(),
            in_macro: None,
            awaits: awaits(spans('a')),
            why: vec![format!("`{ty}` is not `Send`: it belongs to its thread")],
        }],
        demand: places('d', "tokio::spawn").pop(),
        path: places('p', "async fn `outer`"),
        reported_at: spans('d').pop().unwrap_or(value),
        fixes: spans('x').into_iter().map(fix).collect(),
    };
    (problem, sources)
}

fn unit() -> Unit {
    Unit {
        package_id: "path+file:///app#0.1.0".into(),
        package: "app".into(),
        target: "app".into(),
        kind: TargetKind::Bin,
        src: "src/main.rs".into(),
        edition: "2021".into(),
    }
}

fn awaits(spans: Vec<Span>) -> Vec<Await> {
    let reported = |(n, span)| Await { span, reported: n == 0 };
    spans.into_iter().enumerate().map(reported).collect()
}

fn fix(span: Span) -> Fix {
    Fix {
        id: "enclose_in_block",
        title: "Enclose it in a block".into(),
        verdict: Verdict::Verified,
        preferred: true,
        edits: vec![Edit { span, new_text: "{ fixed }".into() }],
        note: None,
    }
}

fn take_marks(marked: &str) -> (String, Vec<(char, TextRange)>) {
    let (mut text, mut marks, mut open) = (String::new(), Vec::new(), Vec::new());
    let mut chars = marked.chars();
    while let Some(c) = chars.next() {
        if c != '$' {
            text.push(c);
            continue;
        }
        let here = TextSize::of(&text);
        match chars.next().expect("a mark") {
            '.' => {
                let (kind, start) = open.pop().expect("an open mark");
                marks.push((kind, TextRange::new(start, here)));
            }
            kind => open.push((kind, here)),
        }
    }
    marks.sort_by_key(|(_, range)| range.start());
    (text, marks)
}
