//! Async bodies and what is alive across each await.

use ra_ap_syntax::{Edition, TextRange};

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

/// A value that is alive across at least one await of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// The variable's name without `r#`; `None` for a temporary.
    pub name: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// The binding pattern (`x`, not `mut x`), or the expression of a temporary.
    pub range: TextRange,
    /// Indices into [`AsyncBody::awaits`], ascending.
    pub awaits: Vec<usize>,
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
    /// Every value alive across at least one of them, in source order.
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
        awaits
            .filter_map(|n| self.awaits.get(*n).copied())
            .collect()
    }
}

/// Analyses every async body of a file, outermost first. Broken code gives what its tree allows.
pub fn analyse(_text: &str, _edition: Edition) -> Vec<AsyncBody> {
    Vec::new()
}

/// rustc's edition as the parser names it; unknown ones read as 2021.
pub fn edition(name: &str) -> Edition {
    name.parse().unwrap_or(Edition::Edition2021)
}
