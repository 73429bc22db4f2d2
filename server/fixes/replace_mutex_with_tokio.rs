//! Fix: a `Mutex` or `RwLock` of std or parking_lot becomes tokio's, whose guard may be held
//! across an await: the type where it is declared, its constructors, imports, every lock site, and
//! tokio's `sync` feature.
//!
//! ```text
//! use std::sync::Mutex;                        use tokio::sync::Mutex;
//! let mut db = self.db.lock().unwrap();        let mut db = self.db.lock().await;
//! db.save().await;                             db.save().await;
//! ```
//!
//! Behaviour changes: the lock is held while the task waits. Only the lock in question changes;
//! where others of its kind stay, the new one is written with its full path. Code that is not
//! async may block (`blocking_lock`) where no runtime drives it; a fn that is called from async
//! code becomes async itself. Declines without tokio, for `Condvar`, in closures and trait impls
//! that are not async. Known problem: what handled a poisoned lock is removed, for tokio's locks
//! are never poisoned.

mod imports;
mod locks;
mod make_async;
mod manifest;
mod names;

use super::{
    Draft, FixContext, Reach, RepairContext,
    retype::{self, Site, Walk, World, node_at},
};
use crate::{
    problem::{Edit, Problem},
    sources::Sources,
};
use names::LockTarget;

/// Drafts `replace_mutex_with_tokio`.
pub(super) fn replace_mutex_with_tokio(context: &FixContext<'_>) -> Option<Draft> {
    let target = LockTarget::of(context.problem)?;
    let world = &context.world;
    let (node, _) = node_at(world, &context.held.span)?;
    let mut walk = Walk::new(world, &target);
    walk.node(context.file, &node);
    let seeds = walk.sites;
    let first = seeds.first()?;
    let mut edits = Vec::new();
    let mut packages: Vec<_> = Vec::new();
    for site in &seeds {
        let package = context.sources.package_dir(&site.file)?;
        if !packages.contains(&package) {
            edits.extend(manifest::enable_sync(context.sources, &package)?);
            packages.push(package);
        }
    }
    let subject = subject(world, first, context);
    edits.extend(world.edits(locks::unseen(world, &seeds, target)?));
    edits.extend(world.edits(seeds));
    let method = if target.name == "Mutex" { "lock" } else { "read` or `write" };
    Some(Draft {
        id: "replace_mutex_with_tokio",
        title: format!("Replace the `{}` of `{subject}` with tokio's", target.name),
        note: Some(format!(
            "Changes behaviour: the lock stays held while the task waits at the `.await`, so other \
             tasks wait at `{method}().await` until it is done."
        )),
        variants: vec![edits],
        reach: Reach::Workspace,
        repairs: &[locks::open, make_async::call, locks::construct, change_type],
    })
}

/// Shortens full paths and swaps imports, once it is clear which uses are left.
pub(super) fn polish(problem: &Problem, before: &Sources, after: &Sources) -> Option<Vec<Edit>> {
    let target = LockTarget::of(problem)?;
    let world = World::new(after, problem);
    let mut sites = Vec::new();
    for (file, _) in before.changed_files(after) {
        if file.extension() == Some("rs") {
            sites.extend(imports::shorten(&world, file, &target).unwrap_or_default());
        }
    }
    (!sites.is_empty()).then(|| world.edits(sites))
}

/// What the title names: the field, static or fn that declares the lock, else its variable.
fn subject(world: &World<'_>, site: &Site, context: &FixContext<'_>) -> String {
    let declared = world
        .tree(&site.file)
        .and_then(|tree| tree.token_at_offset(site.start.into()).right_biased())
        .and_then(|token| retype::names_declaration(&token.parent()?));
    declared.unwrap_or_else(|| context.held.label())
}

fn change_type(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let target = LockTarget::of(context.problem)?;
    if !retype::texts_of(context.error).contains(target.name) {
        return None;
    }
    let mut edits = retype::answer(context, &target);
    let mut manifests = Vec::new();
    for edit in &edits {
        let package = context.sources.package_dir(&edit.span.file)?;
        for edit in manifest::enable_sync(context.sources, &package)? {
            if !manifests.contains(&edit) {
                manifests.push(edit);
            }
        }
    }
    edits.extend(manifests);
    (!edits.is_empty()).then_some(edits)
}

#[cfg(test)]
mod tests;
