// Starts the server and shows how it is. What Sendlens does is in the server.
import * as vscode from 'vscode';
import {
  LanguageClient,
  State,
  type LanguageClientOptions,
  type ServerOptions,
  type StaticFeature,
} from 'vscode-languageclient/node';
import { fixAll } from './fix';
import { Lives } from './life';
import { Panel, type WireRange } from './panel';
import { find, places, type Found } from './server';
import { Status } from './status';

let client: LanguageClient | undefined;
let server: Found | undefined;
/** Starts and restarts follow each other, however fast they are asked for. */
let queue: Promise<void> = Promise.resolve();

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('Sendlens', { log: true });
  const status = new Status();
  const panel = new Panel();
  const restart = () => (queue = queue.then(() => start(context, log, status)));
  const applies = ['sendlens.server'];
  context.subscriptions.push(
    log,
    status,
    panel,
    new Lives(() => client),
    // Lenses and the menu name the place; the palette means the cursor.
    vscode.commands.registerCommand('sendlens.explain', (uri?: string, position?: WireRange['start']) =>
      panel.explain(client, uri, position),
    ),
    vscode.commands.registerCommand('sendlens.fixAll', () => fixAll(client && server)),
    // The one way to start it, at first and again.
    vscode.commands.registerCommand('sendlens.restart', restart),
    vscode.commands.registerCommand('sendlens.showLog', () => log.show()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (applies.some((section) => event.affectsConfiguration(section))) void restart();
    }),
    // Trust is told to the server when it starts.
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  await vscode.commands.executeCommand('sendlens.restart');
}

export async function deactivate(): Promise<void> {
  await queue;
  await stop();
}

async function start(context: vscode.ExtensionContext, log: vscode.LogOutputChannel, status: Status): Promise<void> {
  await stop();
  status.starting();
  const settings = vscode.workspace.getConfiguration('sendlens');
  const found = find(places(settings.get('server.path', ''), context.extensionPath));
  server = typeof found === 'string' ? undefined : found;
  if (typeof found === 'string') {
    status.stopped(found);
    log.error(found);
    void complain(found);
    return;
  }
  log.info(`${found.program} (${found.because})`);
  client = connect(found, settings, log, status);
  try {
    await client.start();
    compare(client, context, log);
  } catch (error) {
    const message = `“${found.program}” does not start: ${error instanceof Error ? error.message : String(error)}`;
    client = undefined;
    status.stopped(message);
    log.error(message);
    void complain(message);
  }
}

/** The two are made for each other: of another version, some of what is here may be missing there. */
function compare(started: LanguageClient, context: vscode.ExtensionContext, log: vscode.LogOutputChannel): void {
  const { name, version } = started.initializeResult?.serverInfo ?? { name: 'a server without a name' };
  const own = (context.extension.packageJSON as { version: string }).version;
  if (name === 'sendlens' && version === own) return;
  const message = `The server is ${name} ${version ?? ''}, the extension is ${own}. Update the older one: “cargo install sendlens” brings the newest server.`;
  log.warn(message);
  void vscode.window.showWarningMessage(`Sendlens: ${message}`);
}

async function stop(): Promise<void> {
  const old = client;
  client = undefined;
  try {
    await old?.dispose();
  } catch {
    // It is gone already.
  }
}

function connect(
  found: Found,
  settings: vscode.WorkspaceConfiguration,
  log: vscode.LogOutputChannel,
  status: Status,
): LanguageClient {
  const env = { ...process.env, ...settings.get<Record<string, string>>('server.extraEnv', {}) };
  // No `transport`: it would add an argument.
  const server: ServerOptions = { command: found.program, args: ['serve'], options: { env } };
  const options: LanguageClientOptions = {
    documentSelector: [{ language: 'rust', scheme: 'file' }],
    outputChannel: log,
    middleware: {
      handleWorkDoneProgress: (token, progress, next) => {
        if (String(token).startsWith('sendlens/check')) status.checking(progress.kind !== 'end');
        next(token, progress);
      },
    },
    initializationOptions: {
      trusted: vscode.workspace.isTrusted,
      // Its server starts when it gets to it: ours shall not check before that.
      besideRustAnalyzer: vscode.extensions.getExtension('rust-lang.rust-analyzer') !== undefined,
    },
  };
  const connected = new LanguageClient('sendlens', 'Sendlens', server, options);
  connected.registerFeature(hasPanel);
  connected.onDidChangeState(({ newState }) => {
    if (connected !== client) return;
    if (newState === State.Running) status.started();
    else if (newState === State.Starting) status.starting();
    else status.stopped('it has ended; the log says more');
  });
  return connected;
}

/** Tells the server that the command that explains is here. */
const hasPanel: StaticFeature = {
  fillClientCapabilities(capabilities) {
    capabilities.experimental = {
      ...(capabilities.experimental as object | undefined),
      commands: { commands: ['sendlens.explain'] },
    };
  },
  initialize() {},
  getState: () => ({ kind: 'static' }),
  clear() {},
};

async function complain(message: string): Promise<void> {
  const set = 'Open Settings';
  const again = 'Restart';
  const choice = await vscode.window.showErrorMessage(`Sendlens: ${message}`, again, set);
  if (choice === again) await vscode.commands.executeCommand('sendlens.restart');
  if (choice === set) await vscode.commands.executeCommand('workbench.action.openSettings', 'sendlens.server.path');
}
