//! Fix: a trait object promises `Send` (and `Sync` where it is shared), where the value at fault
//! gets its type from and on through everything that the compiler then names.
//!
//! ```text
//! jobs: Vec<Box<dyn Fn()>>      jobs: Vec<Box<dyn Fn() + Send>>
//! ```
//!
//! Behind a reference or an `Arc` the object must be `Sync` too. Where the trait is ours, asking
//! for the bounds once, as supertraits, is offered as a second way of writing it. An `Rc` that goes
//! into such an object elsewhere, in a test for instance, becomes an `Arc`, and its `RefCell` a
//! `Mutex`. Known problem:
//! objects of one trait with different arguments (`Fn(u8)`, `Fn(u16)`) are not told apart.

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasName, HasTypeBounds},
};

use super::{
    Draft, FixContext, Reach, RepairContext, replace_refcell_with_mutex as cells,
    retype::{self, DynBounds, Seen, Site, Target, Walk, World, dyn_trait, node_at},
};
use crate::{
    problem::{AutoTrait, Edit, Problem},
    sources::Sources,
};

/// Drafts `add_send_to_trait_object`.
pub(super) fn add_send_to_trait_object(context: &FixContext<'_>) -> Option<Draft> {
    let leaf = context.problem.leaf.as_deref()?;
    let name = dyn_trait(leaf).filter(|name| *name != "Error")?;
    let world = &context.world;
    let (node, _) = node_at(world, &context.held.span)?;
    let needed = needed_bounds(context.problem);
    let mut choices = vec![needed.clone()];
    if needed.len() < 2 {
        choices.push(vec!["Send", "Sync"]);
    }
    let mut variants: Vec<Vec<Edit>> = Vec::new();
    for bounds in &choices {
        let target = target(name, bounds.clone());
        let mut walk = Walk::new(world, &target);
        walk.node(context.file, &node);
        variants.push(world.edits(walk.sites));
    }
    for bounds in &choices {
        variants.push(world.edits(chain_sites(context, &target(name, bounds.clone()))));
    }
    for bounds in &choices {
        let target = target(name, bounds.clone());
        variants.push(world.edits(file_sites(world, &target, context)));
        variants.push(world.edits(supertraits(world, context, name, bounds)));
    }
    variants.retain(|edits| !edits.is_empty());
    variants.dedup();
    let bounds = needed.join(" + ");
    (!variants.is_empty()).then(|| Draft {
        id: "add_send_to_trait_object",
        title: format!("Add `{bounds}` to `dyn {name}`"),
        note: None,
        variants,
        reach: Reach::Workspace,
        repairs: &[retype::restrict_parameter, share, cells::lock, add_bounds],
    })
}

/// The title with the bounds that were written in the end.
pub(super) fn title(before: &Sources, edits: &[Edit], draft: &str) -> Option<String> {
    let count = |text: &str, word: &str| {
        let words = text.split(|c: char| c != '_' && !c.is_alphanumeric());
        words.filter(|it| *it == word).count()
    };
    let is_written = |bound: &&&str| {
        let new: usize = edits.iter().map(|it| count(&it.new_text, bound)).sum();
        let old = edits.iter().filter_map(|it| before.slice(&it.span));
        new > old.map(|it| count(it, bound)).sum()
    };
    let bounds: Vec<&str> = ["Send", "Sync"].iter().filter(is_written).copied().collect();
    let (_, object) = draft.split_once("` to ")?;
    let is_shared = edits.iter().any(|it| count(&it.new_text, "Arc") > 0);
    let also = if is_shared { ", and share what goes into it with `Arc`" } else { "" };
    (!bounds.is_empty()).then(|| format!("Add `{}` to {object}{also}", bounds.join(" + ")))
}

/// What to say where a cell became a lock on the way.
pub(super) fn note(edits: &[Edit]) -> Option<String> {
    edits.iter().any(|it| it.new_text.contains("Mutex")).then(|| cells::NOTE.to_owned())
}

