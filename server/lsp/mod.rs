//! The language server protocol: the only place that names its types.
//!
//! A handler hands an event to the engine before its first await, which keeps the order that the
//! client meant; it never blocks and never waits for an answer of the client. What it answers
//! with is a pure function of a snapshot, run where a panic costs one answer.

mod actions;
mod capabilities;
mod convert;
mod diagnostics;
mod explain;
mod hover;
mod input;
mod lifetime;
mod more;
mod publish;
mod session;
mod surfaces;
mod view;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use tower_lsp::{
    Client, LanguageServer,
    jsonrpc::{Error, ErrorCode, Result},
    lsp_types::{
        CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse,
        CodeLens, CodeLensParams, DidChangeConfigurationParams, DidChangeTextDocumentParams,
        DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
        DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentHighlight,
        DocumentHighlightParams, ExecuteCommandParams, Hover, HoverContents, HoverParams,
        InitializeParams, InitializeResult, InitializedParams, InlayHint, InlayHintParams, LSPAny,
        MarkupContent, MarkupKind, ServerInfo, WorkspaceFolder,
    },
};

use camino::Utf8Path;

use self::{actions::Desk, convert::Texts, session::Session, view::View};
use crate::{
    alive::Stretch,
    engine::{Event, Snapshot},
};

pub use lifetime::serve;

/// The handlers.
struct Backend {
    client: Client,
    /// Set by `initialize`.
    session: Arc<OnceLock<Session>>,
    was_shut_down: Arc<AtomicBool>,
}

impl Backend {
    fn session(&self) -> Result<&Session> {
        let missing = || Error::new(ErrorCode::ServerError(-32002));
        self.session.get().ok_or_else(missing)
    }

    fn send(&self, event: impl FnOnce() -> Option<Event>) {
        // A document whose name is no file is none of our business.
        if let (Some(session), Some(event)) = (self.session.get(), event()) {
            session.engine.send(event);
        }
    }
}

