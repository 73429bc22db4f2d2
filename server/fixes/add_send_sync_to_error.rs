//! Fix: `Box<dyn Error>` becomes `Box<dyn Error + Send + Sync>`, where the value at fault gets its
//! type from and on through every caller and callee that the compiler then names.
//!
//! ```text
//! fn load() -> Result<u8, Box<dyn Error>>     fn load() -> Result<u8, Box<dyn Error + Send + Sync>>
//! ```
//!
//! Both bounds are needed: `?` converts from other errors only into `Box<dyn Error>` and
//! `Box<dyn Error + Send + Sync>`. Where an error of another crate stands in the way, its text is
//! kept instead of the value (`.map_err(|e| e.to_string())?`). Known problem: of several fns with
//! one name in the same file all are changed.

use ra_ap_syntax::{AstNode, SyntaxKind, ast};

use super::{
    Draft, FixContext, Reach, RepairContext,
    retype::{self, DynBounds, Site, Target, Walk, World, dyn_trait, node_at},
};
use crate::problem::{Edit, Problem};

/// Drafts `add_send_sync_to_error`.
pub(super) fn add_send_sync_to_error(context: &FixContext<'_>) -> Option<Draft> {
    let target = target(context.problem)?;
    let world = &context.world;
    let (node, _) = node_at(world, &context.held.span)?;
    let mut walk = Walk::new(world, &target);
    walk.node(context.file, &node);
    let seeds = walk.sites;
    let subject = subject(world, &seeds, context);
    let everywhere = package_sites(world, &target, context);
    let mut variants = vec![world.edits(seeds), world.edits(everywhere)];
    let text = std::iter::once(&node)
        .chain(node.parent().as_ref())
        .find_map(|node| stringified(world, context.file, node));
    variants.push(text.unwrap_or_default());
    variants.retain(|edits| !edits.is_empty());
    variants.dedup();
    (!variants.is_empty()).then(|| Draft {
        id: "add_send_sync_to_error",
        title: format!("Add `Send + Sync` to the error type of `{subject}`"),
        note: None,
        variants,
        reach: Reach::Workspace,
        repairs: &[
            lend_as_plain,
            retype::restrict_parameter,
            add_bounds,
            keep_text_of_foreign_error,
        ],
    })
}

fn target(problem: &Problem) -> Option<DynBounds> {
    let leaf = problem.leaf.as_deref()?;
    dyn_trait(leaf).filter(|name| *name == "Error").map(|name| DynBounds {
        trait_name: name.to_owned(),
        bounds: vec!["Send", "Sync"],
        references: false,
    })
}

/// What the title names: the item whose type changes first, else the value.
fn subject(world: &World<'_>, seeds: &[Site], context: &FixContext<'_>) -> String {
    let definition = seeds.first().and_then(|site| {
        let tree = world.tree(&site.file)?;
        let token = tree.token_at_offset(site.start.into()).left_biased()?;
        retype::names_definition(&token.parent()?)
    });
    definition.unwrap_or_else(|| context.held.label())
}

/// Every such error type of the package: where following names did not lead far enough.
fn package_sites(world: &World<'_>, target: &DynBounds, context: &FixContext<'_>) -> Vec<Site> {
    let [own, package, _] = world.tiers(context.file, "dyn");
    let mut sites = Vec::new();
    for file in own.into_iter().chain(package) {
        for node in world.tree(&file).iter().flat_map(|tree| tree.descendants()) {
            if let retype::Seen::Plain(range, new_text) = target.look(world, &file, &node) {
                sites.push(Site::new(&file, range, new_text));
            }
        }
    }
    sites
}

fn add_bounds(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let target = target(context.problem)?;
    if !retype::texts_of(context.error).contains(&target.trait_name) {
        return None;
    }
    let edits = retype::answer(context, &target);
    (!edits.is_empty()).then_some(edits)
}

