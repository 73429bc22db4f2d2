//! What is read out of a guard: the calls, fields and operators around it, and how the result
//! becomes a value of its own.

use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, UnaryOp},
};

use super::context::mentions_await;

/// Methods whose result only looks at the receiver: their receiver is what must be copied.
const VIEWS: &[&str] = &[
    "as_str",
    "as_ref",
    "as_deref",
    "as_slice",
    "as_bytes",
    "as_path",
    "as_os_str",
    "iter",
    "keys",
    "values",
    "chars",
    "bytes",
    "lines",
    "deref",
    "borrow",
    "trim",
    "peek",
];

/// Methods that take a lock or look through an `Rc`: the guard is their result.
const LOCKS: &[&str] = &[
    "lock",
    "read",
    "write",
    "try_lock",
    "try_read",
    "try_write",
    "borrow",
    "borrow_mut",
    "unwrap",
    "expect",
    "unwrap_or_else",
    "upgradable_read",
    "upgrade",
    "blocking_lock",
    "get_or_init",
];

/// Methods whose result is a value of its own.
const OWNED: &[&str] = &[
    "len",
    "is_empty",
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
    "contains",
    "contains_key",
    "to_string",
    "to_owned",
    "to_vec",
    "clone",
    "cloned",
    "copied",
    "collect",
    "count",
    "sum",
    "pop",
    "pop_front",
    "pop_back",
    "remove",
    "take",
    "insert",
    "any",
    "all",
    "join",
    "capacity",
    "elapsed",
    "starts_with",
    "ends_with",
    "as_secs",
    "as_millis",
    "drain",
    "swap_remove",
];

/// Methods whose result is an optional reference.
const LOOKUPS: &[&str] = &[
    "get",
    "first",
    "last",
    "front",
    "back",
    "peek",
    "max",
    "min",
    "max_by_key",
    "min_by_key",
    "find",
    "next",
    "get_key_value",
    "range",
    "iter_max",
];

/// The expression that starts at `value` and goes on through its calls, fields, indices, `?`,
/// casts and dereferences, as far as it has no `.await` in it.
pub(super) fn projection(value: &ast::Expr) -> ast::Expr {
    let mut expr = value.clone();
    while let Some(next) = expr.syntax().parent().and_then(ast::Expr::cast) {
        let goes_on = match &next {
            ast::Expr::MethodCallExpr(call) => {
                call.receiver().as_ref() == Some(&expr) && !is_view(call)
            }
            ast::Expr::IndexExpr(index) => index.base().as_ref() == Some(&expr),
            ast::Expr::PrefixExpr(prefix) => prefix.op_kind() != Some(UnaryOp::Neg),
            ast::Expr::FieldExpr(_)
            | ast::Expr::TryExpr(_)
            | ast::Expr::ParenExpr(_)
            | ast::Expr::CastExpr(_) => true,
            _ => false,
        };
        if !goes_on || mentions_await(next.syntax()) {
            break;
        }
        expr = next;
    }
    expr
}

fn is_view(call: &ast::MethodCallExpr) -> bool {
    call.name_ref().is_some_and(|name| is_view_name(name.text()))
}

/// Whether a method's result only looks at its receiver.
pub(super) fn is_view_name(name: &str) -> bool {
    VIEWS.contains(&name)
}

/// Whether a method is known to leave its receiver as it was.
pub(super) fn is_known_read(name: &str) -> bool {
    const WRITES: &[&str] = &[
        "pop",
        "pop_front",
        "pop_back",
        "remove",
        "take",
        "insert",
        "drain",
        "swap_remove",
        "next",
    ];
    const MORE_READS: &[&str] = &["unwrap", "expect", "unwrap_or", "unwrap_or_default"];
    let known = [OWNED, LOOKUPS, VIEWS, MORE_READS].iter().any(|it| it.contains(&name));
    known && !WRITES.contains(&name)
}

/// Whether an expression may hand out a `&mut` into the guard: a copy of it would lose writes.
pub(super) fn writes_through(node: &SyntaxNode) -> bool {
    node.descendants().any(|it| {
        if let Some(call) = ast::MethodCallExpr::cast(it.clone()) {
            return call.name_ref().is_some_and(|name| {
                let name = name.text();
                (name.ends_with("_mut") && name != "borrow_mut") || name == "entry"
            });
        }
        ast::RefExpr::cast(it).is_some_and(|it| it.mut_token().is_some())
    })
}

