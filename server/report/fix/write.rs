//! Writing a change to the user's files: all of its files, or none.
//!
//! Every new text is written in full beside its file, then renamed over it. A change of several
//! files has a journal, so that one that was killed between two renames is completed by the next
//! run: until then every file is as before or as after, never half written.

use std::{
    fs,
    io::{self, Write},
};

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use tempfile::{NamedTempFile, TempPath};

use crate::sources::Sources;

/// The journal, in the workspace root.
const JOURNAL: &str = ".sendlens-fix.json";

/// Renames that must all happen: staged file and the file that it replaces.
#[derive(Debug, Serialize, Deserialize)]
struct Journal {
    renames: Vec<(Utf8PathBuf, Utf8PathBuf)>,
}

/// Why a file may not be written; `None` when it may.
pub(super) fn obstacle(root: &Utf8Path, file: &Utf8Path) -> Option<String> {
    if !crate::problem::is_local(file) {
        return Some(format!("{file} lies outside the workspace or is generated"));
    }
    let path = match root.join(file).canonicalize_utf8() {
        Ok(path) => path,
        Err(error) => return Some(format!("{file} cannot be read: {error}")),
    };
    let home = root.canonicalize_utf8().unwrap_or_else(|_| root.to_owned());
    if !path.starts_with(home) {
        return Some(format!("{file} is a link out of the workspace"));
    }
    match fs::metadata(&path) {
        Ok(metadata) if metadata.permissions().readonly() => Some(format!("{file} is read-only")),
        Ok(_) => None,
        Err(error) => Some(format!("{file} cannot be read: {error}")),
    }
}

/// Makes the files on disk say `after` where they say `before` now.
pub(super) fn replace(root: &Utf8Path, before: &Sources, after: &Sources) -> Result<()> {
    let mut staged = Vec::new();
    for (file, new) in before.changed_files(after) {
        let old = before.text(file).map_or("", |text| &**text);
        staged.push(Staged::new(root, file, old, new)?);
    }
    let journal = root.join(JOURNAL);
    if staged.len() > 1 {
        write_journal(&journal, &staged)?;
    }
    let renamed = rename_all(staged);
    match fs::remove_file(&journal) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {journal}"))
        }
        _ => renamed,
    }
}

/// Completes a change that was killed between two renames. True when there was one.
pub(super) fn recover(root: &Utf8Path) -> Result<bool> {
    let path = root.join(JOURNAL);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
    };
    let journal: Journal = serde_json::from_slice(&text).with_context(|| {
        format!("{path} is not what `sendlens fix` wrote; remove it and look at the tree")
    })?;
    for (from, to) in &journal.renames {
        // Each lies beside its file in the workspace: a journal moves nothing from elsewhere.
        let inside = to.starts_with(root) && from.parent() == to.parent();
        if inside && from.exists() {
            fs::rename(from, to).with_context(|| format!("cannot write {to}"))?;
        }
    }
    fs::remove_file(&path).with_context(|| format!("cannot remove {path}"))?;
    Ok(true)
}

/// A new text that lies complete beside its file.
struct Staged {
    temp: TempPath,
    file: Utf8PathBuf,
    old: String,
}

impl Staged {
    fn new(root: &Utf8Path, file: &Utf8Path, old: &str, new: &str) -> Result<Self> {
        // A link stays a link: what it points to is replaced.
        let path = root.join(file);
        let path = path.canonicalize_utf8().with_context(|| format!("cannot read {file}"))?;
        let on_disk = fs::read(&path).with_context(|| format!("cannot read {file}"))?;
        if on_disk != old.as_bytes() {
            bail!("{file} was changed meanwhile; nothing was written");
        }
        let temp = stage(&path, new).with_context(|| format!("cannot write beside {file}"))?;
        Ok(Self { temp, file: path, old: old.to_owned() })
    }
}

fn stage(path: &Utf8Path, text: &str) -> io::Result<TempPath> {
    let folder = path.parent().unwrap_or(Utf8Path::new("."));
    let mut temp =
        tempfile::Builder::new().prefix(".sendlens-").suffix(".tmp").tempfile_in(folder)?;
    temp.write_all(text.as_bytes())?;
    temp.as_file().set_permissions(fs::metadata(path)?.permissions())?;
    temp.as_file().sync_all()?;
    Ok(NamedTempFile::into_temp_path(temp))
}

fn write_journal(path: &Utf8Path, staged: &[Staged]) -> Result<()> {
    let mut renames = Vec::new();
    for it in staged {
        let temp = Utf8Path::from_path(&it.temp).context("a path is not UTF-8")?;
        renames.push((temp.to_owned(), it.file.clone()));
    }
    let text = serde_json::to_string(&Journal { renames })?;
    let folder = path.parent().unwrap_or(Utf8Path::new("."));
    let mut temp = NamedTempFile::new_in(folder).context("cannot write in the workspace")?;
    temp.write_all(text.as_bytes())?;
    temp.as_file().sync_all()?;
    temp.persist(path).with_context(|| format!("cannot write {path}"))?;
    Ok(())
}

