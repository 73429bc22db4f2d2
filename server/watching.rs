//! Watching the sources of a workspace, for editors that do not: git and other programs change
//! files, too.
//!
//! Each folder is watched on its own, because a recursive watch would include the target
//! directory, where thousands of files change with each build.

use std::{collections::BTreeSet, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

/// A burst of changes, such as a checkout, is told in one go.
const SETTLE: Duration = Duration::from_millis(100);

/// More folders than this are not watched: the system's watches are everybody's.
const FOLDERS_MAX: usize = 2_000;

/// A watch on a workspace, until it is dropped.
#[derive(Debug)]
pub struct Watching {
    task: JoinHandle<()>,
}

impl Watching {
    /// Watches all below a folder; `tell` hears which sources and manifests have changed.
    pub fn start(root: Utf8PathBuf, tell: impl Fn(Vec<Utf8PathBuf>) + Send + 'static) -> Self {
        Self { task: tokio::spawn(watch(root, tell)) }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(root: Utf8PathBuf, tell: impl Fn(Vec<Utf8PathBuf>) + Send + 'static) {
    let (changed, mut changes) = mpsc::unbounded_channel();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if event.kind.is_access() {
            return;
        }
        for path in event.paths {
            let path = Utf8PathBuf::from_path_buf(path);
            // The receiver is gone only while the watch ends.
            let _ = path.map(|path| changed.send(path));
        }
    });
    let mut folders = match watcher {
        Ok(watcher) => Folders { watcher, known: BTreeSet::new() },
        Err(error) => {
            tracing::info!(%error, "changes by other programs are not noticed");
            return;
        }
    };
    folders.add(&root, &mut BTreeSet::new());
    while let Some(first) = changes.recv().await {
        let mut paths = BTreeSet::from([first]);
        while let Ok(Some(path)) = timeout(SETTLE, changes.recv()).await {
            paths.insert(path);
        }
        let mut files = BTreeSet::new();
        for path in paths {
            if path.is_dir() {
                if is_wanted(&path) {
                    folders.add(&path, &mut files);
                }
            } else if is_of_interest(&path) {
                files.insert(path);
            }
        }
        if !files.is_empty() {
            tell(files.into_iter().collect());
        }
    }
}

struct Folders {
    watcher: RecommendedWatcher,
    known: BTreeSet<Utf8PathBuf>,
}

impl Folders {
    /// Watches a folder and those below; `files` gets what lies in those that are new.
    fn add(&mut self, folder: &Utf8Path, files: &mut BTreeSet<Utf8PathBuf>) {
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            if self.known.len() == FOLDERS_MAX {
                continue;
            }
            if !self.known.insert(folder.clone()) {
                // A folder that was removed and came back has lost its watch.
                let _ = self.watcher.unwatch(folder.as_std_path());
            }
            let watched = self.watcher.watch(folder.as_std_path(), RecursiveMode::NonRecursive);
            if let Err(error) = watched {
                tracing::debug!(%folder, %error, "folder not watched");
            }
            for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && is_wanted(entry.path()) => {
                        waiting.push(entry.into_path());
                    }
                    Ok(_) if is_of_interest(entry.path()) => {
                        files.insert(entry.into_path());
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Build outputs, version control and other languages' packages hold no sources of the user's.
fn is_wanted(folder: &Utf8Path) -> bool {
    let name = folder.file_name().unwrap_or_default();
    let is_target = folder.join("CACHEDIR.TAG").exists();
    !is_target && !name.starts_with('.') && !matches!(name, "target" | "node_modules")
}

fn is_of_interest(file: &Utf8Path) -> bool {
    file.extension() == Some("rs") || matches!(file.file_name(), Some("Cargo.toml" | "Cargo.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture {
        _temp: tempfile::TempDir,
        root: Utf8PathBuf,
        heard: mpsc::UnboundedReceiver<Vec<Utf8PathBuf>>,
        _watching: Watching,
    }

    impl Fixture {
        fn new() -> Self {
            let temp = tempfile::tempdir().unwrap();
            let root = temp.path().canonicalize().unwrap().join("żółw");
            let root = Utf8PathBuf::from_path_buf(root).unwrap();
            for folder in ["src/inner", "target/debug"] {
                std::fs::create_dir_all(root.join(folder)).unwrap();
            }
            let (told, heard) = mpsc::unbounded_channel();
            let watching = Watching::start(root.clone(), move |files| {
                let _ = told.send(files);
            });
            Self { _temp: temp, root, heard, _watching: watching }
        }

        /// Writes until it is heard: the watch starts when it starts.
        async fn write_until_heard(&mut self, file: &str) -> Vec<Utf8PathBuf> {
            let file = self.root.join(file);
            for round in 0..200 {
                std::fs::write(&file, round.to_string()).unwrap();
                let heard = timeout(SETTLE * 2, self.heard.recv()).await;
                if let Ok(Some(files)) = heard
                    && files.contains(&file)
                {
                    return files;
                }
            }
            panic!("{file} was not heard of");
        }
    }

    #[tokio::test]
    async fn sources_are_heard_of_and_outputs_are_not() {
        let mut fixture = Fixture::new();
        fixture.write_until_heard("src/inner/a.rs").await;
        for noise in ["target/debug/b.rs", "src/notes.txt"] {
            std::fs::write(fixture.root.join(noise), "x").unwrap();
        }
        let heard = fixture.write_until_heard("Cargo.toml").await;
        let noise = |file: &Utf8PathBuf| file.as_str().contains("target") || !is_of_interest(file);
        assert!(!heard.iter().any(noise), "{heard:?}");
    }

    #[tokio::test]
    async fn a_new_folder_is_watched() {
        let mut fixture = Fixture::new();
        fixture.write_until_heard("src/a.rs").await;
        std::fs::create_dir_all(fixture.root.join("src/new/deep")).unwrap();
        fixture.write_until_heard("src/new/deep/b.rs").await;
    }
}
