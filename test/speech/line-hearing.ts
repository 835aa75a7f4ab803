import type { SttPool } from '#adapters/embedded/stt-pool';
import { moonshine } from '#adapters/stt/moonshine';
import type { SampleRate } from '#audio/frame';
import type { SttEvent, SttStream, Vad } from '#engine/ports';
import { gateRules, SpeechGate } from '#engine/speech-gate';

export interface LineHearingOptions {
  vad: Vad;
  pool: SttPool;
  rateHz: SampleRate;
}

export interface Hearing {
  text: string;
  events: SttEvent[];
  onsetsMs: number[];
  /** Line times of the last speech, as they were told at each pause. */
  pausesMs: number[];
}

const FRAME_MS = 20;
/** Line silence before and after, as there is on a call. */
const SILENCE_MS = 600;
const WINDOW_MS = 32;
const PATIENCE_MS = 10_000;

/**
 * Hears a recording as a call does: 20 ms frames, Silero's verdicts through the engine's speech gate, an onset where
 * speech begins and a flush at every pause. Time is the line's: the next frame waits until the detector and the
 * recogniser are done with the last, so the outcome doesn't depend on the machine.
 */
export async function hearOnLine(samples: Int16Array, options: LineHearingOptions): Promise<Hearing> {
  const { vad, pool, rateHz } = options;
  const heard: Hearing = { text: '', events: [], onsetsMs: [], pausesMs: [] };
  const texts = new Map<number, string>();
  const abort = new AbortController();
  const onStt = (event: SttEvent) => {
    heard.events.push(event);
    if (event.type === 'final') texts.set(event.segment, event.text);
  };
  const stream = moonshine({ pool }).open({ rateHz, language: 'en-US' }, onStt, abort.signal);
  const gate = gateOver(stream, heard);
  let verdicts = 0;
  using detector = vad.open(rateHz, (event) => {
    verdicts++;
    gate.verdict(event.probability, event.atMs);
  });
  const line = withSilence(samples, rateHz);
  const size = (rateHz * FRAME_MS) / 1000;
  for (let at = 0; at + size <= line.length; at += size) {
    const frame = { samples: line.subarray(at, at + size), rateHz, atMs: (at * 1000) / rateHz };
    gate.frame(frame.samples, rateHz, frame.atMs);
    detector.push(frame);
    stream.push(frame);
    const due = Math.floor((frame.atMs + FRAME_MS) / WINDOW_MS);
    await until(() => verdicts >= due && pool.pending === 0);
  }
  abort.abort();
  heard.text = [...texts]
    .sort(([a], [b]) => a - b)
    .map(([, text]) => text)
    .join(' ')
    .trim();
  return heard;
}

function gateOver(stream: SttStream, heard: Hearing): SpeechGate {
  return new SpeechGate(gateRules('medium'), {
    onset(atMs) {
      heard.onsetsMs.push(atMs);
      stream.onset(atMs);
    },
    sound() {},
    voiced() {},
    pause(lastSpeechMs) {
      heard.pausesMs.push(lastSpeechMs);
      stream.flush(lastSpeechMs);
    },
  });
}

function withSilence(samples: Int16Array, rateHz: number): Int16Array {
  const silence = Math.round((rateHz * SILENCE_MS) / 1000);
  const line = new Int16Array(samples.length + 2 * silence);
  line.set(samples, silence);
  return line;
}

/** Lets the event loop turn until `isTrue`; throws after ten seconds. */
async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error('the embedded speech did not answer in time');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
