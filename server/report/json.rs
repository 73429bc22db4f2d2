//! One JSON object a line: a contract that others script against.
//!
//! Lines and columns are 1-based, columns count characters, paths are relative to the workspace
//! root.

use std::io::{self, Write};

use serde::Serialize;

use crate::problem::{Await, Edit, Fix, Held, Kind, Place, Position, Problem, Span, Verdict};

/// Writes a problem as one line.
pub(super) fn write(out: &mut dyn Write, problem: &Problem) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Line::from(problem)).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Line<'a> {
    reason: &'static str,
    id: &'a str,
    kind: Kind,
    message: &'a str,
    package: &'a str,
    lint: Option<&'a str>,
    future: PlaceOut<'a>,
    held: Vec<HeldOut<'a>>,
    demand: Option<PlaceOut<'a>>,
    path: Vec<PlaceOut<'a>>,
    fixes: Vec<FixOut<'a>>,
}

#[derive(Serialize)]
struct PlaceOut<'a> {
    what: &'a str,
    file: &'a str,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct HeldOut<'a> {
    name: Option<&'a str>,
    text: &'a str,
    #[serde(rename = "type")]
    ty: Option<&'a str>,
    send: Option<bool>,
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    awaits: Vec<AwaitOut<'a>>,
    why: &'a [String],
}

#[derive(Serialize)]
struct AwaitOut<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    reported: bool,
}

#[derive(Serialize)]
struct FixOut<'a> {
    id: &'static str,
    title: &'a str,
    verdict: Verdict,
    preferred: bool,
    note: Option<&'a str>,
    edits: Vec<EditOut<'a>>,
}

#[derive(Serialize)]
struct EditOut<'a> {
    file: &'a str,
    start: Position,
    end: Position,
    new_text: &'a str,
}

impl<'a> From<&'a Problem> for Line<'a> {
    fn from(problem: &'a Problem) -> Self {
        Self {
            reason: "send-problem",
            id: &problem.id,
            kind: problem.kind,
            message: &problem.message,
            package: &problem.unit.package,
            lint: problem.lint.as_deref(),
            future: (&problem.future).into(),
            held: problem.held.iter().map(HeldOut::from).collect(),
            demand: problem.demand.as_ref().map(PlaceOut::from),
            path: problem.path.iter().map(PlaceOut::from).collect(),
            fixes: problem.fixes.iter().map(FixOut::from).collect(),
        }
    }
}

impl<'a> From<&'a Place> for PlaceOut<'a> {
    fn from(Place { what, span }: &'a Place) -> Self {
        let Position { line, column } = span.start;
        Self { what, file: span.file.as_str(), line, column }
    }
}

impl<'a> From<&'a Held> for HeldOut<'a> {
    fn from(held: &'a Held) -> Self {
        let Span { file, start, end } = &held.span;
        Self {
            name: held.name.as_deref(),
            text: &held.text,
            ty: held.ty.as_deref(),
            send: held.send,
            file: file.as_str(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            awaits: held.awaits.iter().map(AwaitOut::from).collect(),
            why: &held.why,
        }
    }
}

impl<'a> From<&'a Await> for AwaitOut<'a> {
    fn from(Await { span, reported }: &'a Await) -> Self {
        let Position { line, column } = span.start;
        Self { file: span.file.as_str(), line, column, reported: *reported }
    }
}

impl<'a> From<&'a Fix> for FixOut<'a> {
    fn from(fix: &'a Fix) -> Self {
        Self {
            id: fix.id,
            title: &fix.title,
            verdict: fix.verdict,
            preferred: fix.preferred,
            note: fix.note.as_deref(),
            edits: fix.edits.iter().map(EditOut::from).collect(),
        }
    }
}

impl<'a> From<&'a Edit> for EditOut<'a> {
    fn from(Edit { span, new_text }: &'a Edit) -> Self {
        Self { file: span.file.as_str(), start: span.start, end: span.end, new_text }
    }
}
