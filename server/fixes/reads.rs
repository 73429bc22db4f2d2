//! The uses of a value (a guard, a captured `Rc`, an argument), as far as they only read.

use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken, TextRange,
    TextSize,
    ast::{self, HasArgList},
};

use crate::fixes::{
    FixContext,
    chain::{is_known_read, is_view_name, owned_forms, projection, writes_through},
    context::mentions,
};

/// One place where the guard is read.
#[derive(Clone)]
pub(super) struct Read {
    /// The read, in the file's tree or parsed on its own out of a macro.
    expr: ast::Expr,
    range: TextRange,
    held: String,
}

impl Read {
    /// All reads of a statement; `None` when it may also write, or in a way that we cannot see.
    pub(super) fn all_in(
        context: &FixContext<'_>,
        node: &SyntaxNode,
        held: &str,
        is_mutable: bool,
    ) -> Option<Vec<Self>> {
        let mut reads = Self::all_outside_strings(context, node, held, is_mutable)?;
        let tokens = node.descendants_with_tokens().filter_map(|it| it.into_token());
        let strings: Vec<SyntaxToken> = tokens
            .filter(|it| it.kind() == SyntaxKind::STRING && !captures_of(it, held).is_empty())
            .collect();
        let texts: Option<Vec<Self>> = strings.iter().map(|it| formatted(it, held)).collect();
        if let Some(texts) = texts.filter(|it| !it.is_empty()) {
            reads.retain(|it| !texts.iter().any(|text| text.range.contains_range(it.range)));
            reads.extend(texts);
            reads.sort_by_key(|it| it.range.start());
            return Some(reads);
        }
        let captured: Vec<TextRange> =
            strings.iter().flat_map(|it| captures_of(it, held)).collect();
        // `"{guard}"` shows what is elsewhere read as `*guard`.
        let data = format!("*{held}");
        let is_whole = reads.iter().any(|it| it.text() == held);
        let expr = parse_expr(if is_whole { held } else { &data })?;
        reads.extend(captured.into_iter().map(|range| Self {
            expr: expr.clone(),
            range,
            held: held.to_owned(),
        }));
        Some(reads)
    }

    /// The same without `"{held}"`, for those who keep the name.
    pub(super) fn all_outside_strings(
        context: &FixContext<'_>,
        node: &SyntaxNode,
        held: &str,
        is_mutable: bool,
    ) -> Option<Vec<Self>> {
        let mut reads: Vec<Self> = Vec::new();
        for element in node.descendants_with_tokens() {
            let SyntaxElement::Token(token) = element else {
                continue;
            };
            let found = match token.kind() {
                SyntaxKind::IDENT | SyntaxKind::SELF_KW if token.text() == held => {
                    at_ident(context, &token, held)?
                }
                _ => continue,
            };
            let Some(read) = found else { continue };
            let covered = reads.iter().any(|it| it.range.contains_range(read.range));
            if !covered {
                reads.push(read);
            }
        }
        let only_reads = |read: &Self| !is_mutable || read.is_known();
        let is_safe = |read: &Self| !writes_through(read.expr.syntax()) && !read.is_written();
        reads.iter().all(|it| only_reads(it) && is_safe(it)).then_some(reads)
    }

    pub(super) fn expr(&self) -> &ast::Expr {
        &self.expr
    }

    pub(super) fn text(&self) -> String {
        self.expr.syntax().text().to_string()
    }

    pub(super) fn range(&self) -> TextRange {
        self.range
    }

    /// Whether the read mentions the guard once, where another expression can stand.
    pub(super) fn mentions_once(&self) -> bool {
        let tokens = self.expr.syntax().descendants_with_tokens();
        let mentions = tokens.filter(|it| it.as_token().is_some_and(|it| it.text() == self.held));
        !matches!(self.expr, ast::Expr::MacroExpr(_)) && mentions.count() == 1
    }

