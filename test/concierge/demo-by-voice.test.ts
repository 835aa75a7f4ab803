import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmbeddedSpeech, openEmbeddedSpeech } from '#adapters/embedded/embedded-speech';
import { decodeMulaw, encodeMulaw } from '#audio/g711';
import { silentLog } from '#kernel/log';
import { demoCallerLines } from '#runtime/demo-receptionist';
import { receptionist } from './dialogue.ts';

const RATE_HZ = 8000;
const FRAME = 160;
/** Line silence kept before and after the words, as a call's recogniser gets it. */
const LEAD = 2400;
const TAIL = 4800;

let speech: EmbeddedSpeech;
beforeAll(async () => {
  const cacheDir = join(tmpdir(), 'patchbay-test-models');
  speech = await openEmbeddedSpeech({ cacheDir, log: silentLog, sttWorkers: 1 });
});
afterAll(() => speech.close());

/** The words as a caller's voice on a phone line: synthesized, through μ-law and back. */
async function spoken(text: string, voice: string): Promise<Int16Array> {
  const parts: Int16Array[] = [];
  const words = (async function* () {
    yield text;
  })();
  const options = { voice, speed: 1, language: 'en-US', rateHz: RATE_HZ } as const;
  for await (const chunk of speech.tts.speak(words, options, AbortSignal.timeout(20_000)))
    parts.push(chunk.samples);
  const line = new Int16Array(LEAD + parts.reduce((sum, part) => sum + part.length, 0) + TAIL);
  let at = LEAD;
  for (const part of parts) {
    line.set(part, at);
    at += part.length;
  }
  const coded = new Uint8Array(line.length);
  encodeMulaw(line, coded, 0);
  decodeMulaw(coded, 0, line);
  return line;
}

/** What the embedded recogniser makes of it. */
function heard(line: Int16Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const stop = AbortSignal.timeout(20_000);
    const stream = speech.stt.open(
      { rateHz: RATE_HZ, language: 'en-US' },
      (event) => {
        if (event.type === 'final') resolve(event.text);
        if (event.type === 'error') reject(new Error(event.message));
      },
      stop,
    );
    for (let at = 0; at + FRAME <= line.length; at += FRAME) {
      if (at === LEAD) stream.onset((at * 1000) / RATE_HZ);
      stream.push({ samples: line.subarray(at, at + FRAME), rateHz: RATE_HZ, atMs: (at * 1000) / RATE_HZ });
    }
    stream.flush(((line.length - TAIL) * 1000) / RATE_HZ);
  });
}

test.each(['awb', 'rms'])('the demo call goes to its end as it is heard from the voice %s', async (voice) => {
  const { talk, bookings } = await receptionist();
  const said: string[] = [];
  for (const { text } of demoCallerLines) said.push(await talk.says(await heard(await spoken(text, voice))));
  expect(said[0]).toMatch(/9 AM to 5 PM/);
  expect(said[1]).toMatch(/12 Elm Street/);
  expect(bookings).toMatchObject([
    { attendeeName: 'Peter Miller', attendeePhone: '4155551212', notes: 'cleaning' },
  ]);
  expect(talk.called).toEqual(['find_slots', 'book_appointment', 'end_call']);
  expect(talk.effects).toEqual(['endCall']);
});
