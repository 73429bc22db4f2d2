// Writes the settings of docs/settings.md into package.json, so that the manual is their one home.
//   node settings.mjs [--check]   (with --check: says whether they agree, and writes nothing)
import fs from 'node:fs';

const manual = fs.readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
const file = new URL('package.json', import.meta.url);
const text = fs.readFileSync(file, 'utf8');
const manifest = JSON.parse(text);

// What a table cannot say.
const shapes = {
  'sendlens.flycheck.source': { enum: ['auto', 'journal', 'own', 'tee', 'off'] },
  'sendlens.check.command': { enum: ['check', 'clippy'] },
  'sendlens.cargo.target': { type: ['string', 'null'] },
  'sendlens.cargo.targetDir': { type: ['string', 'null'] },
  'sendlens.cargo.features': { items: { type: 'string' } },
  'sendlens.cargo.extraArgs': { items: { type: 'string' } },
  'sendlens.cargo.extraEnv': { additionalProperties: { type: 'string' } },
};

function type(value) {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? 'integer' : typeof value;
}

const properties = {};
for (const row of manual.split('\n').filter((line) => line.startsWith('| `sendlens.'))) {
  const [name, value, description] = row.split('|').slice(1, 4).map((cell) => cell.trim());
  const key = name.replaceAll('`', '');
  // The editor itself says these.
  if (['sendlens.trusted', 'sendlens.besideRustAnalyzer'].includes(key)) continue;
  const fallback = JSON.parse(value.replaceAll('`', ''));
  properties[key] = {
    type: type(fallback),
    ...shapes[key],
    default: fallback,
    scope: 'window',
    markdownDescription: description.replace(' See below.', ''),
  };
  if (type(fallback) === 'integer') properties[key].minimum = 0;
}

const own = ['sendlens.server.', 'sendlens.trace.', 'sendlens.editor.'];
const kept = Object.entries(manifest.contributes.configuration.properties).filter(([key]) =>
  own.some((prefix) => key.startsWith(prefix)),
);
manifest.contributes.configuration.properties = { ...Object.fromEntries(kept), ...properties };
const written = JSON.stringify(manifest, null, 2) + '\n';
if (written === text) process.exit(0);
if (process.argv.includes('--check')) {
  console.error('package.json does not agree with docs/settings.md: run `npm run settings`');
  process.exit(1);
}
fs.writeFileSync(file, written);
