import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BlobBody, Blobs } from '#core/ports';
import { DomainError } from '#kernel/errors';

export interface RecordingAnswer {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly blobs: Blobs;
  /** Null where the call was not recorded. */
  readonly key: string | null;
}

/**
 * Answers with a stored recording: whole, or the one range of bytes asked for (206), so that a player can seek. A
 * `Range` of several parts or of another unit is passed over, as HTTP allows. Throws `not_found` where there is no
 * recording, `invalid` for a range outside it.
 */
export async function sendRecording(answer: RecordingAnswer): Promise<FastifyReply> {
  const { request, reply, blobs, key } = answer;
  const whole = key === null ? null : await blobs.stream(key);
  if (key === null || !whole) throw new DomainError('not_found', 'This call has no recording.');
  reply.header('accept-ranges', 'bytes').header('cache-control', 'private, no-store').type(whole.contentType);
  const range = readRange(request.headers.range, whole.sizeBytes);
  if (range === null) {
    reply.header('content-length', whole.sizeBytes);
    return reply.send(Readable.from(whole.bytes));
  }
  await discard(whole.bytes);
  if (range === 'outside') {
    reply.header('content-range', `bytes */${whole.sizeBytes}`);
    throw new DomainError('invalid', 'The range lies outside the recording.');
  }
  const part = await blobs.stream(key, range);
  if (!part) throw new DomainError('not_found', 'This call has no recording.');
  reply
    .header('content-range', `bytes ${range.from}-${range.to}/${whole.sizeBytes}`)
    .header('content-length', range.to - range.from + 1);
  return reply.code(206).send(Readable.from(part.bytes));
}

type Range = { from: number; to: number };

function readRange(header: string | undefined, sizeBytes: number): Range | 'outside' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const last = sizeBytes - 1;
  if (match[1] === '') {
    const from = Math.max(0, sizeBytes - Number(match[2]));
    return from > last ? 'outside' : { from, to: last };
  }
  const from = Number(match[1]);
  const to = match[2] === '' ? last : Math.min(Number(match[2]), last);
  if (match[2] !== '' && Number(match[2]) < from) return null;
  return from > last ? 'outside' : { from, to };
}

/** Lets go of a file that was opened only for its size. */
async function discard(bytes: Exclude<BlobBody, Uint8Array>): Promise<void> {
  await bytes[Symbol.asyncIterator]().return?.();
}