/// Whether an expression gives a value of its own, whatever it reads: a length, a sum, a field
/// that can be copied.
pub(super) fn is_owned(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::MethodCallExpr(call) => {
            call.name_ref().is_some_and(|name| OWNED.contains(&name.text()))
        }
        ast::Expr::PrefixExpr(_)
        | ast::Expr::FieldExpr(_)
        | ast::Expr::BinExpr(_)
        | ast::Expr::CastExpr(_)
        | ast::Expr::MacroExpr(_) => true,
        _ => false,
    }
}

/// How to write `expr` so that its value stands on its own, the plain form first. `is_guard`
/// says that the plain expression is still the guard.
pub(super) fn owned_forms(expr: &ast::Expr, is_guard: bool) -> Vec<String> {
    let text = expr.syntax().text().to_string();
    if is_guard {
        return vec![format!("{text}.clone()")];
    }
    match expr {
        ast::Expr::PrefixExpr(prefix) if prefix.op_kind() == Some(UnaryOp::Deref) => {
            let inner = prefix.expr().map(|it| it.syntax().text().to_string());
            let cloned = inner.map(|inner| format!("{inner}.clone()"));
            [Some(text), cloned].into_iter().flatten().collect()
        }
        ast::Expr::FieldExpr(_) => vec![text.clone(), format!("{text}.clone()")],
        ast::Expr::IndexExpr(_) => vec![
            text.clone(),
            format!("{text}.clone()"),
            format!("{text}.to_vec()"),
            format!("{text}.to_owned()"),
        ],
        ast::Expr::MethodCallExpr(call) => {
            let name = call.name_ref().map(|it| it.text().to_string());
            let name = name.unwrap_or_default();
            if writes_through(expr.syntax()) || OWNED.contains(&name.as_str()) {
                return vec![text];
            }
            let suffixes: &[&str] = match name.as_str() {
                name if LOOKUPS.contains(&name) => &["copied", "cloned"],
                "unwrap" | "expect" => &["clone", "to_owned"],
                _ => &["copied", "cloned", "clone", "to_owned"],
            };
            let with = suffixes.iter().map(|it| format!("{text}.{it}()"));
            std::iter::once(text.clone()).chain(with).collect()
        }
        _ => vec![text],
    }
}

/// A name for what `expr` reads: the field or the method that it ends in, else what is locked.
pub(super) fn name_of(expr: &ast::Expr) -> Option<String> {
    let name = match expr {
        ast::Expr::FieldExpr(field) => {
            let name = field.name_ref()?.text().to_string();
            if name.starts_with(|c: char| c.is_ascii_digit()) {
                return name_of(&field.expr()?);
            }
            name
        }
        ast::Expr::MethodCallExpr(call) => return name_of_call(call),
        ast::Expr::PrefixExpr(it) => return name_of(&it.expr()?),
        ast::Expr::ParenExpr(it) => return name_of(&it.expr()?),
        ast::Expr::TryExpr(it) => return name_of(&it.expr()?),
        ast::Expr::CastExpr(it) => return name_of(&it.expr()?),
        ast::Expr::RefExpr(it) => return name_of(&it.expr()?),
        ast::Expr::IndexExpr(it) => singular(&name_of(&it.base()?)?),
        ast::Expr::CallExpr(it) => {
            let callee = it.expr()?.syntax().text().to_string();
            name_of_verb(callee.rsplit("::").next()?)?
        }
        ast::Expr::PathExpr(it) => {
            it.syntax().text().to_string().rsplit("::").next()?.to_lowercase()
        }
        ast::Expr::MacroExpr(it) if it.syntax().text().to_string().starts_with("format!") => {
            "text".to_owned()
        }
        _ => return None,
    };
    let starts = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let is_ident = starts && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_ident && name != "self").then_some(name)
}

