import { AudioRing } from '#adapters/embedded/audio-ring';
import type { Heard } from '#adapters/embedded/moonshine-model';
import type { SttFailure, SttJob, SttPool } from '#adapters/embedded/stt-pool';
import type { AudioFrame } from '#audio/frame';
import type { SpeechToText, SttEvent, SttOptions, SttStream } from '#engine/ports';

/** What a stream needs of the worker threads. */
export type SttWork = Pick<SttPool, 'submit' | 'cancel' | 'hasRoomForInterims' | 'activeStreams'>;

export interface MoonshineOptions {
  pool: SttWork;
  /** How often a text is made while the caller speaks; default 500. They stop by themselves under load. */
  interimEveryMs?: number;
}

const NAME = 'moonshine/tiny-en';
const INTERIM_EVERY_MS = 500;
/** Audio kept before speech begins. */
const PRE_ROLL_MS = 1500;
/** The model's work grows with the square of a segment: longer speech is cut where it is quietest. */
const LONGEST_MS = 15_000;
const CUT_WITHIN_MS = 4000;
/** What is kept of the ring while a segment is open. */
const KEEP_MS = PRE_ROLL_MS + LONGEST_MS + 1000;
/** Line sound handed over before and after the speech, for trimming to look at. */
const MARGIN_MS = 500;
/** Speech that goes on after a longer pause is a segment of its own. */
const JOIN_MS = 800;
/** Two ends of speech this close are the same one. */
const SAME_END_MS = 16;
const RETRY_AFTER_MS = 1500;

/**
 * Moonshine tiny, in the worker threads of `pool`: English, no account, no network. Wants the engine's hints: `onset`
 * opens a segment, `flush` makes its text final, `commit` drops what is still owed. Likely words (`hints`) are of no
 * use to the model. `words` are not reported. Streams of other languages fail at once.
 */
export function moonshine(options: MoonshineOptions): SpeechToText {
  const everyMs = options.interimEveryMs ?? INTERIM_EVERY_MS;
  return {
    name: NAME,
    can: { interim: true, endpointing: false },
    open(stream, on, signal) {
      if (!isEnglish(stream.language)) {
        const message = `the embedded recogniser knows English only, not ${stream.language}`;
        queueMicrotask(() => {
          if (!signal.aborted) on({ type: 'error', fatal: true, message });
        });
        return { push() {}, onset() {}, flush() {}, commit() {} };
      }
      return new MoonshineStream({ pool: options.pool, everyMs, stream, on, signal });
    },
  };
}

function isEnglish(language: string): boolean {
  return /^(en|und|mul|auto|$)/i.test(language);
}

interface StreamDeps {
  pool: SttWork;
  everyMs: number;
  stream: SttOptions;
  on: (event: SttEvent) => void;
  signal: AbortSignal;
}

/** The stretch of speech that is being heard. Positions are sample numbers of the ring. */
interface Segment {
  from: number;
  /** Where speech ended, by the newest flush; null while it goes on. */
  to: number | null;
  /** Where speech went on after that flush. */
  resumed: number | null;
  /** The newest tokens heard, as a draft for the next reading. */
  draft: readonly number[];
}

/** A final that is owed, in the order they were asked for. */
interface Owed {
  segment: number;
  to: number;
  job: SttJob;
  event: SttEvent | null;
}

class MoonshineStream implements SttStream {
  readonly #deps: StreamDeps;
  readonly #ring: AudioRing;
  #segment: Segment | null = null;
  #number = 0;
  #owed: Owed[] = [];
  /** The final last told, to answer the same question again. */
  #told: { segment: number; to: number; event: SttEvent } | null = null;
  #interim: SttJob | null = null;
  #interimText = '';
  #nextInterim = 0;
  /** Nothing before this sample belongs to what is heard now. */
  #floor = 0;
  #open = true;

