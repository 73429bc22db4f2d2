//! Changing a type where it is written: the workspace as trees, and the walk from a value to the
//! places that give it its type.
//!
//! Nothing here knows types. It follows names: the fn that a call names, the field that an
//! expression reads, the `let` that declares a variable, the alias behind a path. Where a name
//! has several owners it takes those that are nearest and that mention the type in question. The
//! compiler corrects the rest: it judges every draft and names the places that were missed.

mod answer;
mod dyn_bounds;
mod index;
mod introduce;
mod lookup;
mod renames;
mod report;
mod walk;
mod world;

pub(super) use answer::{answer, restrict_parameter};
pub(super) use dyn_bounds::{DynBounds, dyn_trait};
pub(super) use introduce::{introduce, known_import, merged};
pub(super) use lookup::{enclosing_body, names_declaration, names_definition};
pub(super) use renames::{Rename, Renames, imports};
pub(super) use report::{node_at, place_at, span_of, texts_of};
pub(super) use walk::Walk;
pub(super) use world::Site;
pub use world::World;

use camino::Utf8Path;
use ra_ap_syntax::{SyntaxNode, TextRange};

/// What a target sees in a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// The type as it was: this text replaces that range.
    Plain(TextRange, String),
    /// The type as it shall be.
    Done,
    /// Something else.
    Other,
}

/// The type that a fix changes.
pub(super) trait Target {
    /// Judges a node: a type, or the path of a call that makes a value of the type.
    fn look(&self, world: &World<'_>, file: &Utf8Path, node: &SyntaxNode) -> Seen;

    /// Whether the type may hide in the fields of structs and enums that are named.
    fn hides_in_fields(&self) -> bool;
}
