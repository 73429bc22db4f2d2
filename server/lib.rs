//! Sendlens explains futures that are not `Send` and offers fixes the compiler has accepted.
//!
//! The core (`problem`, `recognise`, `syntax`, `fixes`) is pure: text and facts in, data out. The
//! shell runs processes, reads files and speaks LSP.

pub mod alive;
pub mod cli;
pub mod documents;
pub mod encoding;
pub mod engine;
pub mod fixes;
pub mod flycheck;
pub mod life;
pub mod lsp;
mod macro_rules;
pub mod oracle;
pub mod problem;
pub mod process;
pub mod recognise;
pub mod report;
pub mod rustc;
pub mod settings;
pub mod shift;
pub mod sources;
pub mod spots;
pub mod syntax;
pub mod text;
pub mod watching;
pub mod workspace;

#[cfg(test)]
mod testing;
