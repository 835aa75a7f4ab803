import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cartesiaSpeech } from '#adapters/tts/cartesia';
import { deepgramSpeech } from '#adapters/tts/deepgram';
import { edgeSpeech } from '#adapters/tts/edge';
import { elevenlabsSpeech } from '#adapters/tts/elevenlabs';
import { openaiSpeech } from '#adapters/tts/openai';
import { ProviderError, type SpeakOptions, type SpeechChunk, type TextToSpeech } from '#engine/ports';
import {
  cartesiaVendor,
  deepgramVendor,
  edgeVendor,
  elevenlabsVendor,
  openaiSpeechVendor,
} from '#test/support/vendors/speech-vendors';
import { VENDOR_KEY, type VendorServer } from '#test/support/vendors/vendor-server';

interface Vendor {
  start(): Promise<VendorServer>;
  open(baseUrl: string, apiKey: string): TextToSpeech;
  /** Whether the vendor takes a key that it can refuse. */
  hasKey: boolean;
  hasWords: boolean;
}

const access = (baseUrl: string, apiKey: string) => ({ baseUrl, apiKey, stallMs: 400 });
const vendors: Record<string, Vendor> = {
  openai: {
    start: () => openaiSpeechVendor(''),
    open: (baseUrl, key) => openaiSpeech(access(baseUrl, key)),
    hasKey: true,
    hasWords: false,
  },
  deepgram: {
    start: () => deepgramVendor(''),
    open: (baseUrl, key) => deepgramSpeech(access(baseUrl, key)),
    hasKey: true,
    hasWords: false,
  },
  cartesia: {
    start: cartesiaVendor,
    open: (baseUrl, key) => cartesiaSpeech(access(baseUrl, key)),
    hasKey: true,
    hasWords: false,
  },
  elevenlabs: {
    start: elevenlabsVendor,
    open: (baseUrl, key) => elevenlabsSpeech(access(baseUrl, key)),
    hasKey: true,
    hasWords: true,
  },
  edge: {
    start: () => edgeVendor(),
    open: (baseUrl) => edgeSpeech({ baseUrl, stallMs: 400 }),
    hasKey: false,
    hasWords: true,
  },
};

async function* sentences(...texts: string[]): AsyncGenerator<string> {
  for (const text of texts) yield text;
}

const options: SpeakOptions = { voice: 'voice-1', speed: 1, language: 'en-US', rateHz: 8000 };
const never = new AbortController().signal;

async function all(stream: AsyncIterable<SpeechChunk>): Promise<SpeechChunk[]> {
  const chunks: SpeechChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

async function failure(stream: AsyncIterable<SpeechChunk>): Promise<ProviderError> {
  const thrown = await all(stream).then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ProviderError);
  return thrown as ProviderError;
}

const rms = (chunks: SpeechChunk[]) => {
  const samples = chunks.flatMap((chunk) => [...chunk.samples]);
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
};

