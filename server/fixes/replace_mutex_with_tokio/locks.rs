//! Lock sites: `.lock().unwrap()` and its many relatives become `.lock().await`.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList, HasName},
};

use super::{
    super::{
        RepairContext,
        retype::{self, Site, World, place_at},
    },
    make_async::{self, Context},
    names::LockTarget,
};
use crate::problem::Edit;

/// What turns the `Result` of a lock into its guard.
const OPENERS: &[&str] = &["unwrap", "expect", "unwrap_or_else"];
/// What passes the `Result` on, changed.
const ADAPTERS: &[&str] = &["map_err", "ok", "ok_or", "ok_or_else", "context", "with_context"];

/// Answers an error at a lock site: the lock is a future now.
pub(super) fn open(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let target = LockTarget::of(context.problem)?;
    let world = context.world;
    // Before the type has changed there is nothing to await.
    let words = retype::texts_of(context.error);
    let is_about_future = words.contains("uture") || words.contains("opaque type");
    let mut spans = context.error.spans.iter().collect::<Vec<_>>();
    spans.sort_by_key(|span| !span.is_primary);
    for span in spans {
        let Some((file, node, _)) = place_at(world, &retype::span_of(span)) else {
            continue;
        };
        let site = LockSite { world, file: &file, target };
        let Some(expr) = expr_at(&node) else { continue };
        if let Some(sites) = site.without_poison(&expr).or_else(|| {
            let call = site.unawaited(&expr, 0)?;
            let is_attempt = call.name_ref()?.text().starts_with("try_");
            (is_attempt || is_about_future).then(|| site.open(&call))?
        }) {
            return Some(world.edits(sites));
        }
    }
    None
}

/// `let _guard = self.m.lock();` of a lock without poison would compile as it is, and lock nothing:
/// such sites are opened by name, before the compiler is asked. `None` where one cannot be.
pub(super) fn unseen(world: &World<'_>, seeds: &[Site], target: LockTarget) -> Option<Vec<Site>> {
    let mut opened = Vec::new();
    for seed in seeds {
        let tree = world.tree(&seed.file)?;
        let token = tree.token_at_offset(seed.start.into()).right_biased()?;
        let Some(name) = retype::names_declaration(&token.parent()?) else {
            continue;
        };
        for file in world.tiers(&seed.file, &name).into_iter().flatten() {
            let site = LockSite { world, file: &file, target };
            let tree = world.tree(&file)?;
            let lets = tree.descendants().filter_map(ast::LetStmt::cast);
            for call in lets.filter_map(|stmt| site.bare_lock(&stmt, &name)) {
                opened.extend(site.open(&call)?);
            }
        }
    }
    Some(opened)
}

/// `Mutex::new` is not const in tokio; `const_new` is.
pub(super) fn construct(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    LockTarget::of(context.problem)?;
    let code = context.error.code.as_ref()?;
    if code.code != "E0015" {
        return None;
    }
    let world = context.world;
    let span = retype::span_of(context.error.spans.iter().find(|span| span.is_primary)?);
    let (file, node, _) = place_at(world, &span)?;
    let call = ast::CallExpr::cast(node)?;
    let ast::Expr::PathExpr(callee) = call.expr()? else {
        return None;
    };
    let name = callee.path()?.segment()?.name_ref()?;
    let text = callee.syntax().text().to_string();
    let is_ours = text.starts_with("tokio::sync::") && name.text() == "new";
    let range = name.syntax().text_range();
    is_ours.then(|| world.edits(vec![Site::new(&file, range, "const_new".to_owned())]))
}

/// The expression that an error speaks of: the one at its span, or the call of the method that
/// was not found.
fn expr_at(node: &SyntaxNode) -> Option<ast::Expr> {
    if let Some(pat) = ast::Pat::cast(node.clone()) {
        return scrutinee(pat.syntax());
    }
    node.ancestors().find_map(ast::Expr::cast)
}

