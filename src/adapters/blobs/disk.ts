import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobBody, Blobs } from '#core/ports';
import { DomainError } from '#kernel/errors';

/** Files in a folder, and such that grow while they are written. */
export interface DiskBlobs extends Blobs {
  /** Begins a file that is there from its first byte on, replacing an older one. */
  openAppend(key: string, contentType: string): Appender;
  /** Overwrites bytes of a file that nobody writes to at present. Throws `unavailable` where there is none. */
  patch(key: string, at: number, bytes: Uint8Array): Promise<void>;
}

/** Writes one growing file. Once a write failed the rest is dropped, and `finish` tells. */
export interface Appender {
  /** Queues bytes for the end of the file; they must not change until they are written. Never blocks, never throws. */
  write(bytes: Uint8Array): void;
  /** Queues bytes for a place that was written before, such as a header. */
  patch(at: number, bytes: Uint8Array): void;
  /** Resolves when all is on the disk; rejects with `unavailable` when not all could be written. Idempotent. */
  finish(): Promise<void>;
}

const DEFAULT_TYPE = 'application/octet-stream';
const TYPES = '.types';
const DRAFTS = '.drafts';
const OLD_DRAFT_MS = 86_400_000;
const LONGEST_KEY = 512;
/** What may wait for a slow disk: 60 s of the widest recording are 11.5 MB. */
const MAX_WAITING_BYTES = 16_000_000;

/** Blobs below `folder` (made when missing), each in a file named as its key. Drafts that crashes left are removed. */
export async function diskBlobs(folder: string): Promise<DiskBlobs> {
  try {
    await mkdir(join(folder, DRAFTS), { recursive: true });
    await removeOldDrafts(join(folder, DRAFTS));
  } catch (cause) {
    throw failure('open', cause);
  }
  const place = (key: string) => join(folder, checkKey(key));
  const typePlace = (key: string) => join(folder, TYPES, checkKey(key));
  const storeType = async (key: string, contentType: string) => {
    await mkdir(dirname(typePlace(key)), { recursive: true });
    await writeFile(typePlace(key), contentType);
  };
  const typeOf = (key: string) => readFile(typePlace(key), 'utf8').catch(() => DEFAULT_TYPE);

  return {
    name: 'disk',
    async put(key, body, contentType) {
      const target = place(key);
      const draft = join(folder, DRAFTS, randomBytes(12).toString('hex'));
      try {
        await writeDraft(draft, body);
        await mkdir(dirname(target), { recursive: true });
        await storeType(key, contentType);
        await rename(draft, target);
      } catch (cause) {
        await rm(draft, { force: true });
        throw failure('write', cause);
      }
    },
    get: (key) => orNull(readFile(place(key)), 'read'),
    async stream(key, range) {
      const file = place(key);
      const found = await orNull(stat(file), 'read');
      if (!found?.isFile()) return null;
      const from = range?.from ?? 0;
      const to = Math.min(range?.to ?? Number.POSITIVE_INFINITY, found.size - 1);
      return { bytes: read(file, from, to), sizeBytes: found.size, contentType: await typeOf(key) };
    },
    async delete(key) {
      await rm(place(key), { force: true }).catch((cause) => {
        throw failure('delete', cause);
      });
      await rm(typePlace(key), { force: true });
    },
    async patch(key, at, bytes) {
      try {
        const file = await open(place(key), 'r+');
        try {
          await writeAll(file, bytes, at);
          await file.datasync();
        } finally {
          await file.close();
        }
      } catch (cause) {
        throw failure('write', cause);
      }
    },
    openAppend(key, contentType) {
      const target = place(key);
      return append(async () => {
        await mkdir(dirname(target), { recursive: true });
        await storeType(key, contentType);
        return open(target, 'w');
      });
    },
  };
}

/** The key itself when it can't lead out of the folder or into our own files; else throws `invalid`. */
function checkKey(key: string): string {
  const parts = key.split('/');
  const isSafe = parts.every((part) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(part) && !part.includes('..'));
  if (isSafe && key.length <= LONGEST_KEY) return key;
  throw new DomainError('invalid', 'That is not a name of a file.', { field: 'key' });
}

async function writeDraft(draft: string, body: BlobBody): Promise<void> {
  const file = await open(draft, 'wx');
  try {
    const chunks = body instanceof Uint8Array ? [body] : body;
    for await (const chunk of chunks) await file.writeFile(chunk);
    // Renamed only once its bytes are safe: else a power cut could leave an empty file under the key.
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function* read(path: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  if (from > to) return;
  const file = await open(path, 'r').catch((cause) => {
    throw failure('read', cause);
  });
  yield* file.createReadStream({ start: from, end: to });
}

function append(begin: () => Promise<FileHandle>): Appender {
  let waiting: { at: number; bytes: Uint8Array }[] = [];
  let waitingBytes = 0;
  let sizeBytes = 0;
  let broken: unknown;
  let closed: Promise<void> | undefined;
  let file: FileHandle | undefined;
  let working: Promise<void> | undefined;

  const work = async () => {
    try {
      file ??= await begin();
      while (waiting.length > 0) {
        const now = waiting;
        waiting = [];
        for (const { at, bytes } of now) {
          await writeAll(file, bytes, at);
          waitingBytes -= bytes.length;
        }
      }
    } catch (cause) {
      broken ??= cause;
      waiting = [];
    }
    working = undefined;
  };
  const queue = (at: number, bytes: Uint8Array) => {
    if (broken !== undefined || closed !== undefined) return;
    waitingBytes += bytes.length;
    if (waitingBytes > MAX_WAITING_BYTES) broken = new Error('the disk is too slow');
    else waiting.push({ at, bytes });
    working ??= work();
  };
  const close = async () => {
    await working;
    if (file === undefined && broken === undefined) await work();
    try {
      await file?.datasync();
      await file?.close();
    } catch (cause) {
      broken ??= cause;
    }
    if (broken !== undefined) throw failure('write', broken);
  };
  return {
    write(bytes) {
      queue(sizeBytes, bytes);
      sizeBytes += bytes.length;
    },
    patch: queue,
    finish() {
      closed ??= close();
      return closed;
    },
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += (await file.write(bytes, written, bytes.length - written, at + written)).bytesWritten;
  }
}

async function removeOldDrafts(drafts: string): Promise<void> {
  for (const name of await readdir(drafts)) {
    const draft = join(drafts, name);
    const found = await stat(draft).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > OLD_DRAFT_MS) await rm(draft, { force: true });
  }
}

/** What `reading` gives, or null where there is no such file (or a folder of that name). */
async function orNull<T>(reading: Promise<T>, doing: string): Promise<T | null> {
  try {
    return await reading;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null;
    throw failure(doing, cause);
  }
}

function failure(doing: string, cause: unknown): DomainError {
  if (cause instanceof DomainError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'EISDIR' || code === 'ENOTDIR' || code === 'EEXIST' || code === 'ENOTEMPTY') {
    return new DomainError('conflict', 'A file cannot have the name of a folder.', {
      internal: message,
      cause,
    });
  }
  return new DomainError('unavailable', 'Files cannot be stored or read right now.', {
    internal: `could not ${doing} a file: ${message}`,
    cause,
  });
}