/// Renames in sequence; when one fails, those before it are taken back.
fn rename_all(staged: Vec<Staged>) -> Result<()> {
    let mut done: Vec<(Utf8PathBuf, String)> = Vec::new();
    for Staged { temp, file, old } in staged {
        if let Err(error) = temp.persist(&file) {
            for (file, old) in done {
                stage(&file, &old)
                    .and_then(|temp| temp.persist(&file).map_err(|it| it.error))
                    .with_context(|| format!("cannot take back the change of {file}"))?;
            }
            return Err(error.error).with_context(|| format!("cannot write {file}"));
        }
        done.push((file, old));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree {
        _temp: tempfile::TempDir,
        root: Utf8PathBuf,
    }

    fn tree(files: &[(&str, &str)]) -> (Tree, Sources) {
        let temp = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temp.path().canonicalize().unwrap()).unwrap();
        let mut sources = Sources::default();
        for (file, text) in files {
            fs::write(root.join(file), text).unwrap();
            sources.insert(*file, *text);
        }
        (Tree { _temp: temp, root }, sources)
    }

    impl Tree {
        fn read(&self, file: &str) -> String {
            fs::read_to_string(self.root.join(file)).unwrap()
        }

        fn names(&self) -> Vec<String> {
            let entries = self.root.read_dir_utf8().unwrap();
            let mut names: Vec<String> =
                entries.map(|it| it.unwrap().file_name().to_owned()).collect();
            names.sort();
            names
        }
    }

    #[test]
    fn files_are_replaced_and_nothing_else_stays() {
        let (tree, before) = tree(&[("a.rs", "żółw\r\n"), ("b.rs", "b"), ("c.rs", "c")]);
        let mut after = before.clone();
        after.insert("a.rs", "🦀\r\n");
        after.insert("b.rs", "B");
        replace(&tree.root, &before, &after).unwrap();
        assert_eq!((tree.read("a.rs"), tree.read("b.rs")), ("🦀\r\n".into(), "B".into()));
        assert_eq!(tree.names(), ["a.rs", "b.rs", "c.rs"]);
    }

    #[test]
    fn a_file_that_changed_meanwhile_stops_everything() {
        let (tree, before) = tree(&[("a.rs", "a"), ("b.rs", "b")]);
        let mut after = before.clone();
        after.insert("a.rs", "A");
        after.insert("b.rs", "B");
        fs::write(tree.root.join("b.rs"), "the user's").unwrap();
        assert!(replace(&tree.root, &before, &after).is_err());
        assert_eq!((tree.read("a.rs"), tree.read("b.rs")), ("a".into(), "the user's".into()));
        assert_eq!(tree.names(), ["a.rs", "b.rs"]);
    }

    #[test]
    fn a_killed_change_is_completed() {
        let (tree, _) = tree(&[("a.rs", "A"), ("b.rs", "b"), (".staged", "B")]);
        let at = |name: &str| tree.root.join(name);
        let renames = vec![(at(".gone"), at("a.rs")), (at(".staged"), at("b.rs"))];
        fs::write(at(JOURNAL), serde_json::to_string(&Journal { renames }).unwrap()).unwrap();
        assert!(recover(&tree.root).unwrap());
        assert_eq!((tree.read("a.rs"), tree.read("b.rs")), ("A".into(), "B".into()));
        assert_eq!(tree.names(), ["a.rs", "b.rs"]);
        assert!(!recover(&tree.root).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::PermissionsExt;

        let (tree, _) = tree(&[("a.rs", "a")]);
        fs::set_permissions(tree.root.join("a.rs"), fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("a.rs", tree.root.join("link.rs")).unwrap();
        let mut before = Sources::default();
        before.insert("link.rs", "a");
        let mut after = before.clone();
        after.insert("link.rs", "A");
        replace(&tree.root, &before, &after).unwrap();
        assert_eq!(tree.read("a.rs"), "A");
        let mode = fs::metadata(tree.root.join("a.rs")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert!(tree.root.join("link.rs").is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn what_may_not_be_written() {
        use std::os::unix::fs::PermissionsExt;

        let (tree, _) = tree(&[("a.rs", "a"), ("b.rs", "b")]);
        fs::set_permissions(tree.root.join("b.rs"), fs::Permissions::from_mode(0o444)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", tree.root.join("out.rs")).unwrap();
        let obstacle = |file: &str| obstacle(&tree.root, file.into());
        assert_eq!(obstacle("a.rs"), None);
        for file in ["b.rs", "out.rs", "gone.rs", "/etc/passwd", "../a.rs"] {
            assert!(obstacle(file).is_some(), "{file}");
        }
    }
}