/// Answers from a snapshot; a panic becomes this request's error.
fn answer<T>(request: &str, answer: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(answer)).map_err(|_| {
        tracing::error!(request, "answer panicked");
        Error::internal_error()
    })
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let session = Session::start(&params, self.client.clone());
        let capabilities = capabilities::server(&session.facts);
        if let Some(client) = params.process_id {
            lifetime::follow(client, session.engine.clone());
        }
        if self.session.set(session).is_err() {
            return Err(Error::invalid_request());
        }
        Ok(InitializeResult {
            capabilities,
            server_info: Some(ServerInfo {
                name: "sendlens".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        if let Some(session) = self.session.get() {
            session.register();
            session.configure(None);
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.was_shut_down.store(true, Ordering::Relaxed);
        if let Some(session) = self.session.get() {
            session.engine.stop().await;
        }
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        self.send(|| {
            Some(Event::Opened {
                file: convert::to_path(&document.uri)?,
                version: document.version,
                text: document.text,
            })
        });
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let changes = params.content_changes.into_iter();
        let changes = changes.map(|change| convert::to_change(change.range, change.text));
        self.send(|| {
            Some(Event::Changed {
                file: convert::to_path(&params.text_document.uri)?,
                version: params.text_document.version,
                changes: changes.collect(),
            })
        });
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        self.send(|| convert::to_path(&params.text_document.uri).map(Event::Saved));
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.send(|| convert::to_path(&params.text_document.uri).map(Event::Closed));
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        let files = params.changes.iter();
        let files = files.filter_map(|change| convert::to_path(&change.uri)).collect();
        self.send(|| Some(Event::ChangedOnDisk(files)));
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        let paths = |folders: &[WorkspaceFolder]| {
            folders.iter().filter_map(|folder| convert::to_path(&folder.uri)).collect()
        };
        let (added, removed) = (paths(&params.event.added), paths(&params.event.removed));
        self.send(|| Some(Event::Folders { added, removed }));
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        if let Some(session) = self.session.get() {
            session.configure(Some(params.settings));
        }
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let session = self.session()?;
        let at = params.text_document_position_params;
        let Some(file) = convert::to_path(&at.text_document.uri) else {
            return Ok(None);
        };
        let snapshot = session.known(&file).await?;
        answer("hover", || {
            let texts = Texts::new(&snapshot, session.facts.encoding);
            let position = texts.position(&file, at.position)?;
            let text = texts.text(&file)?;
            let view = View::new(&snapshot, &file, &text);
            let link = |label: &str, path: &Utf8Path, line| session.link(label, path, line);
            let answer = hover::explain(&snapshot.problems, &view, position, &link)?;
            let range = texts.stretch(&file, &Stretch::from(&answer.span));
            Some(Hover {
                contents: HoverContents::Markup(session.markup(answer.text)),
                range: Some(range),
            })
        })
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        let session = self.session()?;
        let Some(file) = convert::to_path(&params.text_document.uri) else {
            return Ok(None);
        };
        let snapshot = session.known(&file).await?;
        answer("inlayHint", || {
            let texts = Texts::new(&snapshot, session.facts.encoding);
            // What hovers can show, tooltips can.
            let markup = |text| session.markup(text);
            surfaces::inlay_hints(&snapshot, &texts, &file, params.range, markup)
        })
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        let session = self.session()?;
        let uri = params.text_document.uri;
        let Some(file) = convert::to_path(&uri) else {
            return Ok(None);
        };
        let snapshot = session.known(&file).await?;
        answer("codeLens", || {
            let texts = Texts::new(&snapshot, session.facts.encoding);
            surfaces::lenses(&snapshot, &texts, &file, uri.as_str(), session.facts.explains())
        })
    }

    async fn document_highlight(
        &self,
        params: DocumentHighlightParams,
    ) -> Result<Option<Vec<DocumentHighlight>>> {
        let session = self.session()?;
        let at = params.text_document_position_params;
        let Some(file) = convert::to_path(&at.text_document.uri) else {
            return Ok(None);
        };
        let snapshot = session.known(&file).await?;
        answer("documentHighlight", || {
            let texts = Texts::new(&snapshot, session.facts.encoding);
            let position = texts.position(&file, at.position)?;
            surfaces::highlights(&snapshot, &texts, &file, position)
        })
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let session = self.session()?;
        let file = convert::to_path(&params.text_document.uri);
        let wanted = params.context.only.as_ref().is_none_or(|kinds| kinds.iter().any(is_wanted));
        let (Some(file), true, true) = (file, wanted, session.facts.code_actions) else {
            return Ok(None);
        };
        let snapshot = session.known(&file).await?;
        answer("codeAction", || {
            let desk = Desk::new(&snapshot, &session.facts);
            let fixes = desk.list(&file, params.range).into_iter();
            let explains = params.context.only.is_none() && session.facts.explains();
            let explain = || desk.explain(&file, &params.text_document.uri, params.range);
            let explain = explains.then(explain).flatten();
            Some(fixes.chain(explain).map(CodeActionOrCommand::CodeAction).collect())
        })
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        self.execute(params).await
    }

    async fn code_action_resolve(&self, action: CodeAction) -> Result<CodeAction> {
        let session = self.session()?;
        let known = session.engine.ask(None);
        let snapshot: Arc<Snapshot> = known.await.map_err(|_| Error::request_cancelled())?;
        let resolve = || Desk::new(&snapshot, &session.facts).resolve(action);
        answer("codeAction/resolve", resolve)?.map_err(|stale| Error {
            message: stale.to_string().into(),
            ..Error::content_modified()
        })
    }
}

/// Kinds are paths: asking for all quick fixes, or for everything, includes ours.
fn is_wanted(kind: &CodeActionKind) -> bool {
    let ours = CodeActionKind::QUICKFIX;
    kind.as_str().is_empty() || *kind == ours
}

impl Session {
    fn markup(&self, text: String) -> MarkupContent {
        if self.facts.markdown {
            let kind = MarkupKind::Markdown;
            return MarkupContent { kind, value: text };
        }
        MarkupContent { kind: MarkupKind::PlainText, value: text.replace("**", "") }
    }

    fn link(&self, label: &str, path: &Utf8Path, line: u32) -> String {
        let uri = convert::to_uri(path).filter(|_| self.facts.markdown);
        uri.map_or_else(|| label.to_owned(), |uri| format!("[{label}]({}#L{line})", uri.as_str()))
    }

    /// What is known after all that the client has said, for a file that it looks at.
    async fn known(&self, file: &Utf8Path) -> Result<Arc<Snapshot>> {
        let known = self.engine.ask(Some(file.to_owned()));
        known.await.map_err(|_| Error::request_cancelled())
    }
}
