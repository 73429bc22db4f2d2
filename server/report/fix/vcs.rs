//! Whether the user could take back what `sendlens fix` does: as `cargo fix` asks it.

use std::{ops::ControlFlow, time::Duration};

use anyhow::{Result, bail};
use camino::Utf8Path;

use crate::process::{self, Job, JobError, Pipe};

/// `git status` on a big tree, cold.
const GIT_DEADLINE: Duration = Duration::from_secs(120);

/// Marks of version control systems whose state we cannot ask.
const OTHERS: &[&str] = &[".hg", ".jj", ".pijul", ".fslckout", "_FOSSIL_"];

/// How many files a refusal names.
const NAMED_MAX: usize = 10;

/// What the user allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed {
    pub(super) dirty: bool,
    pub(super) no_vcs: bool,
}

/// Refuses a workspace whose changes could not be told from ours.
pub(super) async fn check(root: &Utf8Path, allowed: Allowed) -> Result<()> {
    let holds = |mark: &str| root.ancestors().any(|dir| dir.join(mark).exists());
    if !holds(".git") {
        if allowed.no_vcs || OTHERS.iter().any(|mark| holds(mark)) {
            return Ok(());
        }
        bail!(
            "{root} is under no version control, so changes could not be taken back\n\
             help: `sendlens fix --dry-run` shows them; --allow-no-vcs makes them anyway"
        );
    }
    if allowed.dirty {
        return Ok(());
    }
    let dirty = dirty_files(root).await?;
    if dirty.is_empty() {
        return Ok(());
    }
    let mut list: Vec<String> =
        dirty.iter().take(NAMED_MAX).map(|file| format!("  {file}")).collect();
    if dirty.len() > NAMED_MAX {
        list.push(format!("  and {} more", dirty.len() - NAMED_MAX));
    }
    bail!(
        "the workspace has changes that are not committed:\n{}\n\
         help: commit them, or say --allow-dirty",
        list.join("\n")
    );
}

/// Files below the root that git would commit or does not know.
async fn dirty_files(root: &Utf8Path) -> Result<Vec<String>> {
    let job = Job {
        program: "git".to_owned(),
        args: ["status", "--porcelain", "--", "."].map(str::to_owned).into(),
        // Looking must not write: no refreshed index, and no lock that other git commands meet.
        env: vec![("GIT_OPTIONAL_LOCKS".to_owned(), "0".to_owned())],
        cwd: root.to_owned(),
        deadline: GIT_DEADLINE,
        gentle: false,
    };
    let (mut files, mut words) = (Vec::new(), String::new());
    let ended = process::run(&job, &mut |pipe, line| {
        match pipe {
            Pipe::Stdout => files.push(line.get(3..).unwrap_or(line).to_owned()),
            Pipe::Stderr => words.push_str(line),
        }
        ControlFlow::Continue(())
    })
    .await;
    match ended {
        Ok(Some(status)) if status.success() => Ok(files),
        Err(JobError::NotFound { .. }) => bail!(
            "git was not found, so it is not known whether the workspace has changes\n\
             help: install git, or say --allow-dirty"
        ),
        Ok(_) => bail!("git cannot tell the state of the workspace: {words}\nhelp: --allow-dirty"),
        Err(error) => Err(error.into()),
    }
}
