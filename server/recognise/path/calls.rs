//! Who calls whom, by name: fns with what they call, read from the text alone.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange,
    ast::{self, HasName},
};

use crate::{
    problem::{Place, Position, Span},
    text::Lines,
};

/// Calls whose argument is not awaited by the caller: another task runs it.
const SPAWNS: &[&str] = &["spawn", "spawn_local", "spawn_blocking", "spawn_on", "block_on"];

/// How a fn is called.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// `.name(..)`
    Method,
    /// `Owner::name(..)`
    Owned(String),
    /// `name(..)` or `module::name(..)`
    Plain,
}

/// A call, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) name: String,
    form: Form,
}

/// A fn that may be on the way. Two are the same when they stand at the same place.
#[derive(Debug)]
pub(super) struct Callee {
    pub(super) place: Place,
    /// From its first token to the end of its body.
    pub(super) whole: Span,
    pub(super) name: String,
    pub(super) is_async: bool,
    /// The type whose `impl`, or the trait in which it stands.
    owner: Option<String>,
    has_self: bool,
    pub(super) calls: Vec<Call>,
}

impl PartialEq for Callee {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Callee {
    /// Whether a call, written in `caller`, may be one of this fn.
    pub(super) fn is_called_by(&self, call: &Call, caller: Option<&Callee>) -> bool {
        self.name == call.name
            && match &call.form {
                Form::Method => self.has_self,
                Form::Owned(owner) if owner == "Self" => {
                    self.owner.is_some() && caller.is_none_or(|caller| caller.owner == self.owner)
                }
                Form::Owned(owner) => self.owner.as_deref().is_none_or(|ours| ours == owner),
                Form::Plain => self.owner.is_none(),
            }
    }
}

/// The fns of a file that have this name.
pub(super) fn fns_in(file: &Utf8Path, text: &str, edition: Edition, name: &str) -> Vec<Callee> {
    let tree = SourceFile::parse(text, edition).tree();
    let lines = Lines::new(text);
    let fns = tree.syntax().descendants().filter_map(ast::Fn::cast);
    let named = fns.filter(|it| it.name().is_some_and(|it| it.text() == name));
    named.filter_map(|func| callee(file, &lines, &func)).collect()
}

fn callee(file: &Utf8Path, lines: &Lines, func: &ast::Fn) -> Option<Callee> {
    let name = func.name()?;
    let body = func.body()?;
    let is_async = func.async_token().is_some();
    let head = func.async_token().or_else(|| func.fn_token())?;
    let range = head.text_range().cover(name.syntax().text_range());
    let kind = if is_async { "async fn" } else { "fn" };
    let name = name.text().to_string();
    Some(Callee {
        place: Place { what: format!("{kind} `{name}`"), span: lines.span(file, range) },
        whole: lines.span(file, head.text_range().cover(body.syntax().text_range())),
        is_async,
        owner: owner_of(func),
        has_self: func.param_list().is_some_and(|list| list.self_param().is_some()),
        calls: calls_in(body.syntax(), body.syntax().text_range()),
        name,
    })
}

fn owner_of(func: &ast::Fn) -> Option<String> {
    let owner = func.syntax().parent()?.parent()?;
    match ast::Impl::cast(owner.clone()) {
        Some(block) => last_name(block.self_ty()?.syntax()),
        None => Some(ast::Trait::cast(owner)?.name()?.text().to_string()),
    }
}

/// `a::B<C>` -> "B"
fn last_name(ty: &SyntaxNode) -> Option<String> {
    let path = ty.descendants().find_map(ast::Path::cast)?;
    Some(path.segment()?.name_ref()?.text().to_string())
}

/// The calls within a range of a node, macros' tokens included, those that another task runs left
/// out.
pub(super) fn calls_in(node: &SyntaxNode, range: TextRange) -> Vec<Call> {
    let mut calls = Vec::new();
    let tokens = node.descendants_with_tokens().filter_map(SyntaxElement::into_token);
    let tokens = tokens.filter(|it| it.kind() == SyntaxKind::IDENT);
    for token in tokens.filter(|it| range.contains_range(it.text_range())) {
        let next = neighbour(&token, SyntaxToken::next_token).map(|it| it.kind());
        let is_call = next.is_some_and(|it| matches!(it, T!['('] | T![::] | T![:]));
        if is_call && !is_spawned(&token, node) {
            calls.push(Call { name: token.text().to_owned(), form: form(&token) });
        }
    }
    calls
}

fn form(name: &SyntaxToken) -> Form {
    let before = neighbour(name, SyntaxToken::prev_token);
    match before.as_ref().map(SyntaxToken::kind) {
        Some(T![.]) => Form::Method,
        Some(T![::] | T![:]) => {
            let mut tokens = std::iter::successors(before, SyntaxToken::prev_token);
            let owner = tokens.find(|it| !matches!(it.kind(), T![::] | T![:]));
            let owner = owner.filter(|it| it.text().starts_with(char::is_uppercase));
            owner.map_or(Form::Plain, |it| Form::Owned(it.text().to_owned()))
        }
        _ => Form::Plain,
    }
}

fn neighbour(
    token: &SyntaxToken,
    step: fn(&SyntaxToken) -> Option<SyntaxToken>,
) -> Option<SyntaxToken> {
    std::iter::successors(step(token), step).find(|it| !it.kind().is_trivia())
}

/// Whether a call stands in an argument of a spawn below `root`.
fn is_spawned(call: &SyntaxToken, root: &SyntaxNode) -> bool {
    let lists = call.parent_ancestors().take_while(|it| it != root);
    lists.filter(|it| it.kind() == SyntaxKind::ARG_LIST).any(|list| {
        let callee = list.prev_sibling_or_token();
        let name = match callee {
            Some(SyntaxElement::Node(node)) => node.last_token(),
            Some(SyntaxElement::Token(token)) => Some(token),
            None => None,
        };
        name.is_some_and(|it| SPAWNS.contains(&it.text()))
    })
}

/// The innermost async block around, or within, an expression; and what it calls.
pub(super) fn block_at(text: &str, edition: Edition, at: &Span) -> Option<(Place, Vec<Call>)> {
    let lines = Lines::new(text);
    let range = lines.range(at)?;
    let tree = SourceFile::parse(text, edition).tree();
    let blocks = tree.syntax().descendants().filter_map(ast::BlockExpr::cast);
    let block = blocks.filter(|it| it.async_token().is_some()).find(|it| {
        let block = it.syntax().text_range();
        range.contains_range(block) || block.contains_range(range)
    })?;
    let head = block.async_token()?.text_range();
    let place = Place { what: "async block".to_owned(), span: lines.span(&at.file, head) };
    let calls = calls_in(block.syntax(), block.syntax().text_range());
    Some((place, calls))
}

/// The calls of a name in an expression.
pub(super) fn calls_at(text: &str, edition: Edition, at: &Span, name: &str) -> Vec<Call> {
    let Some(range) = Lines::new(text).range(at) else { return Vec::new() };
    let tree = SourceFile::parse(text, edition).tree();
    let mut calls = calls_in(tree.syntax(), range);
    calls.retain(|call| call.name == name);
    calls.iter_mut().for_each(|call| {
        if call.form == Form::Owned("Self".to_owned()) {
            // Whose `Self` it is, is not looked up.
            call.form = Form::Method;
        }
    });
    calls
}

/// Whether a place lies within a fn.
pub(super) fn is_within(place: &Span, whole: &Span) -> bool {
    let at: Position = place.start;
    place.file == whole.file && whole.start <= at && at < whole.end
}
