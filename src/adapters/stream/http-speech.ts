import type { SampleRate } from '#audio/frame';
import { ProviderError, type SpeakOptions, type SpeechChunk, type TextToSpeech } from '#engine/ports';
import { Channel, untilAborted } from './channel.ts';
import { connectionError, statusError } from './provider-errors.ts';
import { type RawEncoding, SampleReader } from './samples.ts';
import type { VendorReach } from './speech-access.ts';

/** A vendor that answers each text with a stream of raw audio over HTTP. */
export interface HttpSpeechVendor {
  name: string;
  /** The request for one text, and the form of the audio it asks for. */
  request(
    text: string,
    options: SpeakOptions,
  ): {
    url: string;
    headers: Record<string, string>;
    body: unknown;
    encoding: RawEncoding;
    rateHz: SampleRate;
  };
  /** Longest wait for the answer, and between two pieces of it. Default 5 s. */
  stallMs?: number;
  reach?: VendorReach;
}

type VendorRequest = ReturnType<HttpSpeechVendor['request']>;

interface Answer {
  text: string;
  request: VendorRequest;
  response: Promise<Response>;
}

/**
 * Speaks text by text with one request each. The next text is requested while the one before still streams, so that
 * no gap is heard between sentences.
 */
export function httpSpeech(vendor: HttpSpeechVendor): TextToSpeech {
  return { name: vendor.name, speak: (text, options, signal) => speak(vendor, { text, options }, signal) };
}

async function* speak(
  vendor: HttpSpeechVendor,
  said: { text: AsyncIterable<string>; options: SpeakOptions },
  signal: AbortSignal,
): AsyncGenerator<SpeechChunk> {
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  const answers = new Channel<Answer>();
  void requestAll(vendor, { ...said, answers }, all);
  try {
    for await (const answer of answers) yield* read(vendor, answer, all);
  } catch (error) {
    if (!signal.aborted) throw connectionError(vendor.name, error);
  } finally {
    stop.abort();
  }
}

async function requestAll(
  vendor: HttpSpeechVendor,
  work: { text: AsyncIterable<string>; options: SpeakOptions; answers: Channel<Answer> },
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const text of untilAborted(work.text, signal)) {
      if (signal.aborted) break;
      if (text.trim() === '') continue;
      const request = vendor.request(text, work.options);
      const response = send(vendor, request, signal);
      // Whoever reads the answer sees the failure; until then it must not count as unhandled.
      response.catch(() => {});
      work.answers.put({ text, request, response });
    }
    work.answers.end();
  } catch (error) {
    work.answers.fail(error);
  }
}

async function send(
  vendor: HttpSpeechVendor,
  request: VendorRequest,
  signal: AbortSignal,
): Promise<Response> {
  const response = await withDeadline(
    vendor,
    (vendor.reach?.fetch ?? fetch)(request.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...request.headers },
      body: JSON.stringify(request.body),
      signal,
    }),
  );
  if (response.ok && response.body) return response;
  await response.body?.cancel();
  throw statusError(vendor.name, response.ok ? 502 : response.status, response.headers.get('retry-after'));
}

async function* read(
  vendor: HttpSpeechVendor,
  answer: Answer,
  signal: AbortSignal,
): AsyncGenerator<SpeechChunk> {
  const response = await answer.response;
  const reader = response.body!.getReader();
  const samples = new SampleReader(answer.request.encoding);
  let text: string | undefined = answer.text;
  try {
    while (!signal.aborted) {
      const piece = await withDeadline(vendor, reader.read());
      if (piece.done) break;
      const chunk = samples.read(piece.value);
      if (chunk.length === 0) continue;
      yield { samples: chunk, rateHz: answer.request.rateHz, text };
      text = undefined;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
  if (text !== undefined && !signal.aborted) {
    throw new ProviderError(vendor.name, 'closed', `${vendor.name} answered without audio`);
  }
}

async function withDeadline<T>(vendor: HttpSpeechVendor, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new ProviderError(vendor.name, 'stalled', `${vendor.name} sent nothing for too long`)),
    vendor.stallMs ?? 5_000,
  );
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
