//! Diagnostic -> Problem.

use camino::Utf8Path;
use cargo_metadata::diagnostic::Diagnostic;

use crate::problem::{Problem, Unit};

/// Recognises a diagnostic of the family; `None` for everything else. `root` is the workspace
/// root: absolute paths below it become relative.
pub fn recognise(_diagnostic: &Diagnostic, _unit: &Unit, _root: &Utf8Path) -> Option<Problem> {
    None
}
