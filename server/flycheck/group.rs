//! A child process with everything that it starts: cargo runs rustc, rustc runs linkers. All of
//! them end together.

use std::{ffi::OsStr, path::Path, process::ExitStatus, process::Stdio};

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::process::{ChildStderr, ChildStdout, Command};

/// A child in its own process group, which is killed when this is dropped.
#[derive(Debug)]
pub struct Group {
    child: Box<dyn ChildWrapper>,
    running: bool,
}

/// A command that reads nothing and whose output is ours.
pub fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Group {
    /// Starts a command in a group of its own.
    pub fn spawn(command: Command) -> std::io::Result<Self> {
        let mut wrap = CommandWrap::from(command);
        wrap.wrap(KillOnDrop);
        #[cfg(unix)]
        wrap.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        wrap.wrap(process_wrap::tokio::JobObject);
        let child = wrap.spawn()?;
        Ok(Self {
            child,
            running: true,
        })
    }

    /// The child's output, once.
    pub fn output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout().take(), self.child.stderr().take())
    }

    /// Waits for the child's end.
    pub async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.running = false;
        status
    }

    /// Kills the whole group and reaps it.
    pub async fn kill(mut self) {
        let _ = self.child.start_kill();
        let _ = self.wait().await;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // `KillOnDrop` alone ends the leader and leaves what it started.
        if self.running {
            let _ = self.child.start_kill();
        }
    }
}
