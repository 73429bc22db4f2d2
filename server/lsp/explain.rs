//! The whole explanation of one error: the picture of each value's life, why it is not `Send`, the
//! way from the demand down to it, and the fixes. An editor with a panel asks for it
//! (`sendlens/explain`); for the others it is written to a file that they are asked to show.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;
use tower_lsp::lsp_types::Range;

use super::{
    actions,
    convert::{Texts, to_uri},
    hover::{self, Link},
    view::View,
};
use crate::{
    alive::Stretch,
    engine::{Shown, Snapshot},
    life::{Event, Life},
    problem::{Fix, Held, Position, Problem, Span, Verdict},
    spots::Spots,
};

/// What is said of one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Explanation {
    /// One line of text.
    pub(super) title: String,
    /// All of it as Markdown, pictures included.
    pub(super) document: String,
    /// The same without title and pictures.
    pub(super) markdown: String,
    /// The pictures, for those who draw.
    pub(super) lives: Vec<LifeDrawing>,
}

/// The life of a value, for those who draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct LifeDrawing {
    uri: String,
    name: String,
    from: Range,
    awaits: Vec<Range>,
    to: Option<Range>,
    rows: Vec<RowDrawing>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct RowDrawing {
    line: u32,
    text: String,
    event: &'static str,
    note: String,
}

/// Explains what stands at a place: the problem there, else what a hover says, else the problem
/// of the file that is nearest.
pub(super) fn at(
    snapshot: &Snapshot,
    texts: &Texts<'_>,
    file: &Utf8Path,
    position: Position,
    link: Link<'_>,
) -> Option<Explanation> {
    let text = texts.text(file)?;
    let view = View::new(snapshot, file, &text);
    let problems = snapshot.problems.iter();
    let here = problems.clone().find(|shown| actions::is_about(shown, &view, position, position));
    if let Some(shown) = here {
        return Some(problem(snapshot, texts, shown, link));
    }
    if let Some(answer) = hover::explain(&[], &view, position, link) {
        return Some(plain(answer.text));
    }
    let distance = |shown: &&Shown| shown.problem.culprit().start.line.abs_diff(position.line);
    let in_file = problems.filter(|shown| shown.path(shown.problem.culprit()) == file);
    let nearest = in_file.min_by_key(distance)?;
    Some(problem(snapshot, texts, nearest, link))
}

/// Every problem of the workspace.
pub(super) fn all(snapshot: &Snapshot, texts: &Texts<'_>, link: Link<'_>) -> Option<Explanation> {
    let each = snapshot.problems.iter().map(|shown| problem(snapshot, texts, shown, link));
    let each: Vec<Explanation> = each.collect();
    let title = match each.as_slice() {
        [] => return None,
        [one] => one.title.clone(),
        more => format!("{} problems", more.len()),
    };
    let join = |part: fn(&Explanation) -> &str| {
        each.iter().map(part).collect::<Vec<_>>().join("\n\n---\n\n")
    };
    Some(Explanation {
        title,
        document: join(|it| &it.document),
        markdown: join(|it| &it.markdown),
        lives: each.iter().flat_map(|it| it.lives.clone()).collect(),
    })
}

/// The lives of the values that a place names: declared there, or used by name in their body.
pub(super) fn lives_at(
    snapshot: &Snapshot,
    texts: &Texts<'_>,
    file: &Utf8Path,
    position: Position,
) -> Option<Vec<LifeDrawing>> {
    let text = texts.text(file)?;
    let view = View::new(snapshot, file, &text);
    let spots = view.spots()?;
    let word = spots.name_at(position);
    let mut values: Vec<Held> = Vec::new();
    for body in view.bodies().filter(|body| body.at.touches(position)) {
        let all = body.values.iter().map(|value| view.held(value));
        let named = all.filter(|held| {
            let is_declared_here = Stretch::from(&held.span).touches(position);
            is_declared_here || (held.name.is_some() && held.name == word)
        });
        // The innermost declaration of a name is the one that is meant.
        let named = named.filter(|held| held.send == Some(false) && held.span.start <= position);
        values.extend(named.last());
    }
    let text = text.to_string();
    let lives = values.iter().filter_map(|held| Life::of(held, spots)).next_back();
    Some(lives.map(|life| drawing(&life, &text, file, texts)).into_iter().collect())
}

fn problem(snapshot: &Snapshot, texts: &Texts<'_>, shown: &Shown, link: Link<'_>) -> Explanation {
    let problem = &shown.problem;
    let file = shown.path(problem.culprit());
    let text = texts.text(&file).unwrap_or_default();
    let view = View::new(snapshot, &file, &text);
    let (mut pictures, mut lives) = (Vec::new(), Vec::new());
    for (life, file, text) in problem.held.iter().filter_map(|held| life(shown, held, texts)) {
        pictures.push(format!("```text\n{}\n```", life.picture(&text)));
        lives.push(drawing(&life, &text, &file, texts));
    }
    let (title, mut paragraphs) = hover::whole(shown, &view, link);
    paragraphs.extend(fixes(problem));
    let markdown = paragraphs.join("\n\n");
    let parts = [format!("# {title}"), pictures.join("\n\n"), markdown.clone()];
    let parts = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    Explanation { title, document: parts.join("\n\n") + "\n", markdown, lives }
}

