// The panel that explains one error. What it says, and what is drawn, comes from the server.
import * as vscode from 'vscode';
import { type LanguageClient } from 'vscode-languageclient/node';

/** The server's answer to `sendlens/explain`. */
interface Explanation {
  title: string;
  markdown: string;
  lives: Life[];
}

/** The life of one value. Ranges are the protocol's. */
export interface Life {
  uri: string;
  name: string;
  from: WireRange;
  awaits: WireRange[];
  to: WireRange | null;
  rows: Row[];
}

export interface WireRange {
  start: { line: number; character: number };
  end: { line: number; character: number };
}

interface Row {
  line: number;
  text: string;
  event: 'begin' | 'alive' | 'await' | 'end' | 'gap';
  note: string;
}

export class Panel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;

  /** Explains a place: the one that is given, or that of the cursor. */
  async explain(client: LanguageClient | undefined, uri?: string, position?: WireRange['start']): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const cursor = editor?.selection.active;
    const place = {
      textDocument: { uri: uri ?? editor?.document.uri.toString() },
      position: position ?? (cursor && { line: cursor.line, character: cursor.character }),
    };
    if (!client?.isRunning()) {
      void vscode.window.showWarningMessage('Sendlens does not run: the log says why.');
      return;
    }
    if (!place.textDocument.uri || !place.position) {
      void vscode.window.showInformationMessage('Sendlens: open a Rust file and put the cursor on the error.');
      return;
    }
    const explanation = await client.sendRequest<Explanation | null>('sendlens/explain', place);
    if (!explanation) {
      void vscode.window.showInformationMessage('Sendlens: no `Send` problem is known in this file.');
      return;
    }
    await this.show(explanation);
  }

  private async show(explanation: Explanation): Promise<void> {
    const panel = (this.panel ??= this.open());
    panel.title = explanation.title.replaceAll('`', '');
    const [title, body] = await Promise.all([explanation.title, linked(explanation.markdown)].map(render));
    panel.webview.html = page(title ?? '', explanation.lives, body ?? '');
    panel.reveal(undefined, true);
  }

  private open(): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel(
      'sendlens.explanation',
      'Sendlens',
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, localResourceRoots: [] },
    );
    panel.webview.onDidReceiveMessage((message: { open?: string }) => message.open && void openLink(message.open));
    panel.onDidDispose(() => (this.panel = undefined));
    return panel;
  }

  dispose(): void {
    this.panel?.dispose();
  }
}

/** The editor's own Markdown, which its panels and previews use. */
async function render(markdown: string): Promise<string> {
  try {
    return await vscode.commands.executeCommand<string>('markdown.api.render', markdown);
  } catch {
    return `<pre>${escape(markdown)}</pre>`;
  }
}

/** The editor's Markdown drops links to files: in the panel they have a scheme of their own. */
const SCHEME = 'sendlens';

function linked(markdown: string): string {
  return markdown.replaceAll('](file:', `](${SCHEME}:`);
}

/** `sendlens:///w/a.rs#L16`: opens that line, beside the panel. */
async function openLink(link: string): Promise<void> {
  const uri = vscode.Uri.parse(link);
  const line = Math.max(0, Number(/^L(\d+)$/.exec(uri.fragment)?.[1] ?? 1) - 1);
  const selection = new vscode.Range(line, 0, line, 0);
  await vscode.window.showTextDocument(uri.with({ scheme: 'file', fragment: '' }), {
    selection,
    viewColumn: vscode.ViewColumn.One,
  });
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Backticks become code. */
function inline(text: string): string {
  return escape(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function picture(life: Life): string {
  const rows = life.rows.map((row) => {
    const link = escape(`${life.uri.replace(/^file:/, `${SCHEME}:`)}#L${row.line}`);
    const number = row.event === 'gap' ? '' : `<a href="${link}">${row.line}</a>`;
    const note = row.note === '' ? '' : `<div>${inline(row.note)}</div>`;
    return `<tr class="${row.event}"><td class="line">${number}</td><td class="bar"><i></i></td><td><code>${escape(row.text) || '&nbsp;'}</code>${note}</td></tr>`;
  });
  return `<table class="life" aria-label="The life of ${escape(life.name)}">${rows.join('')}</table>`;
}

const STYLE = `
  body { padding: 0 1.5em 2em; line-height: 1.5; max-width: 60em; }
  h1, h1 p { font-size: 1.25em; font-weight: 600; margin: .8em 0; } h2 { font-size: 1.1em; margin-top: 1.6em; }
  code { font-family: var(--vscode-editor-font-family); font-size: .95em; color: inherit; }
  .life { border-collapse: collapse; margin: 1em 0; width: 100%; }
  .life td { padding: .1em .6em; vertical-align: top; } .life td:last-child { width: 100%; }
  .life td > code { white-space: pre; background: none; padding: 0; }
  .life td > div { color: var(--vscode-descriptionForeground); padding-bottom: .3em; }
  .life .line { text-align: right; } .life .line a { color: var(--vscode-editorLineNumber-foreground); text-decoration: none; }
  .life .bar { position: relative; padding: 0 .8em; }
  .life .bar::before { content: ''; position: absolute; left: .72em; width: .16em; top: 0; bottom: 0; background: var(--vscode-charts-orange); }
  .life .begin .bar::before { top: .85em; } .life .end .bar::before { bottom: calc(100% - .85em); }
  .life .gap .bar::before { background: none; border-left: .16em dotted var(--vscode-charts-orange); }
  .life .bar i { position: absolute; top: .85em; left: .8em; border-radius: 50%; transform: translate(-50%, -50%); }
  .life .begin .bar i, .life .end .bar i { width: .6em; height: .6em; background: var(--vscode-charts-orange); }
  .life .await .bar i { width: .7em; height: .7em; background: var(--vscode-charts-red); box-shadow: 0 0 0 .18em var(--vscode-editor-background), 0 0 0 .3em var(--vscode-charts-red); }
  .life .await td { background: color-mix(in srgb, var(--vscode-charts-red) 12%, transparent); }
  .life .await td > div { color: var(--vscode-foreground); }`;

function page(title: string, lives: Life[], body: string): string {
  const nonce = Array.from({ length: 4 }, () => Math.random().toString(36).slice(2)).join('');
  return `<!DOCTYPE html><html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'">
<style nonce="${nonce}">${STYLE}</style></head><body>
<h1>${title}</h1>${lives.map(picture).join('')}${body}
<script nonce="${nonce}">
  const code = acquireVsCodeApi();
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href]');
    if (!link) return;
    event.preventDefault();
    code.postMessage({ open: link.dataset.href ?? link.getAttribute('href') });
  });
</script></body></html>`;
}
