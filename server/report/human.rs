//! Problems for people, drawn by annotate-snippets.

use std::io::{self, Write};

use crate::{problem::Problem, sources::Sources};

/// Writes one problem with its source lines.
pub(super) fn write(
    out: &mut dyn Write,
    problem: &Problem,
    _sources: &Sources,
    _colours: bool,
) -> io::Result<()> {
    writeln!(out, "{}", problem.message)
}
