//! `sendlens check`.

use crate::cli::CheckArgs;

/// Runs the command; gives the exit code: 0 no problem, 1 problems, 2 could not run.
pub async fn run(_args: CheckArgs) -> u8 {
    eprintln!("sendlens check: not built yet");
    2
}
