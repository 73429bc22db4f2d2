//! The variables around a body, which it may capture.

use std::rc::Rc;

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange,
    ast::{self, HasName},
};

use super::{
    lower::{plain_name, shifted},
    patterns::is_constant_pattern,
};

/// A tree and where it came from, to find variables outside of it.
pub(super) struct Site {
    pub(super) node: SyntaxNode,
    pub(super) shift: i64,
    pub(super) outer: Option<Rc<Site>>,
}

/// The variable that a name means outside of a body; `None` for functions, statics, constants.
pub(super) fn outer_binding(site: &Site, name: &str) -> Option<TextRange> {
    let mut child = site.node.clone();
    while let Some(parent) = child.parent() {
        let found = match parent.kind() {
            SyntaxKind::STMT_LIST => declared_before(&parent, &child, name),
            SyntaxKind::MATCH_ARM
            | SyntaxKind::FOR_EXPR
            | SyntaxKind::IF_EXPR
            | SyntaxKind::WHILE_EXPR
            | SyntaxKind::CLOSURE_EXPR
            | SyntaxKind::FN => declared_beside(&parent, &child, name),
            _ => None,
        };
        if let Some(range) = found {
            return Some(shifted(range, site.shift));
        }
        // An item sees no variables; a parsed macro piece is wrapped in one.
        if parent.kind() == SyntaxKind::FN {
            break;
        }
        child = parent;
    }
    outer_binding(site.outer.as_ref()?, name)
}

fn declared_before(list: &SyntaxNode, child: &SyntaxNode, name: &str) -> Option<TextRange> {
    let end = child.text_range().start();
    let statements = list.children().take_while(|it| it.text_range().end() <= end);
    let lets = statements.filter_map(ast::LetStmt::cast);
    lets.filter_map(|it| it.pat()).filter_map(|pat| named_in(pat.syntax(), name)).last()
}

fn declared_beside(parent: &SyntaxNode, child: &SyntaxNode, name: &str) -> Option<TextRange> {
    let end = child.text_range().start();
    let before = parent.children().take_while(|it| it.text_range().end() <= end);
    before.filter_map(|it| named_in(&it, name)).last()
}

fn named_in(node: &SyntaxNode, name: &str) -> Option<TextRange> {
    let idents = node.descendants().filter_map(|node| {
        let found = match node.kind() {
            SyntaxKind::IDENT_PAT => {
                ast::IdentPat::cast(node).filter(|pat| !is_constant_pattern(pat))?.name()?
            }
            SyntaxKind::SELF_PARAM => ast::SelfParam::cast(node)?.name()?,
            _ => return None,
        };
        (plain_name(found.text()) == name).then(|| found.syntax().text_range())
    });
    idents.last()
}
