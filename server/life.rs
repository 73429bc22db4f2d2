//! The life of a value: from its declaration, across its awaits, to where it ends; and a picture
//! of it beside the lines of its source.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange,
    ast::{self, HasArgList},
};

use crate::{
    problem::{Held, Span},
    spots::Spots,
};

/// A life of more lines than this is drawn without its uneventful parts.
const LINES_MAX: usize = 30;

/// So many lines around an event are drawn all the same.
const AROUND: usize = 1;

/// Lines longer than this are cut off.
const WIDTH_MAX: usize = 72;

/// The life of one value within one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// The value's name; its text, for a temporary.
    pub name: String,
    /// Its type, when known.
    pub ty: Option<String>,
    /// The declaration, or the expression of a temporary.
    pub from: Span,
    /// The awaits that it crosses.
    pub awaits: Vec<Span>,
    /// Where it ends, when that can be seen: a brace, a semicolon, a call of `drop`.
    pub to: Option<Span>,
    /// Whether it ends by a call of `drop`.
    pub is_dropped: bool,
}

/// What happens to the value on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It begins.
    Begin,
    /// Nothing: it lives on.
    Alive,
    /// It crosses an await.
    Await,
    /// It ends.
    End,
    /// Lines that are left out.
    Gap,
}

/// One line of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its 1-based number; of a gap, that of its first line.
    pub line: u32,
    /// Its text, without the indentation that all lines share.
    pub text: String,
    /// What happens.
    pub event: Event,
    /// What to say about it; may be empty.
    pub note: String,
}

impl Life {
    /// Reads a value's life from the text it is declared in; `None` when it crosses no await
    /// there.
    pub fn of(held: &Held, spots: &Spots) -> Option<Self> {
        let awaits = held.awaits.iter().map(|point| point.span.clone());
        let awaits: Vec<Span> = awaits.filter(|span| span.file == held.span.file).collect();
        let last = awaits.iter().max_by_key(|span| span.end)?;
        let end = Ending::find(held, last, spots);
        let first_line = held.text.lines().next().unwrap_or_default();
        Some(Self {
            name: held.name.clone().unwrap_or_else(|| first_line.to_owned()),
            ty: held.ty.clone(),
            from: held.span.clone(),
            to: end.as_ref().map(|end| spots.lines().span(&held.span.file, end.range)),
            is_dropped: end.is_some_and(|end| end.is_drop),
            awaits,
        })
    }

    /// The lines of the picture, given the text.
    pub fn rows(&self, text: &str) -> Vec<Row> {
        let last = self.awaits.iter().chain(&self.to).map(|span| span.end.line).max();
        let (first, last) = (self.from.start.line, last.unwrap_or(self.from.start.line));
        let lines = text.lines().zip(1u32..).skip(first.saturating_sub(1) as usize);
        let lines: Vec<(&str, u32)> = lines.take_while(|(_, line)| *line <= last).collect();
        let blank = |line: &str| line.trim().is_empty();
        let indents = lines.iter().filter(|(line, _)| !blank(line)).map(|(line, _)| indent(line));
        let shared = indents.min().unwrap_or_default();
        let rows = lines.iter().map(|(text, line)| {
            let (event, note) = self.event(*line);
            let text = text.chars().skip(shared).collect::<String>();
            Row { line: *line, text: shortened(text.trim_end()), event, note }
        });
        without_gaps(rows.collect())
    }

    fn event(&self, line: u32) -> (Event, String) {
        let ends = self.to.as_ref().is_some_and(|to| to.end.line == line);
        if self.awaits.iter().any(|span| span.start.line == line) {
            let end = if ends { ", then it ends" } else { "" };
            return (Event::Await, format!("still alive at this `.await`{end}"));
        }
        if self.from.start.line == line {
            let ty = self.ty.as_ref().map(|ty| format!(": `{ty}`")).unwrap_or_default();
            return (Event::Begin, format!("`{}` begins{ty}", self.name));
        }
        match (ends, self.is_dropped) {
            (true, true) => (Event::End, "dropped here".to_owned()),
            (true, false) => (Event::End, "ends here, with its scope".to_owned()),
            _ => (Event::Alive, String::new()),
        }
    }