    /// How the value can be written, with what follows its name where it is used.
    pub(super) fn forms(&self) -> Vec<(String, &'static str)> {
        let is_guard = self.text() == self.held;
        let forms = owned_forms(&self.expr, is_guard);
        let cloned = forms.iter().find(|it| it.ends_with(".cloned()")).cloned();
        let mut all: Vec<(String, &'static str)> =
            forms.into_iter().map(|form| (form, "")).collect();
        // Where the reference itself is matched on, the copy is lent out the same way.
        all.extend(cloned.map(|form| (form, ".as_ref()")));
        all
    }

    /// Whether every method on the way is known to read: a `mut` guard gives no other hint.
    fn is_known(&self) -> bool {
        let calls = self.expr.syntax().descendants().filter_map(ast::MethodCallExpr::cast);
        let mut names: Vec<String> =
            calls.filter_map(|it| Some(it.name_ref()?.text().to_string())).collect();
        let next = self.expr.syntax().parent().and_then(ast::MethodCallExpr::cast);
        let next = next.filter(|it| it.receiver().as_ref() == Some(&self.expr));
        names.extend(next.and_then(|it| Some(it.name_ref()?.text().to_string())));
        names.iter().all(|name| is_known_read(name))
    }

    fn is_written(&self) -> bool {
        let Some(parent) = self.expr.syntax().parent() else {
            return false;
        };
        if let Some(assignment) = ast::BinExpr::cast(parent.clone()) {
            let is_assignment =
                matches!(assignment.op_kind(), Some(ast::BinaryOp::Assignment { .. }));
            return is_assignment && assignment.lhs().as_ref() == Some(&self.expr);
        }
        ast::RefExpr::cast(parent).is_some_and(|it| it.mut_token().is_some())
    }
}

/// One of each text.
pub(super) fn distinct(reads: &[Read]) -> Vec<Read> {
    let mut distinct: Vec<Read> = Vec::new();
    for read in reads {
        if !distinct.iter().any(|known| known.text() == read.text()) {
            distinct.push(read.clone());
        }
    }
    distinct
}

/// `Some(None)` when the identifier is not our variable.
fn at_ident(context: &FixContext<'_>, token: &SyntaxToken, held: &str) -> Option<Option<Read>> {
    let parent = token.parent()?;
    if parent.kind() == SyntaxKind::TOKEN_TREE {
        return in_macro(context, token, held);
    }
    if !mentions(&parent.parent()?, held) {
        return Some(None);
    }
    let path = parent.ancestors().find_map(ast::PathExpr::cast);
    let Some(path) = path.filter(|it| it.syntax().text() == held) else {
        // A field, a binding or a longer path of that name.
        return Some(None);
    };
    let expr = projection(&ast::Expr::PathExpr(path));
    Some(Some(Read { range: expr.syntax().text_range(), expr, held: held.to_owned() }))
}

/// `guard.name.len()` in a macro's tokens.
fn in_macro(context: &FixContext<'_>, token: &SyntaxToken, held: &str) -> Option<Option<Read>> {
    let before = token.prev_token();
    if before.as_ref().is_some_and(|it| it.kind() == SyntaxKind::DOT) {
        return Some(None);
    }
    let star = before.filter(|it| it.kind() == SyntaxKind::STAR);
    let start = star.map_or(token.text_range().start(), |it| it.text_range().start());
    let mut end = token.text_range().end();
    let mut next = token.next_sibling_or_token();
    while let Some(element) = next {
        let after = element.next_sibling_or_token();
        match element.kind() {
            SyntaxKind::DOT => {
                let name = after?;
                let is_view = name.as_token().is_some_and(|it| is_view_name(it.text()));
                if is_view || name.kind() == SyntaxKind::AWAIT_KW {
                    break;
                }
                end = name.text_range().end();
                next = name.next_sibling_or_token();
            }
            SyntaxKind::TOKEN_TREE => {
                end = element.text_range().end();
                next = after;
            }
            SyntaxKind::QUESTION => {
                end = element.text_range().end();
                next = after;
            }
            SyntaxKind::EQ => return None,
            _ => break,
        }
    }
    let range = TextRange::new(start, end);
    let text = context.text.get(std::ops::Range::<usize>::from(range))?;
    Some(Some(Read { expr: parse_expr(text)?, range, held: held.to_owned() }))
}

fn parse_expr(text: &str) -> Option<ast::Expr> {
    const HEAD: &str = "fn f() { g(";
    let parse = SourceFile::parse(&format!("{HEAD}{text}) }}"), Edition::CURRENT);
    if !parse.errors().is_empty() {
        return None;
    }
    let call = parse.tree().syntax().descendants().find_map(ast::CallExpr::cast)?;
    let expr = call.arg_list()?.args().next()?;
    (expr.syntax().text_range().start() == TextSize::of(HEAD)).then_some(expr)
}

/// The `format!` around a string that names the guard, when it prints nothing else: the text can
/// be made earlier. `|| format!("{guard:?}")` is how errors get their context.
fn formatted(string: &SyntaxToken, held: &str) -> Option<Read> {
    let call = string.parent_ancestors().find_map(ast::MacroExpr::cast)?;
    let path = call.macro_call()?.path()?.segment()?.name_ref()?;
    let tokens = call.syntax().descendants_with_tokens().filter_map(|it| it.into_token());
    let is_ours = |it: &SyntaxToken| match it.kind() {
        SyntaxKind::IDENT if it.text_range() != path.syntax().text_range() => {
            it.text() == held || it.prev_token().is_some_and(|it| it.kind() == SyntaxKind::DOT)
        }
        SyntaxKind::STRING => names_only(it.text(), held),
        SyntaxKind::EQ | SyntaxKind::QUESTION | SyntaxKind::AWAIT_KW => false,
        _ => true,
    };
    let is_fit = path.text() == "format" && tokens.into_iter().all(|it| is_ours(&it));
    let range = call.syntax().text_range();
    is_fit.then(|| Read { expr: ast::Expr::MacroExpr(call), range, held: held.to_owned() })
}

/// Whether the places of a format string are empty, numbered, or name this variable.
fn names_only(literal: &str, held: &str) -> bool {
    let literal = literal.replace("{{", "");
    literal.split('{').skip(1).all(|place| {
        let name = place.split(['}', ':']).next().unwrap_or_default();
        let is_width = place.split('}').next().unwrap_or_default().contains('$');
        !is_width && (name == held || name.chars().all(|c| c.is_ascii_digit()))
    })
}

/// Where a format string shows a variable by its name: `{guard}`, `{guard:?}`.
fn captures_of(token: &SyntaxToken, held: &str) -> Vec<TextRange> {
    let in_macro = token.parent().is_some_and(|it| it.kind() == SyntaxKind::TOKEN_TREE);
    let text = token.text();
    let places = text.match_indices('{').filter_map(|(at, _)| {
        let (before, rest) = (text.get(..at)?, text.get(at + 1..)?);
        // `{{` is a brace to be shown.
        let braces = before.chars().rev().take_while(|c| *c == '{').count();
        let shows = rest.strip_prefix(held).is_some_and(|it| it.starts_with(['}', ':']));
        let start = token.text_range().start() + TextSize::try_from(at + 1).ok()?;
        (shows && braces % 2 == 0).then(|| TextRange::at(start, TextSize::of(held)))
    });
    if in_macro { places.collect() } else { Vec::new() }
}
