//! Our own check: the command line that rust-analyzer uses, so that both share what is compiled.

use std::{process::ExitStatus, sync::Arc, time::Duration};

use camino::Utf8PathBuf;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{ChildStderr, ChildStdout, Command},
    sync::oneshot,
};

use super::{Outcome, group, group::Group, place};
use crate::{
    oracle::CargoSettings,
    rustc::{Line, parse_line},
    settings::CheckCommand,
};

/// How much of cargo's last words is kept for an error message.
const LAST_WORDS: usize = 2_000;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) root: Utf8PathBuf,
    pub(crate) command: CheckCommand,
    pub(crate) cargo: CargoSettings,
    pub(crate) timeout: Duration,
}

impl Plan {
    fn command(&self) -> Command {
        let mut command = group::command(place::cargo(), self.root.as_std_path());
        command.arg(self.command.name());
        command.args(["--workspace", "--message-format=json"]);
        command.args(["--manifest-path", self.root.join("Cargo.toml").as_str()]);
        command.args(["--keep-going", "--all-targets"]);
        command.args(&self.cargo.args);
        if let Some(target_dir) = &self.cargo.target_dir {
            command.args(["--target-dir", target_dir.as_str()]);
        }
        command.envs(self.cargo.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A check under way. Dropping it kills the check.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) run: u64,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

/// Says one thing about the check under way.
pub(crate) type Say<T> = Arc<dyn Fn(T) + Send + Sync>;

impl Running {
    /// Starts a check. `on_line` hears what the compiler says, `on_end` how it ended, unless it
    /// is stopped.
    pub(crate) fn start(plan: Plan, run: u64, on_line: Say<Line>, on_end: Say<Outcome>) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut group = match Group::spawn(plan.command()) {
                Ok(group) => group,
                Err(error) => return on_end(Outcome::NotStarted(error.to_string())),
            };
            let outcome = tokio::select! {
                outcome = follow(&mut group, &on_line) => outcome,
                () = tokio::time::sleep(plan.timeout) => Outcome::TimedOut(plan.timeout),
                _ = &mut stopped => return group.kill().await,
            };
            if matches!(outcome, Outcome::TimedOut(_)) {
                group.kill().await;
            }
            on_end(outcome);
        });
        Self { run, stop, task }
    }

    /// Kills the check with all its processes, and waits for their end: two cargos would only
    /// wait for one another's lock.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        let _ = self.task.await;
    }
}

async fn follow(group: &mut Group, on_line: &Say<Line>) -> Outcome {
    let (stdout, stderr) = group.output();
    let (spoke, last_words) = tokio::join!(read_lines(stdout, on_line), read_tail(stderr));
    match group.wait().await {
        Ok(status) => outcome(status, spoke, last_words),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// A failed check that printed messages is the normal case; one that printed none has not
/// checked anything.
fn outcome(status: ExitStatus, spoke: bool, last_words: String) -> Outcome {
    if status.success() || spoke {
        Outcome::Complete
    } else {
        Outcome::Failed(last_words)
    }
}

async fn read_lines(stdout: Option<ChildStdout>, on_line: &Say<Line>) -> bool {
    let Some(stdout) = stdout else { return false };
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    let mut spoke = false;
    while matches!(reader.read_until(b'\n', &mut line).await, Ok(1..)) {
        match parse_line(&String::from_utf8_lossy(&line)) {
            Line::Noise => {}
            line => {
                spoke |= !matches!(line, Line::Finished { .. });
                on_line(line);
            }
        }
        line.clear();
    }
    spoke
}

async fn read_tail(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else {
        return String::new();
    };
    let mut tail = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        tail.extend(&buffer[..read]);
        tail.drain(..tail.len().saturating_sub(LAST_WORDS));
    }
    String::from_utf8_lossy(&tail).trim().to_owned()
}
