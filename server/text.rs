//! Positions in a text: rustc's 1-based lines and characters, and byte offsets.

use line_index::{LineCol, LineIndex, WideEncoding, WideLineCol};
use ra_ap_syntax::{TextRange, TextSize};

use crate::problem::{Position, Span};
use camino::Utf8Path;

/// Line starts of one text, to convert between byte offsets and [`Position`]s.
#[derive(Debug, Clone)]
pub struct Lines {
    index: LineIndex,
    len: TextSize,
}

impl Lines {
    /// Indexes a text. Texts over 4 GiB are cut off, as in rustc.
    pub fn new(text: &str) -> Self {
        Self { index: LineIndex::new(text), len: TextSize::of(text) }
    }

    /// The 1-based line and character of a byte offset; offsets past the end give the end.
    pub fn position(&self, offset: TextSize) -> Position {
        let at = self.index.line_col(offset.min(self.len));
        let wide = self.index.to_wide(WideEncoding::Utf32, at);
        let column = wide.map_or(at.col, |wide| wide.col);
        Position { line: at.line + 1, column: column + 1 }
    }

    /// Where the text ends.
    pub fn end(&self) -> Position {
        self.position(self.len)
    }

    /// The byte offset of a 1-based line and character; `None` when the text has no such place.
    pub fn offset(&self, position: Position) -> Option<TextSize> {
        let line = position.line.checked_sub(1)?;
        let wide = WideLineCol { line, col: position.column.checked_sub(1)? };
        // A column past the line's end is no place: rustc saw another text than we do.
        let at = self.index.to_utf8(WideEncoding::Utf32, wide)?;
        let range = self.index.line(line)?;
        let offset = self.index.offset(LineCol { line, col: at.col })?;
        (offset <= range.end()).then_some(offset)
    }

    /// The byte range of a span of this text.
    pub fn range(&self, span: &Span) -> Option<TextRange> {
        let (start, end) = (self.offset(span.start)?, self.offset(span.end)?);
        (start <= end).then(|| TextRange::new(start, end))
    }

    /// The span of a byte range of this text.
    pub fn span(&self, file: &Utf8Path, range: TextRange) -> Span {
        Span {
            file: file.to_owned(),
            start: self.position(range.start()),
            end: self.position(range.end()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, needle: &str, line: u32, column: u32) {
        let lines = Lines::new(text);
        let offset = TextSize::new(u32::try_from(text.find(needle).unwrap()).unwrap());
        assert_eq!(lines.position(offset), Position { line, column });
        assert_eq!(lines.offset(Position { line, column }), Some(offset));
    }

    #[test]
    fn columns_count_characters() {
        check("a\nbc", "c", 2, 2);
        check("let ż = \"🦀\"; x", "x", 1, 14);
        check("α\r\nβγ", "γ", 2, 2);
    }

    #[test]
    fn places_outside_the_text_are_none() {
        let lines = Lines::new("ab\nc");
        for (line, column) in [(0, 1), (1, 0), (1, 9), (3, 1)] {
            assert_eq!(lines.offset(Position { line, column }), None, "{line}:{column}");
        }
    }
}
