//! Child processes: each has a deadline, runs in its own process group, and dies with whoever
//! waits for it.

use std::{ops::ControlFlow, process::ExitStatus, process::Stdio, time::Duration};

use camino::Utf8PathBuf;
use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// What to run.
#[derive(Debug, Clone)]
pub struct Job {
    /// The program, looked up in `PATH` unless it is a path.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Added to the environment.
    pub env: Vec<(String, String)>,
    /// The working directory.
    pub cwd: Utf8PathBuf,
    /// Killed with its group after this time.
    pub deadline: Duration,
    /// Whether it gives way to whatever else the machine does.
    pub gentle: bool,
}

/// Which pipe a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipe {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Why a job gave no exit status.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The program does not exist.
    #[error("`{program}` was not found; is it installed and in PATH?")]
    NotFound {
        /// The program.
        program: String,
    },
    /// The program could not be started or read.
    #[error("cannot run `{program}`: {source}")]
    Io {
        /// The program.
        program: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The deadline passed; the group was killed.
    #[error("`{program}` did not end within {} s and was stopped", deadline.as_secs())]
    Deadline {
        /// The program.
        program: String,
        /// The time it had.
        deadline: Duration,
    },
}

/// The exit of a job; `None` when the line handler stopped it.
pub type JobExit = Option<ExitStatus>;

/// Runs a job and hands over its lines as they come, without their line ends; bytes that are no
/// UTF-8 are replaced. `on_line` may stop the job. Dropping the future kills the whole group.
pub async fn run(
    job: &Job,
    on_line: &mut (dyn FnMut(Pipe, &str) -> ControlFlow<()> + Send),
) -> Result<JobExit, JobError> {
    let mut group = Group::spawn(job)?;
    match tokio::time::timeout(job.deadline, group.pump(on_line)).await {
        Ok(exit) => exit.map_err(|source| JobError::Io { program: job.program.clone(), source }),
        Err(_) => Err(JobError::Deadline { program: job.program.clone(), deadline: job.deadline }),
    }
}

/// Lowers the priority of a process that has just started, and of all that it starts.
#[cfg(unix)]
fn give_way(process: Option<u32>) {
    const NICENESS: i32 = 10;
    let process = process.and_then(|process| i32::try_from(process).ok());
    if let Some(process) = process.and_then(rustix::process::Pid::from_raw) {
        // Without that it only runs as fast as everything else.
        let _ = rustix::process::setpriority_process(Some(process), NICENESS);
    }
}

#[cfg(not(unix))]
fn give_way(_process: Option<u32>) {}

/// A running process group; killed on drop, reaped by the runtime.
struct Group(Box<dyn ChildWrapper>);

impl Group {
    fn spawn(job: &Job) -> Result<Self, JobError> {
        let mut command = CommandWrap::with_new(&job.program, |command| {
            command.args(&job.args).envs(job.env.iter().map(|(name, value)| (name, value)));
            command.current_dir(&job.cwd).kill_on_drop(true);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        });
        #[cfg(unix)]
        command.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::tokio::JobObject);
        let spawned = command.spawn();
        if let (true, Ok(child)) = (job.gentle, &spawned) {
            give_way(child.id());
        }
        spawned.map(Self).map_err(|source| {
            let program = job.program.clone();
            match source.kind() {
                std::io::ErrorKind::NotFound if job.cwd.exists() => JobError::NotFound { program },
                _ => JobError::Io { program, source },
            }
        })
    }

    async fn pump(
        &mut self,
        on_line: &mut (dyn FnMut(Pipe, &str) -> ControlFlow<()> + Send),
    ) -> std::io::Result<JobExit> {
        let mut stdout = Reader::new(self.0.stdout().take());
        let mut stderr = Reader::new(self.0.stderr().take());
        while stdout.open || stderr.open {
            let (pipe, line) = tokio::select! {
                line = stdout.line(), if stdout.open => (Pipe::Stdout, line?),
                line = stderr.line(), if stderr.open => (Pipe::Stderr, line?),
            };
            if let Some(line) = line
                && on_line(pipe, &line).is_break()
            {
                return Ok(None);
            }
        }
        self.0.wait().await.map(Some)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The group may be gone already; there is nobody to tell.
        let _ = self.0.start_kill();
    }
}

/// Lines of a pipe. What was read of a line survives a cancelled `line()`.
struct Reader<R> {
    inner: Option<BufReader<R>>,
    buffer: Vec<u8>,
    open: bool,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    fn new(pipe: Option<R>) -> Self {
        Self { open: pipe.is_some(), inner: pipe.map(BufReader::new), buffer: Vec::new() }
    }

    /// The next line; `None` at the end, after which the reader is closed.
    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let Some(inner) = &mut self.inner else {
            return Ok(None);
        };
        let read = inner.read_until(b'\n', &mut self.buffer).await?;
        if read == 0 {
            self.open = false;
            if self.buffer.is_empty() {
                return Ok(None);
            }
        }
        let line = String::from_utf8_lossy(&self.buffer).trim_end_matches(['\n', '\r']).to_owned();
        self.buffer.clear();
        Ok(Some(line))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, deadline: Duration) -> Job {
        Job {
            program: "sh".into(),
            args: vec!["-c".into(), script.into()],
            env: vec![],
            cwd: "/".into(),
            deadline,
            gentle: false,
        }
    }

    async fn lines(script: &str, deadline: Duration) -> (Vec<String>, Result<JobExit, JobError>) {
        let mut seen = Vec::new();
        let exit = run(&shell(script, deadline), &mut |pipe, line| {
            seen.push(format!("{pipe:?} {line}"));
            if line == "stop" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await;
        (seen, exit)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn lines_and_exit_code() {
        let (seen, exit) = lines("echo żółw; printf 'no newline'; exit 3", LONG).await;
        assert_eq!(seen, ["Stdout żółw", "Stdout no newline"]);
        assert_eq!(exit.unwrap().unwrap().code(), Some(3));
    }

    #[tokio::test]
    async fn a_handler_stops_the_whole_group() {
        let (seen, exit) = lines("echo stop; sleep 1000 & wait", LONG).await;
        assert_eq!(seen, ["Stdout stop"]);
        assert!(exit.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_deadline_ends_a_silent_job() {
        let (_, exit) = lines("sleep 1000", Duration::from_millis(50)).await;
        assert!(matches!(exit, Err(JobError::Deadline { .. })));
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let mut job = shell("", LONG);
        job.program = "sendlens-no-such-program".into();
        let error = run(&job, &mut |_, _| ControlFlow::Continue(())).await.unwrap_err();
        assert!(error.to_string().contains("sendlens-no-such-program"));
    }
}
