//! The picture of one problem: the value, the awaits it crosses, and who demands `Send`.

use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle,
};
use camino::Utf8Path;

use super::short::{short_type, short_types};
use crate::{
    problem::{Held, Kind, Place, Problem, Span},
    recognise::advice,
    report::terminal::Look,
    sources::Sources,
    text::Lines,
};

/// More stations than this between demand and culprit are not read by anybody.
const STATIONS_MAX: usize = 4;

/// A place worth showing and what to say there.
struct Mark<'a> {
    span: &'a Span,
    label: String,
    primary: bool,
}

/// Draws a problem without its fixes.
pub(super) fn render(problem: &Problem, sources: &Sources, look: Look) -> String {
    let ellipsis = look.pick("…", "...");
    let marks = marks(problem, ellipsis);
    let level = match problem.lint {
        Some(_) => Level::WARNING,
        None => Level::ERROR,
    };
    let mut title = level.primary_title(headline(problem, ellipsis));
    if let Some(lint) = &problem.lint {
        title = title.id(lint.as_str());
    }
    let mut group = Group::with_title(title);
    for file in files(&marks) {
        if let Some(snippet) = snippet(file, &marks, sources) {
            group = group.element(snippet);
        }
    }
    let elsewhere = marks.iter().filter(|mark| range(mark.span, sources).is_none()).map(|mark| {
        let Span { file, start, .. } = mark.span;
        let label = &mark.label;
        format!("{label}, at {file}:{}:{}", start.line, start.column)
    });
    // The gutter and the word `note` take the rest.
    let width = look.width.saturating_sub(15);
    let notes = elsewhere
        .chain(reasons(problem, ellipsis))
        .map(|text| Level::NOTE.message(wrap(&text, width)));
    group = group.elements(notes);
    renderer(look).render(&[group])
}

fn renderer(look: Look) -> Renderer {
    let renderer = if look.colours { Renderer::styled() } else { Renderer::plain() };
    let decor = if look.unicode { DecorStyle::Unicode } else { DecorStyle::Ascii };
    renderer.decor_style(decor).term_width(look.width)
}

/// The message without the value's type: that stands at the value.
pub(super) fn headline(problem: &Problem, ellipsis: &str) -> String {
    let shown = problem.held.first().and_then(|held| held.ty.as_deref());
    let message = match shown {
        Some(ty) => problem.message.replacen(&format!(" of type `{ty}`"), "", 1),
        None => problem.message.clone(),
    };
    short_types(&message, ellipsis)
}

/// Why the value is not `Send`; for a shape that we do not know, the compiler's own words; where no
/// value is guilty, what else there is to know.
fn reasons(problem: &Problem, ellipsis: &str) -> impl Iterator<Item = String> {
    let why = problem.held.first().map_or(&[][..], |held| &held.why);
    // The headline may be the compiler's words already.
    let unknown = problem.kind == Kind::Other && problem.message != problem.compiler_message;
    let words = unknown.then(|| format!("the compiler says: {}", problem.compiler_message));
    let shown = problem.held.first().and_then(|held| held.ty.as_deref());
    let said = shown.map(|ty| format!("`{ty}` is not `Send`"));
    let why = why.iter().filter(|line| said.as_ref() != Some(line)).map(|line| {
        // What stands at the value is not said again.
        let known = shown.and_then(|ty| line.strip_prefix(&format!("`{ty}` is not `Send`: ")));
        short_types(known.unwrap_or(line), ellipsis)
    });
    why.chain(words).chain(advice(problem)).collect::<Vec<_>>().into_iter()
}

/// Breaks a sentence between words, so that the terminal need not break it within one.
fn wrap(text: &str, width: usize) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for word in text.split(' ') {
        let len = word.chars().count();
        if column > 0 && column + 1 + len > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += len;
    }
    out
}

