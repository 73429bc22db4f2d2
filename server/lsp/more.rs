//! What the protocol does not have: `sendlens/explain` and `sendlens/life` for editors with a
//! panel and decorations, and a command for those without.

use std::sync::Arc;

use camino::Utf8Path;
use serde_json::Value;
use tower_lsp::{
    Client,
    jsonrpc::{Error, Result},
    lsp_types::{
        ExecuteCommandParams, MessageType, Position, ShowDocumentParams,
        TextDocumentPositionParams, Uri,
    },
};

use super::{
    Backend, answer, convert,
    convert::Texts,
    explain::{self, Explanation, LifeDrawing},
    session::Session,
    surfaces::EXPLAIN,
};
use crate::{engine::Snapshot, flycheck::place};

impl Backend {
    /// `sendlens/explain`: the whole explanation of a place; `null` where there is nothing.
    pub(super) async fn explain(
        &self,
        at: TextDocumentPositionParams,
    ) -> Result<Option<Explanation>> {
        let session = self.session()?;
        let Some(file) = convert::to_path(&at.text_document.uri) else {
            return Ok(None);
        };
        let snapshot = session.known(&file).await?;
        answer("explain", || session.explanation(&snapshot, &file, at.position))
    }

    /// `sendlens/life`: the lives of the values that are named at a place.
    pub(super) async fn life(&self, at: TextDocumentPositionParams) -> Result<Vec<LifeDrawing>> {
        let session = self.session()?;
        let Some(file) = convert::to_path(&at.text_document.uri) else {
            return Ok(Vec::new());
        };
        let snapshot = session.known(&file).await?;
        let lives = answer("life", || {
            let texts = Texts::new(&snapshot, session.facts.encoding);
            let position = texts.position(&file, at.position)?;
            explain::lives_at(&snapshot, &texts, &file, position)
        })?;
        Ok(lives.unwrap_or_default())
    }

    /// The command that explains, for editors without a panel: with a document and a position,
    /// or nothing for all problems.
    pub(super) async fn execute(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        let session = self.session()?;
        if params.command != EXPLAIN {
            return Err(Error::invalid_params(format!("no command `{}`", params.command)));
        }
        let mut arguments = params.arguments.into_iter();
        let uri: Option<Uri> = arguments.next().and_then(|it| serde_json::from_value(it).ok());
        let position: Option<Position> =
            arguments.next().and_then(|it| serde_json::from_value(it).ok());
        let known = session.engine.ask(None);
        let snapshot = known.await.map_err(|_| Error::request_cancelled())?;
        let file = uri.as_ref().and_then(convert::to_path);
        let explanation = answer("explain", || match (&file, position) {
            (Some(file), Some(position)) => session.explanation(&snapshot, file, position),
            _ => session.explanation_of_all(&snapshot),
        })?;
        let root = file.as_deref().and_then(place::workspace_root);
        let root = root.or_else(|| Some(snapshot.problems.first()?.root.clone()));
        show(self.client.clone(), explanation, &root.unwrap_or_default());
        Ok(None)
    }
}

impl Session {
    fn explanation(
        &self,
        snapshot: &Arc<Snapshot>,
        file: &Utf8Path,
        position: Position,
    ) -> Option<Explanation> {
        let texts = Texts::new(snapshot, self.facts.encoding);
        let position = texts.position(file, position)?;
        let link = |label: &str, path: &Utf8Path, line| link(label, path, line);
        explain::at(snapshot, &texts, file, position, &link)
    }

    fn explanation_of_all(&self, snapshot: &Arc<Snapshot>) -> Option<Explanation> {
        let texts = Texts::new(snapshot, self.facts.encoding);
        let link = |label: &str, path: &Utf8Path, line| link(label, path, line);
        explain::all(snapshot, &texts, &link)
    }
}

/// Explanations are Markdown, whatever hovers are.
fn link(label: &str, path: &Utf8Path, line: u32) -> String {
    let uri = convert::to_uri(path);
    uri.map_or_else(|| label.to_owned(), |uri| format!("[{label}]({}#L{line})", uri.as_str()))
}

/// Asks the editor to show an explanation; not within a handler, because it answers later.
fn show(client: Client, explanation: Option<Explanation>, root: &Utf8Path) {
    let written = explanation.map(|it| explain::write(&it, &place::explanations(root)));
    tokio::spawn(async move {
        let problem = match written {
            None => "nothing to explain here: no `Send` problem is known.".to_owned(),
            Some(Err(error)) => format!("the explanation cannot be written: {error}"),
            Some(Ok(file)) => {
                let Some(uri) = convert::to_uri(&file) else {
                    return;
                };
                let params = ShowDocumentParams {
                    uri,
                    external: None,
                    take_focus: Some(true),
                    selection: None,
                };
                match client.show_document(params).await {
                    Ok(true) => return,
                    _ => format!("the explanation is in {file}"),
                }
            }
        };
        client.show_message(MessageType::INFO, format!("Sendlens: {problem}")).await;
    });
}
