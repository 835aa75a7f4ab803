import { type AudioFrame, FRAME_MS } from '#audio/frame';
import { SampleRing } from '#audio/ring';
import { OVER } from '#engine/deadline';
import type { CallEventBody } from '#engine/events';
import { Fallback, type Link, reason } from '#engine/fallback';
import {
  ProviderError,
  type SpeechToText,
  type SttEvent,
  type SttOptions,
  type SttStream,
} from '#engine/ports';
import type { Cancel, Clock } from '#kernel/clock';

export interface SttRelayDeps {
  providers: readonly SpeechToText[];
  options: SttOptions;
  clock: Clock;
  signal: AbortSignal;
  report(event: CallEventBody): void;
}

export interface SttListener {
  /**
   * All words since the last commit; `final` when none of them will change any more. `confidence` is the recogniser's,
   * of the newest words, where it has one.
   */
  heard(text: string, final: boolean, confidence: number | undefined): void;
  endOfTurn(): void;
  /** No recogniser can be had. */
  deaf(why: string): void;
}

interface Segment {
  text: string;
  final: boolean;
  confidence: number | undefined;
}

/** Audio kept for a recogniser that has to take over. */
const KEPT_MS = 10_000;
/** Audio before the onset that a recogniser gets to see. */
const LEAD_MS = 300;
/** How long a recogniser may take to answer a flush… */
const FLUSH_MS = 2_500;
/** …and after how many such failures in a row it counts as stuck. Some say nothing when nothing was said. */
const UNANSWERED = 3;
/** Without any recogniser for this long, the call is deaf. */
const DEAF_MS = 8_000;
const RETRY_MS = 500;

/**
 * One stream of words out of several recognisers. When one is lost, the next hears what was said in this turn once
 * more, from a buffer of the last ten seconds, so a word cut in half is whole again.
 */
export class SttRelay {
  readonly #deps: SttRelayDeps;
  readonly #on: SttListener;
  readonly #chain: Fallback<SpeechToText>;
  readonly #kept: SampleRing;
  #keptToMs = 0;
  #link: Link<SpeechToText> | null = null;
  #stream: SttStream | null = null;
  #leave: (() => void) | null = null;
  #segments = new Map<number, Segment>();
  /** First onset of this turn, in line time. */
  #onsetMs: number | null = null;
  #flushMs: number | null = null;
  #unanswered = 0;
  #flushTimer: Cancel | undefined;
  #retryTimer: Cancel | undefined;
  #deafSinceMs: number | null = null;
  #billedMs = 0;

