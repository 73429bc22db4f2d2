//! Open files: their texts as the editor has them, and how each differs from the disk.

use camino::{Utf8Path, Utf8PathBuf};
use ropey::Rope;
use rustc_hash::FxHashMap;

use crate::{
    encoding::{Encoding, WirePosition, char_index},
    problem::Position,
    shift::Shift,
};

/// One change of a text as the editor sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is replaced; `None` for the whole text.
    pub range: Option<(WirePosition, WirePosition)>,
    /// By what.
    pub text: String,
}

/// An open file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Document {
    /// The text as the editor has it.
    pub text: Rope,
    /// The editor's version number of that text.
    pub version: i32,
    /// What was edited since the text was last on the disk, oldest first: maps what the compiler
    /// says of the saved text into the buffer.
    unsaved: Vec<Shift>,
}

impl Document {
    /// A freshly opened file.
    pub fn new(version: i32, text: &str) -> Self {
        Self { text: Rope::from_str(text), version, unsaved: Vec::new() }
    }

    /// The edits since the last save, oldest first.
    pub fn unsaved(&self) -> &[Shift] {
        &self.unsaved
    }

    fn apply(&mut self, change: &Change, encoding: Encoding) -> Shift {
        let shift = match change.range {
            Some((start, end)) => self.replace(start, end, &change.text, encoding),
            None => self.replace_all(&change.text),
        };
        self.unsaved.push(shift);
        shift
    }

    fn replace(
        &mut self,
        start: WirePosition,
        end: WirePosition,
        new_text: &str,
        encoding: Encoding,
    ) -> Shift {
        let start = encoding.from_wire(&self.text, start);
        let old_end = encoding.from_wire(&self.text, end).max(start);
        let from = char_index(&self.text, start);
        self.text.remove(from..char_index(&self.text, old_end));
        self.text.insert(from, new_text);
        let new_end = position_of(&self.text, from + new_text.chars().count());
        Shift { start, old_end, new_end }
    }

    /// Clients that send whole texts, and formatters, change little of them: what is the same at
    /// both ends stays where it is.
    fn replace_all(&mut self, new_text: &str) -> Shift {
        let new = Rope::from_str(new_text);
        let shorter = self.text.len_chars().min(new.len_chars());
        let head = same(self.text.chars(), new.chars(), shorter);
        let (old_end, new_end) = (self.text.len_chars(), new.len_chars());
        let old_tail = self.text.chars_at(old_end).reversed();
        let tail = same(old_tail, new.chars_at(new_end).reversed(), shorter - head);
        let shift = Shift {
            start: position_of(&new, head),
            old_end: position_of(&self.text, old_end - tail),
            new_end: position_of(&new, new_end - tail),
        };
        self.text = new;
        shift
    }
}

fn same(
    left: impl Iterator<Item = char>,
    right: impl Iterator<Item = char>,
    at_most: usize,
) -> usize {
    let pairs = left.zip(right).take(at_most);
    pairs.take_while(|(left, right)| left == right).count()
}

fn position_of(text: &Rope, index: usize) -> Position {
    let line = text.char_to_line(index);
    let column = index - text.line_to_char(line);
    let number = |zero_based: usize| u32::try_from(zero_based + 1).unwrap_or(u32::MAX);
    Position { line: number(line), column: number(column) }
}

/// All open files, by absolute path. Cheap to clone: texts are shared.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    open: FxHashMap<Utf8PathBuf, Document>,
}

impl Documents {
    /// The open file at an absolute path.
    pub fn get(&self, file: &Utf8Path) -> Option<&Document> {
        self.open.get(file)
    }

    /// All open files.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &Document)> {
        self.open.iter().map(|(file, open)| (file.as_path(), open))
    }

    /// Opens a file.
    pub fn open(&mut self, file: Utf8PathBuf, version: i32, text: &str) {
        self.open.insert(file, Document::new(version, text));
    }

    /// Applies changes in order and says how places moved; nothing for a file that is not open or
    /// a version that is older than ours.
    pub fn change(
        &mut self,
        file: &Utf8Path,
        version: i32,
        changes: &[Change],
        encoding: Encoding,
    ) -> Vec<Shift> {
        let Some(document) = self.open.get_mut(file) else {
            tracing::warn!(%file, "change of a file that is not open");
            return Vec::new();
        };
        if version < document.version {
            tracing::warn!(%file, version, "change of an old version");
            return Vec::new();
        }
        document.version = version;
        let apply = |change| document.apply(change, encoding);
        changes.iter().map(apply).collect()
    }

    /// The text is on the disk now.
    pub fn save(&mut self, file: &Utf8Path) {
        if let Some(document) = self.open.get_mut(file) {
            document.unsaved.clear();
        }
    }

    /// Closes a file and says how places move back to the text on the disk, where unsaved edits
    /// are lost.
    pub fn close(&mut self, file: &Utf8Path) -> Vec<Shift> {
        let closed = self.open.remove(file);
        let unsaved = closed.map(|document| document.unsaved).unwrap_or_default();
        unsaved.iter().rev().map(Shift::undone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(line: u32, character: u32) -> WirePosition {
        WirePosition { line, character }
    }

    #[track_caller]
    fn check(text: &str, changes: &[Change], want: &str) -> Vec<Shift> {
        let mut documents = Documents::default();
        documents.open("/a.rs".into(), 1, text);
        let shifts = documents.change("/a.rs".into(), 2, changes, Encoding::Utf16);
        assert_eq!(documents.get("/a.rs".into()).unwrap().text, want);
        shifts
    }

    fn change(range: Option<(WirePosition, WirePosition)>, text: &str) -> Change {
        let text = text.to_owned();
        Change { range, text }
    }

    #[test]
    fn incremental_changes_apply_in_order() {
        let first = change(Some((wire(0, 2), wire(0, 2))), "b\n");
        let second = change(Some((wire(1, 0), wire(1, 1))), "");
        check("🦀c", &[first, second], "🦀b\n");
    }

    #[test]
    fn a_range_past_the_end_means_the_end() {
        check("a", &[change(Some((wire(7, 0), wire(9, 3))), "b")], "ab");
    }

    #[test]
    fn a_whole_text_moves_only_what_differs() {
        let shifts = check("a\nb\nc\n", &[change(None, "a\nnew\nb\nc\n")], "a\nnew\nb\nc\n");
        let shift = shifts[0];
        assert_eq!(shift.start.line, 2);
        assert_eq!(shift.new_end.line - shift.old_end.line, 1);
    }

    #[test]
    fn unknown_files_and_old_versions_change_nothing() {
        let mut documents = Documents::default();
        documents.open("/a.rs".into(), 5, "a");
        let clear = [change(None, "")];
        for (file, version) in [("/b.rs", 6), ("/a.rs", 4)] {
            let shifts = documents.change(file.into(), version, &clear, Encoding::Utf8);
            assert!(shifts.is_empty());
        }
        assert_eq!(documents.get("/a.rs".into()).unwrap().text, "a");
    }
}
