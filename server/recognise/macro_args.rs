//! What a caller wrote where a macro says `$n`.
//!
//! rustc points at the macro's own text. For a `macro_rules` of the workspace the call's tokens
//! are laid beside the rule's matcher; rules with repetitions are left alone.

use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange, ast,
    ast::HasName,
};

/// What stands for a macro variable in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Argument {
    /// In the text of the call.
    pub(super) range: TextRange,
    /// Whether it can be a name: an expression only looks like one.
    pub(super) may_bind: bool,
}

/// The argument that `variable` (`$n`) stands for in a call, by the definitions in `trees`.
pub(super) fn argument(
    call: &ast::MacroCall,
    variable: &str,
    trees: &[SourceFile],
) -> Option<Argument> {
    let name = call.path()?.segment()?.name_ref()?;
    let given = inner_tokens(call.token_tree()?.syntax());
    let definitions = trees.iter().flat_map(|tree| tree.syntax().descendants());
    let mut definitions = definitions
        .filter_map(ast::MacroRules::cast)
        .filter(|it| it.name().is_some_and(|it| it.text() == name.text()));
    definitions.find_map(|definition| {
        let rules = definition.token_tree()?;
        let parts: Vec<SyntaxNode> = rules.syntax().children().collect();
        let matchers = parts.iter().step_by(2);
        matchers.into_iter().find_map(|matcher| {
            align(&inner_tokens(matcher), &given, variable.trim_start_matches('$'))
        })
    })
}

/// The tokens between the outer delimiters.
fn inner_tokens(tree: &SyntaxNode) -> Vec<SyntaxToken> {
    let tokens = tree.descendants_with_tokens().filter_map(SyntaxElement::into_token);
    let mut tokens: Vec<_> = tokens.filter(|it| !it.kind().is_trivia()).collect();
    tokens.pop();
    tokens.drain(..1.min(tokens.len()));
    tokens
}

/// Walks both; `None` where they part, or at a repetition.
fn align(matcher: &[SyntaxToken], given: &[SyntaxToken], variable: &str) -> Option<Argument> {
    let (mut at, mut found) = (0, None);
    let mut rest = matcher;
    while let [first, after @ ..] = rest {
        if first.kind() != T![$] {
            if given.get(at)?.text() != first.text() {
                return None;
            }
            (at, rest) = (at + 1, after);
            continue;
        }
        let [name, colon, fragment, after @ ..] = after else { return None };
        if name.kind() == T!['('] || colon.kind() != T![:] {
            return None;
        }
        let end = end_of_fragment(given, at, fragment.text(), after.first());
        let range = given.get(at)?.text_range().cover(given.get(end.checked_sub(1)?)?.text_range());
        if name.text() == variable {
            let may_bind = matches!(fragment.text(), "ident" | "tt" | "pat" | "pat_param");
            found = Some(Argument { range, may_bind });
        }
        (at, rest) = (end, after);
    }
    found.filter(|_| at == given.len())
}

/// Where the tokens that a fragment takes end: one token, one group, or all up to the separator.
fn end_of_fragment(
    given: &[SyntaxToken],
    from: usize,
    fragment: &str,
    separator: Option<&SyntaxToken>,
) -> usize {
    let single = matches!(fragment, "ident" | "tt" | "literal" | "lifetime" | "block");
    let mut depth = 0_usize;
    for (n, token) in given.iter().enumerate().skip(from) {
        let is_separator = separator.is_some_and(|it| it.text() == token.text());
        match token.kind() {
            T!['('] | T!['['] | T!['{'] => depth += 1,
            T![')'] | T![']'] | T!['}'] => depth = depth.saturating_sub(1),
            SyntaxKind::EOF => return n,
            _ if depth == 0 && !single && is_separator => return n,
            _ => {}
        }
        if depth == 0 && single {
            return n + 1;
        }
    }
    given.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ra_ap_syntax::Edition;

    #[track_caller]
    fn check(rules: &str, call: &str, variable: &str, expected: Option<&str>) {
        let text = format!("macro_rules! make {{ {rules} }} fn f() {{ {call}; }}");
        let tree = SourceFile::parse(&text, Edition::Edition2021).tree();
        let call = tree.syntax().descendants().filter_map(ast::MacroCall::cast).last().unwrap();
        let found = argument(&call, variable, &[tree]);
        let found = found.map(|it| text[it.range].to_owned());
        assert_eq!(found.as_deref(), expected, "{rules} {variable}");
    }

    #[test]
    fn arguments_are_found_by_their_place() {
        check("($n:ident) => { let $n = 1; };", "make!(żółw)", "$n", Some("żółw"));
        let two = "($n:ident = $e:expr) => { let $n = $e; }";
        check(two, "make!(x = f(1, 2))", "$n", Some("x"));
        check(two, "make!(x = f(1, 2))", "$e", Some("f(1, 2)"));
        let rules = "(@one $n:ident) => { 1 }; ($t:ty, $n:ident) => { let $n: $t = 2; }";
        check(rules, "make!(Vec<u8>, rc)", "$n", Some("rc"));
        check(rules, "make!(@one rc)", "$n", Some("rc"));
    }

    #[test]
    fn repetitions_and_other_calls_are_left_alone() {
        check("($($n:ident),*) => { $(let $n = 1;)* }", "make!(a, b)", "$n", None);
        check("($n:ident) => {}", "make!(a b)", "$n", None);
        check("($n:ident) => {}", "make!(a)", "$m", None);
        check("($n:ident) => {}", "other!(a)", "$n", None);
    }
}
