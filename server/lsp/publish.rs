//! What goes to the client unasked: hints, messages, progress. Tasks of their own, because a
//! handler that waits for the client can stop the whole server.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use camino::Utf8PathBuf;
use tokio::sync::{mpsc, watch};
use tower_lsp::{
    Client,
    lsp_types::{
        Diagnostic, MessageType, ProgressParams, ProgressParamsValue, ProgressToken,
        WorkDoneProgress, WorkDoneProgressBegin, WorkDoneProgressCreateParams, WorkDoneProgressEnd,
        WorkDoneProgressReport, notification::Progress, request::WorkDoneProgressCreate,
    },
};

use super::{capabilities::ClientFacts, convert::to_uri, diagnostics};
use crate::engine::{Level, Notice, Outlets, Snapshot};

/// How often progress is reported at most.
const PROGRESS_STEP: Duration = Duration::from_millis(250);

/// How long the client may think about a progress bar.
const PROGRESS_ANSWER: Duration = Duration::from_secs(10);

/// How long the client may think about a refresh.
const REFRESH_ANSWER: Duration = Duration::from_secs(10);

/// Starts passing on what the engine says.
pub(super) fn start(client: Client, facts: Arc<ClientFacts>, outlets: Outlets) {
    let Outlets { snapshots, notices } = outlets;
    tokio::spawn(publish(client.clone(), Arc::clone(&facts), snapshots));
    tokio::spawn(notify(client, facts, notices));
}

async fn publish(
    client: Client,
    facts: Arc<ClientFacts>,
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
) {
    let mut sent: BTreeMap<Utf8PathBuf, Vec<Diagnostic>> = BTreeMap::new();
    let mut learnt = 0;
    while snapshots.changed().await.is_ok() {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let now = diagnostics::all(&snapshot, &facts);
        let gone = sent.keys().filter(|file| !now.contains_key(*file));
        let gone: Vec<_> = gone.cloned().map(|file| (file, Vec::new())).collect();
        let news = now.iter().filter(|(file, hints)| sent.get(*file) != Some(*hints));
        let news = news.map(|(file, hints)| (file.clone(), hints.clone()));
        for (file, hints) in news.chain(gone).collect::<Vec<_>>() {
            let version = snapshot.documents.get(&file).map(|document| document.version);
            if let Some(uri) = to_uri(&file) {
                client.publish_diagnostics(uri, hints, version).await;
            }
        }
        sent = now;
        if std::mem::replace(&mut learnt, snapshot.learnt) != snapshot.learnt {
            refresh(&client, &facts);
        }
    }
}

/// Lets the client ask again for what it draws. It may take its time to answer.
fn refresh(client: &Client, facts: &ClientFacts) {
    if facts.refreshes_inlay_hints {
        let client = client.clone();
        tokio::spawn(async move {
            let _ = tokio::time::timeout(REFRESH_ANSWER, client.inlay_hint_refresh()).await;
        });
    }
    if facts.refreshes_code_lenses {
        let client = client.clone();
        tokio::spawn(async move {
            let _ = tokio::time::timeout(REFRESH_ANSWER, client.code_lens_refresh()).await;
        });
    }
}

async fn notify(
    client: Client,
    facts: Arc<ClientFacts>,
    mut notices: mpsc::UnboundedReceiver<Notice>,
) {
    let mut bars: HashMap<u64, watch::Sender<usize>> = HashMap::new();
    while let Some(notice) = notices.recv().await {
        match notice {
            Notice::Message(level, text) => {
                let typ = match level {
                    Level::Error => MessageType::ERROR,
                    Level::Warning => MessageType::WARNING,
                };
                tracing::warn!("{text}");
                client.show_message(typ, format!("Sendlens: {text}")).await;
            }
            Notice::Log(text) => {
                tracing::info!("{text}");
                client.log_message(MessageType::INFO, format!("Sendlens: {text}")).await;
            }
            Notice::CheckStarted(run) if facts.progress => {
                let (units, changes) = watch::channel(0);
                bars.insert(run, units);
                tokio::spawn(progress(client.clone(), run, changes));
            }
            Notice::CheckStarted(_) => {}
            Notice::CheckProgress(run, units) => {
                if let Some(bar) = bars.get(&run) {
                    bar.send_replace(units);
                }
            }
            Notice::CheckEnded(run) => {
                bars.remove(&run);
            }
        }
    }
}

/// One progress bar, until its sender is dropped.
async fn progress(client: Client, run: u64, mut units: watch::Receiver<usize>) {
    let token = ProgressToken::String(format!("sendlens/check/{run}"));
    let params = WorkDoneProgressCreateParams { token: token.clone() };
    let created = client.send_request::<WorkDoneProgressCreate>(params);
    let created = tokio::time::timeout(PROGRESS_ANSWER, created).await;
    // A check that is over meanwhile needs no bar.
    if !matches!(created, Ok(Ok(()))) || units.has_changed().is_err() {
        return;
    }
    let say = async |progress| {
        let value = ProgressParamsValue::WorkDone(progress);
        let token = token.clone();
        client.send_notification::<Progress>(ProgressParams { token, value }).await;
    };
    say(WorkDoneProgress::Begin(WorkDoneProgressBegin {
        title: "Sendlens: checking".to_owned(),
        cancellable: Some(false),
        ..WorkDoneProgressBegin::default()
    }))
    .await;
    while units.changed().await.is_ok() {
        let count = *units.borrow_and_update();
        say(WorkDoneProgress::Report(WorkDoneProgressReport {
            cancellable: Some(false),
            message: Some(format!("{count} crates")),
            percentage: None,
        }))
        .await;
        tokio::time::sleep(PROGRESS_STEP).await;
    }
    say(WorkDoneProgress::End(WorkDoneProgressEnd { message: None })).await;
}
