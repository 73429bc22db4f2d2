//! The oracle: asks the compiler about texts that the user never sees on disk.

use std::sync::Arc;

use camino::Utf8PathBuf;

use crate::{
    problem::{Fix, Problem},
    sources::Sources,
};

/// How to call cargo for a workspace: mirrors rust-analyzer's settings of the same names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CargoSettings {
    /// Extra arguments of every cargo check (`--features ..`, `--target ..`).
    pub args: Vec<String>,
    /// Extra environment.
    pub env: Vec<(String, String)>,
    /// Cargo's target directory, when it is not the default.
    pub target_dir: Option<Utf8PathBuf>,
}

/// Answers questions about one workspace. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Oracle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    #[expect(dead_code)]
    root: Utf8PathBuf,
    #[expect(dead_code)]
    cargo: CargoSettings,
}

impl Oracle {
    /// An oracle for the workspace at `root` (absolute).
    pub fn new(root: Utf8PathBuf, cargo: CargoSettings) -> Self {
        Self {
            inner: Arc::new(Inner { root, cargo }),
        }
    }

    /// Reads the workspace's Rust files from disk (tests and `target` aside, unsaved buffers not
    /// included: `Sources::insert` those over it).
    pub async fn read_sources(&self, _problem: &Problem) -> Sources {
        Sources::default()
    }

    /// Drafts the fixes of a problem and asks the compiler about each, likeliest first.
    /// `on_fix` hears of every fix that may be offered as soon as its verdict is known; the
    /// result is the whole list, in menu order, at most one of them preferred.
    ///
    /// Dropping the future kills the running compiler.
    pub async fn judge(
        &self,
        _problem: &Problem,
        _sources: &Sources,
        _on_fix: &mut (dyn FnMut(&Fix) + Send),
    ) -> anyhow::Result<Vec<Fix>> {
        let _ = &self.inner;
        Ok(Vec::new())
    }
}
