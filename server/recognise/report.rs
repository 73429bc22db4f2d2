//! One diagnostic, read with the vocabulary of the family.
//!
//! Everything matches structure and the last segments of paths: rustc prints `Send` or
//! `std::marker::Send`, `impl Future` or `impl std::future::Future`, as the crate graph has it.

use camino::Utf8Path;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel, DiagnosticSpan};

use super::spans;
use crate::problem::{AutoTrait, Kind, Place, Problem, Span, Unit};

/// A diagnostic with what is needed to read it.
pub(super) struct Report<'a> {
    pub(super) diagnostic: &'a Diagnostic,
    pub(super) unit: &'a Unit,
    pub(super) root: &'a Utf8Path,
}

/// The type that an auto trait is not implemented for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) ty: String,
    pub(super) auto_trait: AutoTrait,
}

impl<'a> Report<'a> {
    pub(super) fn code(&self) -> Option<&'a str> {
        self.diagnostic.code.as_ref().map(|code| code.code.as_str())
    }

    pub(super) fn message(&self) -> &'a str {
        &self.diagnostic.message
    }

    pub(super) fn children(&self) -> impl Iterator<Item = &'a Diagnostic> {
        self.diagnostic.children.iter()
    }

    /// The span that carries the error. rustc does not always print it first.
    pub(super) fn primary(&self) -> Option<&'a DiagnosticSpan> {
        primary_of(self.diagnostic)
    }

    /// A span in the user's code: macro expansions are followed out to the call.
    pub(super) fn span(&self, span: &DiagnosticSpan) -> Span {
        spans::user_span(span, self.root)
    }

    /// The trait that the message denies: "sent" is `Send`, "shared" is `Sync`.
    pub(super) fn denied(&self) -> Option<AutoTrait> {
        denied_trait(self.message())
    }

    /// `within `..`, the trait `Send` is not implemented for `LEAF``, or the E0277 message.
    pub(super) fn leaf(&self) -> Option<Leaf> {
        let in_label = || leaf_of(self.primary()?.label.as_deref()?);
        self.children().find_map(|child| leaf_of(&child.message)).or_else(in_label).or_else(|| {
            let ty = quoted(self.message()).next()?.to_owned();
            Some(Leaf { ty, auto_trait: self.denied()? })
        })
    }

    /// "consider [further] restricting type parameter `T` with trait `Send`": the leaf where rustc
    /// names none.
    pub(super) fn restricted_parameter(&self) -> Option<Leaf> {
        self.children().find_map(|child| {
            let mut names = quoted(&child.message);
            let is_it = child.message.starts_with("consider")
                && child.message.contains("restricting type parameter");
            let ty = names.next().filter(|_| is_it)?.to_owned();
            Some(Leaf { ty, auto_trait: auto_trait(names.next()?)? })
        })
    }

    /// The types around the leaf, leaf's neighbour first, as rustc lists them.
    pub(super) fn type_chain(&self) -> Vec<&'a str> {
        self.children()
            .filter(|child| child.level == DiagnosticLevel::Note)
            .filter_map(|child| {
                let message = child.message.as_str();
                let appears = message.starts_with("required because it appears within the type");
                // `From` and our own traits say nothing of what contains what.
                let implements = message.starts_with("required for `")
                    && message.contains("` to implement `")
                    && quoted(message).nth(1).and_then(auto_trait).is_some();
                (appears || implements).then(|| quoted(message).next()).flatten()
            })
            .collect()
    }

    /// Who demands the trait: a bound, a cast, or a return type that promises it. The place is
    /// the user's expression, not the bound's declaration, which usually is in another crate.
    pub(super) fn demand(&self) -> Option<Place> {
        let primary = self.primary()?;
        let span = self.span(primary);
        let what = self
            .children()
            .find_map(|child| demand_of(&child.message))
            .map(|what| plain_demand(&what))
            .or_else(|| spans::text_of(primary).filter(|text| text.starts_with("impl ")))?;
        Some(Place { what, span })
    }

    /// A problem with everything that all shapes have in common; the caller fills in the rest.
    pub(super) fn problem(&self, kind: Kind) -> Option<Problem> {
        let primary = self.primary()?;
        let reported_at = self.span(primary);
        let what = primary.label.as_deref().and_then(future_in_label);
        Some(Problem {
            id: String::new(),
            signature: String::new(),
            kind,
            message: self.message().to_owned(),
            compiler_message: self.message().to_owned(),
            unit: self.unit.clone(),
            lint: None,
            auto_trait: self.denied().unwrap_or(AutoTrait::Send),
            leaf: self.leaf().or_else(|| self.restricted_parameter()).map(|leaf| leaf.ty),
            future: Place {
                what: what.unwrap_or_else(|| "the future".to_owned()),
                span: reported_at.clone(),
            },
            held: Vec::new(),
            demand: self.demand(),
            path: Vec::new(),
            reported_at,
            fixes: Vec::new(),
        })
    }
}

