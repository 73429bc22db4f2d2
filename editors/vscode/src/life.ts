// Draws the life of the value under the cursor into the text: a bar from its declaration to its
// end, and a mark at each await that it crosses.
import * as vscode from 'vscode';
import { type LanguageClient } from 'vscode-languageclient/node';
import { type Life, type WireRange } from './panel';

/** The cursor must rest for so long, in milliseconds. */
const REST = 150;

const orange = new vscode.ThemeColor('charts.orange');
const red = new vscode.ThemeColor('charts.red');

export class Lives implements vscode.Disposable {
  private readonly bar = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    borderStyle: 'solid',
    borderWidth: '0 0 0 2px',
    borderColor: orange,
    overviewRulerColor: orange,
  });
  private readonly crossing = vscode.window.createTextEditorDecorationType({
    borderStyle: 'solid',
    borderWidth: '0 0 2px 0',
    borderColor: red,
    overviewRulerColor: red,
  });
  private readonly note = vscode.window.createTextEditorDecorationType({});
  private readonly events: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;
  private asked = 0;

  constructor(private readonly client: () => LanguageClient | undefined) {
    this.events = [
      vscode.window.onDidChangeTextEditorSelection((event) => this.soon(event.textEditor)),
      vscode.workspace.onDidChangeTextDocument((event) => {
        const editor = vscode.window.activeTextEditor;
        if (editor?.document === event.document) this.soon(editor);
      }),
    ];
  }

  private soon(editor: vscode.TextEditor): void {
    if (editor.document.languageId !== 'rust') return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.draw(editor), REST);
  }

  private async draw(editor: vscode.TextEditor): Promise<void> {
    const asked = ++this.asked;
    const { document, selection } = editor;
    const client = this.client();
    const place = { textDocument: { uri: document.uri.toString() }, position: selection.active };
    let lives: Life[] = [];
    try {
      if (client?.isRunning() && enabled()) lives = await client.sendRequest<Life[]>('sendlens/life', place);
    } catch {
      // An older server, or one that ends: nothing is drawn.
    }
    // The cursor has moved on meanwhile.
    if (asked !== this.asked) return;
    const bars = lives.map((life) => new vscode.Range(life.from.start.line, 0, lastLine(life), 0));
    editor.setDecorations(this.bar, bars);
    editor.setDecorations(this.crossing, lives.flatMap((life) => life.awaits.map(range)));
    editor.setDecorations(this.note, lives.flatMap(ending));
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const one of [...this.events, this.bar, this.crossing, this.note]) one.dispose();
  }
}

function enabled(): boolean {
  return vscode.workspace.getConfiguration('sendlens').get('editor.lifeOfValue', true);
}

function range(wire: WireRange): vscode.Range {
  return new vscode.Range(wire.start.line, wire.start.character, wire.end.line, wire.end.character);
}

function lastLine(life: Life): number {
  return Math.max(life.to?.end.line ?? 0, ...life.awaits.map((at) => at.end.line));
}

/** What is written where the value ends. */
function ending(life: Life): vscode.DecorationOptions[] {
  if (!life.to) return [];
  const color = new vscode.ThemeColor('editorCodeLens.foreground');
  const after = { contentText: ` ${life.name} ends here`, color, margin: '0 0 0 1em' };
  return [{ range: range(life.to), renderOptions: { after } }];
}
