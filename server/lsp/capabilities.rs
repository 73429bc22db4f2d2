//! What the client can do, resolved once, and what we say that we can.

use tower_lsp::lsp_types::{
    ClientCapabilities, CodeActionKind, CodeActionOptions, CodeActionProviderCapability,
    CodeLensOptions, ExecuteCommandOptions, HoverProviderCapability, InitializeParams, MarkupKind,
    OneOf, PositionEncodingKind, SaveOptions, ServerCapabilities, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};

use super::surfaces::EXPLAIN;
use crate::encoding::Encoding;

/// The client's abilities that we care for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ClientFacts {
    /// How columns are counted.
    pub(super) encoding: Encoding,
    /// Whether diagnostics may point to further places.
    pub(super) related_information: bool,
    /// Whether diagnostics come back with their data.
    pub(super) diagnostic_data: bool,
    /// Whether code actions may be more than commands.
    pub(super) code_actions: bool,
    /// Whether the edit of a code action may come later.
    pub(super) resolves_edits: bool,
    /// Whether edits may carry the version of their document.
    pub(super) document_changes: bool,
    /// Whether hovers may be Markdown.
    pub(super) markdown: bool,
    /// Whether progress is shown.
    pub(super) progress: bool,
    /// Whether settings can be asked for.
    pub(super) configuration: bool,
    /// Whether we may register for changes of settings.
    pub(super) register_configuration: bool,
    /// Whether we may register for changes of files.
    pub(super) register_watched_files: bool,
    /// Whether inlay hints are asked for anew when we say so.
    pub(super) refreshes_inlay_hints: bool,
    /// Whether code lenses are.
    pub(super) refreshes_code_lenses: bool,
    /// Whether it has a panel: the command that explains, as it says in
    /// `experimental.commands.commands`.
    pub(super) has_panel: bool,
    /// Whether it can be asked to show a document.
    pub(super) shows_documents: bool,
}

impl ClientFacts {
    /// Whether the command that explains works, here or there.
    pub(super) fn explains(&self) -> bool {
        self.has_panel || self.shows_documents
    }

    pub(super) fn resolve(params: &InitializeParams) -> Self {
        let ClientCapabilities { workspace, text_document, window, general, experimental, .. } =
            params.capabilities.clone();
        let commands = experimental.unwrap_or_default();
        let commands = commands["commands"]["commands"].as_array().cloned().unwrap_or_default();
        let workspace = workspace.unwrap_or_default();
        let window = window.unwrap_or_default();
        let text_document = text_document.unwrap_or_default();
        let diagnostics = text_document.publish_diagnostics.unwrap_or_default();
        let actions = text_document.code_action.unwrap_or_default();
        let hover = text_document.hover.unwrap_or_default();
        let resolves = actions.resolve_support.map(|support| support.properties);
        let resolves_edits = resolves.is_some_and(|all| all.iter().any(|name| name == "edit"));
        let refreshes = |support: Option<bool>| support.unwrap_or_default();
        let may_register = |dynamic: Option<bool>| dynamic.unwrap_or_default();
        Self {
            encoding: encoding(general.and_then(|general| general.position_encodings)),
            related_information: diagnostics.related_information.unwrap_or_default(),
            diagnostic_data: diagnostics.data_support.unwrap_or_default(),
            code_actions: actions.code_action_literal_support.is_some(),
            resolves_edits: resolves_edits && actions.data_support.unwrap_or_default(),
            document_changes: workspace
                .workspace_edit
                .and_then(|edit| edit.document_changes)
                .unwrap_or_default(),
            markdown: hover
                .content_format
                .is_some_and(|formats| formats.contains(&MarkupKind::Markdown)),
            progress: window.work_done_progress.unwrap_or_default(),
            shows_documents: window.show_document.is_some_and(|it| it.support),
            configuration: workspace.configuration.unwrap_or_default(),
            register_configuration: may_register(
                workspace
                    .did_change_configuration
                    .and_then(|configuration| configuration.dynamic_registration),
            ),
            register_watched_files: may_register(
                workspace.did_change_watched_files.and_then(|files| files.dynamic_registration),
            ),
            refreshes_inlay_hints: refreshes(
                workspace.inlay_hint.and_then(|hints| hints.refresh_support),
            ),
            refreshes_code_lenses: refreshes(
                workspace.code_lens.and_then(|lenses| lenses.refresh_support),
            ),
            has_panel: commands.iter().any(|command| command == EXPLAIN),
        }
    }
}

/// The first that the client names, as rust-analyzer does: editors dislike servers that differ.
/// UTF-16 is what a client means that names nothing.
fn encoding(offered: Option<Vec<PositionEncodingKind>>) -> Encoding {
    let known = |kind: PositionEncodingKind| match kind.as_str() {
        "utf-8" => Some(Encoding::Utf8),
        "utf-16" => Some(Encoding::Utf16),
        "utf-32" => Some(Encoding::Utf32),
        _ => None,
    };
    offered.into_iter().flatten().find_map(known).unwrap_or_default()
}

/// What we can do.
pub(super) fn server(facts: &ClientFacts) -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::INCREMENTAL),
        save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions::default())),
        ..TextDocumentSyncOptions::default()
    };
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
        resolve_provider: Some(true),
        ..CodeActionOptions::default()
    };
    let folders = WorkspaceFoldersServerCapabilities {
        supported: Some(true),
        change_notifications: Some(OneOf::Left(true)),
    };
    // A client with a panel has the command itself: it must not come to us.
    let commands = (facts.shows_documents && !facts.has_panel).then(|| ExecuteCommandOptions {
        commands: vec![EXPLAIN.to_owned()],
        ..ExecuteCommandOptions::default()
    });
    ServerCapabilities {
        position_encoding: Some(match facts.encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(actions)),
        inlay_hint_provider: Some(OneOf::Left(true)),
        code_lens_provider: Some(CodeLensOptions { resolve_provider: Some(false) }),
        document_highlight_provider: Some(OneOf::Left(true)),
        execute_command_provider: commands,
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(folders),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}