  constructor(deps: StreamDeps) {
    this.#deps = deps;
    this.#ring = new AudioRing(deps.stream.rateHz, PRE_ROLL_MS);
    deps.pool.activeStreams++;
    if (deps.signal.aborted) this.#close();
    else deps.signal.addEventListener('abort', this.#close, { once: true });
  }

  push(frame: AudioFrame): void {
    if (!this.#open) return;
    this.#ring.append(frame);
    const segment = this.#segment;
    if (!segment || (segment.to !== null && segment.resumed === null)) return;
    if (this.#ring.count - segment.from >= this.#ring.samplesIn(LONGEST_MS)) this.#cut(segment);
    else if (this.#ring.count >= this.#nextInterim) this.#askInterim(segment);
  }

  onset(atMs: number): void {
    if (!this.#open) return;
    const at = Math.max(this.#floor, this.#ring.indexAt(atMs));
    const segment = this.#segment;
    this.#nextInterim = this.#ring.count + this.#ring.samplesIn(this.#deps.everyMs);
    if (segment) {
      // Once speech has gone on, the old end says nothing of how long the caller was silent.
      if (segment.to === null || segment.resumed !== null) return;
      if (at - segment.to < this.#ring.samplesIn(JOIN_MS)) {
        segment.resumed = at;
        return;
      }
      this.#number++;
    }
    this.#begin(at);
  }

  flush(lastSpeechMs: number): void {
    if (!this.#open) return;
    const to = this.#ring.indexAt(lastSpeechMs);
    if (!this.#segment) this.#begin(Math.max(this.#floor, this.#ring.oldest));
    const segment = this.#segment!;
    this.#nextInterim = Number.POSITIVE_INFINITY;
    segment.resumed = null;
    const same = this.#ring.samplesIn(SAME_END_MS);
    const told = this.#told;
    const pending = this.#owed.find((o) => o.segment === this.#number && Math.abs(o.to - to) <= same);
    segment.to = to;
    if (pending) return;
    if (told?.segment === this.#number && Math.abs(told.to - to) <= same) {
      this.#deps.on(told.event);
      return;
    }
    if (this.#interim) this.#deps.pool.cancel(this.#interim);
    for (const owed of this.#owed) {
      if (owed.segment === this.#number) this.#deps.pool.cancel(owed.job);
    }
    this.#owed = this.#owed.filter((owed) => owed.segment !== this.#number);
    this.#askFinal(segment, { to, priority: 'eager' });
  }

  commit(): void {
    const segment = this.#segment;
    if (!this.#open) return;
    if (this.#interim) this.#deps.pool.cancel(this.#interim);
    for (const owed of this.#owed) this.#deps.pool.cancel(owed.job);
    this.#owed = [];
    this.#floor = segment?.to ?? this.#ring.count;
    this.#segment = null;
    this.#interimText = '';
    if (!segment) return;
    this.#number++;
    if (segment.resumed !== null) this.#begin(segment.resumed);
    else if (segment.to === null) this.#begin(this.#floor);
  }

  #begin(from: number): void {
    this.#ring.grow(KEEP_MS);
    this.#segment = { from, to: null, resumed: null, draft: [] };
    this.#interimText = '';
    this.#nextInterim = Math.max(from, this.#ring.count) + this.#ring.samplesIn(this.#deps.everyMs);
  }

  /** Ends an overlong segment at its quietest late moment and goes on with a new one from there. */
  #cut(segment: Segment): void {
    const now = this.#ring.count;
    const at = this.#ring.quietest(now - this.#ring.samplesIn(CUT_WITHIN_MS), now);
    if (this.#interim) this.#deps.pool.cancel(this.#interim);
    this.#askFinal(segment, { to: at, priority: 'final' });
    this.#number++;
    this.#floor = at;
    this.#begin(at);
  }

  #askInterim(segment: Segment): void {
    const { pool } = this.#deps;
    if (this.#interim || this.#owed.length > 0 || !pool.hasRoomForInterims) return;
    this.#nextInterim = this.#ring.count + this.#ring.samplesIn(this.#deps.everyMs);
    const number = this.#number;
    const job: SttJob = {
      priority: 'interim',
      ...this.#utterance(segment, this.#ring.count, true),
      done: (heard) => {
        if (this.#interim === job) this.#interim = null;
        this.#keepDraft(number, heard);
        const current = this.#open && number === this.#number && this.#owed.length === 0;
        const goesOn =
          this.#segment !== null && (this.#segment.to === null || this.#segment.resumed !== null);
        if (!current || !goesOn || !heard || heard.stopped || heard.text === '') return;
        if (heard.text === this.#interimText) return;
        this.#interimText = heard.text;
        const { text, confidence } = heard;
        this.#deps.on({ type: 'interim', segment: number, text, confidence });
      },
    };
    this.#interim = job;
    pool.submit(job);
  }

  #askFinal(segment: Segment, ask: { to: number; priority: 'final' | 'eager' }): void {
    const number = this.#number;
    const job: SttJob = {
      priority: ask.priority,
      ...this.#utterance(segment, ask.to, false),
      done: (heard, failure) => {
        this.#keepDraft(number, heard);
        const owed = this.#owed.find((o) => o.job === job);
        if (!owed || !this.#open) return;
        owed.event = finalEvent(number, heard?.stopped ? null : heard, failure ?? 'lost');
        this.#settle();
      },
    };
    this.#owed.push({ segment: number, to: ask.to, job, event: null });
    this.#deps.pool.submit(job);
  }

  /** Tells the finals that are ready, in order. */
  #settle(): void {
    while (this.#open && this.#owed[0]?.event) {
      const { segment, to, event } = this.#owed.shift()!;
      this.#told = event!.type === 'final' ? { segment, to, event: event! } : null;
      this.#deps.on(event!);
    }
  }

  #keepDraft(number: number, heard: Heard | null): void {
    if (!heard || number !== this.#number || !this.#segment) return;
    if (heard.stopped && heard.tokens.length < this.#segment.draft.length) return;
    // The last token of a text that was cut short is often not what the word becomes.
    this.#segment.draft = heard.tokens.slice(0, -1);
  }

  #utterance(segment: Segment, to: number, open: boolean): Pick<SttJob, 'utterance' | 'draft'> {
    const ring = this.#ring;
    const margin = ring.samplesIn(MARGIN_MS);
    const first = Math.max(this.#floor, ring.oldest, segment.from - margin);
    const samples = ring.copy(first, open ? to : to + margin);
    const speech = { from: segment.from - first, to: Math.max(segment.from, to) - first };
    return {
      utterance: { samples, rateHz: this.#deps.stream.rateHz, speech, open },
      draft: segment.draft,
    };
  }

  readonly #close = (): void => {
    if (!this.#open) return;
    this.#open = false;
    this.#deps.pool.activeStreams--;
    this.#deps.signal.removeEventListener('abort', this.#close);
    if (this.#interim) this.#deps.pool.cancel(this.#interim);
    for (const owed of this.#owed) this.#deps.pool.cancel(owed.job);
    this.#owed = [];
    this.#interim = null;
    this.#segment = null;
  };
}

const FAILURES: Record<SttFailure, string> = {
  full: 'is overloaded',
  lost: 'lost an utterance',
  failed: 'could not read an utterance',
  down: 'is out of order',
};

/** `failure` counts where there is nothing heard. */
function finalEvent(segment: number, heard: Heard | null, failure: SttFailure): SttEvent {
  if (heard) return { type: 'final', segment, text: heard.text, confidence: heard.confidence };
  const message = `the embedded recogniser ${FAILURES[failure]}`;
  return { type: 'error', fatal: failure === 'down', message, retryAfterMs: RETRY_AFTER_MS };
}