/// What a refutable pattern is matched against.
fn scrutinee(pat: &SyntaxNode) -> Option<ast::Expr> {
    pat.ancestors().find_map(|node| {
        ast::LetStmt::cast(node.clone())
            .and_then(|it| it.initializer())
            .or_else(|| ast::LetExpr::cast(node.clone()).and_then(|it| it.expr()))
            .or_else(|| ast::MatchExpr::cast(node.clone()).and_then(|it| it.expr()))
            .or_else(|| ast::ForExpr::cast(node).and_then(|it| it.iterable()))
    })
}

struct LockSite<'w> {
    world: &'w World<'w>,
    file: &'w Utf8Path,
    target: LockTarget,
}

impl LockSite<'_> {
    fn site(&self, range: TextRange, new_text: impl Into<String>) -> Site {
        Site::new(self.file, range, new_text.into())
    }

    /// The lock call of `let _guard = ..name.lock();`.
    fn bare_lock(&self, stmt: &ast::LetStmt, name: &str) -> Option<ast::MethodCallExpr> {
        let is_unused = stmt.pat()?.syntax().text().to_string().starts_with('_');
        let ast::Expr::MethodCallExpr(call) = stmt.initializer()? else {
            return None;
        };
        let is_lock = self.methods().contains(&call.name_ref()?.text());
        let receiver = call.receiver()?.syntax().last_token()?;
        (is_unused && is_lock && receiver.text() == name).then_some(call)
    }

    /// `into_inner()` and `get_mut()` give the value itself: `.unwrap()` goes.
    fn without_poison(&self, expr: &ast::Expr) -> Option<Vec<Site>> {
        let ast::Expr::MethodCallExpr(call) = expr else {
            return None;
        };
        let is_opener = OPENERS.contains(&call.name_ref()?.text());
        let ast::Expr::MethodCallExpr(inner) = call.receiver()? else {
            return None;
        };
        let name = inner.name_ref()?;
        let is_plain = matches!(name.text(), "into_inner" | "get_mut");
        let no_args = inner.arg_list()?.args().next().is_none();
        let range =
            TextRange::new(inner.syntax().text_range().end(), call.syntax().text_range().end());
        (is_opener && is_plain && no_args).then(|| vec![self.site(range, "")])
    }

    /// The lock call, not yet awaited, that an expression begins with.
    fn unawaited(&self, expr: &ast::Expr, depth: usize) -> Option<ast::MethodCallExpr> {
        if depth > 12 {
            return None;
        }
        match expr {
            ast::Expr::MethodCallExpr(call) => {
                let name = call.name_ref()?;
                let no_args = call.arg_list()?.args().next().is_none();
                if no_args && self.methods().contains(&name.text()) {
                    let is_awaited = call
                        .syntax()
                        .parent()
                        .is_some_and(|it| ast::AwaitExpr::can_cast(it.kind()));
                    return (!is_awaited).then(|| call.clone());
                }
                self.unawaited(&call.receiver()?, depth + 1)
            }
            ast::Expr::AwaitExpr(_) | ast::Expr::ClosureExpr(_) => None,
            ast::Expr::PathExpr(path) => {
                let name = path.path()?.as_single_name_ref()?.text().to_string();
                let owner = self.world.binding(self.file, &name, path.syntax())?;
                let init = ast::LetStmt::cast(owner)?.initializer()?;
                self.unawaited(&init, depth + 1)
            }
            ast::Expr::MatchExpr(it) => self.unawaited(&it.expr()?, depth + 1),
            ast::Expr::MacroExpr(it) => {
                let args = self.world.macro_args(self.file, it.syntax());
                args.iter().find_map(|arg| self.unawaited(arg, depth + 1))
            }
            ast::Expr::BinExpr(it) => [it.lhs(), it.rhs()]
                .into_iter()
                .flatten()
                .find_map(|side| self.unawaited(&side, depth + 1)),
            ast::Expr::CallExpr(it) => {
                let mut args = it.arg_list()?.args();
                args.find_map(|arg| self.unawaited(&arg, depth + 1))
            }
            _ => {
                let mut inner = expr.syntax().children().filter_map(ast::Expr::cast);
                self.unawaited(&inner.next()?, depth + 1)
            }
        }
    }

    fn methods(&self) -> &'static [&'static str] {
        match self.target.name {
            "Mutex" => &["lock", "try_lock"],
            _ => &["read", "write", "try_read", "try_write"],
        }
    }

    /// Rewrites a lock site for a lock that is a future and cannot be poisoned.
    fn open(&self, call: &ast::MethodCallExpr) -> Option<Vec<Site>> {
        let name = call.name_ref()?;
        if name.text().starts_with("try_") {
            // parking_lot gives an `Option`, tokio a `Result`.
            let at = TextRange::empty(call.syntax().text_range().end());
            return Some(vec![self.site(at, ".ok()")]);
        }
        let (mut sites, await_text) =
            match make_async::context(self.world, self.file, call.syntax())? {
                Context::Async => (Vec::new(), ".await"),
                Context::MayBlock => {
                    let blocking = format!("blocking_{}", name.text());
                    (vec![self.site(name.syntax().text_range(), blocking)], "")
                }
                Context::Sync(func) => {
                    (make_async::make_async(self.world, self.file, &func)?, ".await")
                }
            };
        sites.extend(self.rewrite(call, await_text)?);
        Some(sites)
    }

    fn rewrite(&self, call: &ast::MethodCallExpr, await_text: &str) -> Option<Vec<Site>> {
        let lock_end = call.syntax().text_range().end();
        let chain = Chain::of(call);
        if let Some(end) = chain.opened {
            let whole = TextRange::new(lock_end, end);
            let site = match chain.first_name.filter(|_| !await_text.is_empty()) {
                // Keeps the line break before the method.
                Some(start) => self.site(TextRange::new(start, end), "await"),
                None => self.site(whole, await_text),
            };
            return Some(vec![site]);
        }
        let end = chain.last.text_range().end();
        let opened = self.site(TextRange::new(lock_end, end), await_text);
        let parent = chain.last.parent()?;
        if let Some(stmt) = ast::LetStmt::cast(parent.clone())
            && let Some(inner) = stmt.pat().and_then(success)
        {
            let mut sites = vec![opened];
            let pat = stmt.pat()?.syntax().text_range();
            sites.push(self.site(pat, inner.syntax().text().to_string()));
            if let Some(or_else) = stmt.let_else() {
                let end = or_else.syntax().text_range().end();
                sites.push(self.site(TextRange::new(chain.last.text_range().end(), end), ""));
            }
            return Some(sites);
        }
        if let Some(it) = ast::LetExpr::cast(parent.clone())
            && it.pat().and_then(success).is_some()
        {
            return self.if_let(call, &it, await_text);
        }
        if let Some(it) = ast::MatchExpr::cast(parent)
            && it.expr().is_some_and(|it| it.syntax() == &chain.last)
            && it.match_arm_list()?.arms().any(|arm| arm.pat().and_then(success).is_some())
        {
            return self.match_(call, &it, await_text);
        }
        // A guard that came without a `Result`: parking_lot's.
        (chain.last == *call.syntax()).then(|| vec![opened])
    }

    /// `if let Ok(g) = m.lock() { .. } else { .. }` to `{ let g = m.lock().await; .. }`.
    fn if_let(
        &self,
        call: &ast::MethodCallExpr,
        condition: &ast::LetExpr,
        await_text: &str,
    ) -> Option<Vec<Site>> {
        let branch = ast::IfExpr::cast(condition.syntax().parent()?)?;
        let body = branch.then_branch()?;
        let pat = success(condition.pat()?)?;
        self.block(branch.syntax(), &body, &pat, call, await_text)
    }

    fn match_(
        &self,
        call: &ast::MethodCallExpr,
        whole: &ast::MatchExpr,
        await_text: &str,
    ) -> Option<Vec<Site>> {
        let mut arms = whole.match_arm_list()?.arms();
        let arm =
            arms.find(|arm| arm.pat().and_then(success).is_some() && arm.guard().is_none())?;
        let pat = success(arm.pat()?)?;
        let body = arm.expr()?;
        let lock = format!("{}{await_text}", self.lock_text(call, await_text)?);
        let gives_guard = match &pat {
            ast::Pat::IdentPat(it) => it.name().is_some_and(|it| body.syntax().text() == it.text()),
            _ => false,
        };
        let range = whole.syntax().text_range();
        if gives_guard {
            return Some(vec![self.site(range, lock)]);
        }
        if let ast::Expr::BlockExpr(body) = &body {
            return self.block(whole.syntax(), body, &pat, call, await_text);
        }
        let (start, end) = (range.start(), range.end());
        let inner = body.syntax().text_range();
        let head = format!("{{ let {} = {lock}; ", pat.syntax().text());
        Some(vec![
            self.site(TextRange::new(start, inner.start()), head),
            self.site(TextRange::new(inner.end(), end), " }"),
        ])
    }

    /// The branch that had the guard replaces the whole: its block begins with the guard's `let`.
    fn block(
        &self,
        whole: &SyntaxNode,
        body: &ast::BlockExpr,
        pat: &ast::Pat,
        call: &ast::MethodCallExpr,
        await_text: &str,
    ) -> Option<Vec<Site>> {
        let list = body.stmt_list()?;
        let open = list.l_curly_token()?;
        let space = open.next_token().map(|it| it.text().to_owned());
        let space = space.filter(|it| it.contains('\n')).unwrap_or_else(|| " ".to_owned());
        let space =
            space.rsplit_once('\n').map_or(space.clone(), |(_, indent)| format!("\n{indent}"));
        let lock = self.lock_text(call, await_text)?;
        let head = format!("{{{space}let {} = {lock}{await_text};", pat.syntax().text());
        let range = whole.text_range();
        let end = body.syntax().text_range().end();
        let mut sites =
            vec![self.site(TextRange::new(range.start(), open.text_range().end()), head)];
        if end < range.end() {
            sites.push(self.site(TextRange::new(end, range.end()), ""));
        }
        Some(sites)
    }

    /// The lock call as it shall read, before the `.await`.
    fn lock_text(&self, call: &ast::MethodCallExpr, await_text: &str) -> Option<String> {
        let receiver = call.receiver()?;
        let name = call.name_ref()?;
        let prefix = if await_text.is_empty() { "blocking_" } else { "" };
        Some(format!("{}.{prefix}{}()", receiver.syntax().text(), name.text()))
    }
}

