//! Reading the compiler: the JSON that cargo and rustc print, the commands that cargo shows.

mod command;
mod messages;

pub use command::{CargoLine, CargoReader, RustcCommand, build_args};
pub use messages::{Line, UnitDiagnostic, parse_line};
