//! A copy of the workspace that the user never sees: a tree of symbolic links, with real files
//! only where the text differs.
//!
//! The tree repeats the absolute path of the workspace below a temporary directory, and links the
//! neighbours of every directory on the way down. So `../common` in a Cargo.toml, a `.cargo` or a
//! `rust-toolchain.toml` in a parent directory mean the same as in the original.

use std::fs;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::leftovers::{self, Claim};
use crate::sources::Sources;

/// The overlay. The temporary directory is removed on drop.
#[derive(Debug)]
pub(super) struct Overlay {
    _claim: Claim,
    dir: TempDir,
    original: Utf8PathBuf,
    root: Utf8PathBuf,
    written: Sources,
}

impl Overlay {
    /// An overlay without differences over the workspace at `original` (absolute).
    pub(super) fn new(original: &Utf8Path) -> Result<Self> {
        let dir = TempDir::with_prefix(leftovers::PREFIX)
            .context("cannot create a temporary directory")?;
        let base =
            Utf8Path::from_path(dir.path()).context("the temporary directory is not UTF-8")?;
        if let Some(parent) = base.parent() {
            leftovers::sweep(parent);
        }
        let claim = leftovers::claim(base).context("cannot write the temporary directory")?;
        let mut overlay = Self {
            _claim: claim,
            root: base.join("tree"),
            original: original.to_owned(),
            written: Sources::default(),
            dir,
        };
        overlay.mirror_parents()?;
        Ok(overlay)
    }

    /// The workspace root within the overlay.
    pub(super) fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// A private directory beside the tree, created on demand.
    pub(super) fn private_dir(&self, name: &str) -> Result<Utf8PathBuf> {
        let path = self.dir.path().join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Utf8PathBuf::from_path_buf(path).ok().context("the temporary directory is not UTF-8")
    }

    /// Makes the overlay show `texts` where they differ from the files on disk, and the files on
    /// disk everywhere else. Files that already stand there are left alone, so their
    /// modification times say when they really changed.
    pub(super) fn show(&mut self, texts: &Sources) -> Result<()> {
        let shown = self.written.iter().map(|(file, _)| file.to_owned());
        let stale: Vec<Utf8PathBuf> = shown.filter(|file| texts.text(file).is_none()).collect();
        for file in stale {
            self.take_back(&file)?;
        }
        for (file, text) in texts.iter() {
            let is_shown = match self.written.text(file) {
                Some(written) => written == text,
                None => !differs(&self.original, file, text),
            };
            if !is_shown {
                self.write(file, text)?;
            }
        }
        Ok(())
    }

    /// Cargo rewrites `Cargo.lock` in place; through a link that would be the user's.
    pub(super) fn copy_lock_file(&self) -> Result<()> {
        let (from, to) = (self.original.join("Cargo.lock"), self.root.join("Cargo.lock"));
        if fs::symlink_metadata(&to).is_ok() {
            fs::remove_file(&to).with_context(|| format!("cannot replace {to}"))?;
        }
        if from.exists() {
            fs::copy(&from, &to).with_context(|| format!("cannot copy {from}"))?;
        }
        Ok(())
    }

    fn write(&mut self, file: &Utf8Path, text: &str) -> Result<()> {
        if let Some(parent) = file.parent() {
            self.make_real(parent)?;
        }
        let path = self.root.join(file);
        if fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_symlink()) {
            fs::remove_file(&path).with_context(|| format!("cannot replace {path}"))?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {path}"))?;
        self.written.insert(file, text);
        Ok(())
    }

    /// Shows the file on disk again. Not by a link: its old modification time would tell cargo
    /// that what was built from the other text is still fresh.
    fn take_back(&mut self, file: &Utf8Path) -> Result<()> {
        let original = self.original.join(file);
        if let Ok(text) = fs::read_to_string(&original) {
            let is_shown = self.written.text(file).is_some_and(|written| **written == *text);
            return if is_shown { Ok(()) } else { self.write(file, &text) };
        }
        let path = self.root.join(file);
        fs::remove_file(&path).with_context(|| format!("cannot remove {path}"))?;
        self.written.remove(file);
        if original.exists() {
            link(&original, &path)?;
        }
        Ok(())
    }

    /// Turns a linked directory into a real one whose entries are links.
    fn make_real(&self, dir: &Utf8Path) -> Result<()> {
        let mut relative = Utf8PathBuf::new();
        for component in dir.components() {
            relative.push(component);
            let path = self.root.join(&relative);
            match fs::symlink_metadata(&path) {
                Ok(meta) if meta.is_dir() => continue,
                Ok(_) => {
                    fs::remove_file(&path).with_context(|| format!("cannot replace {path}"))?
                }
                Err(_) => {}
            }
            fs::create_dir(&path).with_context(|| format!("cannot create {path}"))?;
            link_entries(&self.original.join(&relative), &path, None)?;
        }
        Ok(())
    }