/// `Ok(g)`, `Some(g)`: the inner pattern.
fn success(pat: ast::Pat) -> Option<ast::Pat> {
    let ast::Pat::TupleStructPat(pat) = pat else {
        return None;
    };
    let name = pat.path()?.segment()?.name_ref()?.text().to_string();
    let mut fields = pat.fields();
    let inner = fields.next()?;
    (matches!(name.as_str(), "Ok" | "Some") && fields.next().is_none()).then_some(inner)
}

/// The methods after a lock call, up to where the guard comes out.
struct Chain {
    /// The end of `unwrap()` or `?`.
    opened: Option<ra_ap_syntax::TextSize>,
    /// Where the first method's name begins.
    first_name: Option<ra_ap_syntax::TextSize>,
    /// The last expression of the chain.
    last: SyntaxNode,
}

impl Chain {
    fn of(call: &ast::MethodCallExpr) -> Self {
        let mut chain = Self { opened: None, first_name: None, last: call.syntax().clone() };
        while let Some(parent) = chain.last.parent() {
            if ast::TryExpr::can_cast(parent.kind()) {
                chain.opened = Some(parent.text_range().end());
                break;
            }
            let next = ast::MethodCallExpr::cast(parent.clone())
                .filter(|it| it.receiver().is_some_and(|it| *it.syntax() == chain.last))
                .and_then(|it| it.name_ref());
            let Some(name) = next else { break };
            let is_opener = OPENERS.contains(&name.text());
            if !is_opener && !ADAPTERS.contains(&name.text()) {
                break;
            }
            let start = name.syntax().text_range().start();
            chain.first_name.get_or_insert(start);
            chain.last = parent;
            if is_opener {
                chain.opened = Some(chain.last.text_range().end());
                break;
            }
        }
        chain
    }
}
