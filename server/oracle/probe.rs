//! Types by probing: one call per value, bounded by a trait that nothing implements. rustc then
//! says in our own words which type the value has, and whether it is `Send`, for every value of
//! a body in one run that stops before borrow checking.
//!
//! Pure: the text of a file in, the text with probes out; diagnostics in, answers out.

use std::collections::BTreeMap;

use cargo_metadata::diagnostic::Diagnostic;
use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange, TextSize,
    ast::{self, HasLoopBody},
};

use crate::{
    recognise::{self, Shortfall},
    syntax::{AsyncBody, Crossing, Origin, ValueFacts},
};

/// How the answers about types start.
pub(super) const MARK: &str = "sendlens-type:";

/// Declared at the start of the probed body. Items see the generics around them, though they may
/// not use them: hence names that nobody else gives.
const ITEMS: &str = " #[diagnostic::on_unimplemented(message = \"sendlens-type:{SENDLENS_N}:{Self}\")] \
    trait SendlensType<const SENDLENS_N: usize> {} \
    fn sendlens_type<const SENDLENS_N: usize, T: ?Sized + SendlensType<SENDLENS_N>>(_: &T) {} \
    trait SendlensSend<const SENDLENS_N: usize> {} \
    impl<const SENDLENS_N: usize, T: ?Sized + ::core::marker::Send> SendlensSend<SENDLENS_N> for T {} \
    fn sendlens_send<const SENDLENS_N: usize, T: ?Sized + SendlensSend<SENDLENS_N>>(_: &T) {} \
    trait SendlensCopy<const SENDLENS_N: usize> {} \
    impl<const SENDLENS_N: usize, T: ::core::marker::Copy> SendlensCopy<SENDLENS_N> for T {} \
    fn sendlens_copy<const SENDLENS_N: usize, T: SendlensCopy<SENDLENS_N>>(_: &T) {} \
    fn sendlens_keep<const SENDLENS_N: usize, T: SendlensType<SENDLENS_N> \
        + SendlensSend<SENDLENS_N> + SendlensCopy<SENDLENS_N>>(t: T) -> T { t } ";

/// What the compiler said of one value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    /// Its type.
    pub(super) ty: Option<String>,
    /// Why it is not `Send`, one for each leaf; empty when it is.
    pub(super) shortfalls: Vec<Shortfall>,
    /// Whether it is known not to be `Copy`. What is `Copy` gets no answer about it.
    pub(super) is_moved: bool,
}

impl Answer {
    /// Whether the value is `Send`, where that can be told. The bodies that are probed do not
    /// compile, and of their futures the compiler believes anything.
    pub(super) fn send(&self) -> Option<bool> {
        let ty = self.ty.as_deref();
        let is_future = |ty: &str| ty.contains("impl ") || ty.contains("{async ");
        match self.shortfalls.is_empty() {
            true => ty.filter(|ty| !is_future(ty)).map(|_| true),
            false => Some(false),
        }
    }

    /// What the answer tells the analysis of control flow.
    pub(super) fn facts(&self) -> ValueFacts {
        // A type that is not fully known can still turn out either way.
        let known = self.ty.as_deref().filter(|ty| !has_hole(ty));
        let Some(ty) = known else {
            return ValueFacts::default();
        };
        let named = ValueFacts::from_type(ty);
        match (self.is_moved, named.copy) {
            // Somebody's own type, with the name of another.
            (true, Some(true)) => ValueFacts { copy: Some(false), ..ValueFacts::default() },
            (true, _) => ValueFacts { copy: Some(false), ..named },
            (false, _) => {
                ValueFacts { copy: Some(true), needs_drop: Some(false), shape: named.shape }
            }
        }
    }
}

/// `Vec<_>`; the underscore of a name or a lifetime is none.
fn has_hole(ty: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '\'');
    ty.split(|c| !is_name(c)).any(|word| word == "_")
}

/// A file's text with one probe for each crossing of its bodies, numbered through from `first` on
/// in the order of both. Bodies without a block of their own get none.
pub(super) fn with_probes(
    text: &str,
    edition: Edition,
    bodies: &[AsyncBody],
    mut first: usize,
) -> String {
    let tree = SourceFile::parse(text, edition).tree();
    let mut insertions = Insertions::default();
    for body in bodies {
        probe_body(tree.syntax(), body, first, &mut insertions);
        first += body.crossings.len();
    }
    insertions.apply(text)
}