/// The primary span of a diagnostic or of one of its children.
pub(super) fn primary_of(diagnostic: &Diagnostic) -> Option<&DiagnosticSpan> {
    diagnostic.spans.iter().find(|span| span.is_primary).or_else(|| diagnostic.spans.first())
}

/// The contents of each pair of backticks. rustc never nests them (1.95).
pub(super) fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}

/// The trait that a "cannot be sent|shared between threads safely" denies.
pub(super) fn denied_trait(message: &str) -> Option<AutoTrait> {
    if message.ends_with("cannot be sent between threads safely") {
        Some(AutoTrait::Send)
    } else if message.ends_with("cannot be shared between threads safely") {
        Some(AutoTrait::Sync)
    } else {
        None
    }
}

/// The auto trait that a path such as `std::marker::Send` names.
pub(super) fn auto_trait(path: &str) -> Option<AutoTrait> {
    match path.rsplit("::").next()? {
        "Send" => Some(AutoTrait::Send),
        "Sync" => Some(AutoTrait::Sync),
        _ => None,
    }
}

fn leaf_of(message: &str) -> Option<Leaf> {
    // rustc: "[within `X`, ]the trait `Send` is not implemented for `LEAF`".
    // clippy: "`LEAF` doesn't implement `std::marker::Send`".
    if let Some(at) = message.find("the trait `") {
        let mut names = quoted(message.get(at..)?);
        let auto_trait = auto_trait(names.next()?)?;
        let ty = names.next()?.to_owned();
        message.contains("is not implemented for").then_some(Leaf { ty, auto_trait })
    } else if message.contains("doesn't implement") {
        let mut names = quoted(message);
        let ty = names.next()?.to_owned();
        Some(Leaf { ty, auto_trait: auto_trait(names.next()?)? })
    } else {
        None
    }
}

fn demand_of(message: &str) -> Option<String> {
    if message.starts_with("required by a bound in `") {
        quoted(message).next().map(str::to_owned)
    } else if message.starts_with("required for the cast from `") {
        quoted(message).nth(1).map(|target| format!("the cast to `{target}`"))
    } else {
        None
    }
}

/// Names that only the compiler or a macro uses become those that people wrote.
fn plain_demand(what: &str) -> String {
    if what.starts_with("__axum_macros_check") {
        return "axum::debug_handler".to_owned();
    }
    what.split("::{anon_assoc#").next().unwrap_or(what).to_owned()
}

/// "future returned by `worker` is not `Send`" -> "async fn `worker`".
fn future_in_label(label: &str) -> Option<String> {
    if label.contains(" returned by `") {
        let name = quoted(label).next()?;
        let what = match label.split(' ').next() {
            Some("async") => "async gen fn",
            Some("iterator") => "gen fn",
            _ => "async fn",
        };
        Some(format!("{what} `{name}`"))
    } else if label.contains("created by async closure") {
        Some("async closure".to_owned())
    } else if label.contains("created by async gen block") {
        Some("async gen block".to_owned())
    } else if label.contains("created by async block") {
        Some("async block".to_owned())
    } else if label.starts_with("coroutine is not") {
        Some("coroutine".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_names() {
        let names: Vec<_> = quoted("within `impl Future`, the trait `Send`").collect();
        assert_eq!(names, ["impl Future", "Send"]);
        assert_eq!(quoted("none").next(), None);
    }

    #[test]
    fn leaves_of_rustc_and_clippy() {
        let leaf = |ty: &str, auto_trait| Some(Leaf { ty: ty.into(), auto_trait });
        for (message, expected) in [
            (
                "within `impl Future<Output = ()>`, the trait `std::marker::Send` is not \
                 implemented for `Rc<u8>`",
                leaf("Rc<u8>", AutoTrait::Send),
            ),
            (
                "the trait `Sync` is not implemented for `Cell<u8>`",
                leaf("Cell<u8>", AutoTrait::Sync),
            ),
            ("`Rc<u8>` doesn't implement `std::marker::Send`", leaf("Rc<u8>", AutoTrait::Send)),
            ("the trait `Layer<S>` is implemented for `X`", None),
        ] {
            assert_eq!(leaf_of(message), expected, "{message}");
        }
    }
}
