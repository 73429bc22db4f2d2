//! Between the protocol's words and ours: paths, positions, ranges.

use std::{cell::RefCell, collections::HashMap};

use camino::{Utf8Path, Utf8PathBuf};
use ropey::Rope;
use tower_lsp::{
    UriExt,
    lsp_types::{Location, Position, Range, Uri},
};

use crate::{
    alive::Stretch,
    documents::Change,
    encoding::{Encoding, WirePosition},
    engine::{Shown, Snapshot},
    problem::{self, Span},
};

/// The absolute path of a file; `None` for what is not a file (`untitled:`, `git:`).
pub(super) fn to_path(uri: &Uri) -> Option<Utf8PathBuf> {
    let is_file = uri.scheme().is_some_and(|scheme| scheme.as_str().eq_ignore_ascii_case("file"));
    let path = uri.to_file_path().filter(|_| is_file)?;
    Utf8PathBuf::from_path_buf(path.into_owned()).ok()
}

/// The name of a file in the protocol.
pub(super) fn to_uri(path: &Utf8Path) -> Option<Uri> {
    Uri::from_file_path(path)
}

/// A place in the protocol's numbers.
pub(super) fn to_wire(position: Position) -> WirePosition {
    WirePosition { line: position.line, character: position.character }
}

/// An edit of an open text.
pub(super) fn to_change(range: Option<Range>, text: String) -> Change {
    let range = range.map(|range| (to_wire(range.start), to_wire(range.end)));
    Change { range, text }
}

/// Converts places of the files of one snapshot. Texts of files that are not open are read once.
pub(super) struct Texts<'a> {
    snapshot: &'a Snapshot,
    encoding: Encoding,
    texts: RefCell<HashMap<Utf8PathBuf, Option<Rope>>>,
}

impl<'a> Texts<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, encoding: Encoding) -> Self {
        Self { snapshot, encoding, texts: RefCell::default() }
    }

    /// A file's text.
    pub(super) fn text(&self, file: &Utf8Path) -> Option<Rope> {
        let mut texts = self.texts.borrow_mut();
        let read = || self.snapshot.text(file);
        texts.entry(file.to_owned()).or_insert_with(read).clone()
    }

    /// Our name of the editor's place; `None` for a file that is nowhere.
    pub(super) fn position(
        &self,
        file: &Utf8Path,
        position: Position,
    ) -> Option<problem::Position> {
        Some(self.encoding.from_wire(&self.text(file)?, to_wire(position)))
    }

    /// The editor's name of a span. Where the text is gone, characters stand for its units.
    pub(super) fn range(&self, shown: &Shown, span: &Span) -> Range {
        let text = self.text(&shown.path(span)).unwrap_or_default();
        let (start, end) = self.encoding.span_to_wire(&text, span);
        let position = |wire: WirePosition| Position::new(wire.line, wire.character);
        Range::new(position(start), position(end))
    }

    /// The editor's name of a stretch of an open file.
    pub(super) fn stretch(&self, file: &Utf8Path, stretch: &Stretch) -> Range {
        let text = self.text(file).unwrap_or_default();
        let position = |at| {
            let wire = self.encoding.to_wire(&text, at);
            Position::new(wire.line, wire.character)
        };
        Range::new(position(stretch.start), position(stretch.end))
    }

    /// A span with its file.
    pub(super) fn location(&self, shown: &Shown, span: &Span) -> Option<Location> {
        let uri = to_uri(&shown.path(span))?;
        let range = self.range(shown, span);
        Some(Location { uri, range })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_have_paths() {
        let path = |uri: &str| to_path(&uri.parse().unwrap());
        assert_eq!(path("file:///w/a%20b/%C5%BC.rs"), Some("/w/a b/ż.rs".into()));
        assert_eq!(path("untitled:Untitled-1"), None);
        assert_eq!(path("git:/w/a.rs?x"), None);
    }
}
