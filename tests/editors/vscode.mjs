// VS Code with rust-analyzer and Sendlens: node vscode.mjs URL OUT SETTINGS [untrusted]
// SETTINGS is the settings.json of the machine, which is changed to see what happens.
// Environment: WORKSPACE, CARGO_CALLS (what the shim noted), REAL_CARGO, SENDLENS.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { open } from './vscode-page.mjs';

const [url, out, settings, mode] = process.argv.slice(2);
const workspace = fs.realpathSync(process.env.WORKSPACE);
fs.mkdirSync(out, { recursive: true });

let passed = 0;
let failed = 0;
function check(what, holds, detail) {
  if (holds) passed++;
  else failed++;
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
  if (!holds && detail !== undefined) console.log(JSON.stringify(detail, null, 1));
}
async function attempt(what, work) {
  try {
    const value = await work();
    check(what, true);
    return value;
  } catch (error) {
    await code.shot(`${out}/vscode-failed-${failed}.png`);
    check(what, false, error.message);
  }
}
function checks() {
  const lines = fs.readFileSync(process.env.CARGO_CALLS, 'utf8').split('\n');
  const inside = lines.map((line) => line.split('\t')).filter(([, folder]) => folder?.startsWith(workspace));
  return inside.filter(([, , args]) => /^(check|clippy)/.test(args)).length;
}

const HINT = /`guard`.*is held across an/;
const ERROR = /^future cannot be sent between threads safely/;
const code = await open(url, { width: 1120, height: 900 });
const rows = () => code.problems(/./, 500).catch(() => []);
async function until(holds, patience = 30000) {
  const start = Date.now();
  let last;
  while (Date.now() - start < patience) {
    last = await rows();
    if (holds(last)) return Date.now() - start;
    await code.sleep(20);
  }
  throw new Error(`the panel shows ${JSON.stringify(last)}`);
}
const shows = (list, pattern) => list.some((row) => pattern.test(row));

/** The text of the panel that explains, once it shows `want`. */
async function panel(want) {
  for (const end = Date.now() + 10000; Date.now() < end; await code.sleep(100)) {
    for (const frame of code.page.frames()) {
      const text = await frame.locator('body:has(table.life)').innerText({ timeout: 200 }).catch(() => '');
      if (want.test(text)) return { text, frame };
    }
  }
  throw new Error(`no panel matching ${want}`);
}

/** Milliseconds from a save to rust-analyzer's error and to our inlay hint, as the page shows them. */
async function saveTimes() {
  const seen = code.page.evaluate(
    () =>
      new Promise((done) => {
        const found = {};
        const start = performance.now();
        const look = () => {
          const now = Math.round(performance.now() - start);
          const text = [...document.querySelectorAll('.view-line')].map((line) => line.textContent.replaceAll('\u00a0', ' '));
          // The error's line may be out of sight: the status bar counts it.
          const count = document.querySelector('[id="status.problems"]')?.textContent ?? '';
          if (/^\D*[1-9]/.test(count)) found.error ??= now;
          if (text.some((line) => line.includes('holds guard'))) found.hint ??= now;
          if ((found.error !== undefined && found.hint !== undefined) || now > 20000) done(found);
          else requestAnimationFrame(look);
        };
        look();
      }),
  );
  await code.page.keyboard.press('Control+S');
  return seen;
}

/** Waits for a message to the user, and closes it. */
async function message(want, patience = 20000) {
  let last = [];
  for (const end = Date.now() + patience; Date.now() < end; await code.sleep(100)) {
    last = await code.notifications();
    const found = last.find((text) => want.test(text));
    if (found) {
      await code.command('Notifications: Clear All Notifications');
      return found;
    }
  }
  throw new Error(`no message matching ${want}; last: ${JSON.stringify(last)}`);
}

/** The user changes a setting. */
function set(more) {
  const before = JSON.parse(fs.readFileSync(settings, 'utf8'));
  fs.writeFileSync(settings, JSON.stringify({ ...before, ...more }, null, 1));
}

/** The editors alone, for the README. */
async function picture(name) {
  await code.page.mouse.move(700, 880);
  await code.page.locator('.part.editor').screenshot({ path: `${out}/vscode-${name}.png` });
}

