//! The workspaces that are served: those of the editor's folders and of the files that are open.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Engine, Event, Level, served::Served};
use crate::{
    flycheck::{Config, Flycheck},
    oracle::Oracle,
    settings::Settings,
    watching::Watching,
    workspace::{self, Trouble, Workspace},
};

impl Engine {
    pub(super) fn configured(&mut self, settings: Settings) {
        if self.settings.as_ref() == Some(&settings) {
            return;
        }
        self.settings = Some(settings);
        self.learnt();
        self.tracking.forget_answers();
        self.judging.text_moved();
        for served in &mut self.served {
            if let Some(flycheck) = served.flycheck.take() {
                tokio::spawn(flycheck.stop());
            }
        }
        self.located.clear();
        let open: Vec<_> = self.documents.iter().map(|(file, _)| file.to_owned()).collect();
        self.folders(self.start.folders.clone());
        for file in open {
            self.look_for_workspace_of(&file);
        }
    }

    pub(super) fn folders(&mut self, folders: Vec<Utf8PathBuf>) {
        for folder in folders {
            if !self.start.folders.contains(&folder) {
                self.start.folders.push(folder.clone());
            }
            let candidates = workspace::candidates(&folder);
            if self.settings.is_some() && candidates.is_empty() {
                let trouble = Trouble::NoManifest(folder);
                self.tell(Level::Warning, trouble.to_string());
            }
            for candidate in candidates {
                self.look_for_workspace(candidate);
            }
        }
    }

    /// Ends what is served for closed folders alone, and forgets what was said of it.
    pub(super) fn folders_closed(&mut self, folders: &[Utf8PathBuf]) {
        if folders.is_empty() {
            return;
        }
        self.start.folders.retain(|folder| !folders.contains(folder));
        let remaining = &self.start.folders;
        let is_open = |root: &Utf8PathBuf| {
            remaining.iter().any(|folder| root.starts_with(folder) || folder.starts_with(root))
        };
        for served in self.served.iter_mut().filter(|it| !is_open(&it.workspace.root)) {
            tracing::info!(root = %served.workspace.root, "no longer serving");
            served.retire().map(|flycheck| tokio::spawn(flycheck.stop()));
            self.located.retain(|folder| !folder.starts_with(&served.workspace.root));
        }
        self.judging.text_moved();
        self.learnt();
    }

    /// A workspace can lie within another: cargo knows, for each package, which is its own.
    pub(super) fn look_for_workspace_of(&mut self, file: &Utf8Path) {
        let Some(folder) = file.parent().filter(|_| self.is_users(file)) else {
            return;
        };
        let nearest = folder.ancestors().find(|folder| folder.join("Cargo.toml").is_file());
        let served = self.served_index(file).map(|index| &self.served[index]);
        let is_up = served.is_some_and(|served| served.flycheck.is_some());
        let is_root = served.is_some_and(|served| Some(&*served.workspace.root) == nearest);
        let root = match nearest {
            Some(_) if is_up && is_root => None,
            Some(nearest) if is_up => Some(nearest.to_owned()),
            _ => workspace::candidates_above(folder),
        };
        if let Some(root) = root {
            self.look_for_workspace(root);
        }
    }

    /// Whether a file is the user's own: jumping into a library must not start a check of it.
    pub(super) fn is_users(&self, file: &Utf8Path) -> bool {
        const LIBRARIES: &[&str] = &["/registry/src/", "/git/checkouts/", "/lib/rustlib/"];
        let folders = &self.start.folders;
        let inside = folders.is_empty() || folders.iter().any(|folder| file.starts_with(folder));
        inside && !LIBRARIES.iter().any(|part| file.as_str().contains(part))
    }

    fn look_for_workspace(&mut self, folder: Utf8PathBuf) {
        let Some(settings) = &self.settings else {
            return;
        };
        if !self.located.insert(folder.clone()) {
            return;
        }
        let cargo = settings.cargo.resolve();
        let handle = self.out.handle.clone();
        let trusted = self.start.trusted;
        tokio::spawn(async move {
            let found = if trusted {
                Workspace::load(&folder, &cargo).await
            } else {
                Ok(Workspace::guess(&folder, &cargo))
            };
            handle.send(Event::Located { folder, found });
        });
    }

    pub(super) fn located(&mut self, folder: &Utf8Path, found: Result<Workspace, Trouble>) {
        let Some(settings) = self.settings.clone() else {
            return;
        };
        match found {
            Ok(workspace) => self.serve(workspace, settings, self.start.trusted),
            // A package that no workspace wants, such as a template: nobody asked to have it checked.
            Err(Trouble::Manifest(error))
                if self
                    .served_index(folder)
                    .is_some_and(|index| self.served[index].workspace.root != folder) =>
            {
                tracing::warn!(%folder, error, "a package within a workspace is not served");
            }
            Err(trouble) => {
                let without_cargo = matches!(trouble, Trouble::NoCargo(_));
                self.tell(Level::Error, trouble.to_string());
                if without_cargo {
                    // Others may find their cargo: what they write can still be read.
                    let guess = Workspace::guess(folder, &settings.cargo.resolve());
                    self.serve(guess, settings, false);
                }
            }
        }
    }

    fn serve(&mut self, workspace: Workspace, settings: Settings, trusted: bool) {
        let root = &workspace.root;
        let known = self.served.iter().position(|served| served.workspace.root == *root);
        let index = known.unwrap_or(self.served.len());
        let unchanged = known.is_some_and(|index| {
            let served = &self.served[index];
            served.flycheck.is_some() && served.workspace == workspace
        });
        if unchanged {
            return;
        }
        tracing::info!(%root, target_dir = %workspace.target_dir, trusted, "serving");
        let handle = self.out.handle.clone();
        let verify = trusted && settings.fixes.verify;
        let oracle = verify.then(|| Oracle::new(root.clone(), settings.cargo.resolve()));
        let config = Config {
            index,
            workspace: workspace.clone(),
            settings,
            trusted,
            client: self.start.client,
            beside_analyzer: self.start.beside_analyzer,
            runs: Arc::clone(&self.runs),
        };
        let listener = Arc::new(move |report| handle.send(Event::Report(report)));
        let flycheck = Some(Flycheck::start(config, listener));
        let watching = (!self.start.client_watches).then(|| {
            let handle = self.out.handle.clone();
            let tell = move |files| handle.send(Event::ChangedOnDisk(files));
            Watching::start(workspace.root.clone(), tell)
        });
        match self.served.get_mut(index) {
            Some(served) => {
                served.workspace = workspace;
                served.flycheck = flycheck;
                served.oracle = oracle;
            }
            None => self.served.push(Served::new(workspace, flycheck, oracle)),
        }
        self.served[index].watching = watching;
    }

    /// The workspace that a file belongs to: the innermost one.
    pub(super) fn served_index(&self, file: &Utf8Path) -> Option<usize> {
        let roots = self.served.iter().map(|served| &served.workspace.root);
        let around = roots.enumerate().filter(|(_, root)| file.starts_with(root));
        let innermost = around.max_by_key(|(_, root)| root.as_str().len());
        innermost.map(|(index, _)| index)
    }
}
