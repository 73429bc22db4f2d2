// *Fix All*: the terminal command, which applies the best fix of each problem in rounds and checks
// after each, because two fixes that the compiler accepts need not go together.
import * as vscode from 'vscode';
import { type Found } from './server';

export async function fixAll(server: Found | undefined): Promise<void> {
  if (!server) {
    void vscode.window.showWarningMessage('Sendlens does not run: the log says why.');
    return;
  }
  if (!vscode.workspace.isTrusted) {
    void vscode.window.showWarningMessage('Sendlens: fixes need the compiler, which a workspace that is not trusted does not run.');
    return;
  }
  const folder = await folderOfCursor();
  if (!folder || !(await agrees(folder)) || !(await vscode.workspace.saveAll())) return;
  const args = ['fix', '--allow-dirty', '--allow-no-vcs'];
  const command = new vscode.ProcessExecution(server.program, args, { cwd: folder.uri.fsPath });
  const task = new vscode.Task({ type: 'sendlens' }, folder, 'fix all', 'Sendlens', command);
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true };
  const running = await vscode.tasks.executeTask(task);
  const ended = vscode.tasks.onDidEndTask(({ execution }) => {
    if (execution !== running) return;
    ended.dispose();
    void checkAgain();
  });
}

/** Files that change on the disk start no check: rust-analyzer's is asked for, else our own. */
async function checkAgain(): Promise<void> {
  const theirs = 'rust-analyzer.runFlycheck';
  const known = await vscode.commands.getCommands(true);
  await vscode.commands.executeCommand(known.includes(theirs) ? theirs : 'sendlens.restart');
}

/** Files change on the disk: that is asked once each time. */
async function agrees(folder: vscode.WorkspaceFolder): Promise<boolean> {
  const yes = 'Fix All';
  const detail = 'All files are saved, then changed on the disk. Each fix is one that the compiler has accepted.';
  const question = `Apply the best fix of each Send problem in “${folder.name}”?`;
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, yes)) === yes;
}

async function folderOfCursor(): Promise<vscode.WorkspaceFolder | undefined> {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const folders = vscode.workspace.workspaceFolders ?? [];
  const own = uri && vscode.workspace.getWorkspaceFolder(uri);
  return own ?? (folders.length > 1 ? vscode.window.showWorkspaceFolderPick() : folders[0]);
}