async function languageStatus(want) {
  const item = code.page.locator('[id="status.languageStatus"]');
  let text = '';
  for (let i = 0; i < 20; i++) {
    await item.hover();
    await code.sleep(500);
    text = (await code.page.locator('.hover-language-status').allInnerTexts()).join(' ');
    if (want.test(text)) break;
    await code.page.mouse.move(400, 300);
    await code.sleep(300);
  }
  await code.page.mouse.move(400, 300);
  if (!want.test(text)) throw new Error(text);
  return text;
}

/** A server that says it is of another version. */
function otherVersion() {
  const file = `${out}/sendlens-other`;
  const script = `#!${process.execPath}
const child = require('child_process').spawn(${JSON.stringify(process.env.SENDLENS)}, process.argv.slice(2), { stdio: ['inherit', 'pipe', 'inherit'] });
child.stdout.on('data', (data) => process.stdout.write(data.toString('latin1').replace('"version":"0.1.0"', '"version":"0.0.9"'), 'latin1'));
child.on('exit', (status) => process.exit(status));
`;
  fs.writeFileSync(file, script, { mode: 0o755 });
  return file;
}

async function withoutTrust() {
  await code.openFile('sample/src/main.rs');
  await attempt('without trust the server runs', () => languageStatus(/Sendlens: no problems/));
  await code.sleep(8000);
  check('without trust no cargo runs', fs.readFileSync(process.env.CARGO_CALLS, 'utf8') === '', checks());
  await code.shot(`${out}/vscode-untrusted.png`);
  await code.command('Sendlens: Fix All');
  await attempt('fixing says why it cannot', () => message(/not trusted/));
}

async function badInput() {
  set({ 'sendlens.server.path': '/no/such/sendlens' });
  const said = await attempt('a server that is missing is named', () => message(/no program at “\/no\/such\/sendlens”/));
  console.log(`       | ${said}`);
  await attempt('the status says so', () => languageStatus(/does not run/));
  set({ 'sendlens.server.path': otherVersion() });
  const differs = await attempt('a server of another version is named', () => message(/sendlens 0\.0\.9, the extension is 0\.1\.0/));
  console.log(`       | ${differs}`);
  set({ 'sendlens.server.path': '' });
  await code.openFile('sample/src/main.rs');
  await attempt('the right one runs again', () => languageStatus(/Sendlens: \d+ problem/));
}

