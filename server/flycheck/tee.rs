//! `sendlens flycheck -- COMMAND`: runs COMMAND as rust-analyzer's check and keeps a copy of what
//! it prints where the server listens.
//!
//! rust-analyzer kills an overtaken check with SIGKILL to its whole process group. COMMAND
//! therefore stays in our group, and every byte is in the journal as soon as we have it: whatever
//! was copied until then can be used.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Write},
    process::{Command, ExitStatus, Stdio},
};

use anyhow::Context;
use camino::{Utf8Path, Utf8PathBuf};

use super::place;

/// What cargo prints last.
const LAST_LINE: &[u8] = b"\"build-finished\"";

/// The exit code of a command that cannot be started, as in a shell.
const NOT_FOUND: u8 = 127;

/// Runs the tee and gives COMMAND's exit code.
pub fn run(command: &[OsString]) -> u8 {
    match try_run(command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sendlens flycheck: {error:#}");
            NOT_FOUND
        }
    }
}

fn try_run(command: &[OsString]) -> anyhow::Result<u8> {
    let (program, args) = command.split_first().context("no command after `--`")?;
    let folder = std::env::current_dir().context("the current folder is gone")?;
    let folder = Utf8PathBuf::from_path_buf(folder).ok();
    let root = folder.and_then(|folder| place::workspace_root(&folder));
    // A check must not fail because of a full disk: without a journal it is only passed through.
    let journal = root.and_then(|root| open(&place::tee_journal(&root)).ok());
    let mut child = Command::new(program)
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{}`", program.to_string_lossy()))?;
    let mut copies = Copies::new(journal);
    if let Some(stdout) = child.stdout.take() {
        copies.copy(stdout);
    }
    let status = child.wait().context("cannot wait for the command")?;
    copies.finish(status.success());
    Ok(exit_code(status))
}

/// A new file takes the journal's name at the start: an older tee that is still running goes on
/// writing to a file that nobody reads.
fn open(path: &Utf8Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let next = path.with_extension(format!("{}.next", std::process::id()));
    let file = File::create(&next)?;
    std::fs::rename(&next, path)?;
    Ok(file)
}

struct Copies {
    stdout: Option<io::Stdout>,
    journal: Option<File>,
    /// The end of what was copied.
    tail: Vec<u8>,
}

impl Copies {
    fn new(journal: Option<File>) -> Self {
        Self { stdout: Some(io::stdout()), journal, tail: Vec::new() }
    }

    fn copy(&mut self, mut from: impl Read) {
        let mut buffer = [0; 8192];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => self.write(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// A reader that went away, or a full disk, ends one copy and not the other.
    fn write(&mut self, bytes: &[u8]) {
        let passed = |out: &mut io::Stdout| out.write_all(bytes).and_then(|()| out.flush());
        if self.stdout.as_mut().is_some_and(|out| passed(out).is_err()) {
            self.stdout = None;
        }
        self.write_journal(bytes);
        self.tail.extend(bytes);
        self.tail.drain(..self.tail.len().saturating_sub(256));
    }

    fn write_journal(&mut self, bytes: &[u8]) {
        let kept = |file: &mut File| file.write_all(bytes);
        if self.journal.as_mut().is_some_and(|file| kept(file).is_err()) {
            self.journal = None;
        }
    }

    /// Build tools other than cargo do not say that they are done: the journal needs it said.
    fn finish(&mut self, success: bool) {
        let said = self.tail.windows(LAST_LINE.len()).any(|window| window == LAST_LINE);
        if !said {
            let line = format!("\n{{\"reason\":\"build-finished\",\"success\":{success}}}\n");
            self.write_journal(line.as_bytes());
        }
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status.code().map_or(1, |code| u8::try_from(code & 0xff).unwrap_or(1))
}
