//! Our own check: the command line that rust-analyzer uses, so that both share what is compiled.

use std::{collections::VecDeque, ops::ControlFlow, sync::Arc, time::Duration};

use camino::Utf8PathBuf;

use super::{Outcome, place};
use crate::{
    oracle::CargoSettings,
    process::{self, Job, JobError, JobExit, Pipe},
    rustc::{Line, parse_line},
    settings::CheckCommand,
};

/// How many of cargo's last lines are kept for an error message.
const LAST_WORDS: usize = 30;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) root: Utf8PathBuf,
    pub(crate) command: CheckCommand,
    pub(crate) cargo: CargoSettings,
    pub(crate) timeout: Duration,
}

impl Plan {
    fn job(&self) -> Job {
        let manifest = self.root.join("Cargo.toml");
        let mut args = vec![self.command.name(), "--message-format=json"];
        args.extend(["--manifest-path", manifest.as_str(), "--keep-going"]);
        args.extend(self.cargo.args.iter().map(String::as_str));
        if let Some(target_dir) = &self.cargo.target_dir {
            args.extend(["--target-dir", target_dir.as_str()]);
        }
        Job {
            program: place::cargo(),
            args: args.into_iter().map(str::to_owned).collect(),
            env: self.cargo.env.clone(),
            cwd: self.root.clone(),
            deadline: self.timeout,
            gentle: false,
        }
    }
}

/// A check under way. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) run: u64,
    task: tokio::task::JoinHandle<()>,
}

/// Says one thing about the check under way.
pub(crate) type Say<T> = Arc<dyn Fn(T) + Send + Sync>;

impl Running {
    /// Starts a check. `on_line` hears what the compiler says, `on_end` how it ended, unless it
    /// is stopped.
    pub(crate) fn start(plan: Plan, run: u64, on_line: Say<Line>, on_end: Say<Outcome>) -> Self {
        let task = tokio::spawn(async move { on_end(check(plan, on_line).await) });
        Self { run, task }
    }

    /// Kills the check with all its processes. The next one starts after that: two cargos would
    /// only wait for one another's lock.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn check(plan: Plan, on_line: Say<Line>) -> Outcome {
    let job = plan.job();
    let mut spoke = false;
    let mut last_words = VecDeque::new();
    let mut hear = |pipe, line: &str| {
        match pipe {
            Pipe::Stdout => match parse_line(line) {
                Line::Noise => {}
                line => {
                    spoke |= !matches!(line, Line::Finished { .. });
                    on_line(line);
                }
            },
            Pipe::Stderr => {
                if last_words.len() == LAST_WORDS {
                    last_words.pop_front();
                }
                last_words.push_back(line.to_owned());
            }
        }
        ControlFlow::Continue(())
    };
    let exit = process::run(&job, &mut hear).await;
    let last_words = Vec::from(last_words).join("\n");
    outcome(exit, spoke, last_words)
}

/// A failed check that printed messages is the normal case; one that printed none has not
/// checked anything.
fn outcome(exit: Result<JobExit, JobError>, spoke: bool, last_words: String) -> Outcome {
    match exit {
        Ok(Some(status)) if !status.success() && !spoke => Outcome::Failed(last_words),
        Ok(_) => Outcome::Complete,
        Err(JobError::Deadline { deadline, .. }) => Outcome::TimedOut(deadline),
        Err(error @ (JobError::NotFound { .. } | JobError::Io { .. })) => {
            Outcome::NotStarted(error.to_string())
        }
    }
}
