import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deepgramRecognition } from '#adapters/stt/deepgram';
import { openaiRecognition } from '#adapters/stt/openai';
import type { SampleRate } from '#audio/frame';
import type { SpeechToText, SttEvent, SttStream } from '#engine/ports';
import { deepgramVendor, openaiSpeechVendor } from '#test/support/vendors/speech-vendors';
import { toneFor, VENDOR_KEY, type VendorServer } from '#test/support/vendors/vendor-server';

const SAID = 'I would like to book a table';

interface Vendor {
  start(): Promise<VendorServer>;
  open(baseUrl: string, apiKey: string): SpeechToText;
}

const vendors: Record<string, Vendor> = {
  deepgram: {
    start: () => deepgramVendor(SAID),
    open: (baseUrl, apiKey) => deepgramRecognition({ baseUrl, apiKey, stallMs: 400 }),
  },
  openai: {
    start: () => openaiSpeechVendor(SAID),
    open: (baseUrl, apiKey) => openaiRecognition({ baseUrl, apiKey, stallMs: 400 }),
  },
};

/** Two seconds of speech in 20 ms frames whose samples are spoilt after each push. */
function say(stream: SttStream, rateHz: SampleRate): void {
  const speech = toneFor('a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h', rateHz);
  const perFrame = rateHz / 50;
  stream.onset(0);
  for (let at = 0; at + perFrame <= speech.length; at += perFrame) {
    const samples = speech.slice(at, at + perFrame);
    stream.push({ samples, rateHz, atMs: (at * 1000) / rateHz });
    samples.fill(0x5a5a);
  }
}

describe.each(Object.entries(vendors))('speech-to-text contract: %s', (_name, vendor) => {
  let server: VendorServer;
  let events: SttEvent[];
  let abort: AbortController;

  beforeAll(async () => {
    server = await vendor.start();
  });
  beforeEach(() => {
    server.mode = 'ok';
    server.requests.length = 0;
    events = [];
    abort = new AbortController();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const open = (stt: SpeechToText, rateHz: SampleRate = 8000) =>
    stt.open({ rateHz, language: 'en-US', hints: ['Patchbay'] }, (event) => events.push(event), abort.signal);
  const finals = () => events.filter((event) => event.type === 'final');
  const errors = () => events.filter((event) => event.type === 'error');

  it.each([8000, 16000] as const)(
    'hears what was said at %i Hz and answers a flush with it',
    async (rateHz) => {
      const stt = vendor.open(server.baseUrl, VENDOR_KEY);
      const stream = open(stt, rateHz);
      say(stream, rateHz);
      stream.flush(2000);
      await expect.poll(() => finals()[0]?.text).toBe(SAID);
      if (stt.can.endpointing)
        await expect.poll(() => events.some((event) => event.type === 'endOfTurn')).toBe(true);
      if (stt.can.interim) expect(events.some((event) => event.type === 'interim')).toBe(true);
      abort.abort();
    },
  );

  it('begins a new segment after a commit', async () => {
    const stream = open(vendor.open(server.baseUrl, VENDOR_KEY));
    say(stream, 8000);
    stream.flush(2000);
    await expect.poll(() => finals().length).toBe(1);
    stream.commit();
    say(stream, 8000);
    stream.flush(4000);
    await expect.poll(() => finals().length).toBe(2);
    const segments = finals().map((event) => event.segment);
    expect(segments[1]).toBeGreaterThan(segments[0]!);
    abort.abort();
  });

  it('tells of a refused key without repeating it, and puts it into no URL', async () => {
    const stream = open(vendor.open(server.baseUrl, 'wrong-key-1234'));
    say(stream, 8000);
    stream.flush(2000);
    await expect.poll(() => errors().length).toBeGreaterThan(0);
    expect(errors()[0]).toMatchObject({ fatal: true });
    expect(JSON.stringify(events)).not.toContain('wrong-key-1234');
    for (const request of server.requests) expect(`${request.query}`).not.toContain('wrong-key-1234');
  });

  it.each(['rate_limited', 'stalled', 'closed', 'down'] as const)(
    'reports a vendor that is %s, once',
    async (mode) => {
      server.mode = mode;
      const stream = open(vendor.open(server.baseUrl, VENDOR_KEY));
      say(stream, 8000);
      stream.flush(2000);
      await expect.poll(() => errors().length, { timeout: 5_000 }).toBe(1);
      if (mode === 'rate_limited') expect(errors()[0]).toMatchObject({ retryAfterMs: 7_000 });
      abort.abort();
    },
  );

  it('says nothing more and lets the connection go when it is aborted', async () => {
    const stream = open(vendor.open(server.baseUrl, VENDOR_KEY));
    say(stream, 8000);
    abort.abort();
    stream.flush(2000);
    await expect.poll(() => server.openSockets).toBe(0);
    expect(errors()).toEqual([]);
  });
});
