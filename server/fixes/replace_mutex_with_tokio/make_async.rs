//! Where an `.await` may stand, and fns that become async so that it may.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList, HasAttrs, HasName},
};

use super::{
    super::{
        RepairContext,
        retype::{self, Site, World, enclosing_body, place_at},
    },
    names::LockTarget,
};
use crate::{problem::Edit, sources::Sources};

/// What surrounds a place.
pub(super) enum Context {
    /// An async body.
    Async,
    /// Code that no runtime drives: it may block.
    MayBlock,
    /// A fn that is not async.
    Sync(ast::Fn),
}

/// The surroundings of a place; `None` for closures that nothing is known of.
pub(super) fn context(world: &World<'_>, file: &Utf8Path, node: &SyntaxNode) -> Option<Context> {
    // Macro arguments stand in a tree of their own.
    let real = world.real_node(file, node)?;
    let body = enclosing_body(node)
        .filter(|body| world.tree(file).as_ref() == Some(&root(body)))
        .or_else(|| inner_body(node))
        .or_else(|| enclosing_body(&real))?;
    if ast::BlockExpr::can_cast(body.kind()) {
        return Some(Context::Async);
    }
    if let Some(closure) = ast::ClosureExpr::cast(body.clone()) {
        if closure.async_token().is_some() {
            return Some(Context::Async);
        }
        return runs_on_its_own_thread(&closure).then_some(Context::MayBlock);
    }
    let func = ast::Fn::cast(body)?;
    if func.async_token().is_some() {
        return Some(Context::Async);
    }
    let is_plain_main = func.name().is_some_and(|it| it.text() == "main") && owner(&func).is_none();
    let is_test = has_attr(&func, "test");
    Some(if is_plain_main || is_test { Context::MayBlock } else { Context::Sync(func) })
}

fn root(node: &SyntaxNode) -> SyntaxNode {
    node.ancestors().last().unwrap_or_else(|| node.clone())
}

/// An async block or closure among a macro's arguments; their stand-in fn does not count.
fn inner_body(node: &SyntaxNode) -> Option<SyntaxNode> {
    enclosing_body(node).filter(|body| !ast::Fn::can_cast(body.kind()))
}

fn runs_on_its_own_thread(closure: &ast::ClosureExpr) -> bool {
    let call = closure
        .syntax()
        .parent()
        .and_then(ast::ArgList::cast)
        .and_then(|it| ast::CallExpr::cast(it.syntax().parent()?));
    let callee = call.and_then(|it| it.expr());
    callee.is_some_and(|callee| {
        let text = callee.syntax().text().to_string();
        text.ends_with("thread::spawn") || text.ends_with("spawn_blocking")
    })
}

fn has_attr(func: &ast::Fn, name: &str) -> bool {
    func.attrs().any(|it| it.simple_name().is_some_and(|it| it == name))
}

fn owner(func: &ast::Fn) -> Option<SyntaxNode> {
    func.syntax().parent().filter(|it| ast::AssocItemList::can_cast(it.kind()))?.parent()
}

/// Makes a fn async; `None` where a signature is not ours alone to change.
pub(super) fn make_async(world: &World<'_>, file: &Utf8Path, func: &ast::Fn) -> Option<Vec<Site>> {
    let in_trait = owner(func)
        .is_some_and(|owner| ast::Impl::cast(owner).is_none_or(|it| it.trait_().is_some()));
    let is_special = func.const_token().is_some()
        || func.unsafe_token().is_some()
        || func.abi().is_some()
        || func.name().is_some_and(|it| it.text() == "main");
    let name = func.name()?.text().to_string();
    if in_trait || is_special || func.async_token().is_some() || is_dropped_unseen(world, &name) {
        return None;
    }
    let at = func.fn_token()?.text_range().start();
    let mut sites = vec![Site::new(file, TextRange::empty(at), "async ".to_owned())];
    if let Some(attr) = func.attrs().find(|it| it.simple_name().is_some_and(|it| it == "test")) {
        let range = attr.syntax().text_range();
        sites.push(Site::new(file, range, "#[tokio::test]".to_owned()));
    }
    Some(sites)
}