describe.each(Object.entries(vendors))('text-to-speech contract: %s', (_name, vendor) => {
  let server: VendorServer;
  let tts: TextToSpeech;

  beforeAll(async () => {
    server = await vendor.start();
  });
  beforeEach(() => {
    server.mode = 'ok';
    server.requests.length = 0;
    tts = vendor.open(server.baseUrl, VENDOR_KEY);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('speaks each sentence, in order, as loud as the vendor sent it', async () => {
    const chunks = await all(tts.speak(sentences('Hello there, caller.', 'We are open.'), options, never));
    const texts = chunks.flatMap((chunk) => chunk.text ?? []);
    expect(texts.join(' ')).toMatch(/Hello there, caller\.\s+We are open\./);
    const seconds = chunks.reduce((sum, chunk) => sum + chunk.samples.length / chunk.rateHz, 0);
    expect(seconds).toBeGreaterThan(0.3);
    expect(rms(chunks)).toBeGreaterThan(1_500);
  });

  it('gives times of words where the vendor does', async () => {
    const chunks = await all(tts.speak(sentences('Hello there'), options, never));
    const words = chunks.flatMap((chunk) => chunk.words ?? []);
    if (vendor.hasWords) expect(words[0]).toMatchObject({ text: 'Hello' });
    else expect(words).toEqual([]);
  });

  it('speaks nothing for nothing', async () => {
    expect(await all(tts.speak(sentences('', '  '), options, never))).toEqual([]);
  });

  it.runIf(vendor.hasKey)('tells a refused key from everything else, without repeating it', async () => {
    const error = await failure(
      vendor.open(server.baseUrl, 'wrong-key-1234').speak(sentences('Hi'), options, never),
    );
    expect(error).toMatchObject({ kind: 'refused', retryable: false });
    expect(`${error.message} ${error.stack}`).not.toContain('wrong-key-1234');
  });

  it.runIf(vendor.hasKey)('puts the key into no URL', async () => {
    await all(tts.speak(sentences('Hi'), options, never));
    for (const request of server.requests)
      expect(`${request.path}?${request.query}`).not.toContain(VENDOR_KEY);
  });

  it('tells of a rate limit with the time to wait, where HTTP gave one', async () => {
    server.mode = 'rate_limited';
    const error = await failure(tts.speak(sentences('Hi'), options, never));
    expect(error).toMatchObject({ kind: 'rate_limited', retryable: true, retryAfterMs: 7_000 });
  });

  it('gives up on a stream that stalls', async () => {
    server.mode = 'stalled';
    expect((await failure(tts.speak(sentences('Hello there my friend'), options, never))).kind).toBe(
      'stalled',
    );
  });

  it('reports a connection that closes in the middle of a word', async () => {
    server.mode = 'closed';
    const error = await failure(tts.speak(sentences('Hello there my friend'), options, never));
    expect(['closed', 'unavailable']).toContain(error.kind);
  });

  it('reports a vendor that is down, and one that cannot be reached', async () => {
    server.mode = 'down';
    expect((await failure(tts.speak(sentences('Hi'), options, never))).kind).toBe('unavailable');
    const nobody = vendor.open('http://127.0.0.1:9', VENDOR_KEY);
    expect((await failure(nobody.speak(sentences('Hi'), options, never))).kind).toBe('unavailable');
  });

  it('ends quietly and lets the connection go when it is aborted', async () => {
    const abort = new AbortController();
    const stream = tts.speak(
      (async function* () {
        yield 'Hello there';
        await new Promise(() => {});
      })(),
      options,
      abort.signal,
    );
    for await (const _chunk of stream) abort.abort();
    await expect.poll(() => server.openSockets).toBe(0);
  });
});

describe('the read-aloud service', () => {
  it('is asked again by its own clock when it refuses ours, and from then on', async () => {
    const server = await edgeVendor(() => Date.now() + 40 * 60_000);
    const tts = edgeSpeech({ baseUrl: server.baseUrl, stallMs: 400 });
    const chunks = await all(tts.speak(sentences('Hello there.', 'We are open.'), options, never));
    expect(rms(chunks)).toBeGreaterThan(1_500);
    expect(server.requests).toHaveLength(3);
    await all(tts.speak(sentences('Hello.'), options, never));
    expect(server.requests).toHaveLength(4);
    await server[Symbol.asyncDispose]();
  });

  it('is asked no third time', async () => {
    let hours = 0;
    const server = await edgeVendor(() => Date.now() + ++hours * 3_600_000);
    const tts = edgeSpeech({ baseUrl: server.baseUrl, stallMs: 400 });
    const error = await failure(tts.speak(sentences('Hello.'), options, never));
    expect(error).toMatchObject({ kind: 'refused', retryable: false });
    expect(server.requests).toHaveLength(2);
    await server[Symbol.asyncDispose]();
  });
});
