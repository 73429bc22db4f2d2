//! What the terminal can show: colours, line drawing, width, and one line of progress.

use std::io::{self, IsTerminal, Write};

use anstream::ColorChoice;

/// Wide enough for code, narrow enough to read, where nothing says how wide the terminal is.
const WIDTH_DEFAULT: usize = 120;

/// How a report may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Escape sequences are understood and wanted.
    pub(super) colours: bool,
    /// Characters beyond ASCII are shown as what they are.
    pub(super) unicode: bool,
    /// Columns.
    pub(super) width: usize,
}

impl Look {
    /// The look that standard output can bear. `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and
    /// `TERM=dumb` are honoured.
    pub(super) fn of_stdout() -> Self {
        let stdout = io::stdout();
        Self {
            colours: anstream::AutoStream::choice(&stdout) != ColorChoice::Never,
            unicode: speaks_utf8(|name| std::env::var(name).ok()),
            width: width(),
        }
    }

    /// `unicode` where it can be shown, `ascii` elsewhere.
    pub(super) fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }
}

/// The terminal's width; `COLUMNS` wins, as the user's own word.
fn width() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let seen = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let width: usize = told.or_else(seen).unwrap_or(WIDTH_DEFAULT);
    // A picture needs some room; below that the terminal may wrap.
    width.max(40)
}

/// Whether the locale's encoding is UTF-8, by the rules of setlocale: the first of the three that
/// is set decides. Windows has no such variables, and its terminals draw lines.
fn speaks_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| variable(name))
        .find(|value| !value.is_empty());
    match set {
        Some(locale) => {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }
        None => cfg!(windows),
    }
}

/// Says something on standard error; a closed one is nobody's loss.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// One line on the terminal that says what takes so long. Nothing where nobody looks.
#[derive(Debug)]
pub(super) struct Progress {
    on: bool,
    shown: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { on: io::stderr().is_terminal() && !dumb, shown: false }
    }

    /// Replaces the line.
    pub(super) fn say(&mut self, text: &str) {
        if self.on {
            // A full last column would wrap, and the next line could not be taken back.
            let text: String = text.chars().take(width() - 1).collect();
            let mut stderr = io::stderr();
            let _ = write!(stderr, "\r\x1b[K{text}");
            let _ = stderr.flush();
            self.shown = true;
        }
    }

    /// Takes the line back.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(set: &[(&str, &str)], expected: bool) {
        let found = |name: &str| {
            let entry = set.iter().find(|(it, _)| *it == name);
            entry.map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(speaks_utf8(found), expected, "{set:?}");
    }

    #[test]
    fn the_first_locale_variable_decides() {
        check(&[("LANG", "de_DE.UTF-8")], true);
        check(&[("LANG", "C.utf8")], true);
        check(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")], false);
        check(&[("LC_ALL", ""), ("LANG", "de_DE.UTF-8")], true);
        check(&[("LANG", "ja_JP.eucJP")], false);
    }
}
