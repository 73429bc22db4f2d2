//! Closures and nested async blocks: what they take from the body around them.

use ra_ap_syntax::{
    AstNode, NodeOrToken, SmolStr, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange, TextSize,
    ast::{self, HasName},
};

use super::{
    graph::Action,
    lower::{Lowering, plain_name},
    macros::macro_name,
    patterns::is_constant_pattern,
    places::Place,
    types::{Receiver, Shape},
};

/// How a closure uses a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Capture {
    /// It needs the value.
    Value,
    /// The same, and no reborrow will do.
    Whole,
    /// It needs a part of the value.
    Part,
    /// A reference is enough.
    Reference,
}

/// A variable that a closure declares itself, and where it can be seen.
struct Inner {
    name: SmolStr,
    visible: TextRange,
}

impl Lowering<'_> {
    /// The closure or async block at `node` is made: it takes what it uses.
    pub(super) fn captures(&mut self, node: &SyntaxNode, is_move: bool) {
        let inner = declared_within(node);
        let is_hidden = |name: &str, at: TextSize| {
            inner.iter().any(|inner| inner.name == name && inner.visible.contains(at))
        };
        let mut mentions: Vec<(SmolStr, Capture)> = Vec::new();
        for token in node.descendants_with_tokens().filter_map(NodeOrToken::into_token) {
            let at = token.text_range().start();
            match token.kind() {
                SyntaxKind::IDENT | SyntaxKind::SELF_KW => {
                    let name = plain_name(token.text());
                    if let Some(capture) = self.mention(&token)
                        && !is_hidden(&name, at)
                    {
                        // What a `move` closure inside takes, this one needs whole.
                        let taken_inside = moves_within(&token, node);
                        let capture = if taken_inside { Capture::Whole } else { capture };
                        mentions.push((name, capture));
                    }
                }
                SyntaxKind::STRING if in_token_tree(&token) => {
                    let names = inline_arguments(token.text()).into_iter();
                    let names = names.filter(|name| !is_hidden(name, at));
                    mentions.extend(names.map(|name| (name, Capture::Reference)));
                }
                _ => {}
            }
        }
        // A variable is captured once, in the way that serves every use.
        for (name, capture) in &mentions {
            let needs_value = |capture| matches!(capture, Capture::Value | Capture::Whole);
            let taken = |(other, how): &(SmolStr, Capture)| other == name && needs_value(*how);
            if needs_value(*capture) || !mentions.iter().any(taken) {
                self.capture(name, *capture, is_move);
            }
        }
    }

    fn capture(&mut self, name: &str, capture: Capture, is_move: bool) {
        let place = self.named(name);
        let Some(value) = place.value else { return };
        let whole_only = !self.edition.at_least_2021();
        match capture {
            Capture::Part if place.facts.is_reference() && !whole_only => self.use_place(place),
            Capture::Part if place.facts.shape.is_none() && is_move && !whole_only => {
                self.use_place(place);
            }
            _ if is_move => self.consume(place),
            Capture::Part | Capture::Reference => self.borrow(place),
            // Where a reference is expected, `*x` is captured by reference.
            Capture::Value if place.facts.is_reference() && !whole_only => self.use_place(place),
            Capture::Value | Capture::Whole if place.facts.is_copy() => self.borrow(place),
            Capture::Value | Capture::Whole if place.facts.copy == Some(false) => {
                self.consume(place);
            }
            Capture::Value | Capture::Whole => self.graph.push(Action::CaptureByUse(value)),
        }
    }

    /// How a token mentions a variable; `None` when it is something else.
    fn mention(&self, token: &SyntaxToken) -> Option<Capture> {
        if in_token_tree(token) {
            let is_taken = is_taken_in_tokens(token) || is_element(token);
            let capture = if is_taken { Capture::Value } else { Capture::Reference };
            return is_variable_token(token).then_some(capture);
        }
        let name = ast::NameRef::cast(token.parent()?)?;
        if let Some(field) = name.syntax().parent().and_then(ast::RecordExprField::cast) {
            // `S { x }`; in `S { x: y }` the field name is no variable.
            return field.colon_token().is_none().then_some(Capture::Value);
        }
        let segment = ast::PathSegment::cast(name.syntax().parent()?)?;
        let path = ast::Path::cast(segment.syntax().parent()?)?;
        if path.qualifier().is_some() {
            return None;
        }
        let expr = ast::PathExpr::cast(path.syntax().parent()?)?;
        Some(self.capture_of(&ast::Expr::PathExpr(expr)))
    }

    fn capture_of(&self, expr: &ast::Expr) -> Capture {
        let Some(parent) = expr.syntax().parent() else {
            return Capture::Reference;
        };
        match ast::Expr::cast(parent.clone()) {
            Some(ast::Expr::FieldExpr(_)) => Capture::Part,
            Some(ast::Expr::CallExpr(_)) if self.hint(expr).shape == Some(Shape::Once) => {
                Capture::Value
            }
            Some(ast::Expr::ParenExpr(it)) => self.capture_of(&ast::Expr::ParenExpr(it)),
            Some(ast::Expr::PrefixExpr(it)) if it.op_kind() == Some(ast::UnaryOp::Deref) => {
                Capture::Part
            }
            Some(ast::Expr::MethodCallExpr(it)) => {
                let name = it.name_ref().map(|name| name.text().to_string()).unwrap_or_default();
                match self.receiver_kind(expr, &name) {
                    Receiver::Value => Capture::Value,
                    Receiver::Reference if self.hint(expr).is_reference() => Capture::Part,
                    Receiver::Reference => Capture::Reference,
                }
            }
            Some(
                ast::Expr::AwaitExpr(_)
                | ast::Expr::TryExpr(_)
                | ast::Expr::ReturnExpr(_)
                | ast::Expr::BreakExpr(_)
                | ast::Expr::TupleExpr(_)
                | ast::Expr::ArrayExpr(_)
                | ast::Expr::ForExpr(_)
                | ast::Expr::LetExpr(_)
                | ast::Expr::MatchExpr(_)
                | ast::Expr::ClosureExpr(_),
            ) => Capture::Value,
            Some(ast::Expr::BinExpr(it)) => {
                let assigns = matches!(it.op_kind(), Some(ast::BinaryOp::Assignment { op: None }));
                let is_right = it.rhs().is_some_and(|rhs| rhs.syntax() == expr.syntax());
                if assigns && is_right { Capture::Value } else { Capture::Reference }
            }
            Some(_) => Capture::Reference,
            None => {
                let by_value = matches!(
                    parent.kind(),
                    SyntaxKind::ARG_LIST
                        | SyntaxKind::LET_STMT
                        | SyntaxKind::RECORD_EXPR_FIELD
                        | SyntaxKind::STMT_LIST
                        | SyntaxKind::MATCH_ARM
                );
                if by_value { Capture::Value } else { Capture::Reference }
            }
        }
    }

    /// What cannot be parsed is read word by word: variables are borrowed, awaits counted.
    pub(super) fn scan_tokens(&mut self, node: &SyntaxNode) {
        self.scan(node, false);
    }

    /// The same; `formats` says that a reference to each variable is taken, as formatting does.
    pub(super) fn scan(&mut self, node: &SyntaxNode, formats: bool) {
        for token in node.descendants_with_tokens().filter_map(NodeOrToken::into_token) {
            match token.kind() {
                SyntaxKind::IDENT | SyntaxKind::SELF_KW if is_variable_token(&token) => {
                    let reached = neighbour(&token, SyntaxToken::next_token)
                        .is_some_and(|next| next.kind() == T![.]);
                    self.borrow_named(&plain_name(token.text()), formats && !reached);
                }
                SyntaxKind::STRING => {
                    for name in inline_arguments(token.text()) {
                        self.borrow_named(&name, true);
                    }
                }
                kind if kind == T![await] || token.text() == "await" => {
                    self.graph.await_point(self.placed(token.text_range()));
                }
                _ => {}
            }
        }
    }

    fn borrow_named(&mut self, name: &str, itself: bool) {
        if self.graph.resolve(name).is_some() || name.starts_with(|c: char| c.is_lowercase()) {
            let place = self.named(name);
            self.borrow(Place { indirect: place.facts.is_reference() && !itself, ..place });
        }
    }
}

