//! Quick fixes: which are offered where, in which order, and their edits.
//!
//! Edits only, never commands that edit: the editor then knows what it applies to. Edits of open
//! files carry the version that they were made for.

use std::collections::{BTreeMap, HashMap};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tower_lsp::lsp_types::{
    CodeAction, CodeActionKind, Command, DocumentChangeOperation, DocumentChanges, OneOf,
    OptionalVersionedTextDocumentIdentifier, Range, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

use super::{
    capabilities::ClientFacts,
    convert::{Texts, to_uri},
    diagnostics,
    surfaces::EXPLAIN,
    view::View,
};
use crate::{
    engine::{Shown, Snapshot},
    problem::{Fix, Position, Problem, Span, Verdict, is_local},
};

/// Why a fix cannot be applied any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stale {
    /// The text is not the one that it was offered for.
    #[error("the text has changed since this fix was offered: open the menu again")]
    Text,
    /// The problem is gone, or the compiler has rejected the fix meanwhile.
    #[error("this fix is no longer offered: open the menu again")]
    Fix,
}

/// What a code action carries to be resolved later.
#[derive(Debug, Serialize, Deserialize)]
struct Data {
    root: Utf8PathBuf,
    problem: String,
    fix: String,
    title: String,
    /// The versions of the open files that it edits.
    versions: BTreeMap<Utf8PathBuf, i32>,
}

/// Each change once: one value can be at fault for several reasons, and each is a problem with the
/// same fix. Whichever the compiler has accepted counts.
fn once<'a>(offers: impl Iterator<Item = (&'a Shown, &'a Fix)>) -> Vec<(&'a Shown, &'a Fix)> {
    let mut kept: Vec<(&Shown, &Fix)> = Vec::new();
    for (shown, fix) in offers {
        let is_same = |(known, other): &&mut (&Shown, &Fix)| {
            known.root == shown.root && other.edits == fix.edits && !fix.edits.is_empty()
        };
        match kept.iter_mut().find(is_same) {
            Some(known) if fix.verdict == Verdict::Verified && fix.verdict != known.1.verdict => {
                *known = (shown, fix);
            }
            Some(_) => {}
            None => kept.push((shown, fix)),
        }
    }
    kept
}

/// One snapshot, for one client.
pub(super) struct Desk<'a> {
    snapshot: &'a Snapshot,
    facts: &'a ClientFacts,
    texts: Texts<'a>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, facts: &'a ClientFacts) -> Self {
        let texts = Texts::new(snapshot, facts.encoding);
        Self { snapshot, facts, texts }
    }

    /// The actions for a range of a file, best first.
    pub(super) fn list(&self, file: &Utf8Path, range: Range) -> Vec<CodeAction> {
        let ends = [range.start, range.end].map(|end| self.texts.position(file, end));
        let [Some(start), Some(end)] = ends else {
            return Vec::new();
        };
        let Some(text) = self.texts.text(file) else {
            return Vec::new();
        };
        let view = View::new(self.snapshot, file, &text);
        let here = |shown: &&Shown| is_about(shown, &view, start, end);
        let here = self.snapshot.problems.iter().filter(here);
        let offers =
            once(here.flat_map(|shown| {
                offered(&shown.problem).into_iter().map(move |fix| (shown, fix))
            }));
        let actions = offers.into_iter().filter_map(|(shown, fix)| self.action(shown, fix));
        let mut actions: Vec<CodeAction> = actions.collect();
        // Two problems at one place have a best fix each, but a key can press only one.
        let mut seen = false;
        for action in &mut actions {
            let preferred = action.is_preferred == Some(true);
            action.is_preferred = Some(preferred && !seen);
            seen |= preferred;
        }
        actions
    }

    /// The action that explains, where there is a problem: last in the menu, and no quick fix.
    pub(super) fn explain(&self, file: &Utf8Path, uri: &Uri, range: Range) -> Option<CodeAction> {
        let start = self.texts.position(file, range.start)?;
        let end = self.texts.position(file, range.end)?;
        let text = self.texts.text(file)?;
        let view = View::new(self.snapshot, file, &text);
        let mut problems = self.snapshot.problems.iter();
        let shown = problems.find(|shown| is_about(shown, &view, start, end))?;
        let title = format!("Explain why this is not `{}`", shown.problem.auto_trait.name());
        let arguments = vec![json!(uri), json!(range.start)];
        let command = Command::new(title.clone(), EXPLAIN.to_owned(), Some(arguments));
        let kind = Some(CodeActionKind::new("explain"));
        Some(CodeAction { title, kind, command: Some(command), ..CodeAction::default() })
    }

    fn action(&self, shown: &Shown, fix: &Fix) -> Option<CodeAction> {
        let title = match fix.verdict {
            Verdict::Unchecked => format!("{} (not checked by the compiler)", fix.title),
            Verdict::Verified | Verdict::Rejected => fix.title.clone(),
        };
        let hint = diagnostics::hint(shown, &self.texts, self.facts);
        let mut action = CodeAction {
            title,
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![hint]),
            is_preferred: Some(fix.preferred && fix.verdict == Verdict::Verified),
            ..CodeAction::default()
        };
        if self.facts.resolves_edits {
            let data = Data {
                root: shown.root.clone(),
                problem: shown.problem.id.clone(),
                fix: fix.id.to_owned(),
                title: fix.title.clone(),
                versions: self.versions(shown, fix),
            };
            action.data = serde_json::to_value(data).ok();
        } else {
            action.edit = Some(self.edit(shown, fix)?);
        }
        Some(action)
    }

    /// Gives an action of [`Self::list`] its edit.
    pub(super) fn resolve(&self, mut action: CodeAction) -> Result<CodeAction, Stale> {
        let data = action.data.clone().unwrap_or_default();
        let data: Data = serde_json::from_value(data).map_err(|_| Stale::Fix)?;
        let is_it = |shown: &&Shown| shown.root == data.root && shown.problem.id == data.problem;
        let shown = self.snapshot.problems.iter().find(is_it).ok_or(Stale::Fix)?;
        let is_it = |fix: &&Fix| fix.id == data.fix && fix.title == data.title;
        let fixes = offered(&shown.problem).into_iter();
        let fix = fixes.into_iter().find(is_it).ok_or(Stale::Fix)?;
        if self.versions(shown, fix) != data.versions {
            return Err(Stale::Text);
        }
        action.edit = Some(self.edit(shown, fix).ok_or(Stale::Fix)?);
        Ok(action)
    }

    fn versions(&self, shown: &Shown, fix: &Fix) -> BTreeMap<Utf8PathBuf, i32> {
        let files = fix.edits.iter().map(|edit| shown.path(&edit.span));
        let version = |file: Utf8PathBuf| Some((file.clone(), self.version(&file)?));
        files.filter_map(version).collect()
    }

    fn version(&self, file: &Utf8Path) -> Option<i32> {
        self.snapshot.documents.get(file).map(|document| document.version)
    }

    /// `None` for a fix that reaches beyond the workspace.
    #[expect(clippy::mutable_key_type, reason = "the protocol's map is keyed by Uri")]
    fn edit(&self, shown: &Shown, fix: &Fix) -> Option<WorkspaceEdit> {
        let mut by_file: BTreeMap<Utf8PathBuf, Vec<TextEdit>> = BTreeMap::new();
        for edit in &fix.edits {
            if !is_local(&edit.span.file) {
                return None;
            }
            let range = self.texts.range(shown, &edit.span);
            let edits = by_file.entry(shown.path(&edit.span)).or_default();
            edits.push(TextEdit::new(range, edit.new_text.clone()));
        }
        Some(if self.facts.document_changes {
            let edits = by_file.into_iter().map(|(file, edits)| self.document_edit(&file, edits));
            let edits = edits.collect::<Option<Vec<_>>>()?;
            WorkspaceEdit {
                document_changes: Some(DocumentChanges::Operations(edits)),
                ..WorkspaceEdit::default()
            }
        } else {
            let edits = by_file.into_iter().map(|(file, edits)| Some((to_uri(&file)?, edits)));
            let edits = edits.collect::<Option<HashMap<Uri, _>>>()?;
            WorkspaceEdit::new(edits)
        })
    }

    fn document_edit(
        &self,
        file: &Utf8Path,
        edits: Vec<TextEdit>,
    ) -> Option<DocumentChangeOperation> {
        let text_document = OptionalVersionedTextDocumentIdentifier {
            uri: to_uri(file)?,
            version: self.version(file),
        };
        let edits = edits.into_iter().map(OneOf::Left).collect();
        Some(DocumentChangeOperation::Edit(TextDocumentEdit { text_document, edits }))
    }
}