/// Shortens the names that `share` wrote.
pub(super) fn polish(problem: &Problem, before: &Sources, after: &Sources) -> Option<Vec<Edit>> {
    cells::polish(problem, before, after)
}

/// Whether an error refuses a counter or a cell of one thread.
fn keeps_to_one_thread(message: &str) -> bool {
    let parts = message.strip_prefix('`').and_then(|it| it.split_once("` cannot be "));
    parts.is_some_and(|(guilty, rest)| {
        let is_local = ["Rc<", "RefCell<"].iter().any(|it| guilty.starts_with(it));
        let refusals = ["sent between threads", "shared between threads"];
        is_local && refusals.iter().any(|it| rest.starts_with(it))
    })
}

/// What goes into the object must keep its promise: a counter or cell of one thread does not.
fn share(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let error = context.error;
    if !keeps_to_one_thread(&error.message) {
        // Half of it has changed: the types on both sides of the error are named.
        let words = retype::texts_of(error);
        let is_between = words.contains("Arc<") && words.contains("Rc<");
        if error.code.is_none() || !is_between {
            return None;
        }
    }
    let edits = retype::answer(context, &cells::target());
    (!edits.is_empty()).then_some(edits)
}

fn target(name: &str, bounds: Vec<&'static str>) -> DynBounds {
    DynBounds { trait_name: name.to_owned(), bounds, references: true }
}

/// What is shared (`&`, `Arc`) must be `Sync`; an `Arc` that moves must be both.
fn needed_bounds(problem: &Problem) -> Vec<&'static str> {
    let ty = problem.held.first().and_then(|held| held.ty.as_deref());
    let ty = ty.unwrap_or_default();
    let is_shared_ownership = ty.contains("Arc<") || ty.contains("Weak<");
    match problem.auto_trait {
        _ if is_shared_ownership => vec!["Send", "Sync"],
        // The leaf of a reference that is not `Send` is a referent that is not `Sync`.
        AutoTrait::Sync => vec!["Sync"],
        AutoTrait::Send if ty.starts_with('&') => vec!["Sync"],
        AutoTrait::Send => vec!["Send"],
    }
}

/// In the innermost type of the compiler's chain that has such an object.
fn chain_sites(context: &FixContext<'_>, target: &DynBounds) -> Vec<Site> {
    for reason in context.held.why.iter().rev() {
        let mut walk = Walk::new(&context.world, target);
        for ty in reason.split('`').skip(1).step_by(2).collect::<Vec<_>>().into_iter().rev() {
            walk.printed_type(context.file, ty);
            if !walk.sites.is_empty() {
                return walk.sites;
            }
        }
    }
    Vec::new()
}

fn file_sites(world: &World<'_>, target: &DynBounds, context: &FixContext<'_>) -> Vec<Site> {
    let tree = world.tree(context.file);
    let nodes = tree.iter().flat_map(|tree| tree.descendants());
    nodes
        .filter_map(|node| match target.look(world, context.file, &node) {
            Seen::Plain(range, new_text) => Some(Site::new(context.file, range, new_text)),
            Seen::Done | Seen::Other => None,
        })
        .collect()
}

/// `trait Job` to `trait Job: Send`: one place instead of many.
fn supertraits(
    world: &World<'_>,
    context: &FixContext<'_>,
    name: &str,
    bounds: &[&str],
) -> Vec<Site> {
    for tier in world.tiers(context.file, &format!("trait {name}")) {
        for file in tier {
            let tree = world.tree(&file);
            let nodes = tree.iter().flat_map(|tree| tree.descendants());
            for item in nodes.filter_map(ast::Trait::cast) {
                if item.name().is_some_and(|it| it.text() == name) {
                    return supertrait(&item, bounds)
                        .map(|(at, text)| Site::new(&file, at, text))
                        .into_iter()
                        .collect();
                }
            }
        }
    }
    Vec::new()
}

