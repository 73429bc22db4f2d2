//! Reading the compiler: the JSON that cargo and rustc print.

mod messages;

pub use messages::{Line, UnitDiagnostic, parse_line};
