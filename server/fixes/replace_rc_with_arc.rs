//! Fix: `Rc` becomes `Arc`, `rc::Weak` becomes `sync::Weak`, where the value at fault gets its type
//! from and on through everything that the compiler then names.
//!
//! ```text
//! let names = Rc::new(load());      let names = Arc::new(load());
//! ```
//!
//! An `Rc<dyn Tr>` becomes an `Arc<dyn Tr + Send + Sync>`, and cells in the fields of what it
//! shares become a `Mutex` or atomics. Declines for `Rc<RefCell<T>>` and
//! `Rc<Cell<T>>`, whose contents must change too: other fixes do that. Known problem: an `Rc` that
//! an untouched fn of another crate wants is rejected by the compiler.

use camino::Utf8Path;

use super::{
    Draft, FixContext, Reach, RepairContext,
    retype::{self, DynBounds, Rename, Renames, Site, Walk, World, dyn_trait, node_at},
    share_contents,
};
use crate::{
    problem::{Edit, Held, Problem},
    sources::Sources,
};

/// `Rc` and its `Weak`.
pub(super) const RENAMES: [Rename; 2] = [
    Rename {
        modules: &["std::rc", "rc", "alloc::rc"],
        name: "Rc",
        new_module: "std::sync",
        new_name: "Arc",
        drops_arguments: false,
    },
    Rename {
        modules: &["std::rc", "rc", "alloc::rc"],
        name: "Weak",
        new_module: "std::sync",
        new_name: "Weak",
        drops_arguments: false,
    },
];

fn target() -> Renames {
    Renames { all: RENAMES.to_vec(), in_fields: true }
}

/// Drafts `replace_rc_with_arc`.
pub(super) fn replace_rc_with_arc(context: &FixContext<'_>) -> Option<Draft> {
    let leaf = context.problem.leaf.as_deref()?;
    let is_counted = leaf.starts_with("Rc<") || leaf.starts_with("Weak<") || leaf.contains("rc::");
    let is_mutable = leaf.contains("RefCell<") || leaf.contains("Cell<");
    if !is_counted || is_mutable {
        return None;
    }
    let variants = seeds(context, &target())?;
    let (old, new) = match leaf.contains("Weak<") {
        true => ("rc::Weak", "sync::Weak"),
        false => ("Rc", "Arc"),
    };
    Some(Draft {
        id: "replace_rc_with_arc",
        // Where the compiler named no value, what stands for it is a whole call.
        title: match context.problem.held.is_empty() {
            true => format!("Replace the `{old}` that the future keeps with `{new}`"),
            false => format!("Replace the `{old}` of {} with `{new}`", labels(context)),
        },
        note: None,
        variants,
        reach: Reach::Workspace,
        repairs: &[
            retype::restrict_parameter,
            share_contents::retype,
            share_contents::operate,
            change_type,
        ],
    })
}

/// The edits where the values at fault get their type from; where there are several, the first
/// alone is a second way.
pub(super) fn seeds(context: &FixContext<'_>, target: &Renames) -> Option<Vec<Vec<Edit>>> {
    let first = sites(context, target)?;
    let mut all = first.clone();
    for other in others(context) {
        let Some((node, _)) = node_at(&context.world, &other.span) else { continue };
        let mut walk = Walk::new(&context.world, target);
        walk.node(&other.span.file, &node);
        all.extend(walk.sites);
    }
    let mut variants = vec![context.world.edits(all), context.world.edits(first)];
    variants.dedup();
    Some(variants)
}

/// The values that the compiler hides behind the one that it named: they have its leaf, too.
fn others<'a>(context: &'a FixContext<'_>) -> impl Iterator<Item = &'a Held> {
    context.problem.held.iter().filter(|it| it.span != context.held.span)
}

