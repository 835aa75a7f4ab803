import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { PREPARED, type PrepareOrder, type PrepareOutcome } from './models.ts';
import { signWeights, splitDecoder } from './split-decoder.ts';

/** A short-lived thread: writes the prepared speech models into one folder, answers once, ends. */
const { sources, folder } = workerData as PrepareOrder;
parentPort?.postMessage(await prepare());

async function prepare(): Promise<PrepareOutcome> {
  const write = (name: string, content: Uint8Array | string) => writeFile(join(folder, name), content);
  const { default: tokenizer } = await import('llama-tokenizer-js');
  await write(PREPARED.tokens, JSON.stringify(tokenizer.vocabById));
  const encoder = await readFile(sources.encoder);
  const decoder = await readFile(sources.decoder);
  let patched: { encoder: Uint8Array; decoder: ReturnType<typeof splitDecoder> };
  try {
    patched = { encoder: signWeights(encoder), decoder: splitDecoder(decoder) };
  } catch (error) {
    await write(PREPARED.encoder, encoder);
    return { decoder: null, failure: error instanceof Error ? error.message : String(error) };
  }
  await write(PREPARED.encoder, patched.encoder);
  await write(PREPARED.first, patched.decoder.first);
  await write(PREPARED.next, patched.decoder.next);
  await write(PREPARED.embeddings, patched.decoder.embeddings);
  return {
    decoder: { scale: patched.decoder.scale, zeroPoint: patched.decoder.zeroPoint },
    failure: null,
  };
}
