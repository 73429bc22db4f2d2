//! Where a temporary stands: the expression, and the head or macro that keeps it alive.

use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxKind, SyntaxNode, TextRange, TextSize,
    ast::{self, HasName},
};

use crate::fixes::{
    FixContext,
    context::{has_ident, mentions_await},
    place::Place,
};

/// What keeps the temporary alive.
pub(super) enum Header {
    /// The scrutinee of a `match`.
    Match(ast::MatchExpr),
    /// The scrutinee of an `if let`, or a `let` in a chain.
    IfLet(ast::LetExpr),
    /// The scrutinee of a `while let`, when that is the whole condition.
    WhileLet(ast::WhileExpr, ast::LetExpr),
    /// The iterable of a `for`.
    For(ast::ForExpr),
    /// The statement: an argument, an operand, a tail expression.
    Statement,
}

/// A temporary in its place.
pub(super) struct Site {
    /// The temporary.
    pub(super) value: ast::Expr,
    pub(super) header: Header,
    /// In a macro's argument: the macro call, and where the argument stands in the file. The
    /// expression was parsed on its own then, and starts at this offset in its own text.
    in_macro: Option<(SyntaxNode, TextSize, TextSize)>,
}

impl Site {
    pub(super) fn find(context: &FixContext<'_>) -> Option<Self> {
        let Some(value) = context.value_expr() else {
            return Self::in_macro(context);
        };
        let header = value
            .syntax()
            .ancestors()
            .take_while(|node| node.kind() != SyntaxKind::STMT_LIST)
            .find_map(|node| header(&node, value.syntax().text_range()));
        Some(Self { value, header: header.unwrap_or(Header::Statement), in_macro: None })
    }

    /// The argument of `println!` and its like that contains the value.
    fn in_macro(context: &FixContext<'_>) -> Option<Self> {
        let call = context.value_node().ancestors().filter_map(ast::MacroCall::cast).next()?;
        let tree = call.token_tree()?;
        let argument = argument_around(tree.syntax(), context.value)?;
        let path = call.path()?.syntax().text().to_string();
        let is_first = argument.start() <= tree.syntax().text_range().start() + TextSize::new(1);
        // A copy of what is written to would swallow the writes.
        if is_first && matches!(path.rsplit("::").next(), Some("write" | "writeln")) {
            return None;
        }
        let text = context.text.get(std::ops::Range::<usize>::from(argument))?;
        let head = "fn f() { ";
        let parse = SourceFile::parse(&format!("{head}{text} }}"), Edition::CURRENT);
        if !parse.errors().is_empty() {
            return None;
        }
        let start = TextSize::of(head);
        let value = context.value - argument.start() + start;
        let value = parse
            .tree()
            .syntax()
            .descendants()
            .filter_map(ast::Expr::cast)
            .find(|it| it.syntax().text_range() == value)?;
        Some(Self {
            value,
            header: Header::Statement,
            in_macro: Some((call.syntax().clone(), argument.start(), start)),
        })
    }

    /// The node of the file that stands for an expression of the site.
    pub(super) fn anchor<'a>(&'a self, expr: &'a ast::Expr) -> &'a SyntaxNode {
        match &self.in_macro {
            Some((call, _, _)) => call,
            None => expr.syntax(),
        }
    }

    /// Where an expression of the site stands in the file.
    pub(super) fn range_of(&self, expr: &ast::Expr) -> TextRange {
        let range = expr.syntax().text_range();
        match &self.in_macro {
            Some((_, argument, start)) => range - *start + *argument,
            None => range,
        }
    }

    /// The scrutinee or iterable.
    pub(super) fn head(&self) -> Option<ast::Expr> {
        match &self.header {
            Header::Match(it) => it.expr(),
            Header::IfLet(it) | Header::WhileLet(_, it) => it.expr(),
            Header::For(it) => it.iterable(),
            Header::Statement => None,
        }
    }

    /// The arguments around an expression, inner ones first, that await nothing: hoisting one of
    /// them takes the temporary along. The head counts as one.
    pub(super) fn enclosing_arguments(&self, expr: &ast::Expr) -> impl Iterator<Item = ast::Expr> {
        let head = self.head();
        let place = Place::of(self.anchor(expr)).map(|it| it.node().clone());
        let inner = expr.clone();
        expr.syntax()
            .ancestors()
            .skip(1)
            .take_while(move |node| Some(node) != place.as_ref())
            .filter_map(ast::Expr::cast)
            .filter(move |it| *it != inner && !mentions_await(it.syntax()))
            .filter(move |it| {
                let parent = it.syntax().parent();
                let is_argument = parent.is_some_and(|it| it.kind() == SyntaxKind::ARG_LIST);
                (is_argument && !is_reference(it)) || head.as_ref() == Some(it)
            })
            .take(2)
    }

