#!/usr/bin/env node
// Starts the command line on the project's own Node 24, whatever Node npx was started with.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const pinned = fileURLToPath(new URL('node_modules/.bin/node', root));
const result = spawnSync(
  existsSync(pinned) ? pinned : process.execPath,
  [
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(new URL('src/cli/main.ts', root)),
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
);
process.exitCode = result.status ?? 1;
