//! What a fix sees: the problem, the texts, and the tree around the value at fault.

use std::{borrow::Cow, rc::Rc};

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, TextRange, TextSize,
    ast::{self, HasName},
};

use super::World;
use crate::{
    problem::{Edit, Held, Problem},
    sources::Sources,
    syntax,
    text::Lines,
};

/// A problem with the parsed file of its value.
pub struct FixContext<'a> {
    /// The problem.
    pub problem: &'a Problem,
    /// The value at fault: the first that the compiler named; where it named none (the output of a
    /// spawned future), the expression that it complained about.
    pub held: Cow<'a, Held>,
    /// Every text of the workspace that the fix may edit.
    pub sources: &'a Sources,
    /// The file of the value, relative to the workspace root.
    pub file: &'a Utf8Path,
    /// Its text.
    pub text: &'a str,
    /// Its lines.
    pub lines: Lines,
    /// Its tree.
    pub tree: SourceFile,
    /// Where the value stands in it.
    pub value: TextRange,
    /// All files as trees, parsed when they are needed.
    pub world: Rc<World<'a>>,
}

impl<'a> FixContext<'a> {
    /// Parses the file of the problem's first value; `None` when it lies outside the workspace,
    /// or its text is not the one that the compiler saw.
    pub fn new(problem: &'a Problem, sources: &'a Sources) -> Option<Self> {
        let held = match problem.held.first() {
            Some(held) => Cow::Borrowed(held),
            None => Cow::Owned(unnamed(problem, sources)?),
        };
        let span = problem.held.first().map_or(&problem.reported_at, |held| &held.span);
        let file = span.is_local().then_some(span.file.as_path())?;
        let text: &str = sources.text(file)?;
        let lines = Lines::new(text);
        let value = lines.range(span)?;
        let tree = SourceFile::parse(text, syntax::edition(&problem.unit.edition)).tree();
        let world = Rc::new(World::new(sources, problem));
        Some(Self { problem, held, sources, file, text, lines, tree, value, world })
    }

    /// The edition of the unit.
    pub fn edition(&self) -> Edition {
        syntax::edition(&self.problem.unit.edition)
    }

    /// A replacement of a byte range of the value's file.
    pub fn edit(&self, range: TextRange, new_text: impl Into<String>) -> Edit {
        Edit { span: self.lines.span(self.file, range), new_text: new_text.into() }
    }

    /// An insertion into the value's file.
    pub fn insert(&self, at: TextSize, new_text: impl Into<String>) -> Edit {
        self.edit(TextRange::empty(at), new_text)
    }

    /// The byte ranges of the awaits that the value crosses, in source order.
    pub fn awaits(&self) -> Vec<TextRange> {
        let spans = self.held.awaits.iter().map(|it| &it.span);
        let mut ranges: Vec<_> = spans
            .filter(|span| span.file == self.file)
            .filter_map(|span| self.lines.range(span))
            .collect();
        ranges.sort_by_key(|range| range.start());
        ranges
    }

    /// The smallest node that covers the value.
    pub fn value_node(&self) -> SyntaxNode {
        match self.tree.syntax().covering_element(self.value) {
            ra_ap_syntax::NodeOrToken::Node(node) => node,
            ra_ap_syntax::NodeOrToken::Token(token) => token_parent(&token, self.tree.syntax()),
        }
    }

    /// The `let` that declares the value, when the value is a variable declared by one.
    pub fn let_stmt(&self) -> Option<ast::LetStmt> {
        let name = self.value_node().ancestors().find_map(ast::IdentPat::cast)?.name()?;
        let stmt = name.syntax().ancestors().find_map(ast::LetStmt::cast)?;
        let pat = stmt.pat()?;
        pat.syntax().text_range().contains_range(name.syntax().text_range()).then_some(stmt)
    }

    /// The expression that is the value, when the value is a temporary.
    pub fn value_expr(&self) -> Option<ast::Expr> {
        let covers = |it: &ast::Expr| it.syntax().text_range() == self.value;
        self.value_node().ancestors().filter_map(ast::Expr::cast).filter(covers).last()
    }

