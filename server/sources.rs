//! The texts that the core works on: a snapshot of the workspace's files, unsaved buffers included.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::{TextRange, TextSize};
use similar::{ChangeTag, TextDiff};

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

    /// Forgets a file.
    pub fn remove(&mut self, file: &Utf8Path) {
        self.files.remove(file);
    }

    /// All files, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &Arc<str>)> {
        self.files.iter().map(|(file, text)| (file.as_path(), text))
    }

    /// The directory of the manifest that a file belongs to.
    pub fn package_dir(&self, file: &Utf8Path) -> Option<Utf8PathBuf> {
        let mut dirs = file.ancestors().skip(1);
        dirs.find(|dir| self.files.contains_key(&dir.join("Cargo.toml"))).map(Utf8Path::to_owned)
    }

    /// The text under a span.
    pub fn slice(&self, span: &Span) -> Option<&str> {
        let text = self.files.get(&span.file)?;
        let range = Lines::new(text).range(span)?;
        text.get(Range::<usize>::from(range))
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

/// The lines of changed texts: which are new, and where the others stood before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedLines {
    lines: BTreeSet<(Utf8PathBuf, u32)>,
    /// By file: from which line on the old lines are how many lines away.
    moved: BTreeMap<Utf8PathBuf, Vec<(u32, i64)>>,
}

impl ChangedLines {
    /// Whether a span starts on a changed line.
    pub fn contains(&self, span: &Span) -> bool {
        self.has(&span.file, span.start.line)
    }

    /// Whether a line is changed.
    pub fn has(&self, file: &Utf8Path, line: u32) -> bool {
        self.lines.contains(&(file.to_owned(), line))
    }

    /// The line of the old text that a span starts on; `None` for a line that is new.
    pub fn old_line(&self, span: &Span) -> Option<u32> {
        let line = span.start.line;
        if self.contains(span) {
            return None;
        }
        let moved = self.moved.get(&span.file).map(Vec::as_slice).unwrap_or_default();
        let last = moved.iter().rfind(|(from, _)| *from <= line);
        u32::try_from(i64::from(line) + last.map_or(0, |(_, by)| *by)).ok()
    }
}

impl Sources {
    /// The lines of `after` that are new or changed.
    pub fn changed_lines(&self, after: &Self) -> ChangedLines {
        let mut changed = ChangedLines::default();
        let number = |index: Option<usize>| index.and_then(|it| u32::try_from(it + 1).ok());
        for (file, text) in self.changed_files(after) {
            let before = self.text(file).map_or("", |text| &**text);
            let mut moved: Vec<(u32, i64)> = Vec::new();
            for change in TextDiff::from_lines(before, &**text).iter_all_changes() {
                let Some(new) = number(change.new_index()) else { continue };
                match number(change.old_index()) {
                    None => _ = changed.lines.insert((file.to_owned(), new)),
                    Some(old) => {
                        let by = i64::from(old) - i64::from(new);
                        if moved.last().map_or(0, |(_, by)| *by) != by {
                            moved.push((new, by));
                        }
                    }
                }
            }
            changed.moved.insert(file.to_owned(), moved);
        }
        changed
    }

    /// The files whose text differs from ours, with their new text.
    pub fn changed_files<'a>(
        &'a self,
        after: &'a Self,
    ) -> impl Iterator<Item = (&'a Utf8Path, &'a Arc<str>)> {
        after.iter().filter(|(file, text)| self.text(file) != Some(text))
    }
}

/// The smallest edits that turn `before` into `after`: whole lines are compared first, then the
/// characters of each changed stretch.
pub fn difference(before: &Sources, after: &Sources) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (file, new) in before.changed_files(after) {
        let Some(old) = before.text(file) else {
            continue;
        };
        let lines = Lines::new(old);
        for (range, text) in text_difference(old, new) {
            edits.push(Edit { span: lines.span(file, range), new_text: text.to_owned() });
        }
    }
    edits
}

