//! The texts that the core works on: a snapshot of the workspace's files, unsaved buffers included.

use std::{collections::BTreeMap, sync::Arc};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    problem::{Edit, Span},
    text::Lines,
};

/// File texts by path relative to the workspace root. Cheap to clone: texts are shared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    files: BTreeMap<Utf8PathBuf, Arc<str>>,
}

impl Sources {
    /// The text of a file; `None` when it is not part of the snapshot.
    pub fn text(&self, file: &Utf8Path) -> Option<&Arc<str>> {
        self.files.get(file)
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, file: impl Into<Utf8PathBuf>, text: impl Into<Arc<str>>) {
        self.files.insert(file.into(), text.into());
    }

    /// All files, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &Arc<str>)> {
        self.files.iter().map(|(file, text)| (file.as_path(), text))
    }

    /// The text under a span.
    pub fn slice(&self, span: &Span) -> Option<&str> {
        let text = self.files.get(&span.file)?;
        let range = Lines::new(text).range(span)?;
        text.get(std::ops::Range::<usize>::from(range))
    }

    /// The texts with edits applied; `None` when an edit names an unknown place or two overlap.
    pub fn apply(&self, edits: &[Edit]) -> Option<Self> {
        let mut by_file: BTreeMap<&Utf8Path, Vec<&Edit>> = BTreeMap::new();
        for edit in edits {
            by_file.entry(&edit.span.file).or_default().push(edit);
        }
        let mut changed = self.clone();
        for (file, mut edits) in by_file {
            edits.sort();
            let text = apply_to_text(self.files.get(file)?, &edits)?;
            changed.insert(file, text);
        }
        Some(changed)
    }
}

fn apply_to_text(text: &str, edits: &[&Edit]) -> Option<String> {
    let lines = Lines::new(text);
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in edits {
        let range = std::ops::Range::<usize>::from(lines.range(&edit.span)?);
        out.push_str(text.get(copied..range.start)?);
        out.push_str(&edit.new_text);
        copied = range.end;
    }
    out.push_str(text.get(copied..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Position;

    fn edit(line: u32, from: u32, to: u32, new_text: &str) -> Edit {
        let at = |column| Position { line, column };
        let span = Span {
            file: "a.rs".into(),
            start: at(from),
            end: at(to),
        };
        Edit {
            span,
            new_text: new_text.into(),
        }
    }

    #[test]
    fn edits_apply_together_in_any_order() {
        let mut sources = Sources::default();
        sources.insert("a.rs", "żółw x\nend");
        let changed = sources
            .apply(&[edit(2, 4, 4, "!"), edit(1, 1, 5, "turtle")])
            .unwrap();
        assert_eq!(&**changed.text("a.rs".into()).unwrap(), "turtle x\nend!");
    }

    #[test]
    fn overlapping_edits_are_refused() {
        let mut sources = Sources::default();
        sources.insert("a.rs", "abcdef");
        assert!(
            sources
                .apply(&[edit(1, 1, 4, ""), edit(1, 3, 5, "")])
                .is_none()
        );
    }
}
