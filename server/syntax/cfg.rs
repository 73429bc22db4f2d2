//! Conditional compilation: which `#[cfg(..)]` hold in the unit that is looked at.

use ra_ap_syntax::{SyntaxKind, SyntaxNode};
use rustc_hash::FxHashSet;

use super::types::split_commas;

/// The configuration of a compilation unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cfg {
    set: FxHashSet<String>,
}

impl Cfg {
    /// From what `--cfg` gets and `rustc --print cfg` prints: `unix`, `feature="full"`.
    pub fn new<'a>(options: impl IntoIterator<Item = &'a str>) -> Self {
        Self { set: options.into_iter().map(without_spaces).collect() }
    }

    /// Whether no `#[cfg(..)]` on a node rules it out.
    pub(super) fn allows(&self, node: &SyntaxNode) -> bool {
        let attributes = node.children().filter(|child| child.kind() == SyntaxKind::ATTR);
        attributes.into_iter().all(|attribute| {
            let text = without_spaces(&attribute.text().to_string());
            let condition = text.strip_prefix("#[cfg(").and_then(|text| text.strip_suffix(")]"));
            condition.is_none_or(|condition| self.holds(condition, 0))
        })
    }

    fn holds(&self, condition: &str, depth: u32) -> bool {
        let inside = |name: &str| {
            let rest = condition.strip_prefix(name)?.strip_prefix('(')?;
            (depth < 16).then_some(rest.strip_suffix(')')?)
        };
        if let Some(all) = inside("all") {
            return split_commas(all).into_iter().all(|part| self.holds(part, depth + 1));
        }
        if let Some(any) = inside("any") {
            return split_commas(any).into_iter().any(|part| self.holds(part, depth + 1));
        }
        if let Some(not) = inside("not") {
            return !self.holds(not, depth + 1);
        }
        condition == "true" || self.set.contains(condition)
    }
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::Cfg;

    #[test]
    fn conditions_combine() {
        let cfg = Cfg::new(["unix", "feature = \"größe\""]);
        for (condition, holds) in [
            ("unix", true),
            ("windows", false),
            ("not(windows)", true),
            ("feature=\"größe\"", true),
            ("all(unix,feature=\"b\")", false),
            ("any(windows,all(unix,not(test)))", true),
            ("all()", true),
            ("any()", false),
        ] {
            assert_eq!(cfg.holds(condition, 0), holds, "{condition}");
        }
    }
}
