//! The domain: what Sendlens knows about one future that is not `Send`.
//!
//! Plain data without IO and without any LSP type. Lines and columns are 1-based and columns
//! count Unicode scalar values, as rustc counts them; `text` and `lsp` convert at the edges.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

/// A place in a text: 1-based line, 1-based column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// 1-based line.
    pub line: u32,
    /// 1-based column, counted in Unicode scalar values.
    pub column: u32,
}

/// A stretch of a file. `file` is relative to the workspace root where it lies inside, absolute
/// (registry, sysroot) otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: Utf8PathBuf,
    /// First character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
}

impl Span {
    /// Whether the span lies in the user's workspace, where edits are allowed.
    pub fn is_local(&self) -> bool {
        is_local(&self.file)
    }

    /// Whether `inner` lies wholly within this span of the same file.
    pub fn contains(&self, inner: &Span) -> bool {
        self.file == inner.file && self.start <= inner.start && inner.end <= self.end
    }
}

/// Whether a file belongs to the workspace: its path is relative to the root and does not climb.
pub fn is_local(file: &Utf8Path) -> bool {
    !file.is_absolute() && !file.starts_with("..") && !file.starts_with("target")
}

/// What went wrong, in the vocabulary of `--message-format json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A value that is not `Send` is alive across an `.await`.
    HeldAcrossAwait,
    /// The coroutine captures, or takes as a parameter, a value that is not `Send`.
    Captured,
    /// The coroutine awaits a future that is not `Send` and is not one of our async fns.
    AwaitsNotSend,
    /// An error type (`Box<dyn Error>`) lacks `Send + Sync`, as an output or in a `?`.
    ErrorNotSend,
    /// The future of a trait's `async fn` promises no `Send`.
    TraitFuture,
    /// A type parameter lacks a `Send` bound.
    Generic,
    /// A reference is held or captured whose referent is not `Sync`.
    ReferenceNotSync,
    /// A handler trait (axum) is not implemented because the future is not `Send`.
    Handler,
    /// `implementation of .. is not general enough` and its relatives: no value is guilty.
    NotGeneralEnough,
    /// A lint about a guard held across an await point.
    LockLint,
    /// A member of the family that is not understood; shown with what could be read.
    Other,
}

/// The auto trait that the compiler could not prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum AutoTrait {
    /// `Send`: moving to another thread.
    Send,
    /// `Sync`: sharing with another thread.
    Sync,
}

impl AutoTrait {
    /// The name as Rust spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "Send",
            Self::Sync => "Sync",
        }
    }
}

/// A named place: an async fn, an async block, a bound.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// What stands there, ready to print: "async fn `worker`".
    pub what: String,
    /// Where.
    pub span: Span,
}

/// An await point that a value is held across.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Await {
    /// The word `await`, or the macro call that contains it.
    pub span: Span,
    /// Whether rustc itself named this await; the others come from our analysis.
    pub reported: bool,
}

/// A value that the coroutine keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Held {
    /// The variable's name; `None` for a temporary.
    pub name: Option<String>,
    /// The source text of the pattern or the expression.
    pub text: String,
    /// The type as the compiler printed it; `None` while unknown.
    pub ty: Option<String>,
    /// Whether the value is `Send`; `None` while unknown.
    pub send: Option<bool>,
    /// The declaration, or the expression of a temporary; the call where a macro makes it.
    pub span: Span,
    /// Where in the body of a macro of the workspace it is written, if it is.
    pub in_macro: Option<Span>,
    /// Every await that it crosses, in source order.
    pub awaits: Vec<Await>,
    /// The chain of reasons, outermost type first, the guilty leaf last.
    pub why: Vec<String>,
}

impl Held {
    /// What a sentence or a title calls the value: its name, else its text on one line, cut when
    /// it is long. A value that only a macro's expansion has goes by the macro: `select!`.
    pub fn label(&self) -> String {
        const LENGTH_MAX: usize = 60;
        if let Some(name) = &self.name {
            return name.clone();
        }
        if let Some(name) = self.macro_name() {
            return format!("{name}!");
        }
        let mut label = String::new();
        for line in self.text.lines().map(str::trim) {
            let is_joined = label.is_empty() || label.ends_with('(');
            if !is_joined && !line.starts_with(['.', '?', ')', ',', ';']) {
                label.push(' ');
            }
            label.push_str(line);
        }
        match label.char_indices().nth(LENGTH_MAX) {
            Some((end, _)) => format!("{}…", label.get(..end).unwrap_or_default()),
            None => label,
        }
    }