fn text_difference<'a>(old: &str, new: &'a str) -> Vec<(TextRange, &'a str)> {
    let mut edits = Vec::new();
    for (old_lines, new_lines) in stretches(&TextDiff::from_lines(old, new)) {
        let (Some(from), Some(to)) = (old.get(old_lines.clone()), new.get(new_lines)) else {
            continue;
        };
        for (from_words, to_words) in stretches(&TextDiff::from_words(from, to)) {
            let at = old_lines.start + from_words.start;
            let (Some(from), Some(to)) = (from.get(from_words), to.get(to_words)) else {
                continue;
            };
            edits.extend(trim_common(at, from, to));
        }
    }
    edits
}

/// The byte ranges, old and new, in which two texts differ.
fn stretches(diff: &TextDiff<'_, '_, str>) -> Vec<(Range<usize>, Range<usize>)> {
    let mut stretches = Vec::new();
    let (mut old, mut new) = (0..0, 0..0);
    let mut close = |old: &mut Range<usize>, new: &mut Range<usize>, equal: usize| {
        if !(Range::is_empty(old) && Range::is_empty(new)) {
            stretches.push((old.clone(), new.clone()));
        }
        *old = old.end + equal..old.end + equal;
        *new = new.end + equal..new.end + equal;
    };
    for change in diff.iter_all_changes() {
        let len = change.value().len();
        match change.tag() {
            ChangeTag::Equal => close(&mut old, &mut new, len),
            ChangeTag::Delete => old.end += len,
            ChangeTag::Insert => new.end += len,
        }
    }
    close(&mut old, &mut new, 0);
    stretches
}

/// Leaves out what both sides of a replacement begin and end with.
fn trim_common<'a>(at: usize, from: &str, to: &'a str) -> Option<(TextRange, &'a str)> {
    let common = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| -> usize {
        a.zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let prefix = common(&mut from.chars(), &mut to.chars());
    let (from, to) = (from.get(prefix..)?, to.get(prefix..)?);
    let suffix = common(&mut from.chars().rev(), &mut to.chars().rev());
    let start = u32::try_from(at + prefix).ok()?;
    let len = u32::try_from(from.len() - suffix).ok()?;
    let range = TextRange::at(TextSize::new(start), TextSize::new(len));
    Some((range, to.get(..to.len() - suffix)?))
}

fn apply_to_text(text: &str, edits: &[&Edit]) -> Option<String> {
    let lines = Lines::new(text);
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in edits {
        let range = Range::<usize>::from(lines.range(&edit.span)?);
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
        let span = Span { file: "a.rs".into(), start: at(from), end: at(to) };
        Edit { span, new_text: new_text.into() }
    }

    #[test]
    fn edits_apply_together_in_any_order() {
        let mut sources = Sources::default();
        sources.insert("a.rs", "żółw x\nend");
        let changed = sources.apply(&[edit(2, 4, 4, "!"), edit(1, 1, 5, "turtle")]).unwrap();
        assert_eq!(&**changed.text("a.rs".into()).unwrap(), "turtle x\nend!");
    }

    #[test]
    fn differences_are_minimal_and_rebuild_the_text() {
        let (mut before, mut after) = (Sources::default(), Sources::default());
        before.insert("a.rs", "use std::sync::Mutex;\r\nżółw(a.lock().unwrap());\nend");
        after.insert("a.rs", "use tokio::sync::Mutex;\r\nżółw(a.lock().await);\nend\n");
        let edits = difference(&before, &after);
        assert_eq!(before.apply(&edits).unwrap(), after);
        assert!(edits.iter().all(|edit| !edit.new_text.contains("żółw")), "{edits:?}");
    }

    #[test]
    fn lines_that_moved_are_found() {
        let (mut before, mut after) = (Sources::default(), Sources::default());
        before.insert("a.rs", "a\nb\nc\nżółw\n");
        after.insert("a.rs", "a\nx\ny\nb\nżółw\n");
        let changed = before.changed_lines(&after);
        let old = |line| changed.old_line(&edit(line, 1, 1, "").span);
        assert_eq!([1, 2, 3, 4, 5].map(old), [Some(1), None, None, Some(2), Some(4)]);
    }

    #[test]
    fn overlapping_edits_are_refused() {
        let mut sources = Sources::default();
        sources.insert("a.rs", "abcdef");
        assert!(sources.apply(&[edit(1, 1, 4, ""), edit(1, 3, 5, "")]).is_none());
    }
}
