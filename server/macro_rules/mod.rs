//! What a call of a `macro_rules` becomes, as pieces of the macro's body and of the call.
//!
//! The call's tokens are matched as the compiler does it, but for one thing: where an expression,
//! a type or a pattern ends is told from the tokens that may follow it, not by parsing it.

mod block;
mod fragment;

use std::collections::HashMap;

use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxElement, SyntaxKind, SyntaxNode, T, TextRange, ast,
};

pub(crate) use block::block_in;

/// A piece of what a call becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text of the macro's body.
    Body(TextRange),
    /// What the caller gave for a variable, and where the body names the variable (`$n`).
    Argument {
        /// In the text of the call.
        given: TextRange,
        /// In the text of the macro.
        variable: TextRange,
        /// Whether operators around it need parentheses.
        is_compound: bool,
        /// Whether it can be a name: an expression only looks like one.
        may_bind: bool,
    },
    /// Text that neither has: `crate` for `$crate`.
    Glue(&'static str),
}

/// What a macro variable stands for.
#[derive(Debug, Clone)]
enum Bound {
    One { given: TextRange, is_compound: bool, may_bind: bool },
    Many(Vec<Bound>),
}

type Bindings = HashMap<String, Bound>;

enum Pattern {
    Token(String),
    Group(String, Vec<Pattern>),
    Variable { name: String, fragment: String },
    Repeat { inner: Vec<Pattern>, separator: Option<String>, operator: String },
}

/// Expands a call by the first rule that takes its tokens.
pub(crate) fn expand(rules: &ast::MacroRules, call: &ast::MacroCall) -> Option<Vec<Part>> {
    let given = inner(call.token_tree()?.syntax());
    let given: Vec<SyntaxElement> = given.into_iter().filter(|it| !it.kind().is_trivia()).collect();
    let all = rules.token_tree()?;
    let groups: Vec<SyntaxNode> = all.syntax().children().collect();
    groups.chunks_exact(2).find_map(|rule| {
        let [pattern, body] = rule else { return None };
        let pattern = patterns(&significant(pattern))?;
        let mut bindings = Bindings::new();
        let mut at = 0;
        matches(&pattern, &given, &mut at, None, &mut bindings).filter(|()| at == given.len())?;
        let mut parts = Vec::new();
        transcribe(&trimmed(inner(body)), &bindings, &mut parts)?;
        Some(parts)
    })
}

/// A call as the compiler points at it: from its path to its last bracket, without the comments
/// before it and the semicolon of an item.
pub(crate) fn call_range(call: &ast::MacroCall) -> Option<TextRange> {
    let start = call.path()?.syntax().text_range().start();
    Some(TextRange::new(start, call.token_tree()?.syntax().text_range().end()))
}

/// What stands between a group's delimiters.
fn inner(group: &SyntaxNode) -> Vec<SyntaxElement> {
    let all: Vec<SyntaxElement> = group.children_with_tokens().collect();
    all.get(1..all.len().saturating_sub(1)).unwrap_or_default().to_vec()
}

fn significant(group: &SyntaxNode) -> Vec<SyntaxElement> {
    inner(group).into_iter().filter(|it| !it.kind().is_trivia()).collect()
}

/// Without white space at both ends.
fn trimmed(mut elements: Vec<SyntaxElement>) -> Vec<SyntaxElement> {
    let is_space =
        |it: Option<&SyntaxElement>| it.is_some_and(|it| it.kind() == SyntaxKind::WHITESPACE);
    while is_space(elements.last()) {
        elements.pop();
    }
    while is_space(elements.first()) {
        elements.remove(0);
    }
    elements
}

pub(super) fn text(element: &SyntaxElement) -> String {
    match element {
        NodeOrToken::Node(node) => node.first_token().map(|it| it.text().to_owned()),
        NodeOrToken::Token(token) => Some(token.text().to_owned()),
    }
    .unwrap_or_default()
}

fn group(element: &SyntaxElement) -> Option<&SyntaxNode> {
    element.as_node().filter(|it| it.kind() == SyntaxKind::TOKEN_TREE)
}

fn patterns(elements: &[SyntaxElement]) -> Option<Vec<Pattern>> {
    let mut found = Vec::new();
    let mut rest = elements;
    while let [first, after @ ..] = rest {
        rest = after;
        if let Some(node) = group(first) {
            found.push(Pattern::Group(text(first), patterns(&significant(node))?));
        } else if first.kind() != T![$] {
            found.push(Pattern::Token(text(first)));
        } else if let [repeated, after @ ..] = rest
            && let Some(node) = group(repeated)
        {
            let (separator, operator, after) = repetition(after)?;
            rest = after;
            let inner = patterns(&significant(node))?;
            let separator = separator.map(text);
            found.push(Pattern::Repeat { inner, separator, operator: text(operator) });
        } else {
            let [name, colon, fragment, after @ ..] = rest else { return None };
            rest = after;
            if colon.kind() != T![:] {
                return None;
            }
            found.push(Pattern::Variable { name: text(name), fragment: text(fragment) });
        }
    }
    Some(found)
}

