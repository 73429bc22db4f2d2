//! Problems in a terminal and for other programs.

pub mod check;
