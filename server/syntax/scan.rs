//! A quick look at a text, token by token, without a tree: brackets, words and signs; what is
//! written in strings and comments is skipped.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a keyword, a number.
    Word,
    /// `(`, `[` or `{`.
    Open(u8),
    /// `)`, `]` or `}`.
    Close(u8),
    /// Any other character.
    Sign(u8),
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// Reads tokens from the front.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether a string ends with its line: one that is being typed has no end yet.
    strings_end: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0, strings_end: false }
    }

    /// For texts that do not balance.
    pub(super) fn of_broken(text: &'a str) -> Self {
        Self { strings_end: true, ..Self::new(text) }
    }

    /// Goes on at another place.
    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// What follows, white space left out.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default().trim_ascii_start()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Goes to the first byte of a kind, or to the end.
    fn skip_to(&mut self, found: impl Fn(u8) -> bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| found(*byte)).unwrap_or(rest.len());
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (Some(b'/'), Some(b'*')) => depth += 1,
                (Some(b'*'), Some(b'/')) => depth -= 1,
                _ => {
                    self.at += 1;
                    self.skip_to(|byte| matches!(byte, b'/' | b'*'));
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.at += 1;
        let ends = self.strings_end;
        loop {
            self.skip_to(|byte| matches!(byte, b'\\' | b'"') || ends && byte == b'\n');
            match self.peek(0) {
                Some(b'\\') => self.at += 2,
                Some(b'"') => {
                    self.at += 1;
                    return;
                }
                _ => return,
            }
        }
    }

    fn raw_string(&mut self, hashes: usize) {
        self.at += hashes;
        while self.at < self.bytes.len() {
            self.at += 1;
            self.skip_to(|byte| byte == b'"');
            if (1..=hashes).all(|it| self.peek(it) == Some(b'#')) {
                self.at += hashes + 1;
                return;
            }
        }
    }

    /// `'x'` and `'\n'`; of a lifetime the quote alone.
    fn character(&mut self) {
        self.at += 1;
        if self.peek(0) == Some(b'\\') {
            self.at += 2;
            self.skip_to(|byte| matches!(byte, b'\'' | b'\n'));
            self.at += 1;
            return;
        }
        let continues = |byte: u8| byte & 0b1100_0000 == 0b1000_0000;
        let length = 1 + (1..4).take_while(|it| self.peek(*it).is_some_and(continues)).count();
        if self.peek(length) == Some(b'\'') {
            self.at += length + 1;
        }
    }

    fn word(&mut self) -> Range<usize> {
        let start = self.at;
        self.skip_to(|byte| !is_word(byte));
        let word = start..self.at;
        if matches!(self.bytes.get(start..self.at), Some(b"r" | b"br" | b"cr")) {
            let hashes = (0..).take_while(|it| self.peek(*it) == Some(b'#')).count();
            if self.peek(hashes) == Some(b'"') {
                self.raw_string(hashes);
            }
        }
        word
    }
}

/// Names outside of ASCII are words, too.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let at = self.at;
            let byte = self.peek(0)?;
            let kind = match byte {
                b'/' if self.peek(1) == Some(b'/') => {
                    self.skip_to(|byte| byte == b'\n');
                    continue;
                }
                b'/' if self.peek(1) == Some(b'*') => {
                    self.block_comment();
                    continue;
                }
                b'"' => {
                    self.string();
                    continue;
                }
                b'\'' => {
                    self.character();
                    continue;
                }
                byte if byte.is_ascii_whitespace() => {
                    self.skip_to(|byte| !byte.is_ascii_whitespace());
                    continue;
                }
                byte if is_word(byte) => {
                    let range = self.word();
                    return Some(Token { kind: Kind::Word, range });
                }
                b'(' | b'[' | b'{' => Kind::Open(byte),
                b')' | b']' | b'}' => Kind::Close(byte),
                _ => Kind::Sign(byte),
            };
            self.at += 1;
            return Some(Token { kind, range: at..self.at });
        }
    }
}
