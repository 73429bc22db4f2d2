//! Records what a compiler says of the programs, and scores what Sendlens makes of it.
//!
//! ```text
//! cargo run --example recorded -- record [TOOLCHAIN [FLAG..]]
//! cargo run --example recorded -- ask [PROGRAM..]
//! cargo run --example recorded -- fixes [PROGRAM..]
//! ```
//!
//! `record` runs the default toolchain, or the one named, on every program that is meant for it
//! and writes `<version>/<group>/<program>.json`. A new compiler is this one command, `cargo test
//! recorded` and one diff to look at. Recordings do not depend on the machine: paths are made the
//! same everywhere, and the text that is meant for people (`rendered`) is left out.
//!
//! `ask` shows each program to the installed compiler once more, closer questions included, and
//! compares with `<program>.asked`, or with `<program>.expect` where asking changes nothing.
//!
//! `fixes` lets plain cargo judge every verified fix of every problem, and compares the first
//! offer with an expert's choice (`experts.txt`).

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod ask;
mod fixes;
#[allow(dead_code, reason = "the test uses the rest")]
mod programs;
mod record;
#[allow(dead_code, reason = "the test uses the rest")]
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["record"] => record::record(None, &[]),
        ["record", toolchain, flags @ ..] => record::record(Some(toolchain), flags),
        ["ask", programs @ ..] => ask::ask(programs),
        ["fixes", programs @ ..] => fixes::fixes(programs),
        _ => {
            eprintln!(
                "usage: recorded record [TOOLCHAIN [FLAG..]] | recorded ask|fixes [PROGRAM..]"
            );
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
