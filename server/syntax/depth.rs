//! How deep a text nests, told before it is parsed: parsing is recursive, and the stack finite.

/// How many levels may lie within each other: brackets, and operators in a row.
const LEVELS_MAX: u32 = 600;

/// Words that open a level without a bracket: `return return ..`, `else if ..`.
const WORDS: &[&[u8]] = &[
    b"return", b"break", b"yield", b"else", b"if", b"match", b"as", b"move", b"dyn", b"impl",
];

/// Whether a text nests too deep to be analysed. Such a text gets no answers.
///
/// Code that people write stays far below the limit, even generated code does.
pub fn too_deep(text: &str) -> bool {
    Scan {
        bytes: text.as_bytes(),
        at: 0,
        levels: vec![0],
        total: 0,
    }
    .exceeds()
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// For each open bracket how long the chain of operators is that it stands in.
    levels: Vec<u32>,
    /// The sum of `levels` and their number.
    total: u32,
}

impl Scan<'_> {
    fn exceeds(&mut self) -> bool {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'/' if self.peek(1) == Some(b'/') => {
                    self.skip_until(|scan| scan.peek(0) == Some(b'\n'))
                }
                b'/' if self.peek(1) == Some(b'*') => {
                    self.skip_until(|scan| {
                        scan.peek(0) == Some(b'*') && scan.peek(1) == Some(b'/')
                    });
                }
                b'"' => self.string(),
                b'\'' => self.character(),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' => self.word(),
                b'(' | b'[' | b'{' => self.open(),
                b')' | b']' | b'}' => self.close(byte),
                b';' | b',' => self.end_chain(),
                b'.' | b'!' | b'&' | b'=' | b'|' | b'+' | b'-' | b'*' | b'/' | b'%' | b'?'
                | b'<' | b'^' => self.count(),
                _ => {}
            }
            if self.total > LEVELS_MAX {
                return true;
            }
            self.at += 1;
        }
        false
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn skip_until(&mut self, done: impl Fn(&Self) -> bool) {
        while self.at < self.bytes.len() && !done(self) {
            self.at += 1;
        }
    }

    fn count(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            *level += 1;
            self.total += 1;
        }
    }

    fn end_chain(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            self.total -= *level;
            *level = 0;
        }
    }

    fn open(&mut self) {
        self.levels.push(0);
        self.total += 1;
    }

    fn close(&mut self, bracket: u8) {
        // The bottom stays, however many brackets close too much.
        if self.levels.len() > 1 {
            self.end_chain();
            self.levels.pop();
            self.total -= 1;
        }
        self.count();
        let rest = self
            .bytes
            .get(self.at + 1..)
            .unwrap_or_default()
            .trim_ascii_start();
        let goes_on = rest.starts_with(b"else")
            || rest.first().is_some_and(|it| b".?+-*/&|=<>([".contains(it));
        if bracket == b'}' && !goes_on {
            self.end_chain();
        }
    }

    /// A string, raw or not. A wrong guess costs precision of the count, nothing more.
    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.at += 1,
                b'"' => return,
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
        self.at += hashes;
    }

    /// `'x'`, `'\n'` or a lifetime, which ends like a word.
    fn character(&mut self) {
        match (self.peek(1), self.peek(2)) {
            (Some(b'\\'), _) => {
                self.at += 2;
                self.skip_until(|scan| scan.peek(1) == Some(b'\''));
                self.at += 1;
            }
            (Some(_), Some(b'\'')) => self.at += 2,
            _ => {}
        }
    }

    fn word(&mut self) {
        let start = self.at;
        let is_word =
            |byte: Option<u8>| byte.is_some_and(|it| it.is_ascii_alphanumeric() || it == b'_');
        while is_word(self.peek(1)) {
            self.at += 1;
        }
        let word = self.bytes.get(start..=self.at).unwrap_or_default();
        if WORDS.contains(&word) {
            self.count();
        }
        let hashes = (1..).take_while(|it| self.peek(*it) == Some(b'#')).count();
        if matches!(word, b"r" | b"br" | b"cr") && self.peek(hashes + 1) == Some(b'"') {
            self.at += 1;
            self.raw_string(hashes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::too_deep;

    #[test]
    fn brackets_and_chains_count() {
        assert!(too_deep(&"{".repeat(10_000)));
        assert!(too_deep(&"!".repeat(10_000)));
        assert!(too_deep(&"x.m()".repeat(10_000)));
        assert!(too_deep(&"if a {} else ".repeat(10_000)));
        assert!(too_deep(&"return ".repeat(10_000)));
    }

    #[test]
    fn long_flat_code_does_not() {
        assert!(!too_deep(
            &"let x = a.b().c()?; if a { b } else { c }\n".repeat(10_000)
        ));
        assert!(!too_deep(
            &"fn f() { match a { B => c, _ => {} } }\n".repeat(10_000)
        ));
        assert!(!too_deep(&format!("[{}]", "a + 1, ".repeat(10_000))));
    }

    #[test]
    fn strings_and_comments_do_not() {
        assert!(!too_deep(&format!("// {}\n", "-".repeat(10_000))));
        assert!(!too_deep(&format!("/* {{ {} */", "-".repeat(10_000))));
        assert!(!too_deep(&format!(
            "\"\\\" {{{}\"",
            "größe+".repeat(10_000)
        )));
        assert!(!too_deep(&format!("r#\"{{ \" {}\"#", "{".repeat(10_000))));
        assert!(!too_deep(
            &"let c = ['{', '\\'', '\"']; let l: &'a u8;\n".repeat(10_000)
        ));
    }
}
