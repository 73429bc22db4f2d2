//! How deep a text nests, told before it is parsed: parsing is recursive, and the stack finite.

use super::scan::{Kind, Scanner};

/// How many levels may lie within each other: brackets, and operators in a row.
const LEVELS_MAX: u32 = 600;

/// Words that open a level without a bracket: `return return ..`, `else if ..`.
const WORDS: &[&str] =
    &["return", "break", "yield", "else", "if", "match", "as", "move", "dyn", "impl"];

/// Signs that make a chain.
const SIGNS: &[u8] = b".!&=|+-*/%?<^";

/// Whether a text nests too deep to be analysed. Such a text gets no answers.
///
/// Code that people write stays far below the limit, even generated code does.
pub fn too_deep(text: &str) -> bool {
    let mut chains = Chains { levels: vec![0], total: 0 };
    let mut scanner = Scanner::new(text);
    while let Some(token) = scanner.next() {
        match token.kind {
            Kind::Word if WORDS.contains(&text.get(token.range).unwrap_or_default()) => {
                chains.count();
            }
            Kind::Word => {}
            Kind::Open(_) => chains.open(),
            Kind::Close(bracket) => chains.close(bracket, scanner.rest()),
            Kind::Sign(b';' | b',') => chains.end(),
            Kind::Sign(sign) if SIGNS.contains(&sign) => chains.count(),
            Kind::Sign(_) => {}
        }
        if chains.total > LEVELS_MAX {
            return true;
        }
    }
    false
}

struct Chains {
    /// For each open bracket how long the chain of operators is that it stands in.
    levels: Vec<u32>,
    /// The sum of `levels` and their number.
    total: u32,
}

impl Chains {
    fn count(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            *level += 1;
            self.total += 1;
        }
    }

    fn end(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            self.total -= *level;
            *level = 0;
        }
    }

    fn open(&mut self) {
        self.levels.push(0);
        self.total += 1;
    }

    fn close(&mut self, bracket: u8, rest: &[u8]) {
        // The bottom stays, however many brackets close too much.
        if self.levels.len() > 1 {
            self.end();
            self.levels.pop();
            self.total -= 1;
        }
        self.count();
        let goes_on = rest.starts_with(b"else")
            || rest.first().is_some_and(|it| b".?+-*/&|=<>([".contains(it));
        if bracket == b'}' && !goes_on {
            self.end();
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
        assert!(!too_deep(&"let x = a.b().c()?; if a { b } else { c }\n".repeat(10_000)));
        assert!(!too_deep(&"fn f() { match a { B => c, _ => {} } }\n".repeat(10_000)));
        assert!(!too_deep(&format!("[{}]", "a + 1, ".repeat(10_000))));
    }

    #[test]
    fn strings_and_comments_do_not() {
        assert!(!too_deep(&format!("// {}\n", "-".repeat(10_000))));
        assert!(!too_deep(&format!("/* {{ {} */", "-".repeat(10_000))));
        assert!(!too_deep(&format!("\"\\\" {{{}\"", "größe+".repeat(10_000))));
        assert!(!too_deep(&format!("r#\"{{ \" {}\"#", "{".repeat(10_000))));
        assert!(!too_deep(&"let c = ['{', '\\'', '\"']; let l: &'a u8;\n".repeat(10_000)));
    }
}