fn supertrait(item: &ast::Trait, bounds: &[&str]) -> Option<(ra_ap_syntax::TextRange, String)> {
    let list = item.type_bound_list();
    let known = list.as_ref().map(|it| it.syntax().text().to_string());
    let has = |bound: &str| {
        let known = known.as_deref().unwrap_or_default();
        known.split('+').any(|it| it.trim() == bound)
    };
    let missing: Vec<&str> = bounds.iter().copied().filter(|it| !has(it)).collect();
    if missing.is_empty() {
        return None;
    }
    let text = missing.join(" + ");
    let (at, text) = match list {
        Some(list) => (list.syntax().text_range().end(), format!(" + {text}")),
        None => {
            let generics = ast::HasGenericParams::generic_param_list(item);
            let end = generics.map(|it| it.syntax().text_range().end());
            let end = end.or_else(|| Some(item.name()?.syntax().text_range().end()))?;
            (end, format!(": {text}"))
        }
    };
    Some((ra_ap_syntax::TextRange::empty(at), text))
}

fn add_bounds(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let name = dyn_trait(context.problem.leaf.as_deref()?)?;
    let words = retype::texts_of(context.error);
    if let Some((other, bound)) = other_object(&words, name) {
        let edits = retype::answer(context, &target(other, vec![bound]));
        return (!edits.is_empty()).then_some(edits);
    }
    let target = target(name, wanted_bounds(context));
    if !words.contains(name) && context.error.code.is_some() {
        return None;
    }
    let edits = retype::answer(context, &target);
    (!edits.is_empty()).then_some(edits)
}

/// An object of another trait that is at fault now: a closure around the object that changed.
fn other_object<'a>(words: &'a str, name: &str) -> Option<(&'a str, &'static str)> {
    let (before, rest) = words.split_once("` is not implemented for `")?;
    let bound = ["Send", "Sync"].into_iter().find(|it| before.ends_with(it))?;
    let guilty = rest.split('`').next()?;
    let other = dyn_trait(guilty)?;
    (other != name).then_some((other, bound))
}