/// `let _ = f();` of a fn that becomes async compiles and does nothing: better not to begin.
fn is_dropped_unseen(world: &World<'_>, name: &str) -> bool {
    let needle = format!("{name}(");
    let files = world.tiers("".into(), &needle).into_iter().flatten();
    files.filter_map(|file| world.tree(&file)).any(|tree| {
        let lets = tree.descendants().filter_map(ast::LetStmt::cast);
        lets.into_iter().any(|stmt| {
            let is_unused =
                stmt.pat().is_some_and(|it| it.syntax().text().to_string().starts_with('_'));
            is_unused && stmt.initializer().is_some_and(|it| calls(&it, name))
        })
    })
}

fn calls(expr: &ast::Expr, name: &str) -> bool {
    callee_name(expr).is_some_and(|it| it == name)
}

fn callee_name(expr: &ast::Expr) -> Option<String> {
    match expr {
        ast::Expr::MethodCallExpr(it) => Some(it.name_ref()?.text().to_string()),
        ast::Expr::CallExpr(it) => match it.expr()? {
            ast::Expr::PathExpr(path) => {
                Some(path.path()?.segment()?.name_ref()?.text().to_string())
            }
            _ => None,
        },
        _ => None,
    }
}

/// Answers an error at a call of a fn that became async: the call is awaited.
pub(super) fn call(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    LockTarget::of(context.problem)?;
    let world = context.world;
    let before = World::new(context.before, context.problem);
    let mut spans = context.error.spans.iter().collect::<Vec<_>>();
    spans.sort_by_key(|span| !span.is_primary);
    for span in spans {
        let Some((file, node, _)) = place_at(world, &retype::span_of(span)) else {
            continue;
        };
        let Some(expr) = node.ancestors().find_map(ast::Expr::cast) else {
            continue;
        };
        let became = |name: &str| {
            is_async(world, context.sources, name) && !is_async(&before, context.before, name)
        };
        let Some(call) = unawaited(world, &file, &expr, &became, 0) else {
            continue;
        };
        let mut sites = match self::context(world, &file, call.syntax())? {
            Context::Async => Vec::new(),
            Context::Sync(func) => make_async(world, &file, &func)?,
            Context::MayBlock => {
                let real = world.real_node(&file, call.syntax())?;
                let func = real.ancestors().find_map(ast::Fn::cast)?;
                has_attr(&func, "test").then_some(())?;
                make_async(world, &file, &func)?
            }
        };
        let at = TextRange::empty(call.syntax().text_range().end());
        sites.push(Site::new(&file, at, ".await".to_owned()));
        return Some(world.edits(sites));
    }
    None
}

fn is_async(world: &World<'_>, sources: &Sources, name: &str) -> bool {
    let needle = format!("async fn {name}");
    let holders = sources.iter().filter(|(_, text)| text.contains(&needle));
    let mut fns = holders.flat_map(|(file, _)| world.fns(file, name));
    fns.any(|func| func.async_token().is_some())
}

/// The call, not yet awaited, that an expression begins with.
fn unawaited(
    world: &World<'_>,
    file: &Utf8Path,
    expr: &ast::Expr,
    became_async: &dyn Fn(&str) -> bool,
    depth: usize,
) -> Option<ast::Expr> {
    if depth > 12 {
        return None;
    }
    let again = |inner: &ast::Expr| unawaited(world, file, inner, became_async, depth + 1);
    let is_awaited = expr.syntax().parent().is_some_and(|it| ast::AwaitExpr::can_cast(it.kind()));
    if callee_name(expr).is_some_and(|name| became_async(&name)) {
        return (!is_awaited).then(|| expr.clone());
    }
    match expr {
        ast::Expr::AwaitExpr(_) | ast::Expr::ClosureExpr(_) => None,
        ast::Expr::MethodCallExpr(it) => again(&it.receiver()?),
        ast::Expr::MacroExpr(it) => {
            let args = world.macro_args(file, it.syntax());
            args.iter().find_map(again)
        }
        ast::Expr::CallExpr(it) => it.arg_list()?.args().find_map(|arg| again(&arg)),
        ast::Expr::BinExpr(it) => {
            [it.lhs(), it.rhs()].into_iter().flatten().find_map(|side| again(&side))
        }
        ast::Expr::PathExpr(path) => {
            let name = path.path()?.as_single_name_ref()?.text().to_string();
            let owner = world.binding(file, &name, path.syntax())?;
            again(&ast::LetStmt::cast(owner)?.initializer()?)
        }
        _ => {
            let mut inner = expr.syntax().children().filter_map(ast::Expr::cast);
            again(&inner.next()?)
        }
    }
}
