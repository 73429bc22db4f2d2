//! `sendlens check` and `sendlens fix`: the same problems and fixes in a terminal and in CI.

mod args;
mod collect;
mod explain;
mod github;
mod human;
mod interrupt;
mod json;
mod leaves;
mod sarif;
mod terminal;

pub mod check;
pub mod fix;

#[cfg(test)]
mod sample;
