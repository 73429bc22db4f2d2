//! Cuts a text into items without parsing it, so that an edit costs the item that it is in.
//!
//! A function sees nothing of the functions beside it: each is analysed alone. Modules, traits
//! and impls are opened, what lies in them is cut, too. Where brackets do not balance, somebody is
//! typing: then an item also ends where the next one begins by its indentation.

use std::ops::Range;

use super::scan::{Kind, Scanner, Token};

/// Where an item lies, which decides how it is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the file or in a module.
    Module,
    /// In an impl or a trait.
    Impl,
}

/// A part of the text: one item, with the comments and attributes before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its bytes.
    pub range: Range<usize>,
    /// Where it lies.
    pub place: Place,
}

/// Words that begin an item, or stand before one that does.
const BEGINNINGS: &[&str] = &[
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "pub",
    "static",
    "struct",
    "trait",
    "type",
    "unsafe",
    "use",
];

/// All items of a text that can have async bodies, in source order.
pub fn items(text: &str) -> Vec<Item> {
    let balanced = Cutter::new(text, Scanner::new(text), false).cut();
    let found = balanced.or_else(|| Cutter::new(text, Scanner::of_broken(text), true).cut());
    found.unwrap_or_default()
}

/// What the first words tell of an item's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// Nothing yet.
    Open,
    /// `const`: a fn may follow.
    Const,
    /// A semicolon ends it, a brace does not.
    Statement,
    /// The first brace opens it.
    Container(Place),
    /// The first brace that closes ends it.
    Braced,
}

/// A module, trait or impl that is open.
struct Container {
    place: Place,
    /// Where its first word stands in its line.
    column: usize,
}

struct Cutter<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    is_broken: bool,
    open: Vec<Container>,
    found: Vec<Item>,
}

/// How the text goes on behind an item.
enum After {
    Next,
    Opened(Container),
    /// The container's own bracket.
    Closed,
    End {
        complete: bool,
    },
}

impl<'a> Cutter<'a> {
    fn new(text: &'a str, scanner: Scanner<'a>, is_broken: bool) -> Self {
        Self { text, scanner, is_broken, open: Vec::new(), found: Vec::new() }
    }

    /// `None` when the text does not balance, unless that is known.
    fn cut(mut self) -> Option<Vec<Item>> {
        let mut start = 0;
        loop {
            let (end, after) = self.item();
            match after {
                After::Next => self.found(start..end),
                After::Opened(container) => self.open.push(container),
                After::Closed if self.open.pop().is_none() && !self.is_broken => return None,
                After::Closed => {}
                After::End { complete } => {
                    self.found(start..end);
                    let complete = complete && self.open.is_empty();
                    return (complete || self.is_broken).then_some(self.found);
                }
            }
            start = end;
        }
    }

    fn found(&mut self, range: Range<usize>) {
        let place = self.open.last().map_or(Place::Module, |container| container.place);
        self.found.push(Item { range, place });
    }

    /// Reads one item: where it ends and what comes next.
    fn item(&mut self) -> (usize, After) {
        let (mut depth, mut head, mut column) = (0_usize, Head::Open, None);
        let mut before = Kind::Sign(b';');
        while let Some(Token { kind, range }) = self.scanner.next() {
            match kind {
                Kind::Word => {
                    let word = self.text.get(range.clone()).unwrap_or_default();
                    if self.begins_another(word, &range, depth, head, column) {
                        self.scanner.go_to(range.start);
                        return (range.start, After::Next);
                    }
                    if depth == 0 {
                        column = column.or_else(|| self.indentation(range.start)).or(Some(0));
                        head = head_after(head, word);
                    }
                }
                Kind::Open(bracket) => {
                    let opens = depth == 0 && bracket == b'{' && !is_argument(before);
                    if let (Head::Container(place), true) = (head, opens) {
                        let column = column.unwrap_or(0);
                        return (range.end, After::Opened(Container { place, column }));
                    }
                    depth += 1;
                }
                Kind::Close(_) if depth == 0 => return (range.end, After::Closed),
                Kind::Close(bracket) => {
                    depth -= 1;
                    let ends = depth == 0 && bracket == b'}' && head != Head::Statement;
                    if ends && !matches!(self.scanner.rest().first(), Some(b'>' | b',' | b';')) {
                        return (range.end, After::Next);
                    }
                }
                Kind::Sign(b';') if depth == 0 => return (range.end, After::Next),
                Kind::Sign(_) => {}
            }
            before = kind;
        }
        (self.text.len(), After::End { complete: depth == 0 })
    }

    /// Whether a word begins an item though the one before has not ended.
    fn begins_another(
        &mut self,
        word: &str,
        range: &Range<usize>,
        depth: usize,
        head: Head,
        column: Option<usize>,
    ) -> bool {
        let unfinished = depth == 0 && head == Head::Statement;
        if !(self.is_broken || unfinished) || !BEGINNINGS.contains(&word) {
            return false;
        }
        let Some(here) = self.indentation(range.start) else {
            return false;
        };
        let begins = (depth > 0 || unfinished) && column.is_none_or(|column| here <= column);
        if begins || depth == 0 && column.is_none() {
            self.leave_containers(here);
        }
        begins
    }

    /// The column of a word that is the first in its line.
    fn indentation(&self, at: usize) -> Option<usize> {
        let before = self.text.as_bytes().get(..at)?;
        let blanks = before.iter().rev().take_while(|it| matches!(it, b' ' | b'\t')).count();
        let starts_line = before.len() == blanks || before.get(at - blanks - 1) == Some(&b'\n');
        starts_line.then_some(blanks)
    }

    /// What begins as far left as an open container lies behind it.
    fn leave_containers(&mut self, column: usize) {
        while self.is_broken && self.open.last().is_some_and(|container| column <= container.column)
        {
            self.open.pop();
        }
    }
}

/// `impl A<{ N }> for B`: braces in generic arguments.
fn is_argument(before: Kind) -> bool {
    matches!(before, Kind::Sign(b'<' | b',' | b'='))
}

fn head_after(head: Head, word: &str) -> Head {
    match (head, word) {
        (Head::Open | Head::Const, "fn") => Head::Braced,
        (Head::Open | Head::Const, "pub" | "unsafe" | "async" | "extern" | "default" | "auto") => {
            head
        }
        (Head::Const, _) => Head::Statement,
        (Head::Open, "const") => Head::Const,
        (Head::Open, "static" | "use" | "type" | "let") => Head::Statement,
        (Head::Open, "mod") => Head::Container(Place::Module),
        (Head::Open, "impl" | "trait") => Head::Container(Place::Impl),
        (Head::Open, _) => Head::Braced,
        _ => head,
    }
}
