//! Columns as editors count them. rustc counts characters; an editor counts UTF-8 bytes, UTF-16
//! code units or characters, whichever was negotiated. This module alone converts.

use ropey::{Rope, RopeSlice};

use crate::problem::{Position, Span};

/// How the editor counts columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Bytes of UTF-8.
    Utf8,
    /// Code units of UTF-16: what every client understands.
    #[default]
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

/// A place as editors write it: both numbers count from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WirePosition {
    /// 0-based line.
    pub line: u32,
    /// 0-based column in the negotiated unit.
    pub character: u32,
}

impl Encoding {
    /// The editor's name of a place. Places that the text lacks keep their number of characters:
    /// a slightly wrong column is better than no diagnostic.
    pub fn to_wire(self, text: &Rope, position: Position) -> WirePosition {
        let line = position.line.saturating_sub(1);
        let column = position.column.saturating_sub(1) as usize;
        let units = text
            .get_line(line as usize)
            .filter(|line| column <= line.len_chars())
            .map_or(column, |line| self.units(line, column));
        WirePosition { line, character: saturate(units) }
    }

    /// Both ends of a span.
    pub fn span_to_wire(self, text: &Rope, span: &Span) -> (WirePosition, WirePosition) {
        (self.to_wire(text, span.start), self.to_wire(text, span.end))
    }

    /// The place that an editor means. As the protocol has it, a column past the end of its line
    /// means the end of that line, and a line past the end of the text the end of the text.
    pub fn from_wire(self, text: &Rope, wire: WirePosition) -> Position {
        let last = text.len_lines().saturating_sub(1);
        let (line, units) = if wire.line as usize > last {
            (last, usize::MAX)
        } else {
            (wire.line as usize, wire.character as usize)
        };
        let column = text.get_line(line).map_or(0, |slice| {
            let slice = without_break(slice);
            self.chars(slice, units.min(self.units(slice, slice.len_chars())))
        });
        Position { line: saturate(line + 1), column: saturate(column + 1) }
    }

    fn units(self, line: RopeSlice<'_>, column: usize) -> usize {
        match self {
            Self::Utf8 => line.char_to_byte(column),
            Self::Utf16 => line.char_to_utf16_cu(column),
            Self::Utf32 => column,
        }
    }

    fn chars(self, line: RopeSlice<'_>, units: usize) -> usize {
        match self {
            Self::Utf8 => line.byte_to_char(units),
            Self::Utf16 => line.utf16_cu_to_char(units),
            Self::Utf32 => units,
        }
    }
}

/// The index of a character in the text; the end of the text for places behind it.
pub fn char_index(text: &Rope, position: Position) -> usize {
    let line = position.line.saturating_sub(1) as usize;
    let start = text.try_line_to_char(line).unwrap_or(text.len_chars());
    let column = position.column.saturating_sub(1) as usize;
    (start + column).min(text.len_chars())
}

fn without_break(line: RopeSlice<'_>) -> RopeSlice<'_> {
    let mut len = line.len_chars();
    for ending in ['\n', '\r'] {
        if len > 0 && line.get_char(len - 1) == Some(ending) {
            len -= 1;
        }
    }
    line.slice(..len)
}

fn saturate(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "let ż = \"🦀\"; x\r\nsecond";

    #[track_caller]
    fn check(encoding: Encoding, wire: (u32, u32), position: (u32, u32)) {
        let rope = Rope::from_str(TEXT);
        let (line, character) = wire;
        let wire = WirePosition { line, character };
        let (line, column) = position;
        let position = Position { line, column };
        assert_eq!(encoding.from_wire(&rope, wire), position);
        assert_eq!(encoding.to_wire(&rope, position), wire);
    }

    #[test]
    fn each_encoding_counts_its_units() {
        check(Encoding::Utf8, (0, 17), (1, 14));
        check(Encoding::Utf16, (0, 14), (1, 14));
        check(Encoding::Utf32, (0, 13), (1, 14));
        check(Encoding::Utf16, (1, 6), (2, 7));
    }

    #[test]
    fn places_outside_are_clamped() {
        let rope = Rope::from_str(TEXT);
        for (line, character, want) in [(0, 99, (1, 15)), (9, 0, (2, 7)), (1, 99, (2, 7))] {
            let got = Encoding::Utf16.from_wire(&rope, WirePosition { line, character });
            assert_eq!((got.line, got.column), want);
        }
    }

    #[test]
    fn the_middle_of_a_character_is_its_start() {
        let rope = Rope::from_str("🦀");
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let inside = WirePosition { line: 0, character: 1 };
            assert_eq!(encoding.from_wire(&rope, inside).column, 1);
        }
    }
}
