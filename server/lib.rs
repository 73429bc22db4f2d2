//! Sendlens explains futures that are not `Send` and offers fixes the compiler has accepted.
//!
//! Modules in reading order. The core (`problem` to `fixes`) is pure: text and facts in, data
//! out. The shell (`oracle` and below) runs processes, reads files and speaks LSP.

pub mod fixes;
pub mod oracle;
pub mod problem;
pub mod process;
pub mod recognise;
pub mod report;
pub mod rustc;
pub mod sources;
pub mod syntax;
pub mod text;
