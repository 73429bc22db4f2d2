//! Finding what a name stands for, by syntax alone.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, SyntaxToken,
    ast::{self, HasLoopBody, HasName},
};

/// The type that the impl of an associated fn is for, or the trait that declares it.
pub(super) fn owner_of(func: &ast::Fn) -> Option<String> {
    let list = func.syntax().parent()?;
    let item = list.parent()?;
    if let Some(item) = ast::Impl::cast(item.clone()) {
        return last_name(item.self_ty()?.syntax());
    }
    Some(ast::Trait::cast(item)?.name()?.text().to_string())
}

/// The last name of the first path in a type: `Store` for `&'a mut app::Store<T>`.
pub(super) fn last_name(node: &SyntaxNode) -> Option<String> {
    let path = node.descendants().find_map(ast::Path::cast)?;
    Some(path.segment()?.name_ref()?.text().to_string())
}

/// Every name that a type mentions: `State`, `Arc` and `App` for `State<Arc<App>>`.
pub(super) fn names_in(node: &SyntaxNode) -> Vec<String> {
    node.descendants()
        .filter_map(ast::PathSegment::cast)
        .filter_map(|segment| Some(segment.name_ref()?.text().to_string()))
        .collect()
}

/// What declares the variable that a use of `name` means: a `let`, a parameter, a match arm, a
/// `for`, an `if let`.
pub(super) fn binding(name: &str, at: &SyntaxNode) -> Option<SyntaxNode> {
    let start = at.text_range().start();
    for node in at.ancestors() {
        if let Some(list) = ast::StmtList::cast(node.clone()) {
            let lets = list.statements().filter_map(|stmt| match stmt {
                ast::Stmt::LetStmt(it) => Some(it),
                _ => None,
            });
            let earlier = lets.filter(|it| it.syntax().text_range().end() <= start);
            if let Some(found) = earlier.filter(|it| binds(it.pat(), name)).last() {
                return Some(found.syntax().clone());
            }
        } else if let Some(arm) = ast::MatchArm::cast(node.clone()) {
            if binds(arm.pat(), name) {
                return Some(node);
            }
        } else if let Some(it) = ast::ForExpr::cast(node.clone()) {
            let in_body =
                it.loop_body().is_some_and(|body| body.syntax().text_range().contains(start));
            if in_body && binds(it.pat(), name) {
                return Some(node);
            }
        } else if let Some(found) = condition(&node).and_then(|condition| {
            let lets = condition.syntax().descendants().filter_map(ast::LetExpr::cast);
            lets.filter(|it| it.syntax().text_range().end() <= start)
                .find(|it| binds(it.pat(), name))
        }) {
            return Some(found.syntax().clone());
        } else if let Some(params) = params_of(&node) {
            if let Some(param) = params.params().find(|it| binds(it.pat(), name)) {
                return Some(param.syntax().clone());
            }
            if ast::Fn::can_cast(node.kind()) {
                return None;
            }
        }
    }
    None
}

/// The variables that an expression may use, each once: plain names, those among a macro's tokens,
/// and those that a format string shows.
pub(super) fn used_names(node: &SyntaxNode) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for token in node.descendants_with_tokens().filter_map(|it| it.into_token()) {
        let in_macro = token.parent().is_some_and(|it| ast::TokenTree::can_cast(it.kind()));
        let found = match token.kind() {
            SyntaxKind::IDENT => vec![token.text().to_owned()],
            SyntaxKind::STRING if in_macro => shown_names(token.text()),
            _ => Vec::new(),
        };
        let is_variable = |it: &String| it.starts_with(|c: char| c == '_' || c.is_lowercase());
        for name in found.into_iter().filter(is_variable) {
            if !names.contains(&name) && in_macro_or_mentions(&token, in_macro) {
                names.push(name);
            }
        }
    }
    names
}

/// A field or a method is no variable.
fn in_macro_or_mentions(token: &SyntaxToken, in_macro: bool) -> bool {
    let follows_dot = token.prev_token().is_some_and(|it| it.kind() == SyntaxKind::DOT);
    let of_path = token.parent_ancestors().any(|it| ast::PathExpr::can_cast(it.kind()));
    !follows_dot && (in_macro || of_path)
}

