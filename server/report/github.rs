//! Annotations for GitHub Actions: workflow commands on standard output, one line a problem.

use std::io::{self, Write};

use camino::Utf8Path;

use crate::problem::{Problem, Span, Verdict};

/// Writes a problem as an annotation. `prefix` is where the workspace lies in the repository:
/// GitHub counts paths from there.
pub(super) fn write(out: &mut dyn Write, problem: &Problem, prefix: &Utf8Path) -> io::Result<()> {
    let level = if problem.lint.is_some() { "warning" } else { "error" };
    let Span { file, start, end } = problem.culprit();
    let file = prefix.join(file);
    let mut properties = vec![
        format!("file={}", property(file.as_str())),
        format!("line={}", start.line),
        format!("endLine={}", end.line),
    ];
    // GitHub shows columns of one line only.
    if start.line == end.line {
        properties.push(format!("col={}", start.column));
        properties.push(format!("endColumn={}", end.column));
    }
    properties.push(format!("title={}", property("future is not Send")));
    writeln!(out, "::{level} {}::{}", properties.join(","), message(&text(problem, prefix)))
}

/// The whole story: an annotation has no picture.
fn text(problem: &Problem, prefix: &Utf8Path) -> String {
    let place = |span: &Span| {
        format!("{}:{}:{}", prefix.join(&span.file), span.start.line, span.start.column)
    };
    let mut lines = vec![problem.message.clone()];
    if let Some(held) = problem.held.first() {
        lines.extend(held.why.iter().cloned());
        let awaits = held.awaits.iter();
        lines.extend(awaits.map(|it| format!("still alive at {}", place(&it.span))));
    }
    if let Some(demand) = &problem.demand {
        lines.push(format!("{} demands `Send` at {}", demand.what, place(&demand.span)));
    }
    let fixes = problem.fixes.iter().filter(|fix| fix.verdict == Verdict::Verified);
    lines.extend(fixes.map(|fix| format!("fix: {} (the compiler accepts this)", fix.title)));
    lines.join("\n")
}

/// Escapes the text of a workflow command. The percent sign first: it starts every escape.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property, where colon and comma also end things.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::report::sample;

    #[test]
    fn one_line_with_everything_escaped() {
        let marked = "let żółw = 1; let $vguard$. = $x1$.;\ntick().$aawait$.;\nspawn($dx$.);\n";
        let (mut problem, _) = sample::problem(marked, "Rc<()>");
        problem.held[0].span.file = "src/100%,a:b.rs".into();
        problem.held[0].why.push("50% more\r".into());
        let mut out = Vec::new();
        write(&mut out, &problem, "crates/app".into()).unwrap();
        expect![[r#"
            ::error file=crates/app/src/100%25%2Ca%3Ab.rs,line=1,endLine=1,col=19,endColumn=24,title=future is not Send::`guard` of type `Rc<()>` is held across an `.await` but is not `Send`%0A`Rc<()>` is not `Send`: it belongs to its thread%0A50%25 more%0D%0Astill alive at crates/app/src/main.rs:2:8%0Atokio::spawn demands `Send` at crates/app/src/main.rs:3:7%0Afix: Enclose it in a block (the compiler accepts this)
        "#]].assert_eq(&String::from_utf8(out).unwrap());
    }
}