/// An explanation that is no more than a hover: its first line, in bold, is the title.
fn plain(text: String) -> Explanation {
    let (title, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let title = title.trim_matches('*').to_owned();
    let document = format!("# {title}\n\n{rest}\n");
    Explanation { title, document, markdown: rest.to_owned(), lives: Vec::new() }
}

/// A value's life with its absolute path and its text.
fn life(shown: &Shown, held: &Held, texts: &Texts<'_>) -> Option<(Life, Utf8PathBuf, String)> {
    let file = shown.path(&held.span);
    let text = texts.text(&file)?.to_string();
    let life = Life::of(held, &Spots::new(&text)?)?;
    Some((life, file, text))
}

fn drawing(life: &Life, text: &str, file: &Utf8Path, texts: &Texts<'_>) -> LifeDrawing {
    let range = |span: &Span| texts.stretch(file, &Stretch::from(span));
    let rows = life.rows(text).into_iter().map(|row| RowDrawing {
        line: row.line,
        text: row.text,
        event: match row.event {
            Event::Begin => "begin",
            Event::Alive => "alive",
            Event::Await => "await",
            Event::End => "end",
            Event::Gap => "gap",
        },
        note: row.note,
    });
    LifeDrawing {
        uri: to_uri(file).map(|uri| uri.to_string()).unwrap_or_default(),
        name: life.name.clone(),
        from: range(&life.from),
        awaits: life.awaits.iter().map(range).collect(),
        to: life.to.as_ref().map(range),
        rows: rows.collect(),
    }
}

fn fixes(problem: &Problem) -> Option<String> {
    let line = |fix: &&Fix| {
        let said = match fix.verdict {
            Verdict::Verified => "accepted by the compiler",
            Verdict::Unchecked => "not checked by the compiler",
            Verdict::Rejected => return None,
        };
        let note = fix.note.as_ref().map(|note| format!(". {note}")).unwrap_or_default();
        Some(format!("- {} ({said}){note}", fix.title))
    };
    let lines: Vec<String> = actions::offered(problem).iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| format!("## Quick fixes\n\n{}", lines.join("\n")))
}

/// Writes an explanation where an editor can open it; gives the file.
pub(super) fn write(explanation: &Explanation, folder: &Utf8Path) -> std::io::Result<Utf8PathBuf> {
    std::fs::create_dir_all(folder)?;
    // One file: an editor that has it open shows the newest.
    let file = folder.join("explanation.md");
    std::fs::write(&file, &explanation.document)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::expect;

    use super::*;
    use crate::{documents::Documents, encoding::Encoding, testing};

    const FILE: &str = "/w/src/main.rs";

    fn snapshot() -> Snapshot {
        let mut documents = Documents::default();
        let text = "//! żółw\n\nasync fn worker(state: &Mutex<u32>) {\n    let mut guard = state.lock();\n    x();\n    tokio::task::send().await;\n    send(&guard).await;\n}\n\n\nfn f() {\n    tokio::spawn(async { worker(S).await; });\n}\n";
        documents.open(FILE.into(), 1, text);
        let problem = Arc::new(testing::problem("p"));
        let shown = Shown { root: "/w".into(), problem };
        Snapshot { documents, problems: vec![shown], ..Snapshot::default() }
    }

    fn explained(line: u32, column: u32) -> Option<Explanation> {
        let snapshot = snapshot();
        let texts = Texts::new(&snapshot, Encoding::Utf16);
        let link = |label: &str, _: &Utf8Path, _: u32| label.to_owned();
        at(&snapshot, &texts, FILE.into(), Position { line, column }, &link)
    }

    #[test]
    fn a_problem_is_explained_as_a_whole() {
        let explanation = explained(4, 14).unwrap();
        expect![[r#"
            # `guard` is held across several `.await`s, but is not `Send`

            ```text
            4 ╭─     let mut guard = state.lock();  ◂ guard begins: std::sync::MutexGuard<'_, u32>
            5 │      x();
            6 ┿━     tokio::task::send().await;     ◂ still alive at this .await
            7 ┿━     send(&guard).await;            ◂ still alive at this .await
            8 ╰─ }                                  ◂ ends here, with its scope
            ```

            Still alive at the `.await` on line 6, line 7.

            `std::sync::MutexGuard<'_, u32>` is not `Send`.

            `tokio::spawn` on line 12 demands `Send`: the task may move to another thread at any `.await`, with all that it holds.

            ## From `tokio::spawn` to the value

            1. async block, line 12
            2. async fn `worker`, line 3
            3. holds `guard` from line 4, a `std::sync::MutexGuard<'_, u32>`, across the `.await` on line 6, line 7

            ## Quick fixes

            - Enclose `guard` in a block (accepted by the compiler)
            - Drop `guard` before the await (not checked by the compiler)
        "#]].assert_eq(&explanation.document);
        assert_eq!(explanation.lives.len(), 1);
        assert_eq!(explanation.lives[0].awaits.len(), 2);
    }

    #[test]
    fn elsewhere_in_the_file_the_nearest_is_explained() {
        assert_eq!(explained(10, 1).map(|it| it.title), explained(4, 14).map(|it| it.title));
    }

    #[test]
    fn other_files_have_nothing_to_explain() {
        let snapshot = snapshot();
        let texts = Texts::new(&snapshot, Encoding::Utf16);
        let position = Position { line: 1, column: 1 };
        let link = |label: &str, _: &Utf8Path, _: u32| label.to_owned();
        assert_eq!(at(&snapshot, &texts, "/w/src/none.rs".into(), position, &link), None);
        let nothing = Snapshot::default();
        assert_eq!(all(&nothing, &Texts::new(&nothing, Encoding::Utf16), &link), None);
    }
}
