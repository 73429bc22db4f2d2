// Stands for rust-analyzer's extension in the test: the real server, a bare client.
const { LanguageClient } = require('vscode-languageclient/node');

let client;
exports.activate = () => {
  client = new LanguageClient('rust-analyzer', 'rust-analyzer', { command: 'rust-analyzer' }, {
    documentSelector: [{ language: 'rust', scheme: 'file' }],
  });
  return client.start();
};
exports.deactivate = () => client?.stop();
