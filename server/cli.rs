//! The command line. Others script against it: names and exit codes stay.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::report::{check::CheckArgs, fix::FixArgs};

/// Explains futures that are not Send, and offers fixes the compiler has accepted.
#[derive(Debug, Parser)]
#[command(name = "sendlens", version, about)]
pub struct Cli {
    /// Write the log to a file instead of standard error. SENDLENS_LOG=debug says more.
    #[arg(long, value_name = "FILE", global = true)]
    pub log: Option<PathBuf>,
    /// What to do; the language server when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the language server on standard input and output (the default).
    Serve(ServeArgs),
    /// Explain the problems of a workspace in the terminal, for CI or for other programs.
    Check(CheckArgs),
    /// Apply the best fix that the compiler has accepted to each problem.
    Fix(FixArgs),
    /// Run a check command for rust-analyzer and let the language server listen.
    ///
    /// Set rust-analyzer.check.overrideCommand to
    /// ["sendlens", "flycheck", "--", "cargo", "check", "--workspace", "--message-format=json",
    /// "--all-targets", "--keep-going"]. The command's output and exit code pass through.
    Flycheck(FlycheckArgs),
}

/// `sendlens serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Accepted because many clients add it; there is no other way to talk.
    #[arg(long, hide = true)]
    pub stdio: bool,
}

/// `sendlens flycheck`.
#[derive(Debug, Args)]
pub struct FlycheckArgs {
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn bare_sendlens_serves() {
        let cli = Cli::try_parse_from(["sendlens", "--log", "/tmp/log"]).unwrap();
        assert!(cli.command.is_none() && cli.log.is_some());
        let cli = Cli::try_parse_from(["sendlens", "serve", "--stdio"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Serve(_))));
    }

    #[test]
    fn flycheck_passes_its_command_as_it_is() {
        let words = ["sendlens", "flycheck", "--", "cargo", "check", "--log", "x"];
        let cli = Cli::try_parse_from(words).unwrap();
        let Some(Command::Flycheck(flycheck)) = cli.command else {
            panic!("not flycheck");
        };
        assert_eq!(flycheck.command, ["cargo", "check", "--log", "x"]);
        assert!(cli.log.is_none());
    }
}
