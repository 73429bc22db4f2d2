//! Reading a journal: a file of compiler JSON that another process writes.
//!
//! rust-analyzer writes its journal in steps of about 8 KiB that end in the middle of a line, and
//! starts each check by truncating the file in place. The tee replaces the file instead. Nothing
//! tells us of either, so every look at the file asks whether it is still the one we have read.

use std::{
    fs::{File, Metadata},
    io::{Read, Seek, SeekFrom},
    time::SystemTime,
};

use camino::Utf8PathBuf;

use crate::rustc::{Line, parse_line};

/// How much of what was read is remembered, from its start and its end, to notice that the file
/// was written anew.
const MEMORY: usize = 4096;

/// How much is read in one step: a first look at a long journal must not hold it all in memory.
const STEP: u64 = 1 << 20;

/// One journal, and how far it was read.
#[derive(Debug)]
pub(super) struct Journal {
    path: Utf8PathBuf,
    seen: Option<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    identity: Option<u64>,
    offset: u64,
    modified: Option<SystemTime>,
    head: Vec<u8>,
    tail: Vec<u8>,
    half_line: Vec<u8>,
    finished: bool,
}

/// What a look at the journal found.
#[derive(Debug, Default)]
pub(super) struct News {
    /// A check started since the last look: what was read before belongs to an older one.
    pub(super) restarted: bool,
    /// The file was written to, even if it says nothing yet.
    pub(super) moved: bool,
    /// The new lines.
    pub(super) lines: Vec<Line>,
    /// Whether there is more to read at once.
    pub(super) more: bool,
    /// When the file was last written.
    pub(super) modified: Option<SystemTime>,
}

impl Journal {
    /// The journal at `path`, which need not exist.
    pub(super) fn new(path: Utf8PathBuf) -> Self {
        Self { path, seen: None }
    }

    /// Reads what is new. A file that is absent, or goes away in the middle, says nothing.
    pub(super) fn read(&mut self) -> News {
        let read = self.try_read();
        read.unwrap_or_else(|error| {
            tracing::debug!(path = %self.path, %error, "journal not readable");
            News::default()
        })
    }

    fn try_read(&mut self) -> std::io::Result<News> {
        let mut file = File::open(&self.path)?;
        let metadata = file.metadata()?;
        let modified = metadata.modified().ok();
        let mut news = News { modified, ..News::default() };
        let same = match &self.seen {
            Some(seen) => seen.is_prefix_of(&mut file, &metadata)?,
            None => false,
        };
        let mut seen = self.seen.take().filter(|_| same).unwrap_or_else(|| {
            news.restarted = true;
            Seen::of(&metadata)
        });
        news.moved = news.restarted || seen.modified != modified;
        seen.modified = modified;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(seen.offset))?;
        (&mut file).take(STEP).read_to_end(&mut bytes)?;
        if seen.finished && !bytes.is_empty() {
            // cargo says nothing after its last line: this is another run.
            seen = Seen::of(&metadata);
            news.restarted = true;
            bytes.clear();
            file.seek(SeekFrom::Start(0))?;
            (&mut file).take(STEP).read_to_end(&mut bytes)?;
        }
        news.moved |= !bytes.is_empty();
        news.more = bytes.len() as u64 == STEP;
        news.lines = seen.take(&bytes);
        self.seen = Some(seen);
        Ok(news)
    }
}

impl Seen {
    fn of(metadata: &Metadata) -> Self {
        Self { identity: identity(metadata), ..Self::default() }
    }

