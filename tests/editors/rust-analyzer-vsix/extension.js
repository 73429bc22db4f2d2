// Stands for rust-analyzer's extension in the test: the real server, a bare client.
const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

let client;
exports.activate = (context) => {
  client = new LanguageClient('rust-analyzer', 'rust-analyzer', { command: 'rust-analyzer' }, {
    documentSelector: [{ language: 'rust', scheme: 'file' }],
  });
  // As in the real one.
  const runFlycheck = () => {
    const uri = vscode.window.activeTextEditor?.document.uri.toString();
    return client.sendNotification('rust-analyzer/runFlycheck', { textDocument: uri ? { uri } : null });
  };
  context.subscriptions.push(vscode.commands.registerCommand('rust-analyzer.runFlycheck', runFlycheck));
  return client.start();
};
exports.deactivate = () => client?.stop();
