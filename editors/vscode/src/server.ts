// Where the server is.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

const PROGRAM = process.platform === 'win32' ? 'sendlens.exe' : 'sendlens';

export interface Found {
  program: string;
  /** Why this one, for the log. */
  because: string;
}

/** What to look at, in this order. */
export interface Places {
  /** The setting; empty when not set. */
  setting: string;
  /** The extension's folder. */
  extension: string;
  env: NodeJS.ProcessEnv;
  home: string;
}

export function places(setting: string, extension: string): Places {
  return { setting, extension, env: process.env, home: os.homedir() };
}

/** The server, or a sentence that says what to do. */
export function find({ setting, extension, env, home }: Places): Found | string {
  if (setting !== '') {
    const program = setting.replace(/^~(?=[/\\])/, home);
    const found = path.isAbsolute(program) ? isProgram(program) && program : onPath(program, env);
    if (found) return { program: found, because: 'sendlens.server.path' };
    return `There is no program at “${setting}”, which the setting sendlens.server.path names.`;
  }
  const bundled = path.join(extension, 'server', PROGRAM);
  if (isProgram(bundled)) return { program: bundled, because: 'bundled with the extension' };
  const found = onPath(PROGRAM, env);
  if (found) return { program: found, because: 'on the PATH' };
  for (const folder of cargoFolders(env, home)) {
    const program = path.join(folder, PROGRAM);
    if (isProgram(program)) return { program, because: 'installed by cargo' };
  }
  return 'The server is not installed. Run “cargo install sendlens”, then restart Sendlens.';
}

/** Where `cargo install` puts programs: editors started from a desktop often lack it on their PATH. */
function cargoFolders(env: NodeJS.ProcessEnv, home: string): string[] {
  const roots = [env.CARGO_INSTALL_ROOT, env.CARGO_HOME, path.join(home, '.cargo')];
  return roots.filter((root) => root !== undefined && root !== '').map((root) => path.join(root!, 'bin'));
}

function onPath(program: string, env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env.PATH ?? env.Path ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => path.join(folder, program)).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