/// What a title calls the values at fault.
pub(super) fn labels(context: &FixContext<'_>) -> String {
    let mut labels = vec![format!("`{}`", context.held.label())];
    for other in others(context) {
        let label = format!("`{}`", other.label());
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    match labels.as_slice() {
        [first, second] => format!("{first} and {second}"),
        [first, _, rest @ ..] => format!("{first} and {} others", rest.len() + 1),
        _ => labels.concat(),
    }
}

fn sites(context: &FixContext<'_>, target: &Renames) -> Option<Vec<Site>> {
    let world = &context.world;
    let (node, _) = node_at(world, &context.held.span)?;
    let mut walk = Walk::new(world, target);
    walk.node(context.file, &node);
    if walk.sites.is_empty() {
        walk.printed_type(context.file, context.held.ty.as_deref()?);
    }
    if walk.sites.is_empty() {
        // What is only `T` in the body gets its type where `Send` is demanded.
        let at = &context.problem.reported_at;
        if let Some((node, _)) = node_at(world, at) {
            walk.node(&at.file, &node);
        }
    }
    (!walk.sites.is_empty()).then_some(walk.sites)
}

fn change_type(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    change(context, &target())
}

/// Follows an error to the types that are still as they were; a trait object that must be shared
/// now gets its bounds.
pub(super) fn change(context: &RepairContext<'_>, target: &Renames) -> Option<Vec<Edit>> {
    let edits = retype::answer(context, target);
    if !edits.is_empty() {
        return Some(edits);
    }
    let words = retype::texts_of(context.error);
    // Either the bounds are missed, or only one of two types has them by now.
    let guilty = match words.split_once("is not implemented for `") {
        Some((_, rest)) => rest.split('`').next()?,
        None => words.split_once("+ Send + Sync").map(|_| words.as_str())?,
    };
    let bounds = DynBounds {
        trait_name: dyn_trait(guilty)?.to_owned(),
        bounds: vec!["Send", "Sync"],
        references: false,
    };
    let edits = retype::answer(context, &bounds);
    (!edits.is_empty()).then_some(edits)
}

/// Shortens the new names.
pub(super) fn polish(problem: &Problem, before: &Sources, after: &Sources) -> Option<Vec<Edit>> {
    shorten(problem, before, after, &share_contents::target())
}

/// Imports what `target` wrote with its full path.
pub(super) fn shorten(
    problem: &Problem,
    before: &Sources,
    after: &Sources,
    target: &Renames,
) -> Option<Vec<Edit>> {
    let world = World::new(after, problem);
    let before_world = World::new(before, problem);
    let mut sites = Vec::new();
    for (file, text) in before.changed_files(after) {
        let old = before.text(file).map_or("", |text| &**text);
        for module in ["std::sync", "std::sync::atomic"] {
            let renames = target.all.iter().filter(|it| it.new_module == module);
            let mut names: Vec<&str> = renames.map(|it| it.new_name).collect();
            if module == "std::sync::atomic" {
                names.push("Ordering");
            }
            // Where the user wrote the whole path before, that is how it stays.
            let long = |text: &str, name: &str| text.matches(&format!("{module}::{name}")).count();
            names.retain(|name| {
                let (was, is) = (long(old, name), long(text, name));
                is > was && (was == 0 || imports_it(&before_world, file, module, name))
            });
            names.sort_unstable();
            sites.extend(retype::introduce(&world, file, module, &names).unwrap_or_default());
        }
    }
    // Several new lines at one place are written one after the other.
    let mut joined: Vec<Site> = Vec::new();
    for site in sites {
        let is_same =
            |it: &&mut Site| it.file == site.file && it.start == site.start && it.end == site.end;
        match joined.iter_mut().find(is_same) {
            Some(known) => known.new_text.push_str(&site.new_text),
            None => joined.push(site),
        }
    }
    (!joined.is_empty()).then(|| world.edits(joined))
}

/// Whether a file imports a name.
fn imports_it(world: &World<'_>, file: &Utf8Path, module: &str, name: &str) -> bool {
    let tree = world.tree(file);
    let known = tree.iter().flat_map(retype::imports);
    known.into_iter().any(|(from, item, _)| from == module && item == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixes::tests::{check, check_declines},
        testing,
    };

    const ID: &str = "replace_rc_with_arc";

    #[test]
    fn only_names_that_the_fix_wrote_are_shortened() {
        let mut all = vec![Sources::default(); 3];
        let user = "use std::sync::Arc;\nfn a() { let größe = std::sync::Arc::new(1); }\n";
        for (sources, name) in all.iter_mut().zip(["Rc", "Box", "std::sync::Arc"]) {
            sources.insert("src/main.rs", format!("{user}fn b() {{ {name}::new(1); }}\n"));
        }
        let problem = testing::problem("1");
        assert_eq!(polish(&problem, &all[0], &all[1]), None);
        assert!(polish(&problem, &all[0], &all[2]).is_some());
    }

    #[test]
    fn the_constructor_of_a_local() {
        check(
            ID,
            "Rc<String>",
            "
use std::rc::Rc;
async fn f() { let $0żółw$0 = Rc::new(String::new()); io().$1await; drop(żółw); }",
            "
use std::rc::Rc;
async fn f() { let żółw = std::sync::Arc::new(String::new()); io().await; drop(żółw); }",
        );
    }

    #[test]
    fn a_variable_that_only_a_format_string_names() {
        check(
            ID,
            "Rc<str>",
            "
use std::rc::Rc;
fn f() {
    let żółw: Rc<str> = name().into();
    spawn(async move { io().$1await; println!(\"{$0żółw$0}\"); });
}",
            "
use std::rc::Rc;
fn f() {
    let żółw: std::sync::Arc<str> = name().into();
    spawn(async move { io().await; println!(\"{żółw}\"); });
}",
        );
        let unnamed = "fn f() { spawn(async move { io().$1await; println!(\"{$0żółw$0}\"); }); }";
        check_declines(ID, "Rc<str>", unnamed);
    }

    #[test]
    fn a_field_of_a_field_beside_one_that_is_shared_already() {
        check(
            ID,
            "Rc<u8>",
            "
use std::{rc::Rc, sync::Arc};
struct Db { shared: Rc<u8> }
struct Handler { żółw: Arc<u8>, db: Db }
async fn f(db: Db) { let $0h$0 = Handler { żółw: n(), db }; io().$1await; drop(h); }",
            "
use std::{rc::Rc, sync::Arc};
struct Db { shared: std::sync::Arc<u8> }
struct Handler { żółw: Arc<u8>, db: Db }
async fn f(db: Db) { let h = Handler { żółw: n(), db }; io().await; drop(h); }",
        );
    }

    #[test]
    fn a_field_in_a_pattern_and_a_late_value() {
        check(
            ID,
            "Rc<u8>",
            "
use std::rc::Rc;
struct Pair { żółw: Rc<u8>, n: u8 }
fn pair() -> Pair { todo!() }
async fn f() { let Pair { $0żółw$0, n } = pair(); io().$1await; drop(żółw); }",
            "
use std::rc::Rc;
struct Pair { żółw: std::sync::Arc<u8>, n: u8 }
fn pair() -> Pair { todo!() }
async fn f() { let Pair { żółw, n } = pair(); io().await; drop(żółw); }",
        );
        check(
            ID,
            "Rc<u8>",
            "
use std::rc::Rc;
async fn f() { let $0x$0; x = Rc::new(1); io().$1await; drop(x); }",
            "
use std::rc::Rc;
async fn f() { let x; x = std::sync::Arc::new(1); io().await; drop(x); }",
        );
    }

    #[test]
    fn a_second_value_that_hides_behind_the_first() {
        check(
            ID,
            "Rc<u8>",
            "
use std::rc::Rc;
async fn f() { let $0a$0 = Rc::new(1); let $0größe$0 = Rc::new(2); io().$1await; g(a, größe); }",
            "
use std::rc::Rc;
async fn f() { let a = std::sync::Arc::new(1); let größe = std::sync::Arc::new(2); io().await; g(a, größe); }",
        );
    }

    #[test]
    fn a_receiver_and_what_a_format_string_names() {
        check(
            ID,
            "Rc<Żaba>",
            "
use std::rc::Rc;
impl Żaba { async fn f($0self$0: Rc<Self>) { io().$1await; self.quak(); } }",
            "
use std::rc::Rc;
impl Żaba { async fn f(self: std::sync::Arc<Self>) { io().await; self.quak(); } }",
        );
        check(
            ID,
            "Rc<u8>",
            "
use std::rc::Rc;
fn f(größe: &Rc<u8>) -> BoxFuture<'_, ()> { Box::pin(async move { io().$1await; println!(\"{$0größe$0}\"); }) }",
            "
use std::rc::Rc;
fn f(größe: &std::sync::Arc<u8>) -> BoxFuture<'_, ()> { Box::pin(async move { io().await; println!(\"{größe}\"); }) }",
        );
    }

    #[test]
    fn elements_of_a_vec() {
        check(
            ID,
            "Rc<u8>",
            "
use std::rc::Rc;
async fn f() { for $0x$0 in vec![Rc::new(1)] { io().$1await; drop(x); } }",
            "
use std::rc::Rc;
async fn f() { for x in vec![std::sync::Arc::new(1)] { io().await; drop(x); } }",
        );
    }

    #[test]
    fn what_a_closure_or_an_opaque_type_is_made_of() {
        check(
            ID,
            "Rc<u8>",
            "
use std::rc::Rc;
fn later() -> impl Future<Output = ()> { let żółw = Rc::new(1); poll_fn(move |_| show(&żółw)) }
async fn f() { $0later()$0.$1await; }",
            "
use std::rc::Rc;
fn later() -> impl Future<Output = ()> { let żółw = std::sync::Arc::new(1); poll_fn(move |_| show(&żółw)) }
async fn f() { later().await; }",
        );
        check(
            ID,
            "Rc<u8>",
            "
use std::rc::Rc;
async fn f() { let ż = Rc::new(1); let $0show$0 = move || println!(\"{ż}\"); io().$1await; show(); }",
            "
use std::rc::Rc;
async fn f() { let ż = std::sync::Arc::new(1); let show = move || println!(\"{ż}\"); io().await; show(); }",
        );
    }

    #[test]
    fn declines_for_cells_within_and_other_types() {
        let text = "
use std::rc::Rc;
async fn f() { let $0x$0 = Rc::new(y); io().$1await; }";
        check_declines(ID, "Rc<RefCell<u8>>", text);
        check_declines(ID, "*mut u8", text);
    }
}
