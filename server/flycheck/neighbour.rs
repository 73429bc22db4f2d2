//! Whether a rust-analyzer serves this workspace, and what it is doing: the process table tells,
//! where the platform shows it. Its journal comes only when it has loaded the workspace, which can
//! take minutes; its process is there at once.

use std::{collections::BTreeSet, ffi::OsStr};

use camino::{Utf8Path, Utf8PathBuf};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use tokio::time::Instant;

/// What rust-analyzer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// There is none, or it cannot be seen.
    Absent,
    /// It computes, or one of its cargos runs.
    Busy {
        /// Whether one of them checks the workspace.
        checks: bool,
    },
    /// It waits for its client.
    Idle,
}

/// A share of one processor, in thousandths, below which a process counts as idle: timers and
/// file watchers never rest altogether.
const IDLE_PERMILLE: u128 = 20;

/// Looks for rust-analyzer.
pub(crate) struct Neighbour {
    root: Utf8PathBuf,
    client: Option<u32>,
    system: Option<System>,
    /// When was looked, and how much it had computed by then, in milliseconds.
    before: Option<(Instant, u64)>,
}

impl Neighbour {
    /// For the workspace at `root`, in the editor whose process is `client`.
    pub(crate) fn new(root: Utf8PathBuf, client: Option<u32>) -> Self {
        let system = System::new().ok();
        Self { root, client, system, before: None }
    }

    /// What it does at present. Takes some milliseconds.
    pub(crate) fn look(&mut self) -> Sighting {
        let Some(system) = &mut self.system else {
            return Sighting::Absent;
        };
        let what = ProcessRefreshKind::nothing()
            .without_tasks()
            .with_cpu()
            .with_cwd(UpdateKind::OnlyIfNotSet)
            // A child has its parent's until it becomes another program.
            .with_cmd(UpdateKind::Always);
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
        let table: Vec<Entry> = system.processes().values().map(Entry::of).collect();
        self.judge(&table, Instant::now())
    }

    fn judge(&mut self, table: &[Entry], now: Instant) -> Sighting {
        let family = family(table, &self.root, self.client, std::process::id());
        if family.is_empty() {
            self.before = None;
            return Sighting::Absent;
        }
        let members = || table.iter().filter(|entry| family.contains(&entry.pid));
        let cpu_ms = members().map(|entry| entry.cpu_ms).sum();
        let before = self.before.replace((now, cpu_ms));
        // Once is not enough to know.
        let computes = before.is_none_or(|(then, before_ms)| {
            let allowed_ms = (now - then).as_millis() * IDLE_PERMILLE / 1000;
            u128::from(cpu_ms.saturating_sub(before_ms)) > allowed_ms
        });
        let checks = members().any(Entry::is_check);
        if checks || computes || members().any(Entry::is_build) {
            Sighting::Busy { checks }
        } else {
            Sighting::Idle
        }
    }
}

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    pid: u32,
    parent: u32,
    name: String,
    args: Vec<String>,
    cwd: Option<Utf8PathBuf>,
    cpu_ms: u64,
}

impl Entry {
    fn of(process: &sysinfo::Process) -> Self {
        let text = |text: &OsStr| text.to_string_lossy().into_owned();
        let cwd = process.cwd().and_then(|cwd| Utf8PathBuf::from_path_buf(cwd.into()).ok());
        Self {
            pid: process.pid().as_u32(),
            parent: process.parent().map_or(0, sysinfo::Pid::as_u32),
            name: text(process.name()),
            args: process.cmd().iter().map(|arg| text(arg)).collect(),
            cwd,
            cpu_ms: process.accumulated_cpu_time(),
        }
    }

    /// Wrappers keep the name within theirs.
    fn is_analyzer(&self) -> bool {
        self.name.contains("rust-analyzer")
    }

    fn is_build(&self) -> bool {
        ["cargo", "rustc", "clippy-driver"].iter().any(|tool| self.name.starts_with(tool))
    }

    /// A cargo that checks the workspace; the quiet one only builds build scripts.
    fn is_check(&self) -> bool {
        let has = |arg: &str| self.args.iter().any(|it| it == arg);
        self.name.starts_with("cargo") && (has("check") || has("clippy")) && !has("--quiet")
    }
}