fn name_of_call(call: &ast::MethodCallExpr) -> Option<String> {
    let name = call.name_ref()?.text().to_string();
    let receiver = call.receiver()?;
    match name.as_str() {
        "len" | "count" | "is_empty" | "is_some" | "is_none" | "contains" | "contains_key"
        | "first" | "last" | "max" | "min" | "sum" | "any" | "all" => Some(name),
        name if LOCKS.contains(&name) || VIEWS.contains(&name) => name_of(&receiver),
        name if name.starts_with("to_") || name.starts_with("as_") => name_of(&receiver),
        "clone" | "cloned" | "copied" | "collect" | "take" | "into" | "drain" => name_of(&receiver),
        "get" | "pop" | "pop_front" | "pop_back" | "remove" | "next" | "front" | "back"
        | "find" => {
            let many = name_of(&receiver)?;
            let one = singular(&many);
            Some(if one == many { "found".to_owned() } else { one })
        }
        "skip" | "chain" | "zip" | "filter" | "map" | "rev" | "enumerate" | "take_while"
        | "unwrap_or_default" | "unwrap_or" => name_of(&receiver),
        verb => name_of_verb(verb),
    }
}

/// `next_id` reads an `id`; a bare verb names nothing.
fn name_of_verb(verb: &str) -> Option<String> {
    const PREFIXES: &[&str] = &[
        "get_", "next_", "current_", "take_", "find_", "load_", "make_", "build_", "compute_",
        "read_", "fetch_", "into_", "peek_",
    ];
    const BARE: &[&str] = &["drop", "map", "new", "unwrap_or", "filter", "and_then", "ok_or"];
    if verb.starts_with("random") || verb.starts_with("gen_") || verb == "gen" || verb == "sample" {
        return Some("random".to_owned());
    }
    let noun = PREFIXES.iter().find_map(|it| verb.strip_prefix(it));
    let name = noun.unwrap_or(verb);
    (!name.is_empty() && !BARE.contains(&name)).then(|| name.to_lowercase())
}

fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    match name.strip_suffix('s') {
        Some(stem) if stem.len() > 1 && !stem.ends_with('s') && !stem.ends_with('u') => {
            stem.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// The first of some names that nothing around the place uses, else the last with a number.
pub(super) fn free_name(
    candidates: impl IntoIterator<Item = String>,
    is_taken: impl Fn(&str) -> bool,
) -> String {
    let mut last = "value".to_owned();
    for name in candidates {
        if !is_taken(&name) && !is_keyword(&name) {
            return name;
        }
        last = name;
    }
    if !is_taken("value") {
        return "value".to_owned();
    }
    (2..).map(|n| format!("{last}_{n}")).find(|name| !is_taken(name)).unwrap_or(last)
}

fn is_keyword(name: &str) -> bool {
    ra_ap_syntax::SyntaxKind::from_keyword(name, ra_ap_syntax::Edition::CURRENT).is_some()
}

/// Whether `expr` is the whole of `range`.
pub(super) fn covers(expr: &ast::Expr, range: TextRange) -> bool {
    expr.syntax().text_range() == range
}

#[cfg(test)]
mod tests {
    use super::*;
    use ra_ap_syntax::{Edition, SourceFile};

    #[track_caller]
    fn check_name(expr: &str, expected: Option<&str>) {
        let file = SourceFile::parse(&format!("fn f() {{ {expr} }}"), Edition::Edition2024).tree();
        let list = file.syntax().descendants().find_map(ast::StmtList::cast).unwrap();
        let expr = list.tail_expr().unwrap();
        assert_eq!(name_of(&expr).as_deref(), expected);
    }

    #[test]
    fn names_come_from_the_code() {
        check_name("m.lock().unwrap().len()", Some("len"));
        check_name("*self.count.lock().unwrap()", Some("count"));
        check_name("users.read().unwrap().get(&id).cloned()", Some("user"));
        check_name("self.entries.lock().pop_front()", Some("entry"));
        check_name("STATE.lock().unwrap().name", Some("name"));
        check_name("c.borrow().next_id()", Some("id"));
        check_name("load_config(&m.lock().unwrap())", Some("config"));
        check_name("status.lock().unwrap().clone()", Some("status"));
        check_name("1 + 1", None);
    }
}