type Repetition<'a> = (Option<&'a SyntaxElement>, &'a SyntaxElement, &'a [SyntaxElement]);

/// What follows a `$(..)`: the separator if there is one, the operator, the rest.
fn repetition(after: &[SyntaxElement]) -> Option<Repetition<'_>> {
    let is_operator = |it: &SyntaxElement| matches!(it.kind(), T![*] | T![+] | T![?]);
    match after {
        [operator, rest @ ..] if is_operator(operator) => Some((None, operator, rest)),
        [separator, operator, rest @ ..] if is_operator(operator) => {
            Some((Some(separator), operator, rest))
        }
        _ => None,
    }
}

/// Matches patterns from `at` on; `outer` is the token that follows them.
fn matches(
    patterns: &[Pattern],
    given: &[SyntaxElement],
    at: &mut usize,
    outer: Option<&str>,
    bindings: &mut Bindings,
) -> Option<()> {
    for (n, pattern) in patterns.iter().enumerate() {
        let next = patterns.get(n + 1).map_or(outer, first_text);
        match pattern {
            Pattern::Token(expected) => {
                given.get(*at).filter(|it| group(it).is_none() && text(it) == *expected)?;
                *at += 1;
            }
            Pattern::Group(open, inner) => {
                let node = given.get(*at).and_then(group)?;
                let tokens = significant(node);
                let mut inside = 0;
                let first = node.first_token()?;
                (first.text() == open).then_some(())?;
                matches(inner, &tokens, &mut inside, None, bindings)
                    .filter(|()| inside == tokens.len())?;
                *at += 1;
            }
            Pattern::Variable { name, fragment } => {
                let end = fragment::end(fragment, given, *at, next)?;
                let taken = given.get(*at..end)?;
                let range = match (taken.first(), taken.last()) {
                    (Some(first), Some(last)) => first.text_range().cover(last.text_range()),
                    _ => TextRange::empty(
                        given.get(*at).map_or(0.into(), |it| it.text_range().start()),
                    ),
                };
                let is_compound = fragment == "expr" && fragment::is_compound(taken);
                let may_bind = matches!(fragment.as_str(), "ident" | "tt" | "pat" | "pat_param");
                let one = Bound::One { given: range, is_compound, may_bind };
                bindings.insert(name.clone(), one);
                *at = end;
            }
            Pattern::Repeat { inner, separator, operator } => {
                let separator = separator.as_deref();
                repeat(inner, separator, operator, given, at, next, bindings)?;
            }
        }
    }
    Some(())
}

/// The token that a pattern must begin with, where it is known.
fn first_text(pattern: &Pattern) -> Option<&str> {
    match pattern {
        Pattern::Token(text) | Pattern::Group(text, _) => Some(text),
        Pattern::Variable { .. } => None,
        Pattern::Repeat { inner, .. } => inner.first().and_then(first_text),
    }
}

fn repeat(
    inner: &[Pattern],
    separator: Option<&str>,
    operator: &str,
    given: &[SyntaxElement],
    at: &mut usize,
    next: Option<&str>,
    bindings: &mut Bindings,
) -> Option<()> {
    let mut rounds: Vec<Bindings> = Vec::new();
    loop {
        let mut here = *at;
        if let Some(separator) = separator.filter(|_| !rounds.is_empty()) {
            match given.get(here) {
                Some(it) if text(it) == separator => here += 1,
                _ => break,
            }
        }
        let before = here;
        let mut found = Bindings::new();
        let follows = separator.or_else(|| inner.first().and_then(first_text)).or(next);
        let matched = matches(inner, given, &mut here, follows, &mut found);
        if matched.is_none() || here == before {
            break;
        }
        *at = here;
        rounds.push(found);
        if operator == "?" {
            break;
        }
    }
    if operator == "+" && rounds.is_empty() {
        return None;
    }
    for name in names(inner) {
        let all = rounds.iter_mut().filter_map(|round| round.remove(&name)).collect();
        bindings.insert(name, Bound::Many(all));
    }
    Some(())
}

fn names(patterns: &[Pattern]) -> Vec<String> {
    let of = |pattern: &Pattern| match pattern {
        Pattern::Token(_) => Vec::new(),
        Pattern::Variable { name, .. } => vec![name.clone()],
        Pattern::Group(_, inner) | Pattern::Repeat { inner, .. } => names(inner),
    };
    patterns.iter().flat_map(of).collect()
}

fn transcribe(body: &[SyntaxElement], bindings: &Bindings, out: &mut Vec<Part>) -> Option<()> {
    let mut rest = body;
    while let [first, after @ ..] = rest {
        rest = after;
        if first.kind() == T![$] {
            let [next, after @ ..] = rest else { return None };
            rest = match group(next) {
                Some(repeated) => repeat_body(repeated, after, bindings, out)?,
                None => {
                    let variable = first.text_range().cover(next.text_range());
                    out.push(variable_part(&text(next), variable, bindings)?);
                    after
                }
            };
        } else if let Some(node) = group(first) {
            let (open, close) = (node.first_token()?, node.last_token()?);
            push_body(out, open.text_range());
            transcribe(&inner(node), bindings, out)?;
            push_body(out, close.text_range());
        } else {
            push_body(out, first.text_range());
        }
    }
    Some(())
}