/// The rust-analyzers that serve a workspace, with all their descendants: those that the client
/// started, or whoever started us, and those that stand in its folder.
fn family(table: &[Entry], root: &Utf8Path, client: Option<u32>, us: u32) -> BTreeSet<u32> {
    let parent = |pid: u32| table.iter().find(|it| it.pid == pid).map(|it| it.parent);
    // The first process adopts orphans: having it as a parent says nothing.
    let starters: Vec<u32> =
        client.into_iter().chain(parent(us)).filter(|starter| *starter > 1).collect();
    // A shell or another wrapper may stand between.
    let started = |entry: &Entry| {
        let above = parent(entry.parent);
        starters.iter().any(|it| *it == entry.parent || Some(*it) == above)
    };
    let stands = |entry: &Entry| entry.cwd.as_ref().is_some_and(|cwd| cwd.starts_with(root));
    let serves = |entry: &&Entry| entry.is_analyzer() && (started(entry) || stands(entry));
    let mut family: BTreeSet<u32> = table.iter().filter(serves).map(|it| it.pid).collect();
    loop {
        let born = |it: &&Entry| family.contains(&it.parent) && !family.contains(&it.pid);
        let born: Vec<u32> = table.iter().filter(born).map(|it| it.pid).collect();
        if born.is_empty() {
            return family;
        }
        family.extend(born);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const EDITOR: u32 = 10;

    fn entry(pid: u32, parent: u32, command: &str) -> Entry {
        let args: Vec<String> = command.split(' ').map(str::to_owned).collect();
        Entry { pid, parent, name: args[0].clone(), args, cwd: None, cpu_ms: 0 }
    }

    /// An editor with us and others.
    fn table(others: &[Entry]) -> Vec<Entry> {
        let us = entry(std::process::id(), EDITOR, "sendlens");
        let mut table = vec![entry(1, 0, "init"), entry(EDITOR, 1, "nvim"), us];
        table.extend(others.iter().cloned());
        table
    }

    #[track_caller]
    fn check(others: &[Entry], want: &[u32]) {
        let table = table(others);
        let got = family(&table, "/żółw".into(), Some(EDITOR), std::process::id());
        assert_eq!(got.into_iter().collect::<Vec<_>>(), want);
    }

    fn standing(mut entry: Entry, cwd: &str) -> Entry {
        entry.cwd = Some(cwd.into());
        entry
    }

    #[test]
    fn what_the_editor_started_is_ours_with_its_children() {
        let analyzer = entry(20, EDITOR, "rust-analyzer");
        check(&[analyzer, entry(21, 20, "cargo check"), entry(22, 21, "rustc")], &[20, 21, 22]);
        let wrapped = [entry(19, EDITOR, "sh"), entry(20, 19, ".rust-analyzer-")];
        check(&wrapped, &[20]);
    }

    #[test]
    fn what_stands_in_the_workspace_is_ours() {
        check(&[standing(entry(20, 1, "rust-analyzer"), "/żółw/src")], &[20]);
    }

    #[test]
    fn others_are_not_ours() {
        let elsewhere = standing(entry(20, 1, "rust-analyzer"), "/żółwik");
        check(&[elsewhere, entry(21, 4, "rust-analyzer"), entry(22, EDITOR, "bash")], &[]);
    }

    #[test]
    fn the_first_process_is_no_editor() {
        let mut table = table(&[entry(20, 1, "rust-analyzer")]);
        table[2].parent = 1;
        assert!(family(&table, "/w".into(), Some(1), std::process::id()).is_empty());
    }

    #[test]
    fn it_is_busy_while_it_computes_or_builds() {
        let mut neighbour = Neighbour::new("/w".into(), Some(EDITOR));
        let start = Instant::now();
        let mut judge = |second: u64, cpu_ms: u64, child: Option<&str>| {
            let mut others = vec![entry(20, EDITOR, "rust-analyzer")];
            others[0].cpu_ms = cpu_ms;
            others.extend(child.map(|command| entry(21, 20, command)));
            neighbour.judge(&table(&others), start + Duration::from_secs(second))
        };
        assert_eq!(judge(0, 5000, None), Sighting::Busy { checks: false }, "not known yet");
        assert_eq!(judge(1, 5010, None), Sighting::Idle);
        assert_eq!(judge(2, 5900, None), Sighting::Busy { checks: false });
        assert_eq!(judge(3, 5900, Some("cargo metadata")), Sighting::Busy { checks: false });
        let scripts = "cargo check --quiet --workspace";
        assert_eq!(judge(4, 5900, Some(scripts)), Sighting::Busy { checks: false });
        assert_eq!(judge(5, 5900, Some("cargo clippy -p a")), Sighting::Busy { checks: true });
        assert_eq!(judge(6, 5900, Some("rust-analyzer-p")), Sighting::Idle);
    }

    #[test]
    fn this_machine_shows_its_processes() {
        let mut neighbour = Neighbour::new("/no/such/folder".into(), None);
        assert_eq!(neighbour.look(), Sighting::Absent);
        assert!(neighbour.system.is_none_or(|system| system.processes().len() > 1));
    }
}