    /// Whether the file still starts with what was read from it.
    fn is_prefix_of(&self, file: &mut File, metadata: &Metadata) -> std::io::Result<bool> {
        if identity(metadata) != self.identity || metadata.len() < self.offset {
            return Ok(false);
        }
        let mut bytes = vec![0; self.head.len()];
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(&mut bytes)?;
        if bytes != self.head {
            return Ok(false);
        }
        bytes.resize(self.tail.len(), 0);
        file.seek(SeekFrom::Start(self.offset - self.tail.len() as u64))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes == self.tail)
    }

    fn take(&mut self, bytes: &[u8]) -> Vec<Line> {
        self.offset += bytes.len() as u64;
        let missing = MEMORY.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend(&bytes[..missing]);
        self.tail.extend(&bytes[bytes.len().saturating_sub(MEMORY)..]);
        self.tail.drain(..self.tail.len().saturating_sub(MEMORY));

        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.half_line.extend(piece);
            if !piece.ends_with(b"\n") {
                break;
            }
            let line = parse_line(&String::from_utf8_lossy(&self.half_line));
            self.half_line.clear();
            self.finished |= matches!(line, Line::Finished { .. });
            if !matches!(line, Line::Noise) {
                lines.push(line);
            }
        }
        lines
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(metadata))
}

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Option<u64> {
    let created = metadata.created().ok()?;
    let since = created.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const SUCCESS: &str = "{\"reason\":\"build-finished\",\"success\":true}\n";
    const FAILURE: &str = "{\"reason\":\"build-finished\",\"success\":false}\n";

    struct Fixture {
        _temp: tempfile::TempDir,
        path: Utf8PathBuf,
        journal: Journal,
    }

    impl Fixture {
        fn new() -> Self {
            let temp = tempfile::tempdir().unwrap();
            let path = Utf8PathBuf::from_path_buf(temp.path().join("stdout")).unwrap();
            let journal = Journal::new(path.clone());
            Self { _temp: temp, path, journal }
        }

        /// Truncates in place, as rust-analyzer does.
        fn write(&self, text: &str) {
            std::fs::write(&self.path, text).unwrap();
        }

        fn append(&self, text: &str) {
            let mut file = File::options().append(true).open(&self.path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        #[track_caller]
        fn check(&mut self, restarted: bool, successes: &[bool]) {
            let news = self.journal.read();
            assert_eq!(news.restarted, restarted, "restarted");
            let success = |line: &Line| matches!(line, Line::Finished { success: true });
            let got: Vec<bool> = news.lines.iter().map(success).collect();
            assert_eq!(got, successes);
        }
    }

    #[test]
    fn absence_is_silence() {
        let mut fixture = Fixture::new();
        fixture.check(false, &[]);
    }

    #[test]
    fn half_lines_wait_for_their_other_half() {
        let mut fixture = Fixture::new();
        fixture.write(&SUCCESS[..10]);
        fixture.check(true, &[]);
        fixture.check(false, &[]);
        fixture.append(&SUCCESS[10..]);
        fixture.check(false, &[true]);
    }

    #[test]
    fn truncation_is_another_run() {
        let mut fixture = Fixture::new();
        fixture.write("{\"half\n");
        fixture.check(true, &[]);
        fixture.write("");
        fixture.check(true, &[]);
        fixture.append(SUCCESS);
        fixture.check(false, &[true]);
    }

    #[test]
    fn a_longer_text_of_another_run_is_noticed() {
        let mut fixture = Fixture::new();
        fixture.write("warming up\n");
        fixture.check(true, &[]);
        fixture.write(&format!("another start\n{FAILURE}"));
        fixture.check(true, &[false]);
    }

    #[test]
    fn text_behind_the_end_is_another_run() {
        let mut fixture = Fixture::new();
        fixture.write(SUCCESS);
        fixture.check(true, &[true]);
        fixture.write(&format!("{SUCCESS}{SUCCESS}"));
        fixture.check(true, &[true, true]);
    }

    #[test]
    fn a_replaced_file_is_another_run() {
        let mut fixture = Fixture::new();
        fixture.write(SUCCESS);
        fixture.check(true, &[true]);
        let next = fixture.path.with_extension("next");
        std::fs::write(&next, SUCCESS).unwrap();
        std::fs::rename(&next, &fixture.path).unwrap();
        fixture.check(true, &[true]);
    }

    #[test]
    fn long_journals_come_in_steps() {
        let mut fixture = Fixture::new();
        let noise = "x".repeat(usize::try_from(STEP).unwrap());
        fixture.write(&format!("{noise}\n{SUCCESS}"));
        fixture.check(true, &[]);
        fixture.check(false, &[true]);
    }

    #[test]
    fn bytes_that_are_no_text_are_noise() {
        let mut fixture = Fixture::new();
        std::fs::write(&fixture.path, b"\xff\xfe\x00\n").unwrap();
        fixture.check(true, &[]);
    }
}
