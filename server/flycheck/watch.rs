//! Watching journals. The file system's notifications where they work, a look once a second where
//! they do not (network file systems, exhausted watches).

use std::{collections::BTreeMap, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::journal::{Journal, News};

/// How often is looked without any notification.
const POLL: Duration = Duration::from_secs(1);

/// A burst of writes is read in one go.
const SETTLE: Duration = Duration::from_millis(10);

/// Where journals may lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A target directory: its `flycheckN/stdout`.
    Target(Utf8PathBuf),
    /// A file.
    File(Utf8PathBuf),
}

/// What one journal says.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Which journal.
    pub(crate) path: Utf8PathBuf,
    /// Whether it lay there before we first looked: its text may be of another day.
    pub(crate) first_look: bool,
    /// What is new.
    pub(crate) news: News,
}

/// Looks at the journals of `places` until nobody listens.
pub(crate) async fn watch(places: Vec<Place>, heard: mpsc::UnboundedSender<Heard>) {
    let (wake, mut woken) = mpsc::channel(1);
    let mut watches = Watches::new(wake);
    let mut journals: BTreeMap<Utf8PathBuf, Journal> = BTreeMap::new();
    let mut first_look = true;
    while !heard.is_closed() {
        for path in places.iter().flat_map(|place| candidates(place, &mut watches)) {
            let new = || Journal::new(path.clone());
            let journal = journals.entry(path.clone()).or_insert_with(new);
            read(&path, journal, first_look, &heard).await;
        }
        first_look = false;
        // Either a notification or the time: both mean the same.
        let _ = tokio::time::timeout(POLL, woken.recv()).await;
        tokio::time::sleep(SETTLE).await;
    }
}

/// Reads a journal to its present end.
async fn read(
    path: &Utf8Path,
    journal: &mut Journal,
    first_look: bool,
    heard: &mpsc::UnboundedSender<Heard>,
) {
    loop {
        let news = journal.read();
        let more = news.more;
        if news.moved {
            let path = path.to_owned();
            let _ = heard.send(Heard { path, first_look, news });
        }
        if !more {
            return;
        }
        // Others want this thread as well.
        tokio::task::yield_now().await;
    }
}

fn candidates(place: &Place, watches: &mut Watches) -> Vec<Utf8PathBuf> {
    let target = match place {
        Place::File(file) => {
            watches.add(file.parent());
            return vec![file.clone()];
        }
        Place::Target(target) => target,
    };
    watches.add(Some(target));
    let Ok(entries) = target.read_dir_utf8() else {
        return Vec::new();
    };
    let folders = entries.flatten().filter(|entry| is_flycheck(entry.file_name()));
    let mut files = Vec::new();
    for folder in folders {
        watches.add(Some(folder.path()));
        files.push(folder.path().join("stdout"));
    }
    files
}

fn is_flycheck(name: &str) -> bool {
    let number = name.strip_prefix("flycheck");
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The folders under watch. Folders that are not there yet are tried again at every look.
struct Watches {
    watcher: Option<RecommendedWatcher>,
    folders: Vec<Utf8PathBuf>,
}

impl Watches {
    fn new(wake: mpsc::Sender<()>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Our own reading is an access; waking on it would never end.
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _ = wake.try_send(());
            }
        });
        let watcher = watcher.inspect_err(|error| tracing::info!(%error, "polling journals"));
        Self { watcher: watcher.ok(), folders: Vec::new() }
    }

    fn add(&mut self, folder: Option<&Utf8Path>) {
        let (Some(watcher), Some(folder)) = (&mut self.watcher, folder) else {
            return;
        };
        // A folder that was removed loses its watch silently: forget it, to watch its successor.
        if !folder.is_dir() {
            self.folders.retain(|known| known != folder);
            return;
        }
        if self.folders.iter().any(|known| known == folder) {
            return;
        }
        let watched = watcher.watch(folder.as_std_path(), RecursiveMode::NonRecursive);
        match watched {
            Ok(()) => self.folders.push(folder.to_owned()),
            Err(error) => tracing::debug!(%folder, %error, "folder not watched"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journals_are_named_by_number() {
        assert!(is_flycheck("flycheck0") && is_flycheck("flycheck12"));
        assert!(!is_flycheck("flycheck-old") && !is_flycheck("debug"));
    }
}
