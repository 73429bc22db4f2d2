//! What is known at one moment. Immutable, so that any number of handlers can read it.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use ropey::Rope;
use rustc_hash::FxHashMap;

use crate::{
    alive::Alive,
    documents::Documents,
    problem::{Problem, Span},
    settings::Show,
};

/// What is known at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The open files.
    pub documents: Documents,
    /// All problems of all workspaces.
    pub problems: Vec<Shown>,
    /// What is alive across the awaits of each open file, by its absolute path.
    pub alive: FxHashMap<Utf8PathBuf, Arc<Alive>>,
    /// After which awaits hints are shown.
    pub inlay_hints: Show,
    /// Above which fns lenses are shown.
    pub code_lens: Show,
    /// Rises when more is known than the user's own edits tell.
    pub learnt: u64,
}

/// A problem and the workspace that its relative paths start from.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The workspace root.
    pub root: Utf8PathBuf,
    /// The problem.
    pub problem: Arc<Problem>,
}

impl Shown {
    /// The absolute path of a span's file.
    pub fn path(&self, span: &Span) -> Utf8PathBuf {
        self.root.join(&span.file)
    }
}

impl Snapshot {
    /// A file's text: the editor's where it is open, else the disk's.
    pub fn text(&self, file: &Utf8Path) -> Option<Rope> {
        if let Some(document) = self.documents.get(file) {
            return Some(document.text.clone());
        }
        let text = std::fs::read_to_string(file).ok()?;
        Some(Rope::from_str(&text))
    }
}
