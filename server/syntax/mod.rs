//! Async bodies and what is alive across each await.
//!
//! Text in, data out. Each body becomes a small control-flow graph ([`graph`]) that follows
//! rustc's own lowering, and two dataflow passes ([`liveness`]) say what is held at each await.
//! Types are not known here: [`Facts`] brings what the compiler said about them.

mod bodies;
mod calls;
mod captures;
mod cfg;
mod control;
mod crossings;
mod depth;
mod expand;
mod graph;
mod hints;
mod in_file;
mod items;
mod liveness;
mod lower;
mod macros;
mod parameters;
mod patterns;
mod places;
mod scan;
mod select;
mod surroundings;
mod types;

#[cfg(test)]
mod tests;

use ra_ap_syntax::{Edition, SourceFile, SyntaxNode, TextRange};

pub use cfg::Cfg;
pub use depth::too_deep;
pub use in_file::InFile;
pub use items::{Item, Place, items};
pub use types::{Facts, Methods, Receiver, Shape, ValueFacts};

/// What kind of coroutine a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// `async fn`, or a method that `#[async_trait]` rewrites.
    Fn,
    /// `async { .. }`.
    Block,
    /// `async |..| ..`.
    Closure,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `let`, a match arm, `if let`, `for`: a named local.
    Local,
    /// A parameter of the async fn or closure, the receiver included.
    Param,
    /// A variable of the surroundings that the block or closure captures.
    Capture,
    /// A temporary that lives on: a scrutinee, an argument, a receiver.
    Temporary,
}

/// A value that is alive across at least one await of its body, or part of it from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// The variable's name without `r#`; `None` for a temporary.
    pub name: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// The binding pattern (`x`, not `mut x`), or the expression of a temporary. That of a
    /// capture lies in the surroundings.
    pub range: TextRange,
    /// Indices into [`AsyncBody::awaits`], ascending. May be empty when `held_from_start`.
    pub awaits: Vec<usize>,
    /// A parameter or capture: part of the future whatever its body does, even without an await.
    pub held_from_start: bool,
}

/// One async fn, block or closure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsyncBody {
    /// Its kind.
    pub kind: BodyKind,
    /// The fn's name; `None` for blocks and closures.
    pub name: Option<String>,
    /// The whole item or expression.
    pub range: TextRange,
    /// The `async` keyword up to the body's brace: where lenses and path entries point.
    pub header: TextRange,
    /// The word `await` of each await point, or the macro call that hides some, in source order.
    pub awaits: Vec<TextRange>,
    /// Every value alive across at least one of them, and all parameters and captures, in
    /// source order.
    pub crossings: Vec<Crossing>,
}

impl AsyncBody {
    /// The awaits that a value crosses, the value given by rustc's span of it (`mut x`, `&self`)
    /// and its name.
    pub fn awaits_of(&self, value: TextRange, name: Option<&str>) -> Vec<TextRange> {
        let of_value = self.crossings.iter().filter(|crossing| {
            value.contains_range(crossing.range) && crossing.name.as_deref() == name
        });
        let awaits = of_value.flat_map(|crossing| &crossing.awaits);
        awaits.filter_map(|n| self.awaits.get(*n).copied()).collect()
    }
}

/// Analyses every async body of a file, outermost first. Broken code gives what its tree allows;
/// a text that is [`too_deep`] gives nothing.
pub fn analyse(text: &str, edition: Edition) -> Vec<AsyncBody> {
    analyse_with(text, edition, &Facts::default())
}

/// The same, with what the compiler said about types.
pub fn analyse_with(text: &str, edition: Edition, facts: &Facts) -> Vec<AsyncBody> {
    if too_deep(text) {
        return Vec::new();
    }
    let tree = SourceFile::parse(text, edition).syntax_node();
    bodies::Finder::new(edition, facts, &InFile::of(&tree)).find(&tree, 0)
}

/// An item that was parsed alone, to be analysed together with others of its file.
#[derive(Debug)]
pub struct ParsedItem {
    tree: SyntaxNode,
    /// From its offsets to those of the item's text.
    shift: i64,
    edition: Edition,
    /// Whether it has no errors of syntax.
    pub is_whole: bool,
}

impl ParsedItem {
    /// Parses the text of an item; `None` when it nests too deep.
    pub fn parse(text: &str, place: Place, edition: Edition) -> Option<Self> {
        if too_deep(text) {
            return None;
        }
        let (parse, shift) = match place {
            Place::Module => (SourceFile::parse(text, edition), 0),
            Place::Impl => {
                const HEAD: &str = "impl X{";
                (SourceFile::parse(&format!("{HEAD}{text}}}"), edition), -(HEAD.len() as i64))
            }
        };
        let is_whole = parse.errors().is_empty();
        Some(Self { tree: parse.syntax_node(), shift, edition, is_whole })
    }

    /// What it tells about the items beside it.
    pub fn in_file(&self) -> InFile {
        InFile::of(&self.tree)
    }

    /// Its async bodies; offsets count from the item's start.
    pub fn analyse(&self, in_file: &InFile) -> Vec<AsyncBody> {
        bodies::Finder::new(self.edition, &Facts::default(), in_file).find(&self.tree, self.shift)
    }
}

/// rustc's edition as the parser names it; unknown ones read as 2021.
pub fn edition(name: &str) -> Edition {
    name.parse().unwrap_or(Edition::Edition2021)
}
