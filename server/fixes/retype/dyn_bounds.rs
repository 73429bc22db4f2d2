//! The target of fixes that add bounds to a trait object: `dyn Error` to
//! `dyn Error + Send + Sync`.

use camino::Utf8Path;
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, TextRange, ast};

use super::{Seen, Target, World};

/// Bounds that every `dyn` of one trait shall have.
#[derive(Debug, Clone)]
pub(in super::super) struct DynBounds {
    /// The trait's last name: `Error`, `Fn`.
    pub(in super::super) trait_name: String,
    /// `Send`, `Sync`.
    pub(in super::super) bounds: Vec<&'static str>,
    /// Whether references count (`&dyn Tr`), or only what owns its object.
    pub(in super::super) references: bool,
}

impl Target for DynBounds {
    fn look(&self, world: &World<'_>, file: &Utf8Path, node: &SyntaxNode) -> Seen {
        let Some(ty) = ast::DynTraitType::cast(node.clone()) else {
            return Seen::Other;
        };
        let names: Vec<(String, TextRange)> = bounds_of(&ty);
        let is_ours = names.iter().any(|(name, _)| {
            *name == self.trait_name || world.is_alias(file, &self.trait_name, name)
        });
        if !is_ours || (!self.references && is_behind_reference(node)) {
            return Seen::Other;
        }
        let has = |bound: &str| names.iter().any(|(name, _)| name == bound);
        let missing: Vec<&str> = self.bounds.iter().copied().filter(|it| !has(it)).collect();
        let Some((_, last)) = names.last().filter(|_| !missing.is_empty()) else {
            return Seen::Done;
        };
        // People write `Send + Sync`.
        let sync = names.iter().find(|(name, _)| name == "Sync");
        if let (Some((_, sync)), ["Send"]) = (sync, missing.as_slice()) {
            return Seen::Plain(TextRange::empty(sync.start()), "Send + ".to_owned());
        }
        let added: String = missing.iter().map(|bound| format!(" + {bound}")).collect();
        if needs_parentheses(node) {
            return Seen::Plain(node.text_range(), format!("({}{added})", node.text()));
        }
        Seen::Plain(TextRange::empty(last.end()), added)
    }

    fn hides_in_fields(&self) -> bool {
        true
    }
}

fn bounds_of(ty: &ast::DynTraitType) -> Vec<(String, TextRange)> {
    let bounds = ty.type_bound_list();
    let bounds = bounds.iter().flat_map(|it| it.bounds());
    bounds
        .filter_map(|bound| {
            let ast::Type::PathType(path) = bound.ty()? else {
                return None;
            };
            let name = path.path()?.segment()?.name_ref()?.text().to_string();
            Some((name, bound.syntax().text_range()))
        })
        .collect()
}

/// `&dyn Tr` and `&(dyn Tr + 'a)`: what borrows promises nothing of its own.
fn is_behind_reference(node: &SyntaxNode) -> bool {
    let outer = node.ancestors().skip(1);
    outer
        .take_while(|it| matches!(it.kind(), SyntaxKind::PAREN_TYPE | SyntaxKind::REF_TYPE))
        .any(|it| it.kind() == SyntaxKind::REF_TYPE)
}

fn needs_parentheses(node: &SyntaxNode) -> bool {
    let parent = node.parent().map(|it| it.kind());
    let has_several = node
        .children()
        .find_map(ast::TypeBoundList::cast)
        .is_some_and(|it| it.bounds().count() > 1);
    matches!(parent, Some(SyntaxKind::REF_TYPE | SyntaxKind::PTR_TYPE)) && !has_several
}

/// The trait of the `dyn` that a printed type ends in: `Error` for
/// `(dyn std::error::Error + 'static)`. rustc may know it by the name that some crate gives it.
pub(in super::super) fn dyn_trait(ty: &str) -> Option<&str> {
    let mut rest = ty.split_once("dyn ")?.1;
    if rest.starts_with("for<") {
        rest = rest.split_once("> ")?.1;
    }
    let end =
        rest.find(|c: char| !(c == '_' || c == ':' || c.is_alphanumeric())).unwrap_or(rest.len());
    let name = rest.get(..end)?.rsplit("::").next()?;
    Some(if name == "StdError" { "Error" } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Sources;

    #[test]
    fn traits_of_printed_types() {
        for (ty, name) in [
            ("dyn Error", Some("Error")),
            ("(dyn std::error::Error + 'static)", Some("Error")),
            ("(dyn Fn(u8) -> u8 + 'static)", Some("Fn")),
            ("(dyn for<'a> Fn(&'a u8) + 'static)", Some("Fn")),
            ("(dyn Future<Output = ()> + 'static)", Some("Future")),
            ("(dyn StdError + 'static)", Some("Error")),
            ("(dyn GrößeError + 'static)", Some("GrößeError")),
            ("Rc<u8>", None),
        ] {
            assert_eq!(dyn_trait(ty), name, "{ty}");
        }
    }

    #[test]
    fn bounds_in_the_usual_order_under_any_name() {
        for (before, expected) in [
            ("dyn Error + Sync", Some("dyn Error + Send + Sync")),
            ("dyn Error + Send", Some("dyn Error + Send + Sync")),
            ("dyn Größe + 'a", Some("dyn Größe + Send + Sync + 'a")),
            ("dyn std::error::Error", Some("dyn std::error::Error + Send + Sync")),
            ("dyn Fehler", None),
            ("dyn Error + Send + Sync", None),
        ] {
            let mut sources = Sources::default();
            let text =
                format!("use std::error::{{Error, Error as Größe}};\ntype T<'a> = Box<{before}>;");
            sources.insert("src/lib.rs", text.as_str());
            let world = World::with_edition(&sources, "2021");
            let bounds = vec!["Send", "Sync"];
            let target = DynBounds { trait_name: "Error".into(), bounds, references: false };
            let tree = world.tree("src/lib.rs".into()).unwrap();
            let seen = tree.descendants().find_map(|it| {
                match target.look(&world, "src/lib.rs".into(), &it) {
                    Seen::Plain(range, new) => Some((range, new)),
                    Seen::Done | Seen::Other => None,
                }
            });
            let after = seen.map(|(range, new)| {
                let mut text = text.clone();
                text.replace_range(std::ops::Range::<usize>::from(range), &new);
                text
            });
            let expected = expected.map(|it| text.replace(before, it));
            assert_eq!(after, expected, "{before}");
        }
    }
}