  constructor(deps: SttRelayDeps, on: SttListener) {
    this.#deps = deps;
    this.#on = on;
    const named = deps.providers.map((use) => ({ name: use.name, use }));
    this.#chain = new Fallback('stt', named, deps);
    this.#kept = new SampleRing((KEPT_MS / 1000) * deps.options.rateHz);
    deps.signal.addEventListener('abort', () => this.#close(), { once: true });
    this.#openNext();
  }

  /** The caller's next audio. */
  push(frame: AudioFrame): void {
    this.#keep(frame);
    if (this.#stream === null) return;
    this.#billedMs += (frame.samples.length * 1000) / frame.rateHz;
    this.#stream.push(frame);
  }

  onset(atMs: number): void {
    this.#onsetMs ??= atMs;
    this.#stream?.onset(atMs);
  }

  /** Asks for the final words of what was said up to `lastSpeechMs` of line time. */
  flush(lastSpeechMs: number): void {
    this.#flushMs = lastSpeechMs;
    this.#flushTimer?.();
    this.#flushTimer = this.#deps.clock.after(FLUSH_MS, () => this.#flushUnanswered());
    this.#stream?.flush(lastSpeechMs);
  }

  /** The turn was taken, or what was heard was none: what comes next is new. */
  commit(): void {
    this.#segments = new Map();
    this.#onsetMs = null;
    this.#flushMs = null;
    this.#flushTimer?.();
    this.#bill();
    this.#stream?.commit();
    this.#preferAgain();
  }

  #keep(frame: AudioFrame): void {
    if (Math.abs(frame.atMs - this.#keptToMs) > 1) this.#kept.clear();
    this.#kept.write(frame.samples);
    this.#keptToMs = frame.atMs + (frame.samples.length * 1000) / frame.rateHz;
  }

  #openNext(): void {
    const link = this.#chain.ready() ?? this.#chain.links.find((one) => one.failures === 1 && isAskable(one));
    if (link === undefined) this.#waitForOne();
    else this.#open(link);
  }

  #open(link: Link<SpeechToText>): void {
    const abort = new AbortController();
    let isCurrent = true;
    this.#leave = () => {
      isCurrent = false;
      abort.abort(OVER);
    };
    this.#link = link;
    try {
      const on = (event: SttEvent) => isCurrent && this.#hear(link, event);
      const stream = link.use.open(this.#deps.options, on, abort.signal);
      if (!isCurrent) return;
      this.#stream = stream;
    } catch (thrown) {
      this.#lost(thrown);
      return;
    }
    this.#deafSinceMs = null;
    this.#replay();
  }

  /** Gives a new recogniser this turn's audio so far. */
  #replay(): void {
    const stream = this.#stream;
    if (stream === null || this.#onsetMs === null) return;
    const { rateHz } = this.#deps.options;
    const kept = new Int16Array(this.#kept.length);
    this.#kept.read(kept);
    this.#kept.write(kept);
    const keptFromMs = this.#keptToMs - (kept.length * 1000) / rateHz;
    const wantedMs = Math.max(0, this.#onsetMs - LEAD_MS - keptFromMs);
    const step = (rateHz * FRAME_MS) / 1000;
    stream.onset(Math.max(this.#onsetMs, keptFromMs));
    for (let at = Math.round((wantedMs * rateHz) / 1000); at < kept.length; at += step) {
      if (this.#stream !== stream) return;
      stream.push({ samples: kept.subarray(at, at + step), rateHz, atMs: keptFromMs + (at * 1000) / rateHz });
    }
    if (this.#flushMs !== null && this.#stream === stream) this.flush(this.#flushMs);
  }

  #hear(link: Link<SpeechToText>, event: SttEvent): void {
    switch (event.type) {
      case 'interim':
      case 'final': {
        this.#chain.worked(link);
        const final = event.type === 'final';
        if (final) this.#answered();
        const { segment, text, confidence } = event;
        this.#segments.set(segment, { text: text.trim(), final, confidence });
        this.#tell();
        return;
      }
      case 'endOfTurn':
        this.#chain.worked(link);
        this.#on.endOfTurn();
        return;
      case 'error':
        if (event.fatal)
          this.#lost(new ProviderError(link.name, 'closed', event.message, event.retryAfterMs));
        else this.#askAgain(event.retryAfterMs ?? RETRY_MS);
    }
  }

  #tell(): void {
    const segments = [...this.#segments].sort(([a], [b]) => a - b).map(([, segment]) => segment);
    const text = segments
      .map((segment) => segment.text)
      .filter((part) => part !== '')
      .join(' ');
    this.#on.heard(
      text,
      segments.every((segment) => segment.final),
      segments.at(-1)?.confidence,
    );
  }

  #answered(): void {
    this.#unanswered = 0;
    this.#flushMs = null;
    this.#flushTimer?.();
  }

  /** Words that were asked for may have got lost with a passing fault. */
  #askAgain(delayMs: number): void {
    const atMs = this.#flushMs;
    if (atMs === null) return;
    this.#flushTimer?.();
    this.#flushTimer = this.#deps.clock.after(delayMs, () => {
      if (this.#flushMs === atMs) this.flush(atMs);
    });
  }

  #flushUnanswered(): void {
    const link = this.#link;
    if (link === null || ++this.#unanswered < UNANSWERED) return;
    this.#unanswered = 0;
    this.#lost(new ProviderError(link.name, 'stalled', 'no words in time'));
  }

  #lost(thrown: unknown): void {
    const link = this.#link;
    this.#bill();
    this.#leave?.();
    this.#leave = null;
    this.#link = null;
    this.#stream = null;
    this.#segments = new Map();
    if (link === null || this.#deps.signal.aborted) return;
    this.#chain.failed(link, thrown, true);
    this.#openNext();
    if (this.#stream === null && this.#chain.waitMs() === Number.POSITIVE_INFINITY)
      this.#on.deaf(reason(thrown));
  }

  /** All recognisers are cooling down: the first that may be asked gets the audio kept until then. */
  #waitForOne(): void {
    const { clock } = this.#deps;
    this.#deafSinceMs ??= clock.nowMs();
    this.#retryTimer?.();
    if (this.#chain.waitMs() === Number.POSITIVE_INFINITY) return;
    this.#retryTimer = clock.after(RETRY_MS, () => {
      if (this.#stream !== null) return;
      const since = this.#deafSinceMs ?? clock.nowMs();
      if (clock.nowMs() - since >= DEAF_MS) return this.#on.deaf('no recogniser answers');
      this.#openNext();
    });
  }

  /** Between turns: back to the preferred recogniser, once its rest is over. */
  #preferAgain(): void {
    const best = this.#chain.ready();
    if (this.#link === null || best === null || best === this.#link) return;
    if (this.#chain.links.indexOf(best) > this.#chain.links.indexOf(this.#link)) return;
    this.#leave?.();
    this.#stream = null;
    this.#open(best);
  }

  #bill(): void {
    if (this.#billedMs === 0 || this.#link === null) return;
    const amount = Math.round(this.#billedMs);
    this.#billedMs = 0;
    this.#deps.report({ type: 'usage', stage: 'stt', provider: this.#link.name, unit: 'audioMs', amount });
  }

  #close(): void {
    this.#flushTimer?.();
    this.#retryTimer?.();
    this.#bill();
    this.#leave?.();
    this.#stream = null;
    this.#link = null;
  }
}

function isAskable(link: Link<unknown>): boolean {
  return link.coolUntilMs < Number.POSITIVE_INFINITY;
}