    /// The same problem seen from the variable that keeps the value: a temporary that is lent in
    /// the initializer of a `let` (`let x = &temporary();`) lives as long as that.
    pub fn as_variable(&self) -> Option<Self> {
        let value = self.value_expr().filter(|_| self.held.name.is_none())?;
        let mut around = value.syntax().ancestors().skip(1).skip_while(|it| {
            matches!(
                it.kind(),
                SyntaxKind::REF_EXPR
                    | SyntaxKind::PAREN_EXPR
                    | SyntaxKind::TUPLE_EXPR
                    | SyntaxKind::MACRO_EXPR
                    | SyntaxKind::RECORD_EXPR
                    | SyntaxKind::RECORD_EXPR_FIELD
                    | SyntaxKind::RECORD_EXPR_FIELD_LIST
            )
        });
        let stmt = around.next().and_then(ast::LetStmt::cast)?;
        let pattern = ast::IdentPat::cast(stmt.pat()?.syntax().clone())?;
        let name = pattern.name()?;
        let range = name.syntax().text_range();
        let held = Held {
            name: Some(name.text().to_string()),
            text: name.text().to_string(),
            span: self.lines.span(self.file, range),
            ..self.held.clone().into_owned()
        };
        Some(Self {
            problem: self.problem,
            held: Cow::Owned(held),
            sources: self.sources,
            file: self.file,
            text: self.text,
            lines: self.lines.clone(),
            tree: self.tree.clone(),
            value: range,
            world: Rc::clone(&self.world),
        })
    }

    /// The fn item or closure around a node, else the whole file: where names must not clash.
    pub fn surroundings(&self, node: &SyntaxNode) -> SyntaxNode {
        let item = node.ancestors().find_map(ast::Fn::cast);
        item.map_or_else(|| self.tree.syntax().clone(), |item| item.syntax().clone())
    }

    /// Whether only white space stands before an offset on its line.
    pub fn starts_line(&self, offset: TextSize) -> bool {
        let start = self.line_start(offset);
        let before = self.text.get(start..usize::from(offset));
        before.is_some_and(|it| it.trim().is_empty())
    }

    /// Whether the value is a lock's guard, or a borrow of a `RefCell`: a view of data that can
    /// be read while it is held.
    pub fn holds_lock(&self) -> bool {
        let ty = self.held.ty.as_deref().unwrap_or_default();
        let head = ty.split('<').next().unwrap_or_default();
        let name = head.rsplit("::").next().unwrap_or_default();
        name.ends_with("Guard") || matches!(name, "Ref" | "RefMut")
    }

    /// Whether the value is a span that was entered.
    pub fn is_entered(&self) -> bool {
        let ty = self.held.ty.as_deref().unwrap_or_default();
        let head = ty.split('<').next().unwrap_or_default();
        head.ends_with("EnteredSpan") || head.ends_with("Entered")
    }

    /// A statement's range with the white space before it, so that removing it leaves no empty
    /// line.
    pub fn line_of(&self, range: TextRange) -> TextRange {
        let before = self.text.get(..usize::from(range.start())).unwrap_or_default();
        let kept = before.trim_end_matches([' ', '\t', '\r', '\n']);
        TextRange::new(TextSize::of(kept), range.end())
    }

    /// A statement's range with the white space behind it up to the next code, so that removing
    /// it moves the next statement into its place. A comment behind it keeps its line.
    pub fn rest_of_line(&self, range: TextRange) -> TextRange {
        let after = self.text.get(usize::from(range.end())..).unwrap_or_default();
        let rest = after.trim_start();
        let space = after.len() - rest.len();
        let space = if rest.starts_with("//") { 0 } else { space };
        let end = TextSize::try_from(space).map_or(range.end(), |space| range.end() + space);
        TextRange::new(range.start(), end)
    }

    /// Code on one line, short enough for a title.
    pub fn shorten(&self, code: &str) -> String {
        const CHARS_MAX: usize = 48;
        let line = code.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= CHARS_MAX {
            return line;
        }
        let start: String = line.chars().take(CHARS_MAX).collect();
        format!("{start}…")
    }

    /// The leading white space of the line that an offset lies on.
    pub fn indent_at(&self, offset: TextSize) -> &'a str {
        let start = self.line_start(offset);
        let rest = self.text.get(start..).unwrap_or_default();
        let end = rest.find(|c: char| c != ' ' && c != '\t').unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// One step of indentation as the file writes it.
    pub fn indent_step(&self) -> &'static str {
        if self.text.lines().any(|line| line.starts_with('\t')) { "\t" } else { "    " }
    }

    /// The line end that the file uses.
    pub fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    fn line_start(&self, offset: TextSize) -> usize {
        let before = self.text.get(..usize::from(offset)).unwrap_or_default();
        before.rfind('\n').map_or(0, |at| at + 1)
    }
}

