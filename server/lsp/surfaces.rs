//! What is drawn into the text: hints after awaits, lenses above async fns, the awaits of the
//! value under the cursor.

use camino::Utf8Path;
use tower_lsp::lsp_types::{
    CodeLens, Command, DocumentHighlight, DocumentHighlightKind, InlayHint, InlayHintLabel,
    InlayHintTooltip, MarkupContent, Range,
};

use super::{convert::Texts, view::View};
use crate::{
    alive::{Body, Stretch},
    engine::Snapshot,
    problem::{Held, Position},
    syntax::{BodyKind, Origin},
};

/// The command that explains what a lens only names. Clients that have it say so.
pub(super) const EXPLAIN: &str = "sendlens.explain";

/// How long a label may be.
const LABEL_MAX: usize = 60;

/// Hints after the awaits in a range of a file.
pub(super) fn inlay_hints(
    snapshot: &Snapshot,
    texts: &Texts<'_>,
    file: &Utf8Path,
    range: Range,
    markup: impl Fn(String) -> MarkupContent,
) -> Option<Vec<InlayHint>> {
    let text = texts.text(file)?;
    let view = View::new(snapshot, file, &text);
    let by_await = view.culprits_by_await(snapshot.inlay_hints).into_iter();
    let hints = by_await.map(|(point, held)| InlayHint {
        position: texts.stretch(file, &point).end,
        label: InlayHintLabel::String(shortened(&hint_label(&held))),
        kind: None,
        text_edits: None,
        tooltip: Some(InlayHintTooltip::MarkupContent(markup(tooltip(&held)))),
        padding_left: Some(true),
        padding_right: None,
        data: None,
    });
    Some(hints.filter(|it| range.start <= it.position && it.position <= range.end).collect())
}

fn hint_label(held: &[Held]) -> String {
    let names: Vec<String> = held.iter().map(label).collect();
    format!("holds {}", names.join(", "))
}

fn tooltip(held: &[Held]) -> String {
    let lines = held.iter().map(|held| {
        let ty = held.ty.as_ref().map(|ty| format!(": `{ty}`")).unwrap_or_default();
        let why: Vec<String> = held.why.iter().map(|why| format!("\n  - {why}")).collect();
        let name = held.label();
        let line = held.span.start.line;
        format!("- `{name}`{ty}, from line {line}, **is not `Send`**{}", why.concat())
    });
    let lines: Vec<String> = lines.collect();
    format!("**Held across this `.await`**\n\n{}", lines.join("\n"))
}

/// `guard: MutexGuard`; of a temporary the type alone.
fn label(held: &Held) -> String {
    match (&held.name, held.ty.as_deref().map(short_type)) {
        (Some(name), Some(ty)) => format!("{name}: {ty}"),
        (Some(name), None) => name.clone(),
        (None, Some(ty)) => ty.to_owned(),
        (None, None) => held.label(),
    }
}

/// The name of a type without its path and its parameters.
fn short_type(ty: &str) -> &str {
    let bare = ty.trim_start_matches(['&', '*']).trim_start_matches("mut ");
    let bare = bare.split('<').next().unwrap_or_default();
    // Tuples, closures and `dyn Trait` have no short name.
    if bare.is_empty() || !bare.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':')) {
        return ty;
    }
    bare.rsplit("::").next().unwrap_or(bare)
}

fn shortened(label: &str) -> String {
    if label.chars().count() <= LABEL_MAX {
        return label.to_owned();
    }
    label.chars().take(LABEL_MAX - 1).chain(['…']).collect()
}

/// Lenses above the async fns of a file that are not `Send`.
pub(super) fn lenses(
    snapshot: &Snapshot,
    texts: &Texts<'_>,
    file: &Utf8Path,
    uri: &str,
    explains: bool,
) -> Option<Vec<CodeLens>> {
    let text = texts.text(file)?;
    let view = View::new(snapshot, file, &text);
    let fns = view.bodies().filter(|body| body.kind == BodyKind::Fn);
    let lens = |body: &Body| {
        let culprits = view.culprits(body, snapshot.code_lens);
        let title = lens_title(culprits.first()?, body, culprits.len() - 1);
        let at = texts.stretch(file, &body.header).start;
        let command = if explains { EXPLAIN.to_owned() } else { String::new() };
        let arguments = explains.then(|| {
            let of = culprits.first().map(|held| Stretch::from(&held.span));
            let at = of.map(|of| texts.stretch(file, &of).start).unwrap_or(at);
            vec![serde_json::json!(uri), serde_json::json!(at)]
        });
        let command = Some(Command { title, command, arguments });
        Some(CodeLens { range: Range::new(at, at), command, data: None })
    };
    Some(fns.filter_map(lens).collect())
}

fn lens_title(held: &Held, body: &Body, others: usize) -> String {
    let what = label(held);
    let of_value = |value: &&crate::alive::Value| Stretch::from(&held.span) == value.at;
    let origin = body.values.iter().find(of_value).map(|value| value.origin);
    let how = match (held.awaits.as_slice(), origin) {
        ([], Some(Origin::Param)) => "is a parameter",
        ([], _) => "is captured",
        ([_], _) => "is held across an .await",
        _ => "is held across several .awaits",
    };
    let more = match others {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    };
    format!("not Send: {what} {how}{more}")
}

/// The held value at a place and the awaits that it crosses; nothing for values that are `Send`,
/// so that rust-analyzer's own highlights stay.
pub(super) fn highlights(
    snapshot: &Snapshot,
    texts: &Texts<'_>,
    file: &Utf8Path,
    position: Position,
) -> Option<Vec<DocumentHighlight>> {
    let text = texts.text(file)?;
    let view = View::new(snapshot, file, &text);
    let mut values = view.bodies().flat_map(|body| &body.values);
    let value = values.find(|value| value.at.touches(position) && view.is_culprit(value))?;
    let highlight = |stretch: &Stretch, kind| DocumentHighlight {
        range: texts.stretch(file, stretch),
        kind: Some(kind),
    };
    let declaration = highlight(&value.at, DocumentHighlightKind::WRITE);
    let awaits = value.awaits.iter().map(|at| highlight(at, DocumentHighlightKind::TEXT));
    Some([declaration].into_iter().chain(awaits).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::problem;

    #[test]
    fn types_are_shortened_where_they_have_a_name() {
        for (ty, want) in [
            ("std::sync::MutexGuard<'_, VecDeque<u32>>", "MutexGuard"),
            ("Rc<żółw::Inner>", "Rc"),
            ("&mut żółw::Cell", "Cell"),
            ("(Rc<u8>, u8)", "(Rc<u8>, u8)"),
            ("*const u8", "*const u8"),
        ] {
            assert_eq!(short_type(ty), want);
        }
    }

    #[test]
    fn labels_name_the_value_and_stay_short() {
        let mut held = problem("p").held;
        assert_eq!(hint_label(&held), "holds guard: MutexGuard");
        held[0].name = None;
        held[0].ty = None;
        held[0].text = "ż".repeat(100);
        let label = shortened(&hint_label(&held));
        assert!(label.chars().count() == LABEL_MAX && label.ends_with('…'), "{label}");
    }
}