fn probe_body(
    root: &SyntaxNode,
    body: &AsyncBody,
    first: usize,
    insertions: &mut Insertions,
) -> Option<()> {
    let start = body_block(root, body)?.stmt_list()?.l_curly_token()?.text_range().end();
    insertions.insert(start, ITEMS);
    let mut keep: Vec<(usize, TextRange)> = Vec::new();
    for (n, crossing) in (first..).zip(&body.crossings) {
        match &crossing.name {
            Some(name) => {
                let at = after_declaration(root, crossing, start);
                insertions.insert(at, &probe(n, name, crossing.origin));
            }
            None if crossing.origin == Origin::Temporary => {
                keep.push((n, crossing.range));
            }
            None => {}
        }
    }
    // Where two begin together, the longer is the outer one.
    keep.sort_by_key(|(_, range)| std::cmp::Reverse(range.len()));
    for (n, range) in keep {
        insertions.insert(range.start(), &format!("sendlens_keep::<{n}, _>("));
        insertions.insert(range.end(), ")");
    }
    Some(())
}

/// Texts to insert, by offset.
#[derive(Debug, Default)]
struct Insertions(BTreeMap<TextSize, String>);

impl Insertions {
    fn insert(&mut self, at: TextSize, text: &str) {
        self.0.entry(at).or_default().push_str(text);
    }

    fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() * 2);
        let mut copied = 0;
        for (at, inserted) in &self.0 {
            let at = usize::from(*at);
            out.push_str(text.get(copied..at).unwrap_or_default());
            out.push_str(inserted);
            copied = at;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    }
}

fn probe(n: usize, name: &str, origin: Origin) -> String {
    let name = if ra_ap_syntax::SyntaxKind::from_keyword(name, Edition::Edition2021).is_some()
        && name != "self"
    {
        format!("r#{name}")
    } else {
        name.to_owned()
    };
    // A block without `move` keeps a reference to what it captures.
    let by_reference = if origin == Origin::Capture { "&" } else { "" };
    format!(
        " sendlens_type::<{n}, _>(&{name}); sendlens_send::<{n}, _>(&{by_reference}{name}); \
        sendlens_copy::<{n}, _>(&{name}); "
    )
}

fn body_block(root: &SyntaxNode, body: &AsyncBody) -> Option<ast::BlockExpr> {
    let element = root.covering_element(body.range);
    let node = element.ancestors().find(|node| node.text_range() == body.range)?;
    if let Some(func) = ast::Fn::cast(node.clone()) {
        return func.body();
    }
    if let Some(closure) = ast::ClosureExpr::cast(node.clone()) {
        return ast::BlockExpr::cast(closure.body()?.syntax().clone());
    }
    ast::BlockExpr::cast(node)
}

/// The first place behind a declaration where its name is in scope: nothing can shadow it there.
fn after_declaration(root: &SyntaxNode, crossing: &Crossing, start: TextSize) -> TextSize {
    if matches!(crossing.origin, Origin::Param | Origin::Capture) {
        return start;
    }
    let Some(token) = root.token_at_offset(crossing.range.start()).right_biased() else {
        return start;
    };
    let in_scope = token.parent_ancestors().find_map(|node| scope_start(&node, crossing.range));
    in_scope.or_else(|| after_tokens(&token)).unwrap_or(start)
}

fn scope_start(node: &SyntaxNode, value: TextRange) -> Option<TextSize> {
    let opening = |block: Option<ast::BlockExpr>| {
        Some(block?.stmt_list()?.l_curly_token()?.text_range().end())
    };
    let in_pattern = |pat: Option<ast::Pat>| {
        pat.is_some_and(|pat| pat.syntax().text_range().contains_range(value))
    };
    if let Some(stmt) = ast::LetStmt::cast(node.clone()) {
        return in_pattern(stmt.pat()).then(|| stmt.syntax().text_range().end());
    }
    if let Some(arm) = ast::MatchArm::cast(node.clone()) {
        return match arm.expr()? {
            ast::Expr::BlockExpr(block) if in_pattern(arm.pat()) => opening(Some(block)),
            _ => None,
        };
    }
    if let Some(condition) = ast::LetExpr::cast(node.clone()).filter(|it| in_pattern(it.pat())) {
        let owner = condition.syntax().ancestors().skip(1);
        return owner.into_iter().find_map(|node| {
            let then = ast::IfExpr::cast(node.clone()).and_then(|it| it.then_branch());
            opening(then.or_else(|| ast::WhileExpr::cast(node)?.loop_body()))
        });
    }
    let looped = ast::ForExpr::cast(node.clone()).filter(|it| in_pattern(it.pat()))?;
    opening(looped.loop_body())
}

/// In the tokens of a macro: behind the next `;` of the same tree.
fn after_tokens(token: &SyntaxToken) -> Option<TextSize> {
    if token.parent()?.kind() != SyntaxKind::TOKEN_TREE {
        return None;
    }
    let siblings =
        std::iter::successors(token.next_sibling_or_token(), |it| it.next_sibling_or_token());
    let mut ends = siblings.filter(|it| it.kind() == T![;]).map(|it| it.text_range().end());
    ends.next()
}