/// A stand-in for a value that the compiler did not name.
fn unnamed(problem: &Problem, sources: &Sources) -> Option<Held> {
    Some(Held {
        name: None,
        text: sources.slice(&problem.reported_at)?.to_owned(),
        ty: None,
        send: Some(false),
        span: problem.reported_at.clone(),
        in_macro: None,
        awaits: Vec::new(),
        why: Vec::new(),
    })
}

fn token_parent(token: &SyntaxToken, root: &SyntaxNode) -> SyntaxNode {
    token.parent().unwrap_or_else(|| root.clone())
}

/// Whether a subtree mentions a variable: as a path, in a macro's tokens, or captured by a
/// format string (`"{x}"`).
pub(super) fn mentions(node: &SyntaxNode, name: &str) -> bool {
    node.descendants_with_tokens().filter_map(|it| it.into_token()).any(|token| {
        match token.kind() {
            ra_ap_syntax::SyntaxKind::IDENT => {
                token.text() == name
                    && !follows_dot(&token)
                    && token.parent().is_some_and(|it| !is_declared_or_field(&it))
            }
            ra_ap_syntax::SyntaxKind::SELF_KW => name == "self",
            ra_ap_syntax::SyntaxKind::STRING => captures(token.text(), name),
            _ => false,
        }
    })
}

/// A field or a method in a macro's tokens; the end of a range is none.
fn follows_dot(token: &SyntaxToken) -> bool {
    let is_dot = |it: &SyntaxToken| it.kind() == ra_ap_syntax::SyntaxKind::DOT;
    let dot = token.prev_token().filter(is_dot);
    dot.is_some_and(|dot| !dot.prev_token().is_some_and(|it| is_dot(&it)))
}

/// A field access or a method's name is no mention of a variable of that name.
fn is_declared_or_field(parent: &SyntaxNode) -> bool {
    use ra_ap_syntax::SyntaxKind::{
        FIELD_EXPR, METHOD_CALL_EXPR, RECORD_EXPR_FIELD, RECORD_PAT_FIELD,
    };
    let owner = parent.parent();
    ast::NameRef::can_cast(parent.kind())
        && owner.is_some_and(|owner| {
            matches!(
                owner.kind(),
                FIELD_EXPR | METHOD_CALL_EXPR | RECORD_EXPR_FIELD | RECORD_PAT_FIELD
            )
        })
}

fn captures(literal: &str, name: &str) -> bool {
    literal.match_indices('{').any(|(at, _)| {
        let rest = literal.get(at + 1..).unwrap_or_default();
        rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(['}', ':', '.']))
    })
}

/// Whether a subtree awaits, in code or in a macro's tokens. Inner async blocks and closures
/// count: a copy may not be moved across their border either.
pub(super) fn mentions_await(node: &SyntaxNode) -> bool {
    node.descendants_with_tokens().any(|it| it.kind() == ra_ap_syntax::SyntaxKind::AWAIT_KW)
}

/// Whether an identifier stands anywhere in a subtree, as a binding, a path or in a macro.
pub(super) fn has_ident(node: &SyntaxNode, name: &str) -> bool {
    mentions(node, name)
        || node.descendants().filter_map(ast::Name::cast).any(|it| it.text() == name)
}

/// What a call can be appended to.
pub(super) fn is_postfix(expr: &ast::Expr) -> bool {
    matches!(
        expr,
        ast::Expr::MethodCallExpr(_)
            | ast::Expr::CallExpr(_)
            | ast::Expr::TryExpr(_)
            | ast::Expr::MacroExpr(_)
    )
}

/// Whether a node mentions a variable elsewhere than in an expression.
pub(super) fn mentions_outside(node: &SyntaxNode, inner: &SyntaxNode, name: &str) -> bool {
    if node == inner {
        return false;
    }
    match node.text_range().contains_range(inner.text_range()) {
        true => node.children().any(|it| mentions_outside(&it, inner, name)),
        false => mentions(node, name),
    }
}