/// What a closure or block declares, and where.
fn declared_within(node: &SyntaxNode) -> Vec<Inner> {
    let declared = node.descendants().filter_map(ast::IdentPat::cast).filter_map(|pat| {
        if is_constant_pattern(&pat) {
            return None;
        }
        let scope = pat.syntax().ancestors().find(|it| {
            matches!(
                it.kind(),
                SyntaxKind::STMT_LIST
                    | SyntaxKind::MATCH_ARM
                    | SyntaxKind::CLOSURE_EXPR
                    | SyntaxKind::FOR_EXPR
                    | SyntaxKind::WHILE_EXPR
                    | SyntaxKind::IF_EXPR
                    | SyntaxKind::FN
            )
        })?;
        let start = visible_from(&pat, &scope);
        let end = scope.text_range().end();
        let name = plain_name(pat.name()?.text());
        (start <= end).then(|| Inner { name, visible: TextRange::new(start, end) })
    });
    declared.collect()
}

/// Whether a token lies in a `move` closure or async block inside of `node`.
fn moves_within(token: &SyntaxToken, node: &SyntaxNode) -> bool {
    let inside = token.parent_ancestors().take_while(|it| it != node);
    inside.into_iter().any(|it| match it.kind() {
        SyntaxKind::CLOSURE_EXPR => {
            ast::ClosureExpr::cast(it).is_some_and(|it| it.move_token().is_some())
        }
        SyntaxKind::BLOCK_EXPR => {
            ast::BlockExpr::cast(it).is_some_and(|it| it.move_token().is_some())
        }
        _ => false,
    })
}

