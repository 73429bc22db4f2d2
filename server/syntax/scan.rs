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

    fn skip_until(&mut self, done: impl Fn(&Self) -> bool) {
        while self.at < self.bytes.len() && !done(self) {
            self.at += 1;
        }
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
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.at += 1,
                b'\n' if self.strings_end => return,
                b'"' => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    fn raw_string(&mut self, hashes: usize) {
        self.at += hashes + 1;
        let ends = |scan: &Self| {
            scan.peek(0) == Some(b'"') && (1..=hashes).all(|it| scan.peek(it) == Some(b'#'))
        };
        self.skip_until(ends);
        self.at += hashes + 1;
    }

    /// `'x'` and `'\n'`; of a lifetime the quote alone.
    fn character(&mut self) {
        self.at += 1;
        if self.peek(0) == Some(b'\\') {
            self.at += 2;
            self.skip_until(|scan| matches!(scan.peek(0), Some(b'\'' | b'\n')));
            self.at += 1;
            return;
        }
        let continues = |byte: u8| byte & 0b1100_0000 == 0b1000_0000;
        let length = 1 + (1..4).take_while(|it| self.peek(*it).is_some_and(continues)).count();
        if self.peek(length) == Some(b'\'') {
            self.at += length + 1;
        }
    }

    /// Names outside of ASCII are words, too.
    fn word(&mut self) -> Range<usize> {
        let start = self.at;
        let is_word = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || !it.is_ascii();
        self.skip_until(|scan| !scan.peek(0).is_some_and(is_word));
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

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let at = self.at;
            let byte = self.peek(0)?;
            let kind = match byte {
                b'/' if self.peek(1) == Some(b'/') => {
                    self.skip_until(|scan| scan.peek(0) == Some(b'\n'));
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
                    self.at += 1;
                    continue;
                }
                byte if byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii() => {
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
