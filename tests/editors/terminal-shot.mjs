// Pictures of terminal screens, from `tmux capture-pane -e`: node terminal-shot.mjs FILE.ansi..
// Each FILE.ansi becomes FILE.png.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

const prefix = process.env.PREFIX || '/opt/editors';
const { chromium } = createRequire(path.join(prefix, 'vscode', 'x.js'))('playwright-core');

const BASE = ['#2e3436', '#c4314b', '#3a7d0a', '#a06a00', '#2563b0', '#75507b', '#06787a', '#8a8d88',
  '#6b6f6a', '#e0303f', '#4e9a06', '#b58900', '#3465a4', '#8f5f94', '#118a8c', '#1c1f20'];

function indexed(n) {
  if (n < 16) return BASE[n];
  if (n > 231) return `rgb(${Array(3).fill(8 + (n - 232) * 10)})`;
  const level = (value) => (value === 0 ? 0 : 55 + value * 40);
  const cube = n - 16;
  return `rgb(${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level)})`;
}

/** Takes the codes of one escape sequence into a style. */
function apply(style, codes) {
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    const extended = () => {
      const kind = codes[++i];
      if (kind === 5) return indexed(codes[++i]);
      const rgb = codes.slice(i + 1, i + 4);
      i += 3;
      return `rgb(${rgb})`;
    };
    if (code === 0) for (const key of Object.keys(style)) delete style[key];
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.reverse = true;
    else if (code === 22) delete style.bold, delete style.dim;
    else if (code === 23) delete style.italic;
    else if (code === 24) delete style.underline;
    else if (code === 27) delete style.reverse;
    else if (code === 38) style.color = extended();
    else if (code === 48) style.background = extended();
    else if (code === 58) extended();
    else if (code === 39) delete style.color;
    else if (code === 49) delete style.background;
    else if (code >= 30 && code < 38) style.color = BASE[code - 30];
    else if (code >= 90 && code < 98) style.color = BASE[code - 82];
    else if (code >= 40 && code < 48) style.background = BASE[code - 40];
    else if (code >= 100 && code < 108) style.background = BASE[code - 92];
  }
}

function css({ color = 'var(--fg)', background = 'transparent', ...style }) {
  const [front, back] = style.reverse
    ? [background === 'transparent' ? 'var(--bg)' : background, color]
    : [color, background];
  return `color:${front};background:${back}` + (style.bold ? ';font-weight:bold' : '') + (style.dim ? ';opacity:.6' : '') +
    (style.italic ? ';font-style:italic' : '') + (style.underline ? ';text-decoration:underline' : '');
}

function html(screen) {
  const escape = (text) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
  const style = {};
  let out = '';
  for (const piece of screen.replace(/\n+$/, '').split(/(\x1b\[[0-9;:]*m)/)) {
    const codes = /^\x1b\[([0-9;:]*)m$/.exec(piece);
    if (codes) apply(style, codes[1].replaceAll('4:3', '4').split(/[;:]/).map(Number));
    else out += piece.split('\n').map((text) => text && `<span style="${css(style)}">${escape(text)}</span>`).join('\n');
  }
  return out;
}

/** What most of the screen is painted with. */
function ground(text) {
  const counts = {};
  for (const [, background] of text.matchAll(/background:(rgb\([^)]*\)|#\w+)/g)) counts[background] = (counts[background] ?? 0) + 1;
  return Object.entries(counts).sort(([, a], [, b]) => b - a)[0]?.[0] ?? '#fbfbf8';
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const page = await browser.newPage({ viewport: { width: 2000, height: 1200 } });
for (const file of process.argv.slice(2)) {
  const text = html(fs.readFileSync(file, 'utf8'));
  await page.setContent(`<style>body { margin: 0; } span { display: inline-block; vertical-align: top; } pre { --fg: #1c1f20; --bg: ${ground(text)}; background: var(--bg); color: var(--fg);
    display: inline-block; padding: 12px 14px; margin: 0; font: 14px/1.3 "DejaVu Sans Mono", monospace; }</style><pre>${text}</pre>`);
  await page.locator('pre').screenshot({ path: file.replace(/\.ansi$/, '.png') });
}
await browser.close();