/// A `let` declares behind itself, and so does the head of a `for`.
fn visible_from(pat: &ast::IdentPat, scope: &SyntaxNode) -> TextSize {
    let within = |kind: SyntaxKind| {
        let mut inside = pat.syntax().ancestors().take_while(|it| it != scope);
        inside.find(|it| it.kind() == kind).map(|it| it.text_range().end())
    };
    let head =
        || ast::ForExpr::cast(scope.clone())?.iterable().map(|it| it.syntax().text_range().end());
    let declared =
        within(SyntaxKind::LET_STMT).or_else(|| within(SyntaxKind::LET_EXPR)).or_else(head);
    declared.unwrap_or_else(|| pat.syntax().text_range().start())
}

fn in_token_tree(token: &SyntaxToken) -> bool {
    token.parent().is_some_and(|parent| parent.kind() == SyntaxKind::TOKEN_TREE)
}

/// In a macro's tokens: a word that is no field, method, path, function or macro.
fn is_variable_token(token: &SyntaxToken) -> bool {
    let before = neighbour(token, SyntaxToken::prev_token);
    let after = neighbour(token, SyntaxToken::next_token);
    let after_dot = before.as_ref().is_some_and(|it| it.kind() == T![.]);
    let in_path =
        [&before, &after].into_iter().flatten().any(|it| it.kind() == T![:] && doubled(it));
    let called = after.is_some_and(|it| it.kind() == T![!] && !doubled_with(&it, T![=]));
    !after_dot && !in_path && !called
}

/// `x.into()`: a method that takes its receiver by value, told by its name.
fn is_taken_in_tokens(token: &SyntaxToken) -> bool {
    let dot = neighbour(token, SyntaxToken::next_token).filter(|it| it.kind() == T![.]);
    let method = dot.and_then(|dot| neighbour(&dot, SyntaxToken::next_token));
    method.is_some_and(|method| super::calls::is_by_value(method.text()))
}

/// `vec![a, b]` takes its elements by value.
fn is_element(token: &SyntaxToken) -> bool {
    let tokens = token.parent();
    let call = tokens.and_then(|tokens| ast::MacroCall::cast(tokens.parent()?));
    let before = neighbour(token, SyntaxToken::prev_token).map(|it| it.kind());
    let after = neighbour(token, SyntaxToken::next_token).map(|it| it.kind());
    call.is_some_and(|call| macro_name(&call) == "vec")
        && matches!(before, Some(T!['['] | T!['('] | T![,]))
        && matches!(after, Some(T![']'] | T![')'] | T![,] | T![;]))
}

fn doubled(token: &SyntaxToken) -> bool {
    doubled_with(token, T![:]) || token.prev_token().is_some_and(|before| before.kind() == T![:])
}

fn doubled_with(token: &SyntaxToken, kind: SyntaxKind) -> bool {
    token.next_token().is_some_and(|next| next.kind() == kind)
}

fn neighbour(
    token: &SyntaxToken,
    step: fn(&SyntaxToken) -> Option<SyntaxToken>,
) -> Option<SyntaxToken> {
    let mut next = step(token)?;
    while next.kind().is_trivia() {
        next = step(&next)?;
    }
    Some(next)
}

/// The variables that a format string names: `"{x} {y:?}"`.
pub(super) fn inline_arguments(literal: &str) -> Vec<SmolStr> {
    let mut names = Vec::new();
    let mut rest = literal;
    while let Some((_, after)) = rest.split_once('{') {
        if let Some(escaped) = after.strip_prefix('{') {
            rest = escaped;
            continue;
        }
        let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if is_name && tail.starts_with(['}', ':']) {
            names.push(name.into());
        }
        rest = tail;
    }
    names
}
