import { expect, test } from 'vitest';
import type { Heard } from '#adapters/embedded/moonshine-model';
import type { SttFailure, SttJob } from '#adapters/embedded/stt-pool';
import type { SttEvent } from '#engine/ports';
import { moonshine, type SttWork } from './moonshine.ts';

const RATE = 8000;
const FRAME = 160;

/** Worker threads that answer when they are told to. */
class ScriptedWork implements SttWork {
  activeStreams = 0;
  hasRoomForInterims = true;
  readonly jobs: SttJob[] = [];
  readonly cancelled: SttJob[] = [];

  submit(job: SttJob): void {
    this.jobs.push(job);
  }

  cancel(job: SttJob): void {
    this.cancelled.push(job);
  }

  get last(): SttJob {
    return this.jobs.at(-1)!;
  }

  get finals(): SttJob[] {
    return this.jobs.filter((job) => job.priority !== 'interim');
  }
}

function answer(job: SttJob, text: string, more: Partial<Heard> = {}): void {
  job.done({ text, tokens: [10, 11, 12], confidence: 0.9, stopped: false, ...more }, null);
}

/** A stream, what it told, and its line; sample n of the line has the value n, so windows can be recognised. */
function listen(language = 'en-US') {
  const work = new ScriptedWork();
  const told: SttEvent[] = [];
  const abort = new AbortController();
  const stream = moonshine({ pool: work }).open(
    { rateHz: RATE, language },
    (e) => told.push(e),
    abort.signal,
  );
  let count = 0;
  const hear = (durationMs: number) => {
    for (const end = count + durationMs * 8; count < end; count += FRAME) {
      const samples = Int16Array.from({ length: FRAME }, (_, i) => (count + i) % 30_000);
      stream.push({ samples, rateHz: RATE, atMs: count / 8 });
      samples.fill(-1);
    }
  };
  return { work, told, abort, stream, hear };
}

const texts = (told: readonly SttEvent[]) =>
  told.map((e) => (e.type === 'interim' || e.type === 'final' ? `${e.type} ${e.segment} ${e.text}` : e.type));

test('a flush reads the speech with the line around it and answers with a final', () => {
  const { work, told, stream, hear } = listen();
  hear(2000);
  stream.onset(1500);
  hear(400);
  stream.flush(2300);
  expect(work.jobs).toHaveLength(1);
  const { utterance, priority } = work.last;
  expect(priority).toBe('eager');
  expect(utterance.samples[0]).toBe(8000);
  expect(utterance.samples.length).toBe(8 * 1400);
  expect(utterance.speech).toEqual({ from: 4000, to: 8 * 1300 });
  answer(work.last, 'Hello.');
  expect(told).toEqual([{ type: 'final', segment: 0, text: 'Hello.', confidence: 0.9 }]);
});

test('interims come while speech goes on, one at a time, and stop with it', () => {
  const { work, told, stream, hear } = listen();
  hear(100);
  stream.onset(100);
  hear(480);
  expect(work.jobs).toHaveLength(0);
  hear(20);
  expect(work.jobs).toHaveLength(1);
  expect(work.last.utterance.open).toBe(true);
  hear(1000);
  expect(work.jobs).toHaveLength(1);
  answer(work.last, 'I would');
  hear(20);
  expect(work.jobs).toHaveLength(2);
  expect(work.last.draft).toEqual([10, 11]);
  answer(work.last, 'I would');
  work.hasRoomForInterims = false;
  hear(1000);
  expect(work.jobs).toHaveLength(2);
  work.hasRoomForInterims = true;
  stream.flush(2500);
  hear(2000);
  expect(work.jobs.map((job) => job.priority)).toEqual(['interim', 'interim', 'eager']);
  expect(texts(told)).toEqual(['interim 0 I would']);
});

test('an interim that is overtaken by a flush is broken off and never told', () => {
  const { work, told, stream, hear } = listen();
  stream.onset(0);
  hear(600);
  const interim = work.last;
  stream.flush(550);
  expect(work.cancelled).toEqual([interim]);
  answer(interim, 'I wou', { stopped: true, tokens: [10, 11, 12, 13] });
  answer(work.last, 'I would.');
  expect(texts(told)).toEqual(['final 0 I would.']);
});

test('speech that resumes soon extends its segment: the later flush supersedes', () => {
  const { work, told, stream, hear } = listen();
  stream.onset(0);
  hear(500);
  stream.flush(400);
  answer(work.last, 'My number');
  hear(300);
  stream.onset(700);
  hear(600);
  stream.flush(1300);
  expect(work.last.utterance.speech).toEqual({ from: 0, to: 8 * 1300 });
  answer(work.last, 'My number is five.');
  expect(texts(told)).toEqual(['final 0 My number', 'final 0 My number is five.']);
});

test('speech that resumed is one segment, however long after the old end it pauses for breath', () => {
  const { work, told, stream, hear } = listen();
  hear(200);
  stream.onset(200);
  hear(800);
  stream.flush(1000);
  answer(work.last, 'After the tone');
  hear(300);
  stream.onset(1250);
  hear(900);
  stream.onset(2150);
  hear(500);
  stream.flush(2650);
  const { speech } = work.last.utterance;
  expect(speech.to - speech.from).toBe(8 * 2450);
  answer(work.last, 'After the tone, and then press a key.');
  expect(texts(told)).toEqual(['final 0 After the tone', 'final 0 After the tone, and then press a key.']);
});