    /// The macro whose call stands for a value that only its expansion has.
    pub fn macro_name(&self) -> Option<&str> {
        let (path, rest) = self.text.split_once('!')?;
        let is_path = path.chars().all(|c| c == '_' || c == ':' || c.is_alphanumeric());
        let is_call = rest.trim_start().starts_with(['(', '{', '[']);
        (self.name.is_none() && !path.is_empty() && is_path && is_call).then_some(path)
    }
}

/// How sure we are of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The compiler accepted the result: the problem is gone and no error is new.
    Verified,
    /// The compiler refused it; never offered.
    Rejected,
    /// Not asked (yet).
    Unchecked,
}

/// One replacement of text. Edits of one fix never overlap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub new_text: String,
}

/// A repair, with what the compiler said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Stable id: the name of the file in `fixes/`.
    pub id: &'static str,
    /// An imperative that names the user's variable.
    pub title: String,
    /// What the compiler said.
    pub verdict: Verdict,
    /// The best verified fix of its problem.
    pub preferred: bool,
    /// Replacements, sorted by file and position.
    pub edits: Vec<Edit>,
    /// What the user should know before applying (a changed behaviour, an error uncovered).
    pub note: Option<String>,
}

/// Which kind of cargo target a unit is, in the words of cargo's command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetKind {
    /// `--lib` (and proc macros).
    Lib,
    /// `--bin NAME`.
    Bin,
    /// `--example NAME`.
    Example,
    /// `--test NAME`.
    Test,
    /// `--bench NAME`.
    Bench,
    /// `build.rs`.
    BuildScript,
}

/// The cargo target that a diagnostic came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    /// Cargo's package id, opaque; empty when the compiler JSON came without cargo.
    pub package_id: String,
    /// The package's name.
    pub package: String,
    /// The target's name.
    pub target: String,
    /// The target's kind.
    pub kind: TargetKind,
    /// The crate root.
    pub src: Utf8PathBuf,
    /// The edition, "2021": liveness of temporaries depends on it.
    pub edition: String,
}

impl Unit {
    /// The unit of compiler JSON that came without cargo.
    pub fn anonymous() -> Self {
        Self {
            package_id: String::new(),
            package: String::new(),
            target: String::new(),
            kind: TargetKind::Lib,
            src: Utf8PathBuf::new(),
            edition: "2021".to_owned(),
        }
    }
}

/// One future that is not `Send`, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable across runs while lines move; distinct among the problems of one report.
    pub id: String,
    /// What stays the same of the compiler's words when lines move: two runs report the same
    /// problem when the signatures are equal. Not distinct: twins in two fns may share it.
    pub signature: String,
    /// What went wrong.
    pub kind: Kind,
    /// One sentence in our words.
    pub message: String,
    /// The compiler's own first line.
    pub compiler_message: String,
    /// The unit that reported it.
    pub unit: Unit,
    /// The lint's name for lint findings.
    pub lint: Option<String>,
    /// The trait that is missing at the demand.
    pub auto_trait: AutoTrait,
    /// The type at fault as the compiler printed it: the innermost one, where the chain ends.
    pub leaf: Option<String>,
    /// The future that is not `Send`: the innermost async body that keeps the value.
    pub future: Place,
    /// The values at fault, the reported one first.
    pub held: Vec<Held>,
    /// Who demands `Send`.
    pub demand: Option<Place>,
    /// From the demand down to the culprit: the async fns and blocks between.
    pub path: Vec<Place>,
    /// Where the compiler put its error.
    pub reported_at: Span,
    /// Verified fixes first.
    pub fixes: Vec<Fix>,
}

impl Problem {
    /// Where the hint goes: the first value at fault, else the future, else the demand.
    pub fn culprit(&self) -> &Span {
        let held = self.held.iter().map(|held| &held.span);
        held.chain([&self.future.span, &self.reported_at])
            .find(|span| span.is_local())
            .unwrap_or(&self.reported_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_values() {
        let at = Position { line: 1, column: 1 };
        let span = Span { file: "a.rs".into(), start: at, end: at };
        let held = |name: Option<&str>, text: &str| Held {
            name: name.map(str::to_owned),
            text: text.to_owned(),
            ty: None,
            send: None,
            span: span.clone(),
            in_macro: None,
            awaits: Vec::new(),
            why: Vec::new(),
        };
        for (name, text, label) in [
            (Some("żółw"), "mut żółw", "żółw"),
            (None, "m.lock().unwrap()", "m.lock().unwrap()"),
            (
                None,
                "m\n        .lock(\n            a,\n        )\n        .unwrap()",
                "m.lock(a,).unwrap()",
            ),
            (None, "tokio::select! {\n  _ = a => {}\n}", "tokio::select!"),
            (None, "!x", "!x"),
        ] {
            assert_eq!(held(name, text).label(), label);
        }
        let long = held(None, &"ż".repeat(100)).label();
        assert_eq!(long, format!("{}…", "ż".repeat(60)));
    }
}