/// `x` of `"{x:?} {}"`.
fn shown_names(literal: &str) -> Vec<String> {
    let parts = literal.split('{').skip(1);
    let names = parts.map(|it| it.split(['}', ':', '.']).next().unwrap_or_default().to_owned());
    names
        .filter(|it| it.chars().all(|c| c == '_' || c.is_alphanumeric()) && !it.is_empty())
        .collect()
}

/// What is assigned to a variable that is declared without a value: `let x; x = 1;`.
pub(super) fn assigned(stmt: &ast::LetStmt) -> Vec<ast::Expr> {
    let (Some(pat), Some(block)) = (stmt.pat(), stmt.syntax().parent()) else {
        return Vec::new();
    };
    let assignments = block.descendants().filter_map(ast::BinExpr::cast).filter(|it| {
        let is_plain = it.op_kind() == Some(ast::BinaryOp::Assignment { op: None });
        let name = it.lhs().map(|it| it.syntax().text().to_string());
        is_plain && name.is_some_and(|name| binds(Some(pat.clone()), &name))
    });
    assignments.filter_map(|it| it.rhs()).collect()
}

fn condition(node: &SyntaxNode) -> Option<ast::Expr> {
    ast::IfExpr::cast(node.clone())
        .and_then(|it| it.condition())
        .or_else(|| ast::WhileExpr::cast(node.clone()).and_then(|it| it.condition()))
}

fn params_of(node: &SyntaxNode) -> Option<ast::ParamList> {
    ast::Fn::cast(node.clone())
        .and_then(|it| it.param_list())
        .or_else(|| ast::ClosureExpr::cast(node.clone()).and_then(|it| it.param_list()))
}

fn binds(pat: Option<ast::Pat>, name: &str) -> bool {
    pat.is_some_and(|pat| {
        pat.syntax()
            .descendants()
            .filter_map(ast::IdentPat::cast)
            .any(|it| it.name().is_some_and(|it| it.text() == name))
    })
}

/// What declares a pattern: the owner that [`binding`] would give for a use of its name.
pub(super) fn owner_of_pattern(pat: &SyntaxNode) -> Option<SyntaxNode> {
    pat.ancestors().find(|node| {
        ast::LetStmt::can_cast(node.kind())
            || ast::LetExpr::can_cast(node.kind())
            || ast::MatchArm::can_cast(node.kind())
            || ast::ForExpr::can_cast(node.kind())
            || ast::Param::can_cast(node.kind())
    })
}

/// The innermost fn, closure or async block around a node: what a `?` or `return` in it leaves.
pub(in super::super) fn enclosing_body(node: &SyntaxNode) -> Option<SyntaxNode> {
    node.ancestors().skip(1).find(|node| {
        ast::Fn::can_cast(node.kind())
            || ast::ClosureExpr::can_cast(node.kind())
            || ast::BlockExpr::cast(node.clone()).is_some_and(|it| it.async_token().is_some())
    })
}

/// The name of the item that a place belongs to, for titles: the fn whose signature it is in,
/// the alias, the struct.
pub(in super::super) fn names_definition(node: &SyntaxNode) -> Option<String> {
    node.ancestors().find_map(|node| {
        let name = ast::Fn::cast(node.clone())
            .and_then(|it| it.name())
            .or_else(|| ast::TypeAlias::cast(node.clone()).and_then(|it| it.name()))
            .or_else(|| ast::RecordField::cast(node.clone()).and_then(|it| it.name()))
            .or_else(|| ast::Static::cast(node.clone()).and_then(|it| it.name()))
            .or_else(|| ast::Struct::cast(node.clone()).and_then(|it| it.name()))
            .or_else(|| ast::Variant::cast(node).and_then(|it| it.name()))?;
        Some(name.text().to_string())
    })
}

/// The variable, field or static whose declaration a type stands in, else the item.
pub(in super::super) fn names_declaration(node: &SyntaxNode) -> Option<String> {
    let variable = node.ancestors().find_map(|node| {
        let pat = ast::Param::cast(node.clone())
            .and_then(|it| it.pat())
            .or_else(|| ast::LetStmt::cast(node).and_then(|it| it.pat()))?;
        let name = pat.syntax().descendants().find_map(ast::IdentPat::cast)?.name()?;
        Some(name.text().to_string())
    });
    variable.or_else(|| names_definition(node))
}