/// `source()` lends `&(dyn Error + 'static)`: what is inside an `Option` does not convert itself.
fn lend_as_plain(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let words = retype::texts_of(context.error);
    let is_lent = words.contains("expected enum `Option<&dyn")
        || words.contains("expected enum `Option<&(dyn")
        || words.contains("expected `Option<&dyn")
        || words.contains("expected `Option<&(dyn");
    if !is_lent {
        return None;
    }
    let world = context.world;
    let primary = context.error.spans.iter().find(|span| span.is_primary)?;
    let span = retype::span_of(primary);
    let (node, _) = node_at(world, &span)?;
    let call = ast::MethodCallExpr::cast(node)?;
    let end = call.syntax().text_range().end();
    let range = ra_ap_syntax::TextRange::empty(end);
    let site = Site::new(&span.file, range, ".map(|e| e as _)".to_owned());
    Some(world.edits(vec![site]))
}

/// `?` on a `Result` whose error type is not ours.
fn keep_text_of_foreign_error(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    if !context.error.message.starts_with("`?` couldn't convert") {
        return None;
    }
    let world = context.world;
    let spans = context.error.spans.iter();
    let span = retype::span_of(spans.clone().find(|span| span.is_primary)?);
    let operand = spans
        .filter_map(|span| span.label.as_deref())
        .find(|label| label.contains("because it has type"))?;
    dyn_trait(operand).filter(|name| *name == "Error")?;
    let (node, _) = node_at(world, &span)?;
    stringified(world, &span.file, &node)
}

/// `x?` to `x.map_err(|e| e.to_string())?`, once.
fn stringified(
    world: &World<'_>,
    file: &camino::Utf8Path,
    node: &ra_ap_syntax::SyntaxNode,
) -> Option<Vec<Edit>> {
    let operand = ast::TryExpr::cast(node.clone())?.expr()?;
    let end = operand.syntax().text_range().end();
    let is_done = operand.syntax().text().to_string().ends_with(".map_err(|e| e.to_string())");
    let needs_parentheses = matches!(operand.syntax().kind(), SyntaxKind::CAST_EXPR);
    let range = ra_ap_syntax::TextRange::empty(end);
    let site = Site::new(file, range, ".map_err(|e| e.to_string())".to_owned());
    (!is_done && !needs_parentheses).then(|| world.edits(vec![site]))
}

#[cfg(test)]
mod tests {
    use crate::fixes::tests::{check, check_declines};

    const ID: &str = "add_send_sync_to_error";
    const TY: &str = "(dyn std::error::Error + 'static)";

    #[test]
    fn signature_of_the_fn_that_made_the_value() {
        check(
            ID,
            TY,
            "
fn load() -> Result<u8, Box<dyn Error>> { Ok(1) }
async fn run() {
    let $0result$0 = load();
    save().$1await;
    drop(result);
}",
            "
fn load() -> Result<u8, Box<dyn Error + Send + Sync>> { Ok(1) }
async fn run() {
    let result = load();
    save().await;
    drop(result);
}",
        );
    }

    #[test]
    fn alias_behind_a_method_and_a_lifetime() {
        check(
            ID,
            TY,
            "
type Błąd = Box<dyn std::error::Error + 'static>;
impl Store { async fn load(&self) -> Result<u8, Błąd> { Ok(1) } }
async fn run(store: Store) {
    match $0store.load().await$0 {
        Err(e) => log(e).$1await,
        Ok(_) => {}
    }
}",
            "
type Błąd = Box<dyn std::error::Error + Send + Sync + 'static>;
impl Store { async fn load(&self) -> Result<u8, Błąd> { Ok(1) } }
async fn run(store: Store) {
    match store.load().await {
        Err(e) => log(e).await,
        Ok(_) => {}
    }
}",
        );
    }

    #[test]
    fn a_borrowed_source_is_left_alone() {
        check(
            ID,
            TY,
            "
fn source(&self) -> Option<&(dyn Error + 'static)> { None }
async fn run() {
    let $0e$0: Box<dyn Error> = make();
    save().$1await;
}",
            "
fn source(&self) -> Option<&(dyn Error + 'static)> { None }
async fn run() {
    let e: Box<dyn Error + Send + Sync> = make();
    save().await;
}",
        );
    }

    #[test]
    fn declines_for_other_types() {
        check_declines(
            ID,
            "Rc<u8>",
            "
fn load() -> Result<u8, Box<dyn Error>> { Ok(1) }
async fn run() { let $0x$0 = Rc::new(1); save().$1await; }",
        );
    }
}