async function fixesAll() {
  await code.openFile('sample/src/main.rs');
  await code.command('Sendlens: Fix All');
  await code.page.locator('.monaco-dialog-box .monaco-button', { hasText: 'Fix All' }).click();
  await attempt('Fix All: everything compiles', async () => {
    for (const end = Date.now() + 60000; ; await code.sleep(500)) {
      try {
        return execFileSync(process.env.REAL_CARGO, ['check', '-q', '--all-targets'], { cwd: workspace, stdio: 'pipe' });
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  });
  await code.sleep(1000);
  await code.shot(`${out}/vscode-fix-all.png`);
  await attempt('and the status says so', () => languageStatus(/Sendlens: no problems/));
}

async function explains() {
  await code.openFile('sample/src/main.rs');
  await code.goto(40, 33);
  await code.command('Sendlens: Explain This Error');
  const shown = await attempt('the panel explains', () => panel(/still alive at this \.await[^]*From tokio::spawn to the value/));
  await code.sleep(500);
  await picture('explain');
  await attempt('its links lead to the source', async () => {
    await shown.frame.getByText('line 14').first().click();
    await code.page.locator('[id="status.editor.selection"]', { hasText: 'Ln 14' }).waitFor({ timeout: 5000 });
  });
  await code.goto(14, 15);
  await attempt('the life of the value is drawn', async () => {
    // Decorations are no text of the page.
    const drawn = () =>
      [...document.querySelectorAll('.view-line span')].some((span) =>
        getComputedStyle(span, '::after').content.includes('guard ends here'),
      );
    await code.page.waitForFunction(drawn, undefined, { timeout: 5000 });
  });
  await picture('life');
  await code.command('View: Close All Editors');
  await code.openFile('sample/src/main.rs');
}

try {
  if (mode === 'untrusted') {
    await withoutTrust();
    throw undefined;
  }
  await code.openFile('sample/src/main.rs');
  if (!(await attempt("rust-analyzer's error appears", () => code.problems(ERROR, 90000)))) {
    throw new Error('nothing can be tested');
  }
  await code.sleep(3000);
  // Its check says --workspace first, our own says it last.
  const theirs = fs.readFileSync(process.env.CARGO_CALLS, 'utf8').match(/\tcheck --workspace/g)?.length;
  check('rust-analyzer checked once at start-up, Sendlens not at all', theirs === 1 && checks() === 1);

  await code.command('View: Hide Panel');
  await code.command('View: Toggle Primary Side Bar Visibility');
  await code.openFile('sample/src/main.rs');
  await code.goto(14, 15);
  const onValue = await attempt('hover on the value', () => code.hover(/^(?=[^]*Still alive at the)(?=[^]*let mut guard)/));
  check('rust-analyzer speaks too', /let mut guard/.test(onValue ?? ''), onValue);
  await attempt('the hint is in the hover', () => code.hover(HINT));
  await picture('hover');
  await code.page.keyboard.press('Escape');
  await code.goto(16, 16);
  await attempt('hover on the await names the value', () => code.hover(/guard/));
  await code.page.keyboard.press('Escape');
  await code.goto(40, 33);
  await attempt('hover on the demand names the value', () => code.hover(/guard/));
  await code.page.keyboard.press('Escape');
  await attempt("the fixes are in the menu at rust-analyzer's error", () => code.actions(/Enclose `guard`/));
  await code.page.keyboard.press('Escape');

  await explains();
  await attempt('the status counts the problems', () => languageStatus(/Sendlens: 2 problems/));

  await code.goto(30, 11);
  await attempt('the fixes of limit are in the menu', () => code.actions(/Add `Send \+ Sync`/, 30000));
  await code.pick('Add `Send + Sync`');
  await code.goto(14, 15);
  const titles = await attempt('the fixes of guard are in the menu, accepted by the compiler', () => code.actions(/^Enclose `guard`.*`\.await`$/, 30000));
  console.log(`       ${JSON.stringify(titles)}`);
  await picture('menu');
  await code.pick('Enclose `guard`');
  await code.sleep(500);
  let before = checks();
  await code.save();
  await attempt('fixed, saved, the errors are gone', () => until((list) => !shows(list, ERROR)));
  await code.sleep(2000);
  check(`one check for that save (${checks() - before})`, checks() - before === 1);
  await code.shot(`${out}/vscode-fixed.png`);
  await attempt('cargo check is content with the file', () =>
    execFileSync(process.env.REAL_CARGO, ['check', '-q', '--all-targets'], { cwd: workspace, stdio: 'pipe' }));

  await code.openFile('sample/src/main.rs');
  await code.page.keyboard.press('Control+Z');
  await code.page.keyboard.press('Control+Z');
  before = checks();
  const times = await saveTimes();
  console.log(`       save to rust-analyzer's error, ms: ${times.error}; save to inlay hint, ms: ${times.hint}`);
  await attempt('broken again, the error is back', () => until((list) => shows(list, ERROR)));
  await code.sleep(2000);
  check(`one check for that save (${checks() - before})`, checks() - before === 1);
  await code.openFile('sample/src/main.rs');
  await code.command('Sendlens: Restart');
  await code.sleep(3000);
  await code.goto(14, 15);
  await attempt('restarted, the hover is back', () => code.hover(/Still alive at the/, 30000));
  await code.page.keyboard.press('Escape');
  await code.command('Sendlens: Show Log');
  await code.sleep(1500);
  const log = await code.page.locator('.part.panel').innerText();
  check('the log names the server', /sendlens \(on the PATH\)/.test(log.replaceAll('\u00a0', ' ')), log);
  check('no message disturbed', (await code.notifications()).length === 0, await code.notifications());
  await badInput();
  await fixesAll();
} catch (error) {
  if (error) await code.shot(`${out}/vscode-failed.png`);
  if (error) check('the run itself', false, error.stack);
} finally {
  await code.close();
}
console.log(`vscode${mode ? ` (${mode})` : ''}: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