/// The answers in a run's diagnostics, by number.
pub(super) fn answers(diagnostics: &[Diagnostic]) -> BTreeMap<usize, Answer> {
    let mut answers: BTreeMap<usize, Answer> = BTreeMap::new();
    for diagnostic in diagnostics {
        if let Some((n, ty)) = type_answer(&diagnostic.message) {
            answers.entry(n).or_default().ty = Some(ty.to_owned());
        } else if let Some(n) = answer_to("SendlensCopy<", diagnostic) {
            answers.entry(n).or_default().is_moved = true;
        } else if let Some(n) = answer_to("SendlensSend<", diagnostic) {
            let Some(mut shortfall) = recognise::shortfall(diagnostic) else { continue };
            shortfall.why.retain(|why| !is_idle(why));
            let shortfalls = &mut answers.entry(n).or_default().shortfalls;
            if !shortfalls.contains(&shortfall) {
                shortfalls.push(shortfall);
            }
        }
    }
    answers
}

/// Our own trait in between makes a type its own reason: "`Rc<u8>` contains `Rc<u8>`".
fn is_idle(why: &str) -> bool {
    why.split_once(" contains ").is_some_and(|(outer, inner)| outer == inner)
}

fn type_answer(message: &str) -> Option<(usize, &str)> {
    let (n, ty) = message.strip_prefix(MARK)?.split_once(':')?;
    Some((n.parse().ok()?, ty))
}

/// The number behind the name of one of our traits.
fn answer_to(question: &str, diagnostic: &Diagnostic) -> Option<usize> {
    let messages = std::iter::once(&diagnostic.message)
        .chain(diagnostic.children.iter().map(|child| &child.message));
    messages.into_iter().find_map(|message| {
        let (_, rest) = message.split_once(question)?;
        rest.split_once('>')?.0.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_by_number() {
        assert_eq!(type_answer("sendlens-type:12:Vec<Rc<u8>>"), Some((12, "Vec<Rc<u8>>")));
        assert_eq!(type_answer("mismatched types"), None);
    }

    #[test]
    fn futures_of_probed_bodies_are_not_said_to_be_send() {
        let answer = |ty: &str| Answer { ty: Some(ty.into()), ..Answer::default() };
        assert_eq!(answer("Größe<u8>").send(), Some(true));
        assert_eq!(answer("Timeout<impl Future<Output = ()>>").send(), None);
        assert_eq!(answer("{async block@src/lib.rs:1:1: 1:6}").send(), None);
        assert_eq!(Answer::default().send(), None);
    }

    #[test]
    fn what_is_copy_has_no_destructor() {
        let answer =
            |ty: &str, is_moved| Answer { ty: Some(ty.into()), shortfalls: vec![], is_moved };
        assert_eq!(answer("Größe", false).facts(), ValueFacts::PLAIN);
        assert_eq!(answer("u8", false).facts(), ValueFacts::PRIMITIVE);
        let moved = ValueFacts { copy: Some(false), ..ValueFacts::default() };
        assert_eq!(answer("Größe", true).facts(), moved);
        assert_eq!(answer("my::ErrorKind", true).facts(), moved);
        assert_eq!(answer("&'_ mut _my", true).facts(), ValueFacts::EXCLUSIVE);
        assert_eq!(answer("Vec<_>", false).facts(), ValueFacts::default());
    }

    #[test]
    fn no_type_is_its_own_reason() {
        assert!(is_idle("`Rc<u8>` contains `Rc<u8>`") && !is_idle("`A` contains `Rc<u8>`"));
    }

    #[test]
    fn probes_stand_where_the_name_is_in_scope() {
        let text = "async fn f(p: u8) {\n    let żółw = 1;\n    match q() { Some(x) => { io().await } _ => {} }\n}";
        let range = |needle: &str| {
            let at = u32::try_from(text.find(needle).unwrap()).unwrap();
            TextRange::at(TextSize::new(at), TextSize::of(needle))
        };
        let crossing = |name: &str, origin, range| Crossing {
            name: Some(name.into()),
            origin,
            range,
            awaits: vec![0],
            held_from_start: false,
        };
        let body = AsyncBody {
            kind: crate::syntax::BodyKind::Fn,
            name: Some("f".into()),
            range: TextRange::up_to(TextSize::of(text)),
            header: range("async fn f"),
            awaits: vec![range("await")],
            crossings: vec![
                crossing("p", Origin::Param, range("p")),
                crossing("żółw", Origin::Local, range("żółw")),
                crossing("x", Origin::Local, range("x")),
            ],
        };
        let probed = with_probes(text, Edition::Edition2021, &[body], 0);
        assert!(probed.contains("let żółw = 1; sendlens_type::<1, _>(&żółw);"), "{probed}");
        assert!(probed.contains("Some(x) => { sendlens_type::<2, _>(&x);"), "{probed}");
        assert!(probed.contains("{ t }  sendlens_type::<0, _>(&p);"), "{probed}");
    }
}