    /// The picture as text.
    pub fn picture(&self, text: &str) -> String {
        let rows = self.rows(text);
        let digits = rows.last().map_or(1, |row| row.line.to_string().len());
        let noted = rows.iter().filter(|row| !row.note.is_empty());
        let width = noted.map(|row| row.text.chars().count()).max().unwrap_or_default();
        let lines = rows.iter().enumerate().map(|(index, row)| {
            let glyph = match row.event {
                Event::Begin => "╭─",
                Event::Alive => "│ ",
                Event::Await if index + 1 == rows.len() => "╰━",
                Event::Await => "┿━",
                Event::End => "╰─",
                Event::Gap => "┊ ",
            };
            let number = match row.event {
                Event::Gap => String::new(),
                _ => row.line.to_string(),
            };
            let text = format!("{number:>digits$} {glyph} {}", row.text);
            if row.note.is_empty() {
                return text.trim_end().to_owned();
            }
            let missing = width - row.text.chars().count().min(width);
            // In a block of code the marks of Markdown are only noise.
            format!("{text}{}  ◂ {}", " ".repeat(missing), row.note.replace('`', ""))
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn indent(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).count()
}

fn shortened(line: &str) -> String {
    if line.chars().count() <= WIDTH_MAX {
        return line.to_owned();
    }
    line.chars().take(WIDTH_MAX - 1).chain(['…']).collect()
}

/// Leaves out what is far from any event, where there is much of it.
fn without_gaps(rows: Vec<Row>) -> Vec<Row> {
    if rows.len() <= LINES_MAX {
        return rows;
    }
    let eventful = |index: usize| {
        let from = index.saturating_sub(AROUND);
        rows.iter().skip(from).take(index + AROUND + 1 - from).any(|row| row.event != Event::Alive)
    };
    let mut kept: Vec<Row> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if eventful(index) {
            kept.push(row.clone());
        } else if kept.last().is_none_or(|last| last.event != Event::Gap) {
            let text = "…".to_owned();
            kept.push(Row { text, event: Event::Gap, ..row.clone() });
        }
    }
    kept
}

/// Where a value ends.
struct Ending {
    range: TextRange,
    is_drop: bool,
}

impl Ending {
    fn find(held: &Held, last: &Span, spots: &Spots) -> Option<Self> {
        let value = spots.element(&held.span)?;
        let last = spots.lines().range(last)?;
        let holds_last = |node: &SyntaxNode| node.text_range().contains_range(last);
        let ends: fn(SyntaxKind) -> bool = match held.name {
            Some(_) => ends_binding,
            None => ends_temporary,
        };
        let node = value.ancestors().find(|node| ends(node.kind()) && holds_last(node))?;
        let scope = body_of(&node, last).unwrap_or(node);
        if let Some(name) = &held.name
            && let Some(range) = drop_call(&scope, name, last)
        {
            return Some(Self { range, is_drop: true });
        }
        let range = scope.last_token()?.text_range();
        Some(Self { range, is_drop: false })
    }
}

fn ends_binding(kind: SyntaxKind) -> bool {
    use SyntaxKind::*;
    matches!(kind, STMT_LIST | MATCH_ARM | IF_EXPR | WHILE_EXPR | FOR_EXPR | CLOSURE_EXPR | FN)
}

fn ends_temporary(kind: SyntaxKind) -> bool {
    use SyntaxKind::*;
    matches!(kind, LET_STMT | EXPR_STMT | MATCH_EXPR | IF_EXPR | WHILE_EXPR | FOR_EXPR | STMT_LIST)
}

/// What a pattern in a head is alive in: the block behind it that the await lies in.
fn body_of(node: &SyntaxNode, last: TextRange) -> Option<SyntaxNode> {
    if !matches!(node.kind(), SyntaxKind::IF_EXPR | SyntaxKind::WHILE_EXPR | SyntaxKind::FOR_EXPR) {
        return None;
    }
    let mut blocks = node.children().filter_map(ast::BlockExpr::cast);
    let block = blocks.find(|block| block.syntax().text_range().contains_range(last))?;
    Some(block.syntax().clone())
}

/// A call of `drop` with the value, behind its last await.
fn drop_call(scope: &SyntaxNode, name: &str, last: TextRange) -> Option<TextRange> {
    let calls = scope.descendants().filter_map(ast::CallExpr::cast);
    let mut calls = calls.filter(|call| call.syntax().text_range().start() >= last.end());
    let drops = |call: &ast::CallExpr| {
        let ast::Expr::PathExpr(callee) = call.expr()? else {
            return None;
        };
        let callee = callee.path()?.segment()?.name_ref()?;
        let argument = call.arg_list()?.args().next()?;
        let is_it = callee.text() == "drop" && argument.syntax().text() == name;
        is_it.then_some(call.syntax().text_range())
    };
    calls.find_map(|call| drops(&call))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::problem::Await;

    /// The picture of the value `name`, declared where `let` or `«` marks it, across every await.
    #[track_caller]
    fn check(text: &str, name: &str, is_named: bool, want: Expect) {
        let spots = Spots::new(text).unwrap();
        let span = |range: std::ops::Range<usize>| {
            let size = |at: usize| u32::try_from(at).unwrap().into();
            spots.lines().span("a.rs".into(), TextRange::new(size(range.start), size(range.end)))
        };
        let at = text.find(name).unwrap();
        let awaits = text
            .match_indices(".await")
            .map(|(at, _)| Await { span: span(at + 1..at + 6), reported: true });
        let held = Held {
            name: is_named.then(|| name.to_owned()),
            text: name.to_owned(),
            ty: Some("Rc<u8>".into()),
            send: Some(false),
            span: span(at..at + name.len()),
            in_macro: None,
            awaits: awaits.collect(),
            why: Vec::new(),
        };
        let life = Life::of(&held, &spots);
        want.assert_eq(&life.map_or("nothing".into(), |life| life.picture(text)));
    }

    #[test]
    fn a_local_lives_to_the_end_of_its_block() {
        let text = "async fn f() {\n    {\n        let żółw = g();\n        a().await;\n\n        b().await;\n    }\n    c();\n}\n";
        check(
            text,
            "żółw",
            true,
            expect![[r#"
                3 ╭─     let żółw = g();  ◂ żółw begins: Rc<u8>
                4 ┿━     a().await;       ◂ still alive at this .await
                5 │
                6 ┿━     b().await;       ◂ still alive at this .await
                7 ╰─ }                    ◂ ends here, with its scope"#]],
        );
    }

    #[test]
    fn a_call_of_drop_ends_it() {
        let text = "async fn f() {\n    let x = g();\n    a().await;\n    h(&x);\n    std::mem::drop(x);\n    c();\n}\n";
        check(
            text,
            "x",
            true,
            expect![[r#"
                2 ╭─ let x = g();        ◂ x begins: Rc<u8>
                3 ┿━ a().await;          ◂ still alive at this .await
                4 │  h(&x);
                5 ╰─ std::mem::drop(x);  ◂ dropped here"#]],
        );
    }

    #[test]
    fn a_temporary_lives_as_long_as_its_statement() {
        let text = "async fn f() {\n    match g().get() {\n        1 => a().await,\n        _ => {}\n    }\n    c();\n}\n";
        check(
            text,
            "g()",
            false,
            expect![[r#"
                2 ╭─ match g().get() {    ◂ g() begins: Rc<u8>
                3 ┿━     1 => a().await,  ◂ still alive at this .await
                4 │      _ => {}
                5 ╰─ }                    ◂ ends here, with its scope"#]],
        );
    }

    #[test]
    fn a_pattern_lives_in_the_block_behind_it() {
        let text = "async fn f() {\n    if let Some(x) = g() {\n        a().await;\n    } else {\n        b();\n    }\n}\n";
        check(
            text,
            "x",
            true,
            expect![[r#"
                2 ╭─ if let Some(x) = g() {  ◂ x begins: Rc<u8>
                3 ┿━     a().await;          ◂ still alive at this .await
                4 ╰─ } else {                ◂ ends here, with its scope"#]],
        );
    }

    #[test]
    fn what_crosses_no_await_has_no_picture() {
        check("async fn f() {\n    let x = g();\n}\n", "x", true, expect!["nothing"]);
    }

    #[test]
    fn long_lives_are_abridged() {
        let quiet = "    h();\n".repeat(40);
        let text = format!("async fn f() {{\n    let x = g();\n{quiet}    a().await;\n{quiet}}}\n");
        check(
            &text,
            "x",
            true,
            expect![[r#"
                 2 ╭─     let x = g();  ◂ x begins: Rc<u8>
                 3 │      h();
                   ┊  …
                42 │      h();
                43 ┿━     a().await;    ◂ still alive at this .await
                44 │      h();
                   ┊  …
                83 │      h();
                84 ╰─ }                 ◂ ends here, with its scope"#]],
        );
    }
}
