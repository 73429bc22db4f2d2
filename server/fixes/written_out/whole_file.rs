//! A file in which every call of a macro of the workspace is written out: what macros define is
//! found there by name.

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::{
    AstNode, Edition, SourceFile, TextRange,
    ast::{self, HasName},
};
use rustc_hash::FxHashMap;

use super::{
    ORDERS, expanded, macro_name,
    patchwork::{Level, Patchwork, Source},
};
use crate::{problem::Edit, sources::Sources, text::Lines};

/// Calls in calls are written out so deep.
const DEPTH_MAX: usize = 4;
/// A file with more calls is read as it is.
const CALLS_MAX: usize = 400;

/// The `macro_rules` of a workspace by name.
#[derive(Debug, Default)]
pub(in super::super) struct Macros(FxHashMap<String, Vec<(Utf8PathBuf, ast::MacroRules)>>);

impl Macros {
    /// Reads every file that defines some.
    pub(in super::super) fn of(sources: &Sources) -> Self {
        let mut macros = Self::default();
        for (file, text) in sources.iter().filter(|(_, text)| text.contains("macro_rules!")) {
            let tree = SourceFile::parse(text, Edition::CURRENT).tree();
            for rules in tree.syntax().descendants().filter_map(ast::MacroRules::cast) {
                if let Some(name) = rules.name() {
                    let known = macros.0.entry(name.text().to_string()).or_default();
                    known.push((file.to_owned(), rules));
                }
            }
        }
        macros
    }

    pub(super) fn named(&self, name: &str) -> &[(Utf8PathBuf, ast::MacroRules)] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a text may call one of them.
    fn may_be_called_in(&self, text: &str) -> bool {
        self.0.keys().any(|name| text.contains(&format!("{name}!")))
    }
}

/// A file with its calls written out, under a name that no real file has.
#[derive(Debug)]
pub(in super::super) struct WholeFile {
    pub(in super::super) name: Utf8PathBuf,
    patchwork: Patchwork,
}

impl WholeFile {
    /// Writes out a file; `None` where it calls none of the macros.
    pub(in super::super) fn of(
        file: &Utf8Path,
        sources: &Sources,
        edition: Edition,
        macros: &Macros,
    ) -> Option<Self> {
        let text = sources.text(file).filter(|text| macros.may_be_called_in(text))?;
        let mut patchwork = Patchwork::new(file, text);
        let mut count = 0;
        for _ in 0..DEPTH_MAX {
            let tree = SourceFile::parse(&patchwork.text, edition).tree();
            let calls = tree.syntax().descendants().filter_map(ast::MacroCall::cast);
            let ours = |it: &ast::MacroCall| {
                macro_name(it).is_some_and(|name| !macros.named(&name).is_empty())
            };
            // From the end on, so that those before stay where they are.
            let mut calls: Vec<ast::MacroCall> = calls.filter(ours).collect();
            calls.reverse();
            count += calls.len();
            if calls.is_empty() || count > CALLS_MAX {
                break;
            }
            let mut written = 0;
            for call in calls {
                let Some((range, parts, place)) = expanded(&call, sources, macros) else {
                    continue;
                };
                let source = Source { file: &place, text: sources.text(&place)? };
                patchwork.write_out(range, &parts, &source)?;
                written += 1;
            }
            if written == 0 {
                break;
            }
        }
        let name = format!("{file}!").into();
        (patchwork.has_calls()).then_some(Self { name, patchwork })
    }

    pub(in super::super) fn text(&self) -> &str {
        &self.patchwork.text
    }

    /// What a call that starts at an offset of the real file became.
    pub(in super::super) fn of_call(&self, call: TextRange) -> Option<TextRange> {
        self.patchwork.written_for(call.start())
    }

    /// A replacement in this text as an edit of a real file; `None` where it has no place.
    pub(in super::super) fn edit_back(
        &self,
        range: TextRange,
        new_text: &str,
        sources: &Sources,
    ) -> Option<Edit> {
        let [_, order, _] = ORDERS;
        let place = self.patchwork.origin(range, order)?;
        let text = sources.text(&place.file)?;
        let source = Source { file: &place.file, text };
        let new_text = match place.level {
            Level::Body => self.patchwork.variables_again(new_text, &source),
            Level::Caller | Level::Argument => new_text.to_owned(),
        };
        Some(Edit { span: Lines::new(text).span(&place.file, place.range), new_text })
    }

    /// Where a place in a macro's body, or among the arguments of a call, is in this text.
    pub(in super::super) fn now(&self, file: &Utf8Path, range: TextRange) -> Option<TextRange> {
        self.patchwork.of_body(file, range).or_else(|| self.patchwork.of_argument(file, range))
    }
}
