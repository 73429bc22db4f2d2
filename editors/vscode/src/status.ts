// The item in the status bar: whether the server runs, and how many problems it knows.
import * as vscode from 'vscode';

const { Error, Information } = vscode.LanguageStatusSeverity;

export class Status implements vscode.Disposable {
  private readonly item = vscode.languages.createLanguageStatusItem('sendlens', { language: 'rust' });
  private readonly changes = vscode.languages.onDidChangeDiagnostics(() => this.running && this.count());
  private running = false;

  constructor() {
    this.item.name = 'Sendlens';
    this.starting();
  }

  starting(): void {
    this.running = false;
    this.show('Sendlens starts', Information);
    this.item.busy = true;
  }

  started(): void {
    this.running = true;
    this.count();
  }

  /** A check of our own runs, or is over. */
  checking(runs: boolean): void {
    if (!this.running) return;
    this.count();
    this.item.busy = runs;
    if (runs) this.item.text = 'Sendlens checks';
  }

  stopped(why: string): void {
    this.running = false;
    this.show(`Sendlens does not run: ${why}`, Error);
    this.item.command = { command: 'sendlens.restart', title: 'Restart' };
  }

  private count(): void {
    const all = vscode.languages.getDiagnostics().flatMap(([, diagnostics]) => diagnostics);
    const problems = all.filter((diagnostic) => diagnostic.source === 'sendlens').length;
    const noun = problems === 1 ? 'problem' : 'problems';
    this.show(`Sendlens: ${problems === 0 ? 'no' : problems} ${noun}`, Information);
  }

  private show(text: string, severity: vscode.LanguageStatusSeverity): void {
    this.item.text = text;
    this.item.severity = severity;
    this.item.busy = false;
    this.item.command = { command: 'sendlens.showLog', title: 'Log' };
  }

  dispose(): void {
    this.changes.dispose();
    this.item.dispose();
  }
}
