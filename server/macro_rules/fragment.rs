//! Where a fragment (`$e:expr`) of a macro's arguments ends.

use ra_ap_syntax::{SyntaxElement, SyntaxKind, T};

use super::text;

/// The index behind the tokens that a fragment takes; `next` is the token that the macro wants
/// after it. `None` when the fragment cannot begin here.
pub(super) fn end(
    fragment: &str,
    given: &[SyntaxElement],
    at: usize,
    next: Option<&str>,
) -> Option<usize> {
    let first = given.get(at);
    let text_at = |n: usize| given.get(n).map(text).unwrap_or_default();
    match fragment {
        "vis" => Some(match first.map(SyntaxElement::kind) {
            Some(T![pub]) if text_at(at + 1) == "(" => at + 2,
            Some(T![pub]) => at + 1,
            _ => at,
        }),
        "ident" => {
            let name = text(first?);
            let is_name = name.chars().all(|c| c == '_' || c == '#' || c.is_alphanumeric());
            let starts = name.starts_with(|c: char| c == '_' || c.is_alphabetic());
            (is_name && starts && name != "_").then_some(at + 1)
        }
        "lifetime" => text(first?).starts_with('\'').then_some(at + 1),
        "tt" => first.map(|_| at + 1),
        "block" => (text(first?) == "{").then_some(at + 1),
        "literal" => {
            let sign = usize::from(text(first?) == "-");
            let literal = given.get(at + sign)?;
            let is_bool = matches!(literal.kind(), T![true] | T![false]);
            (literal.kind().is_literal() || is_bool).then_some(at + sign + 1)
        }
        "item" => {
            let is_last = |it: &SyntaxElement| matches!(text(it).as_str(), "{" | ";");
            given.get(at..)?.iter().position(is_last).map(|n| at + n + 1)
        }
        _ => up_to_follower(fragment, given, at, next),
    }
}

/// Expressions, statements, types, paths, patterns, attributes: up to a token that may follow.
fn up_to_follower(
    fragment: &str,
    given: &[SyntaxElement],
    at: usize,
    next: Option<&str>,
) -> Option<usize> {
    let first = text(given.get(at)?);
    if matches!(first.as_str(), "@" | "," | ";" | "=" | "=>") {
        return None;
    }
    let is_type = matches!(fragment, "ty" | "path");
    let mut angles = 0_usize;
    for (n, element) in given.iter().enumerate().skip(at) {
        let here = text(element);
        let before = n.checked_sub(1).filter(|n| *n >= at).and_then(|n| given.get(n)).map(text);
        let after = given.get(n + 1).map(text);
        let is_arrow = here == "=" && after.as_deref() == Some(">");
        let is_path =
            here == ":" && (after.as_deref() == Some(":") || before.as_deref() == Some(":"));
        if angles == 0 && n > at {
            let wanted = next.is_some_and(|next| next == here) && !is_path;
            let follows = match fragment {
                "expr" | "stmt" => matches!(here.as_str(), "," | ";") || is_arrow,
                "ty" | "path" => {
                    matches!(here.as_str(), "," | ";" | "=" | "|" | "{" | "as" | "where" | ">")
                        || (here == ":" && !is_path)
                }
                _ => matches!(here.as_str(), "," | "=" | "if" | "in"),
            };
            // `->` ends no type.
            if (wanted && !(fragment == "expr" && here == "(")) || follows {
                return Some(n);
            }
        }
        match here.as_str() {
            "<" if is_type => angles += 1,
            ">" if is_type && before.as_deref() != Some("-") => angles = angles.saturating_sub(1),
            _ => {}
        }
    }
    Some(given.len())
}

/// Whether an expression needs parentheses where an operator or a method is put to it.
pub(super) fn is_compound(taken: &[SyntaxElement]) -> bool {
    let mut depth_free = taken.iter().skip(1);
    let is_operator = |it: &SyntaxElement| {
        matches!(
            it.kind(),
            T![+]
                | T![-]
                | T![*]
                | T![/]
                | T![%]
                | T![=]
                | T![<]
                | T![>]
                | T![&]
                | T![|]
                | T![^]
                | T![as]
        )
    };
    let starts = taken.first().is_some_and(|it| {
        matches!(it.kind(), T![&] | T![*] | T![-] | T![!] | T![|] | T![move] | T![async])
    });
    let is_group = |it: &SyntaxElement| it.kind() == SyntaxKind::TOKEN_TREE;
    (starts && taken.len() > 1) || depth_free.any(|it| !is_group(it) && is_operator(it))
}