    /// `Some(x)` binds one variable: the natural name of the scrutinee.
    pub(super) fn bound_name(&self) -> Option<String> {
        let pattern = match &self.header {
            Header::Match(it) => it.match_arm_list()?.arms().find_map(|arm| {
                let pat = arm.pat()?;
                single_binding(pat.syntax()).is_some().then_some(pat)
            })?,
            Header::IfLet(it) | Header::WhileLet(_, it) => it.pat()?,
            Header::For(_) | Header::Statement => return None,
        };
        single_binding(pattern.syntax())
    }

    /// Whether the fn mentions a name elsewhere than in what the header rules.
    pub(super) fn is_used_outside_header(&self, around: &SyntaxNode, name: &str) -> bool {
        let ruled = match &self.header {
            Header::Match(it) => Some(it.syntax().clone()),
            Header::IfLet(it) => {
                it.syntax().ancestors().find(|node| node.kind() == SyntaxKind::IF_EXPR)
            }
            Header::WhileLet(it, _) => Some(it.syntax().clone()),
            Header::For(_) | Header::Statement => None,
        };
        let Some(ruled) = ruled else { return true };
        let in_head = self.head().is_some_and(|it| has_ident(it.syntax(), name));
        in_head
            || ruled.ancestors().take_while(|it| it != around).any(|node| {
                let before = node.siblings(ra_ap_syntax::Direction::Prev).skip(1);
                let after = node.siblings(ra_ap_syntax::Direction::Next).skip(1);
                before.chain(after).any(|it| has_ident(&it, name))
            })
    }
}

fn is_reference(expr: &ast::Expr) -> bool {
    matches!(expr, ast::Expr::RefExpr(_) | ast::Expr::ClosureExpr(_))
}

fn header(node: &SyntaxNode, value: TextRange) -> Option<Header> {
    let is_in =
        |it: Option<ast::Expr>| it.is_some_and(|it| it.syntax().text_range().contains_range(value));
    match node.kind() {
        SyntaxKind::MATCH_EXPR => {
            let expr = ast::MatchExpr::cast(node.clone())?;
            is_in(expr.expr()).then_some(Header::Match(expr))
        }
        SyntaxKind::LET_EXPR => {
            let expr = ast::LetExpr::cast(node.clone())?;
            let parent = node.parent().and_then(ast::WhileExpr::cast);
            Some(match parent {
                Some(parent) => Header::WhileLet(parent, expr),
                None => Header::IfLet(expr),
            })
        }
        SyntaxKind::FOR_EXPR => {
            let expr = ast::ForExpr::cast(node.clone())?;
            is_in(expr.iterable()).then_some(Header::For(expr))
        }
        _ => None,
    }
}

/// The only variable of a pattern, without leading underscores.
fn single_binding(pattern: &SyntaxNode) -> Option<String> {
    let mut bindings = pattern
        .descendants()
        .filter_map(ast::IdentPat::cast)
        .filter_map(|it| it.name())
        // `None` parses as a binding.
        .filter(|it| it.text().starts_with(|c: char| c.is_lowercase() || c == '_'));
    let name = bindings.next()?.text().trim_start_matches('_').to_owned();
    (bindings.next().is_none() && !name.is_empty()).then_some(name)
}

/// The stretch between the commas of a macro call that contains a range.
fn argument_around(tree: &SyntaxNode, value: TextRange) -> Option<TextRange> {
    let inside = tree.children_with_tokens().filter(|it| {
        !matches!(
            it.kind(),
            SyntaxKind::L_PAREN
                | SyntaxKind::R_PAREN
                | SyntaxKind::L_BRACK
                | SyntaxKind::R_BRACK
                | SyntaxKind::WHITESPACE
                | SyntaxKind::COMMENT
        ) || it.as_node().is_some()
    });
    let mut argument: Option<TextRange> = None;
    for part in inside {
        match part.kind() {
            SyntaxKind::COMMA => {
                if argument.is_some_and(|it| it.contains_range(value)) {
                    break;
                }
                argument = None;
            }
            // `name = value`.
            SyntaxKind::EQ => argument = None,
            _ => {
                let range = part.text_range();
                argument = Some(argument.map_or(range, |it| it.cover(range)));
            }
        }
    }
    argument.filter(|it| it.contains_range(value))
}
