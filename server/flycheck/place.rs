//! Where things lie on the disk: the workspace of a folder, cargo itself, the tee's journal.

use std::{
    hash::{Hash, Hasher},
    path::PathBuf,
};

use camino::{Utf8Path, Utf8PathBuf};
use rustc_hash::FxHasher;

/// The nearest folder upwards whose `Cargo.toml` has a `[workspace]`, else the nearest one with a
/// `Cargo.toml`: what `cargo locate-project --workspace` says for all but exotic layouts, without
/// running anything.
pub fn workspace_root(folder: &Utf8Path) -> Option<Utf8PathBuf> {
    let mut nearest = None;
    for folder in folder.ancestors() {
        let Ok(manifest) = std::fs::read_to_string(folder.join("Cargo.toml")) else {
            continue;
        };
        if manifest.lines().any(|line| line.trim_start().starts_with("[workspace")) {
            return Some(folder.to_owned());
        }
        nearest = nearest.or_else(|| Some(folder.to_owned()));
    }
    nearest
}

/// The journal of the tee for a workspace: a file in the user's cache folder, because the tee and
/// the server share nothing but the workspace they work in.
pub fn tee_journal(root: &Utf8Path) -> Utf8PathBuf {
    cache_dir().join("sendlens").join("flycheck").join(name_of(root)).join("stdout")
}

/// Where explanations of a workspace are written for editors that have no panel for them.
pub fn explanations(root: &Utf8Path) -> Utf8PathBuf {
    cache_dir().join("sendlens").join("explain").join(name_of(root))
}

/// A name for a workspace that no other has.
fn name_of(root: &Utf8Path) -> String {
    // Links would make two names of one folder.
    let root = root.canonicalize_utf8().unwrap_or_else(|_| root.to_owned());
    let mut hasher = FxHasher::default();
    root.as_str().hash(&mut hasher);
    format!("{}-{:016x}", root.file_name().unwrap_or("root"), hasher.finish())
}

fn cache_dir() -> Utf8PathBuf {
    let variable = |name: &str| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty());
        value.map(Utf8PathBuf::from).filter(|path| path.is_absolute())
    };
    let under_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    variable("XDG_CACHE_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| variable("HOME").map(|home| home.join(under_home)))
        .or_else(|| Utf8PathBuf::from_path_buf(std::env::temp_dir()).ok())
        .unwrap_or_else(|| Utf8PathBuf::from("."))
}

/// The cargo to run. Editors started from a desktop often lack rustup's folder on their PATH, so
/// look there too.
pub fn cargo() -> String {
    if let Some(cargo) = std::env::var("CARGO").ok().filter(|cargo| !cargo.is_empty()) {
        return cargo;
    }
    let file = format!("cargo{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let rustup = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"));
    let rustup = rustup.or_else(home).map(|home| home.join("bin"));
    let mut candidates = std::env::split_paths(&path).chain(rustup);
    let found = candidates.find(|folder| folder.join(&file).is_file());
    let found = found.and_then(|folder| folder.join(file).into_os_string().into_string().ok());
    found.unwrap_or_else(|| "cargo".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_wins_over_its_member() {
        let temp = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(temp.path()).unwrap();
        let member = root.join("member/src");
        std::fs::create_dir_all(&member).unwrap();
        std::fs::write(root.join("member/Cargo.toml"), "[package]\nname = \"m\"").unwrap();
        assert_eq!(workspace_root(&member), Some(root.join("member")));
        std::fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = [\"m\"]").unwrap();
        assert_eq!(workspace_root(&member), Some(root.to_owned()));
    }

    #[test]
    fn each_workspace_has_its_own_journal() {
        let [one, two] = ["/a/w", "/b/w"].map(|root| tee_journal(root.into()));
        assert_ne!(one, two);
        assert!(one.ends_with("stdout") && one.as_str().contains("/w-"), "{one}");
    }
}
