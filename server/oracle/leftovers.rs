//! Temporary directories of servers that were killed: whoever comes next removes them.
//!
//! Whoever uses one holds a lock on a file in it. The system lets go of it with the process,
//! however that ends.

use std::{
    fs::{self, File},
    io,
};

use camino::Utf8Path;

/// What the names of our directories begin with.
pub(super) const PREFIX: &str = "sendlens-";
const LOCK: &str = "in-use";

/// As long as it lives, nobody removes the directory.
#[derive(Debug)]
pub(super) struct Claim {
    _lock: File,
}

/// Claims a directory.
pub(super) fn claim(dir: &Utf8Path) -> io::Result<Claim> {
    let new = dir.join("claim");
    let lock = File::create(&new)?;
    lock.lock()?;
    // Only now can it be found: nobody sees it without its lock.
    fs::rename(new, dir.join(LOCK))?;
    Ok(Claim { _lock: lock })
}

/// Removes the directories in `parent` that were claimed, and that nobody holds any more.
pub(super) fn sweep(parent: &Utf8Path) {
    for entry in parent.read_dir_utf8().into_iter().flatten().flatten() {
        let dir = entry.path();
        let is_ours = entry.file_name().starts_with(PREFIX);
        let Some(lock) = is_ours.then(|| File::open(dir.join(LOCK)).ok()).flatten() else {
            continue;
        };
        if lock.try_lock().is_ok()
            && let Err(error) = fs::remove_dir_all(dir)
        {
            tracing::debug!(%dir, %error, "cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_holds_is_removed() {
        let temp = tempfile::tempdir().unwrap();
        let parent = Utf8Path::from_path(temp.path()).unwrap();
        let dir = |name: &str| {
            let dir = parent.join(name);
            fs::create_dir(&dir).unwrap();
            dir
        };
        let (held, left) = (dir("sendlens-held"), dir("sendlens-żółw"));
        let (young, foreign) = (dir("sendlens-young"), dir("other"));
        let _claim = claim(&held).unwrap();
        drop(claim(&left).unwrap());
        drop(claim(&foreign).unwrap());
        sweep(parent);
        assert!(!left.exists());
        assert!(held.exists() && young.exists() && foreign.exists());
    }
}