test('an older flush of the same segment is dropped when a newer one was asked for', () => {
  const { work, told, stream, hear } = listen();
  stream.onset(0);
  hear(500);
  stream.flush(400);
  const older = work.last;
  hear(100);
  stream.onset(500);
  hear(300);
  stream.flush(850);
  expect(work.cancelled).toContain(older);
  answer(work.last, 'Yes please.');
  answer(older, 'Yes');
  expect(texts(told)).toEqual(['final 0 Yes please.']);
});

test('the same question again is not worked on again', () => {
  const { work, told, stream, hear } = listen();
  stream.onset(0);
  hear(800);
  stream.flush(500);
  stream.flush(505);
  expect(work.finals).toHaveLength(1);
  answer(work.last, 'Yes.');
  stream.flush(500);
  expect(work.finals).toHaveLength(1);
  expect(texts(told)).toEqual(['final 0 Yes.', 'final 0 Yes.']);
});

test('speech after a long pause is a segment of its own', () => {
  const { work, told, stream, hear } = listen();
  stream.onset(0);
  hear(500);
  stream.flush(400);
  answer(work.last, 'Hello.');
  hear(1500);
  stream.onset(1800);
  hear(500);
  stream.flush(2400);
  answer(work.last, 'Anyone there?');
  expect(texts(told)).toEqual(['final 0 Hello.', 'final 1 Anyone there?']);
  expect(work.last.utterance.speech.from).toBe(4000);
});

test('a commit ends the segment, drops what is owed, and what follows is new', () => {
  const { work, told, stream, hear } = listen();
  stream.onset(0);
  hear(500);
  stream.flush(450);
  const owed = work.last;
  stream.commit();
  answer(owed, 'Too late.');
  hear(1000);
  stream.onset(1400);
  hear(300);
  stream.flush(1700);
  expect(work.last.draft).toEqual([]);
  answer(work.last, 'Next.');
  expect(texts(told)).toEqual(['final 1 Next.']);
  const window = work.last.utterance;
  expect(window.samples[0]).toBeGreaterThanOrEqual(450 * 8);
});

test('speech that went on before the commit belongs to the next turn', () => {
  const { work, told, stream, hear } = listen();
  stream.onset(0);
  hear(600);
  stream.flush(400);
  answer(work.last, 'One.');
  stream.onset(580);
  hear(200);
  stream.commit();
  hear(300);
  stream.flush(1100);
  expect(work.last.utterance.samples[work.last.utterance.speech.from]).toBe(580 * 8);
  answer(work.last, 'Two.');
  expect(texts(told)).toEqual(['final 0 One.', 'final 1 Two.']);
});

test('speech of more than 15 s is cut, and finals stay in order whoever is ready first', () => {
  const { work, told, stream, hear } = listen();
  work.hasRoomForInterims = false;
  stream.onset(0);
  hear(15_000);
  expect(work.finals).toHaveLength(1);
  expect(work.last.priority).toBe('final');
  const seconds = work.last.utterance.samples.length / RATE;
  expect(seconds).toBeGreaterThan(10.5);
  expect(seconds).toBeLessThanOrEqual(15);
  hear(1000);
  stream.flush(15_900);
  const [first, second] = work.finals as [SttJob, SttJob];
  answer(second, 'the end.');
  expect(told).toEqual([]);
  answer(first, 'A long story,');
  expect(texts(told)).toEqual(['final 0 A long story,', 'final 1 the end.']);
});

test('a flush without an onset reads what there is; a failure is told and the stream goes on', () => {
  const { work, told, stream, hear } = listen();
  hear(3000);
  stream.flush(2900);
  expect(work.last.utterance.samples.length).toBe(1500 * 8);
  work.last.done(null, 'lost' satisfies SttFailure);
  expect(told).toEqual([
    { type: 'error', fatal: false, message: 'the embedded recogniser lost an utterance', retryAfterMs: 1500 },
  ]);
  stream.flush(2900);
  answer(work.last, 'Hello.');
  expect(texts(told)).toEqual(['error', 'final 0 Hello.']);
});

test('when no thread has been alive for long, the stream is lost', () => {
  const { work, told, stream, hear } = listen();
  stream.onset(0);
  hear(600);
  stream.flush(500);
  work.last.done(null, 'down' satisfies SttFailure);
  expect(told).toMatchObject([
    { type: 'error', fatal: true, message: 'the embedded recogniser is out of order' },
  ]);
});

test('an aborted stream leaves nothing behind', () => {
  const { work, told, stream, hear, abort } = listen();
  expect(work.activeStreams).toBe(1);
  stream.onset(0);
  hear(600);
  stream.flush(500);
  abort.abort();
  expect(work.activeStreams).toBe(0);
  expect(work.cancelled).toContain(work.last);
  answer(work.last, 'Gone.');
  const asked = work.jobs.length;
  hear(2000);
  stream.onset(2000);
  stream.flush(2400);
  stream.commit();
  expect(work.jobs).toHaveLength(asked);
  expect(told).toEqual([]);
});

test('another language fails at once, and for good', async () => {
  const { work, told, stream, hear } = listen('hi-IN');
  hear(100);
  stream.flush(50);
  await Promise.resolve();
  expect(told).toEqual([
    { type: 'error', fatal: true, message: 'the embedded recogniser knows English only, not hi-IN' },
  ]);
  expect(work.activeStreams).toBe(0);
});