/// Everything worth showing, most important first; a place is shown once.
fn marks<'a>(problem: &'a Problem, ellipsis: &str) -> Vec<Mark<'a>> {
    let mut marks: Vec<Mark<'a>> = Vec::new();
    let mut add = |span: &'a Span, label: String| {
        if !marks.iter().any(|mark| mark.span == span) {
            let primary = marks.is_empty();
            marks.push(Mark { span, label, primary });
        }
    };
    for held in &problem.held {
        add(&held.span, value_label(held, problem, ellipsis));
        for (n, it) in held.awaits.iter().enumerate() {
            let label = match &held.name {
                _ if n > 0 => "and here".to_owned(),
                _ if is_future(held, problem) => "awaited here".to_owned(),
                Some(name) => format!("`{name}` is still alive here"),
                None => "the value is still alive here".to_owned(),
            };
            add(&it.span, label);
        }
    }
    if problem.held.is_empty() {
        let trait_name = problem.auto_trait.name();
        let what = &problem.future.what;
        let label = match problem.kind {
            // Nothing is known to be wrong with it.
            Kind::NotGeneralEnough => what.clone(),
            Kind::Other if problem.leaf.is_none() => what.clone(),
            _ => format!("{what} is not `{trait_name}`"),
        };
        add(&problem.future.span, label);
    }
    if let Some(demand) = &problem.demand {
        add(&demand.span, demands(demand, ellipsis));
    }
    for station in stations(&problem.path) {
        add(&station.span, format!("through {}", station.what));
    }
    add(&problem.reported_at, "reported here".to_owned());
    marks
}

/// The ends of a long path: where it starts and where it arrives.
fn stations(path: &[Place]) -> impl Iterator<Item = &Place> {
    let tail = path.len().saturating_sub(STATIONS_MAX / 2);
    path.iter()
        .enumerate()
        .filter(move |(n, _)| *n < STATIONS_MAX / 2 || *n >= tail)
        .map(|(_, place)| place)
}

/// Whether the value at fault is itself a future: a shared reference is none, and of a parameter
/// only an await tells.
fn is_future(held: &Held, problem: &Problem) -> bool {
    let ty = held.ty.as_deref().unwrap_or_default();
    let is_mutable = |ty: &str| ty.split_whitespace().take(2).any(|it| it.ends_with("mut"));
    let is_reference = ty.starts_with('&') && !is_mutable(ty);
    match problem.kind {
        Kind::AwaitsNotSend | Kind::TraitFuture => !is_reference,
        Kind::Generic => !is_reference && !held.awaits.is_empty(),
        _ => false,
    }
}

fn value_label(held: &Held, problem: &Problem, ellipsis: &str) -> String {
    let subject = match &held.name {
        None if is_future(held, problem) => "this future ",
        None => "this value ",
        Some(_) => "",
    };
    let trait_name = problem.auto_trait.name();
    let verdict = match held.send {
        Some(false) if held.ty.is_some() => ", which is not `Send`".to_owned(),
        Some(false) => "is not `Send`".to_owned(),
        Some(true) => String::new(),
        None if held.ty.is_some() => String::new(),
        None => format!("may not be `{trait_name}`"),
    };
    let ty = held
        .ty
        .as_deref()
        .map_or(String::new(), |ty| format!("has type `{}`", short_type(ty, ellipsis)));
    format!("{subject}{ty}{verdict}")
}

/// Who demands `Send`, as a sentence.
pub(super) fn demands(demand: &Place, ellipsis: &str) -> String {
    if demand.what.contains('`') {
        format!("{} demands `Send`", short_types(&demand.what, ellipsis))
    } else {
        format!("`{}` demands `Send`", demand.what)
    }
}

/// The files of the marks, in order of importance.
fn files<'a>(marks: &[Mark<'a>]) -> Vec<&'a Utf8Path> {
    let mut files: Vec<&Utf8Path> = Vec::new();
    for mark in marks {
        if !files.contains(&mark.span.file.as_path()) {
            files.push(&mark.span.file);
        }
    }
    files
}

/// The lines of one file with its marks; `None` when the file is not ours to show.
fn snippet<'a>(
    file: &'a Utf8Path,
    marks: &[Mark<'a>],
    sources: &'a Sources,
) -> Option<Snippet<'a, Annotation<'a>>> {
    let annotations: Vec<_> = marks
        .iter()
        .filter(|mark| mark.span.file == file)
        .filter_map(|mark| {
            let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let range = range(mark.span, sources)?;
            Some(kind.span(range).label(mark.label.clone()))
        })
        .collect();
    if annotations.is_empty() {
        return None;
    }
    let text: &str = sources.text(file)?;
    Some(Snippet::source(text).path(file.as_str()).annotations(annotations))
}

/// The bytes under a span, where the text is the one that the compiler saw.
fn range(span: &Span, sources: &Sources) -> Option<Range<usize>> {
    let text = sources.text(&span.file)?;
    Lines::new(text).range(span).map(Range::from)
}