    fn mirror_parents(&mut self) -> Result<()> {
        let mut from = Utf8PathBuf::new();
        let mut to = self.root.clone();
        fs::create_dir(&to).with_context(|| format!("cannot create {to}"))?;
        let original = self.original.clone();
        let mut components = original.components().peekable();
        while let Some(component) = components.next() {
            from.push(component);
            if let camino::Utf8Component::Normal(name) = component {
                to.push(name);
                fs::create_dir(&to).with_context(|| format!("cannot create {to}"))?;
            }
            let next = components.peek().map(|next| next.as_str());
            match link_entries(&from, &to, next) {
                Err(error) if next.is_none() => return Err(error),
                // A parent that may not be listed (`/root` for another user) has no say.
                _ => {}
            }
        }
        self.root = to;
        Ok(())
    }
}

fn differs(original: &Utf8Path, file: &Utf8Path, text: &str) -> bool {
    fs::read(original.join(file)).map_or(true, |bytes| bytes != text.as_bytes())
}

/// Links every entry of a directory but one, and but build directories (they carry a
/// CACHEDIR.TAG): cargo must not find the user's.
fn link_entries(from: &Utf8Path, to: &Utf8Path, except: Option<&str>) -> Result<()> {
    let entries = from.read_dir_utf8().with_context(|| format!("cannot list {from}"))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_target = entry.path().join("CACHEDIR.TAG").exists();
        if Some(name) != except && !is_target {
            link(entry.path(), &to.join(name))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    std::os::unix::fs::symlink(from, to).with_context(|| format!("cannot link {to}"))
}

#[cfg(windows)]
fn link(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    use std::os::windows::fs::{symlink_dir, symlink_file};
    let made = if from.is_dir() { symlink_dir(from, to) } else { symlink_file(from, to) };
    made.with_context(|| format!("cannot link {to}; is the developer mode of Windows on?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> (TempDir, Utf8PathBuf) {
        let dir = TempDir::new().unwrap();
        let root = Utf8PathBuf::from_path_buf(dir.path().join("parent/ws")).unwrap();
        fs::create_dir_all(root.join("src/deep")).unwrap();
        fs::write(root.join("src/deep/a.rs"), "old").unwrap();
        fs::write(root.join("src/b.rs"), "b").unwrap();
        fs::write(root.parent().unwrap().join("beside.txt"), "beside").unwrap();
        (dir, root)
    }

    #[test]
    fn shows_differences_and_takes_them_back() {
        let (_dir, original) = workspace();
        let mut overlay = Overlay::new(&original).unwrap();
        let read = |overlay: &Overlay, file| fs::read_to_string(overlay.root().join(file)).unwrap();
        let mut texts = Sources::default();
        texts.insert("src/deep/a.rs", "nowe: żółw");
        texts.insert("src/new.rs", "new");
        overlay.show(&texts).unwrap();
        assert_eq!(read(&overlay, "src/deep/a.rs"), "nowe: żółw");
        assert_eq!(read(&overlay, "src/b.rs"), "b");
        assert_eq!(read(&overlay, "../beside.txt"), "beside");
        assert_eq!(fs::read_to_string(original.join("src/deep/a.rs")).unwrap(), "old");

        overlay.show(&Sources::default()).unwrap();
        assert_eq!(read(&overlay, "src/deep/a.rs"), "old");
        assert!(!overlay.root().join("src/new.rs").exists());
    }

    #[test]
    fn what_is_taken_back_looks_new_to_cargo() {
        let (_dir, original) = workspace();
        let mut overlay = Overlay::new(&original).unwrap();
        let mut texts = Sources::default();
        let old = fs::metadata(original.join("src/deep/a.rs")).unwrap().modified().unwrap();
        texts.insert("src/deep/a.rs", "größer");
        overlay.show(&texts).unwrap();
        texts.insert("src/deep/a.rs", "old");
        overlay.show(&texts).unwrap();
        let shown = overlay.root().join("src/deep/a.rs");
        assert_eq!(fs::read_to_string(&shown).unwrap(), "old");
        let modified = || fs::metadata(&shown).unwrap().modified().unwrap();
        let once = modified();
        assert!(once > old, "{once:?} {old:?}");
        overlay.show(&texts).unwrap();
        overlay.show(&Sources::default()).unwrap();
        assert_eq!(modified(), once, "not written twice");
    }

    #[test]
    fn the_lock_file_is_no_link() {
        let (_dir, original) = workspace();
        fs::write(original.join("Cargo.lock"), "theirs").unwrap();
        let overlay = Overlay::new(&original).unwrap();
        overlay.copy_lock_file().unwrap();
        fs::write(overlay.root().join("Cargo.lock"), "ours").unwrap();
        assert_eq!(fs::read_to_string(original.join("Cargo.lock")).unwrap(), "theirs");
    }

    #[test]
    fn a_vanished_workspace_is_an_error() {
        assert!(Overlay::new("/does/not/exist".into()).is_err());
    }
}
