//! Which lock a held guard belongs to.

use camino::Utf8Path;
use ra_ap_syntax::SyntaxNode;

use super::super::retype::{Rename, Renames, Seen, Target, World};
use crate::problem::Problem;

/// The lock type that is replaced, with its guards.
#[derive(Debug, Clone, Copy)]
pub(super) struct LockTarget {
    /// `Mutex` or `RwLock`.
    pub(super) name: &'static str,
    /// Every name that has a twin in `tokio::sync`.
    pub(super) names: &'static [&'static str],
}

impl LockTarget {
    /// The lock behind a guard that is held.
    pub(super) fn of(problem: &Problem) -> Option<Self> {
        let held = problem.held.first()?;
        let ty = held.ty.as_deref().or(problem.leaf.as_deref())?;
        let mut names = ty.split(|c: char| !(c == '_' || c.is_alphanumeric()));
        let guard = names.find(|name| name.ends_with("Guard"))?;
        match guard {
            "MutexGuard" => Some(Self { name: "Mutex", names: &["Mutex", "MutexGuard"] }),
            "RwLockReadGuard" | "RwLockWriteGuard" => Some(Self {
                name: "RwLock",
                names: &["RwLock", "RwLockReadGuard", "RwLockWriteGuard"],
            }),
            _ => None,
        }
    }
}

impl Target for LockTarget {
    fn look(&self, world: &World<'_>, file: &Utf8Path, node: &SyntaxNode) -> Seen {
        let rename = |name: &&'static str| Rename {
            modules: &["std::sync", "sync", "parking_lot"],
            name,
            new_module: "tokio::sync",
            new_name: name,
            drops_arguments: false,
        };
        let all = self.names.iter().map(rename).collect();
        let renames = Renames { all, in_fields: false };
        renames.look(world, file, node)
    }

    fn hides_in_fields(&self) -> bool {
        false
    }
}