/// The fixes that may be offered, best first.
pub(super) fn offered(problem: &Problem) -> Vec<&Fix> {
    let may_be = |fix: &&Fix| fix.verdict != Verdict::Rejected;
    let mut fixes: Vec<&Fix> = problem.fixes.iter().filter(may_be).collect();
    fixes.sort_by_key(|fix| (!fix.preferred, fix.verdict != Verdict::Verified));
    fixes
}

/// Whether the user's range touches a place that the problem is about: the culprit, an await that
/// it crosses, the demand, or rust-analyzer's error.
pub(super) fn is_about(shown: &Shown, view: &View<'_>, start: Position, end: Position) -> bool {
    let problem = &shown.problem;
    let here = |span: &&Span| shown.path(span) == view.file;
    let touches = |span: &Span| span.start <= end && start <= span.end;
    let demand = problem.demand.iter().map(|demand| &demand.span);
    let demands = demand.chain([&problem.reported_at]).filter(here);
    let values = problem.held.iter().map(|held| &held.span).chain([problem.culprit()]).filter(here);
    let awaits = problem.held.iter().flat_map(|held| &held.awaits);
    let awaits = awaits.map(|point| &point.span).filter(here);
    if values.chain(demands.clone()).chain(awaits.clone()).any(touches) {
        return true;
    }
    let Some(spots) = view.spots() else {
        return false;
    };
    let awaits =
        awaits.filter_map(|word| spots.of_await(word).or_else(|| Some(view.with_dot(word))));
    let demands = demands.filter_map(|span| spots.of_demand(span));
    awaits.chain(demands).any(|span| touches(&span))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing;

    #[test]
    fn a_change_is_offered_once_as_the_compiler_accepted_it() {
        let shown = |verdict: Verdict, new_text: &str| {
            let mut problem = testing::problem("größe");
            problem.fixes.truncate(1);
            problem.fixes[0].verdict = verdict;
            problem.fixes[0].edits[0].new_text = new_text.to_owned();
            Shown { root: "/w".into(), problem: Arc::new(problem) }
        };
        let all = [
            shown(Verdict::Unchecked, "żółw"),
            shown(Verdict::Verified, "żółw"),
            shown(Verdict::Verified, "other"),
        ];
        let offers = all.iter().map(|shown| (shown, &shown.problem.fixes[0]));
        let kept: Vec<(Verdict, &str)> = once(offers)
            .into_iter()
            .map(|(_, fix)| (fix.verdict, fix.edits[0].new_text.as_str()))
            .collect();
        assert_eq!(kept, [(Verdict::Verified, "żółw"), (Verdict::Verified, "other")]);
    }
}