fn variable_part(name: &str, variable: TextRange, bindings: &Bindings) -> Option<Part> {
    if name == "crate" {
        return Some(Part::Glue("crate"));
    }
    match bindings.get(name)? {
        Bound::One { given, is_compound, may_bind } => Some(Part::Argument {
            given: *given,
            variable,
            is_compound: *is_compound,
            may_bind: *may_bind,
        }),
        Bound::Many(_) => None,
    }
}

/// Writes `$( .. ) sep op` once for each round; gives what follows it.
fn repeat_body<'a>(
    repeated: &SyntaxNode,
    after: &'a [SyntaxElement],
    bindings: &Bindings,
    out: &mut Vec<Part>,
) -> Option<&'a [SyntaxElement]> {
    let (separator, _, rest) = repetition(after)?;
    let used = |name: &str| {
        let mut tokens = repeated.descendants_with_tokens();
        tokens.any(|it| it.as_token().is_some_and(|it| it.text() == name))
    };
    let many = bindings.iter().filter_map(|(name, bound)| match bound {
        Bound::Many(all) if used(name) => Some((name, all)),
        _ => None,
    });
    let many: Vec<_> = many.collect();
    let count = many.iter().map(|(_, all)| all.len()).min()?;
    for n in 0..count {
        let mut round = bindings.clone();
        for (name, all) in &many {
            round.insert((*name).clone(), all.get(n)?.clone());
        }
        if let Some(separator) = separator.filter(|_| n > 0) {
            push_body(out, separator.text_range());
        }
        transcribe(&inner(repeated), &round, out)?;
    }
    Some(rest)
}

fn push_body(out: &mut Vec<Part>, range: TextRange) {
    match out.last_mut() {
        Some(Part::Body(last)) if last.end() == range.start() => *last = last.cover(range),
        _ => out.push(Part::Body(range)),
    }
}

#[cfg(test)]
mod tests {
    use ra_ap_syntax::{Edition, SourceFile};

    use super::*;

    #[track_caller]
    fn check(rules: &str, call: &str, expected: Option<&str>) {
        let text = format!("macro_rules! m {{ {rules} }} fn f() {{ {call}; }}");
        let tree = SourceFile::parse(&text, Edition::Edition2021).tree();
        let rules = tree.syntax().descendants().find_map(ast::MacroRules::cast).unwrap();
        let call = tree.syntax().descendants().filter_map(ast::MacroCall::cast).last().unwrap();
        let parts = expand(&rules, &call);
        let written = parts.map(|parts| {
            let texts = parts.iter().map(|part| match part {
                Part::Body(range) | Part::Argument { given: range, .. } => &text[*range],
                Part::Glue(text) => text,
            });
            texts.collect::<String>()
        });
        assert_eq!(written.as_deref(), expected, "{text}");
    }

    #[test]
    fn variables_and_literal_tokens() {
        check("($n:ident) => { let $n = 1; }", "m!(żółw)", Some("let żółw = 1;"));
        check(
            "($a:expr, $b:ty) => { f::<$b>($a) }",
            "m!(x + 1, Vec<u8>)",
            Some("f::<Vec<u8>>(x + 1)"),
        );
        check(
            "($g:ident in $m:expr) => { let $g = $m; }",
            "m!(g in a.b())",
            Some("let g = a.b();"),
        );
        check("($v:vis fn $n:ident) => { $v fn $n() {} }", "m!(fn a)", Some(" fn a() {}"));
        check(
            "($p:pat => $e:expr) => { match x { $p => $e } }",
            "m!(Some(y) => y)",
            Some("match x { Some(y) => y }"),
        );
        check(
            "($b:block) => { async move $b }",
            "m!({ a().await })",
            Some("async move { a().await }"),
        );
        check("() => { $crate::f() }", "m!()", Some("crate::f()"));
    }

    #[test]
    fn the_first_rule_that_fits() {
        let rules =
            "(@one $e:expr) => { one($e) }; ($e:expr) => { any($e) }; ($($t:tt)*) => { rest }";
        check(rules, "m!(@one x)", Some("one(x)"));
        check(rules, "m!(x)", Some("any(x)"));
        check(rules, "m!(a b)", Some("any(a b)"));
        check("($n:ident) => {}", "m!(a, b)", None);
    }

    #[test]
    fn repetitions() {
        let rules = "($($k:ident: $v:expr),* $(,)?) => { S { $($k: $v,)* } }";
        check(rules, "m!(a: 1, b: f(2, 3),)", Some("S { a: 1,b: f(2, 3), }"));
        check("($($e:expr);+) => { ($($e),+) }", "m!(a; b)", Some("(a,b)"));
        check("($($e:expr);+) => { ($($e),+) }", "m!()", None);
        check("($($t:tt)*) => { $($t)* }", "m!(a.b(c))", Some("a.b(c)"));
        check("($f:ident $($a:expr),*) => { $($f($a);)* }", "m!(f 1, 2)", Some("f(1);f(2);"));
    }
}
