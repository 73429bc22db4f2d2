//! One client: what it can do, what it has set, and the engine that serves it.

use std::{sync::Arc, time::Duration};

use camino::Utf8PathBuf;
use serde_json::Value;
use tower_lsp::{
    Client,
    lsp_types::{
        ConfigurationItem, DidChangeWatchedFilesRegistrationOptions, FileSystemWatcher,
        GlobPattern, InitializeParams, MessageType, Registration,
    },
};

use super::{capabilities::ClientFacts, convert::to_path, publish};
use crate::{
    engine::{self, Event, Handle, Start},
    settings::Settings,
};

/// How long the client may think about its settings.
const SETTINGS_ANSWER: Duration = Duration::from_secs(3);

/// One client.
pub(super) struct Session {
    pub(super) facts: Arc<ClientFacts>,
    pub(super) engine: Handle,
    client: Client,
    /// The settings that came with `initialize`.
    initial: Value,
}

impl Session {
    pub(super) fn start(params: &InitializeParams, client: Client) -> Self {
        let facts = Arc::new(ClientFacts::resolve(params));
        let initial = params.initialization_options.clone().unwrap_or_default();
        let (engine, outlets) = engine::start(Start {
            folders: folders(params),
            encoding: facts.encoding,
            trusted: said(&initial, "trusted").unwrap_or(true),
            client: params.process_id,
            client_watches: facts.register_watched_files,
            beside_analyzer: said(&initial, "besideRustAnalyzer").unwrap_or(false),
        });
        publish::start(client.clone(), Arc::clone(&facts), outlets);
        Self { facts, engine, client, initial }
    }

    /// Finds out the settings and hands them to the engine: what the client answers when asked,
    /// over what it pushed, over what came with `initialize`.
    pub(super) fn configure(&self, pushed: Option<Value>) {
        let client = self.client.clone();
        let engine = self.engine.clone();
        let mut settings = bare(self.initial.clone());
        let ask = self.facts.configuration;
        tokio::spawn(async move {
            let pushed = pushed.and_then(|pushed| pushed.get("sendlens").cloned());
            let pulled = if ask { pull(&client).await } else { None };
            for later in [pushed, pulled].into_iter().flatten() {
                Settings::overlay(&mut settings, bare(later));
            }
            match Settings::read(&settings) {
                Ok(settings) => engine.send(Event::Configured(settings)),
                Err(error) => {
                    let message = format!(
                        "Sendlens: a setting is not understood, the defaults are used: {error}"
                    );
                    client.show_message(MessageType::WARNING, message).await;
                    engine.send(Event::Configured(Settings::default()));
                }
            }
        });
    }

    /// Asks the client to tell us of changes, where it only does so when asked.
    pub(super) fn register(&self) {
        let mut registrations = Vec::new();
        if self.facts.register_configuration {
            let options = Some(serde_json::json!({ "section": "sendlens" }));
            registrations.push(registration("workspace/didChangeConfiguration", options));
        }
        if self.facts.register_watched_files {
            let watcher = |glob: &str| FileSystemWatcher {
                glob_pattern: GlobPattern::String(glob.to_owned()),
                kind: None,
            };
            let options = DidChangeWatchedFilesRegistrationOptions {
                watchers: ["**/*.rs", "**/Cargo.toml", "**/Cargo.lock"].map(watcher).into(),
            };
            let options = serde_json::to_value(options).ok();
            registrations.push(registration("workspace/didChangeWatchedFiles", options));
        }
        if registrations.is_empty() {
            return;
        }
        let client = self.client.clone();
        tokio::spawn(async move {
            if let Err(error) = client.register_capability(registrations).await {
                tracing::info!(%error, "the client registers nothing");
            }
        });
    }
}

/// Without the name of the section, which some clients leave around it.
fn bare(settings: Value) -> Value {
    settings.get("sendlens").cloned().unwrap_or(settings)
}

async fn pull(client: &Client) -> Option<Value> {
    let item = ConfigurationItem { scope_uri: None, section: Some("sendlens".to_owned()) };
    let answer = client.configuration(vec![item]);
    let answer = tokio::time::timeout(SETTINGS_ANSWER, answer).await.ok()?.ok()?;
    answer.into_iter().next()
}

fn registration(method: &str, register_options: Option<Value>) -> Registration {
    Registration { id: format!("sendlens/{method}"), method: method.to_owned(), register_options }
}

/// What the editor itself says with `initialize`, and no setting can: that one could lie in the
/// folder that it vouches for.
fn said(initial: &Value, what: &str) -> Option<bool> {
    initial.get("sendlens").unwrap_or(initial).get(what)?.as_bool()
}

fn folders(params: &InitializeParams) -> Vec<Utf8PathBuf> {
    let folders = params.workspace_folders.iter().flatten();
    let mut folders: Vec<_> = folders.filter_map(|folder| to_path(&folder.uri)).collect();
    #[expect(deprecated, reason = "older clients name nothing else")]
    if folders.is_empty() {
        folders.extend(params.root_uri.as_ref().and_then(to_path));
    }
    folders
}
