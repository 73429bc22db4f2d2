//! `sendlens check`: the same problems in a terminal and in CI.

mod human;
mod json;

pub mod check;