/// The bounds that the draft began with, and what the error asks for besides.
fn wanted_bounds(context: &RepairContext<'_>) -> Vec<&'static str> {
    let mut wanted = needed_bounds(context.problem);
    let words = retype::texts_of(context.error);
    let asks = |bound: &str| {
        words.contains(&format!("trait `{bound}` is not implemented"))
            || words.contains(&format!("::{bound}` is not implemented"))
    };
    for bound in ["Send", "Sync"] {
        let is_wanted = asks(bound) || wrote(context.before, context.sources, bound);
        if is_wanted && !wanted.contains(&bound) {
            wanted.push(bound);
        }
    }
    wanted.sort_unstable();
    wanted
}

/// Whether the edits so far added a bound somewhere.
fn wrote(before: &Sources, after: &Sources, bound: &str) -> bool {
    let needle = format!("+ {bound}");
    before.changed_files(after).any(|(file, text)| {
        let old = before.text(file).map_or(0, |old| old.matches(&needle).count());
        text.matches(&needle).count() > old
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixes::tests::{check, check_declines, variants, variants_of};
    use crate::problem::Span;

    const ID: &str = "add_send_to_trait_object";

    #[test]
    fn boxed_closure_in_a_field() {
        check(
            ID,
            "(dyn Fn(u8) + 'static)",
            "
struct Żaba { hooks: Vec<Box<dyn Fn(u8)>> }
async fn run(żaba: Żaba) {
    for $0hook$0 in żaba.hooks { save().$1await; hook(1); }
}",
            "
struct Żaba { hooks: Vec<Box<dyn Fn(u8) + Send>> }
async fn run(żaba: Żaba) {
    for hook in żaba.hooks { save().await; hook(1); }
}",
        );
    }

    #[test]
    fn the_chain_of_reasons_leads_to_the_object() {
        let text = "
struct Größe(Pin<Box<dyn Tick>>);
struct Other(Box<dyn Tick>);
async fn run() { let $0x$0 = make(); save().$1await; drop(x); }";
        let all = variants_of(ID, text, "dyn Tick", |it| {
            it.held[0].why = vec![
                "`Many<Größe>` contains `Größe`".into(),
                "`Größe` contains `Pin<Box<dyn Tick>>`".into(),
            ];
        });
        let after = text.replace("Pin<Box<dyn Tick>>", "Pin<Box<dyn Tick + Send>>");
        let after = after.replace("$0", "").replace("$1", "");
        assert_eq!(all.unwrap().first(), Some(&after));
    }

    #[test]
    fn supertraits_are_the_last_way() {
        let all = variants(
            ID,
            "
trait Job<T>: Debug { fn run(&self); }
async fn run() { let $0job$0: Box<dyn Job<u8>> = make(); save().$1await; job.run(); }",
            "dyn Job<u8>",
        );
        let all = all.unwrap();
        assert!(all[0].contains("Box<dyn Job<u8> + Send> = make()"), "{}", all[0]);
        assert!(
            all.iter().any(|it| it.contains("trait Job<T>: Debug + Send + Sync {")),
            "{all:#?}"
        );
    }

    #[test]
    fn references_get_parentheses() {
        check(
            ID,
            "dyn Shape",
            "async fn f($0x$0: &dyn Shape) { save().$1await; x.draw(); }",
            "async fn f(x: &(dyn Shape + Send)) { save().await; x.draw(); }",
        );
    }

    #[test]
    fn the_title_names_the_bounds_that_were_written() {
        let at = |column| crate::problem::Position { line: 1, column };
        let edit = |start, end, new_text: &str| Edit {
            span: Span { file: "a.rs".into(), start: at(start), end: at(end) },
            new_text: new_text.to_owned(),
        };
        let mut before = Sources::default();
        before.insert("a.rs", "type Größe = Box<dyn Fn() + Send>;");
        let draft = "Add `Send` to `dyn Fn`";
        for (edits, title) in [
            (vec![edit(28, 28, " + Sync")], Some("Add `Sync` to `dyn Fn`")),
            (vec![edit(25, 33, " + Send + Sync>")], Some("Add `Sync` to `dyn Fn`")),
            (
                vec![edit(1, 1, "type A = dyn Fn() + Send + Sync;")],
                Some("Add `Send + Sync` to `dyn Fn`"),
            ),
            (
                vec![edit(28, 28, " + Send"), edit(1, 1, "Arc<Mutex<Größe>>")],
                Some("Add `Send` to `dyn Fn`, and share what goes into it with `Arc`"),
            ),
            (vec![edit(1, 1, "// Sender")], None),
        ] {
            assert_eq!(super::title(&before, &edits, draft).as_deref(), title, "{edits:?}");
        }
    }

    #[test]
    fn what_goes_into_the_object() {
        for (message, expected) in [
            ("`Rc<RefCell<Größe>>` cannot be sent between threads safely", true),
            ("`RefCell<Größe>` cannot be shared between threads safely", true),
            ("`*mut Größe` cannot be sent between threads safely", false),
            ("`Rc<Größe>` cannot be dereferenced", false),
            ("cannot move out of `rc`", false),
        ] {
            assert_eq!(keeps_to_one_thread(message), expected, "{message}");
        }
    }

    #[test]
    fn declines_for_errors_and_other_types() {
        check_declines(
            ID,
            "dyn std::error::Error",
            "async fn f() { let $0x$0: Box<dyn Error> = make(); save().$1await; }",
        );
        check_declines(ID, "Rc<u8>", "async fn f() { let $0x$0 = make(); save().$1await; }");
    }
}
