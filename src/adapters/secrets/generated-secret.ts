import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '#kernel/errors';

/**
 * The secret kept in `<dataDir>/secrets/<name>` with mode 0600: 32 random bytes as base64url, made the first time. Of
 * several processes that make it at once all get the same. Throws for a file that is there but empty or unreadable: a
 * new secret in its stead would orphan what the old one protects.
 */
export async function generatedSecret(dataDir: string, name: string): Promise<string> {
  const file = secretFile(dataDir, name);
  const kept = await keptSecret(dataDir, name);
  if (kept !== null) return kept;
  try {
    await mkdir(join(dataDir, 'secrets'), { recursive: true, mode: 0o700 });
    await createOnce(file, `${randomBytes(32).toString('base64url')}\n`);
  } catch (cause) {
    throw unusable(file, 'cannot be written', cause);
  }
  const made = await keptSecret(dataDir, name);
  if (made === null) throw unusable(file, 'vanished while it was made');
  return made;
}

/** The secret of that name when it was generated before, else null. */
export async function keptSecret(dataDir: string, name: string): Promise<string | null> {
  const file = secretFile(dataDir, name);
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
    if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unusable(file, 'cannot be read', cause);
  }
  if (text === '') throw unusable(file, 'is empty');
  return text;
}

/** Where a generated secret is kept, for telling the operator. */
export function secretFile(dataDir: string, name: string): string {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) throw new Error(`not a secret's name: ${name}`);
  return join(dataDir, 'secrets', name);
}

/** Creates `file` whole with `text`, or leaves the one that is there. */
async function createOnce(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flush: true });
    await link(draft, file).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return;
      // Some file systems have no hard links: there the last of two that start at once wins.
      await rename(draft, file);
    });
  } finally {
    await rm(draft, { force: true });
  }
}

function unusable(file: string, what: string, cause?: unknown): DomainError {
  return new DomainError('internal', 'Something went wrong on our side.', {
    internal: `The secret in ${file} ${what}. Restore it from a backup, or delete it to have a new one made.`,
    cause,
  });
}
