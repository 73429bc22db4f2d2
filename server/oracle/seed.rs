//! The oracle's target directory starts as a clone of the user's, so that cargo finds every
//! dependency fresh. Nothing is read twice and little is copied: outputs are hard links.

use std::{fs, io};

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};

/// What `cargo check` reads of a `deps` directory: metadata, libraries, proc macros, lists of
/// sources. Test binaries and object files are left behind.
const OUTPUTS: &[&str] = &["rmeta", "rlib", "so", "dylib", "dll", "d"];

/// Files of a build script up to this size are copied, because it may rewrite them in place;
/// bigger ones (its own binary, archives) are replaced as a whole and so may be linked.
const COPIED_BYTES_MAX: u64 = 256 * 1024;

/// Clones every `<from>[/<triple>]/<profile>` that holds cargo's records. `args` are those of
/// `cargo check`, which name the profile.
pub(super) fn seed(from: &Utf8Path, to: &Utf8Path, args: &[String]) -> Result<()> {
    let profile = profile_dir(args);
    let mut candidates = vec![from.to_owned()];
    for entry in from.read_dir_utf8().into_iter().flatten().flatten() {
        candidates.push(entry.path().to_owned());
    }
    for dir in candidates.into_iter().map(|dir| dir.join(profile)) {
        let Ok(relative) = dir.strip_prefix(from) else { continue };
        if dir.join(".fingerprint").is_dir() {
            seed_profile(&dir, &to.join(relative))
                .with_context(|| format!("cannot clone {dir}"))?;
        }
    }
    Ok(())
}

/// The directory that cargo gives a profile: `dev` and `test` build into `debug`.
fn profile_dir(args: &[String]) -> &str {
    let mut words = args.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let named = match word {
            "--release" | "-r" => return "release",
            "--profile" => words.next(),
            _ => word.strip_prefix("--profile="),
        };
        match named {
            Some("dev" | "test") | None => {}
            Some("bench") => return "release",
            Some(name) => return name,
        }
    }
    "debug"
}

fn seed_profile(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    // Cargo rewrites its records in place: they must be copies.
    clone_tree(&from.join(".fingerprint"), &to.join(".fingerprint"), &|_, _| How::Copy)?;
    clone_tree(&from.join("build"), &to.join("build"), &|_, bytes| match bytes {
        0..=COPIED_BYTES_MAX => How::Copy,
        _ => How::Link,
    })?;
    // rustc replaces its outputs by renaming, never in place.
    clone_tree(&from.join("deps"), &to.join("deps"), &|path, _| {
        let is_output = path.extension().is_some_and(|it| OUTPUTS.contains(&it));
        if is_output { How::Link } else { How::Omit }
    })?;
    fs::write(to.join(".cargo-lock"), "")
}

/// What becomes of a file.
enum How {
    Copy,
    Link,
    Omit,
}

fn clone_tree(
    from: &Utf8Path,
    to: &Utf8Path,
    how: &dyn Fn(&Utf8Path, u64) -> How,
) -> io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    let mut dirs: Vec<(Utf8PathBuf, Utf8PathBuf)> = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = dirs.pop() {
        fs::create_dir_all(&to)?;
        for entry in from.read_dir_utf8()?.flatten() {
            let target = to.join(entry.file_name());
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                dirs.push((entry.path().to_owned(), target));
                continue;
            }
            // A file may vanish while the user's cargo works; cargo then builds that unit anew.
            let _ = match how(entry.path(), meta.len()) {
                How::Copy => copy_with_time(entry.path(), &target, &meta),
                How::Link => link(entry.path(), &target),
                How::Omit => Ok(()),
            };
        }
    }
    Ok(())
}

/// A hard link; across file systems a symbolic one, which a renamed output replaces just as well.
fn link(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| symlink(from, to))
}

#[cfg(unix)]
fn symlink(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(not(unix))]
fn symlink(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}

fn copy_with_time(from: &Utf8Path, to: &Utf8Path, meta: &fs::Metadata) -> io::Result<()> {
    fs::copy(from, to)?;
    fs::File::options().write(true).open(to)?.set_modified(meta.modified()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_have_directories() {
        let dir = |text: &str| {
            let args: Vec<String> = text.split(' ').map(str::to_owned).collect();
            profile_dir(&args).to_owned()
        };
        for (args, expected) in [
            ("--workspace", "debug"),
            ("--release", "release"),
            ("--profile dev", "debug"),
            ("--profile=ci --all-targets", "ci"),
            ("--profile bench", "release"),
        ] {
            assert_eq!(dir(args), expected, "{args}");
        }
    }

    #[test]
    fn records_are_copied_with_their_times_and_outputs_linked() {
        let temp = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(temp.path()).unwrap();
        let from = root.join("from/debug");
        for dir in [".fingerprint/a-1", "deps"] {
            fs::create_dir_all(from.join(dir)).unwrap();
        }
        for file in [".fingerprint/a-1/lib-a", "deps/liba-1.rmeta", "deps/a-1.o"] {
            fs::write(from.join(file), file).unwrap();
        }
        seed(&root.join("from"), &root.join("to"), &[]).unwrap();
        let modified = |path: Utf8PathBuf| fs::metadata(path).unwrap().modified().unwrap();
        let to = root.join("to/debug");
        let record = ".fingerprint/a-1/lib-a";
        assert_eq!(modified(from.join(record)), modified(to.join(record)));
        fs::write(to.join(record), "changed").unwrap();
        assert_eq!(fs::read_to_string(from.join(record)).unwrap(), record);
        assert!(to.join("deps/liba-1.rmeta").exists());
        assert!(!to.join("deps/a-1.o").exists());
    }
}
