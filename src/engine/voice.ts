import type { AudioFrame } from '#audio/frame';
import type { CallPlan } from '#engine/call-plan';
import type { Saying } from '#engine/call-session';
import type { CallEventBody, SayPurpose } from '#engine/events';
import { Fallback, reason } from '#engine/fallback';
import type { Transport, Voices } from '#engine/ports';
import { Sentences } from '#engine/sentences';
import { Speech, type SpeechOrder } from '#engine/speech';
import { type SynthesisDeps, synthesize } from '#engine/synthesis';
import type { TurnInput } from '#engine/turn-state';
import type { Clock } from '#kernel/clock';
import type { TurnId } from '#kernel/ids';

export interface VoiceDeps {
  line: Transport;
  voices: Pick<Voices, 'tts' | 'canned'>;
  plan: CallPlan;
  clock: Clock;
  signal: AbortSignal;
  tell(input: TurnInput): void;
  report(event: CallEventBody, turnId?: TurnId): void;
  /** Milliseconds since the call began. */
  callMs(): number;
}

/** Audio waiting to be played from which on no more text is synthesized: a few sentences. */
const AHEAD_MS = 6_000;
/** The line counts in whole samples: closer than this is the same place. */
const SAME_MS = 0.5;

/**
 * The agent's mouth: plays speeches one after the other as their audio comes, and knows at every moment what of them
 * the caller has heard. Held, it stops at a sample and goes on from the very next one.
 */
export class Voice {
  readonly #deps: VoiceDeps;
  readonly #synthesis: SynthesisDeps;
  /** Speeches to be played, in order; the first one is being played or waited for. */
  #queue: Speech[] = [];
  /** Speeches being made that nobody may hear yet. */
  readonly #rehearsed = new Set<Speech>();
  #isHeld = false;
  /** When it was held, in milliseconds since the call began. */
  #heldMs = 0;
  /** Counts stretches of audio on the line; a wait for an earlier one is void. Null while the line is empty. */
  #stretch: number | null = null;
  #stretches = 0;
  /** Something was to be said, and its end has not been told of. */
  #owesEnd = false;
  /** Line position of the end of what has been pushed. */
  #tailMs = 0;
  readonly #frame: AudioFrame;

  constructor(deps: VoiceDeps) {
    this.#deps = deps;
    const { plan, line, clock, report } = deps;
    const named = deps.voices.tts.map((use) => ({ name: use.engine.name, use }));
    this.#synthesis = {
      chain: new Fallback('tts', named, { clock, report }),
      clock,
      speed: plan.speed,
      language: plan.language,
      rateHz: line.rateHz,
      hasRoom: (speech) => this.#waitingMs(speech) < AHEAD_MS,
      grown: () => this.#play(),
      report,
    };
    this.#frame = { samples: new Int16Array(0), rateHz: line.rateHz, atMs: 0 };
  }

  /**
   * Milliseconds of audio that the caller has still to hear, infinite while more is being made, and whether the
   * sentence being played, or the one just played, is a question.
   */
  floor(): { leftMs: number; asked: boolean } {
    const isMade = this.#queue.every((speech) => speech.isComplete);
    const asked = this.#queue[0]?.asksAt(this.#deps.line.playedMs) ?? false;
    return { leftMs: isMade ? this.#waitingMs() : Number.POSITIVE_INFINITY, asked };
  }

  /** Audio still to be heard, up to the end of `last` or of everything: what comes after a speech is not in its way. */
  #waitingMs(last?: Speech): number {
    let ms = 0;
    for (const speech of this.#queue) {
      ms += speech.audioMs;
      if (speech === last) break;
    }
    const startMs = this.#queue[0]?.startMs ?? null;
    return startMs === null ? ms : ms - Math.max(0, this.#deps.line.playedMs - startMs);
  }

  /** Whether anything is being said or is still to be said. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
  }

  /** What is being said, as far as it has been heard; null while nothing is. */
  saying(): Saying | null {
    const speech = this.#queue[0];
    if (speech === undefined || speech.announcedMs === null) return null;
    const { purpose, turnId } = speech.order;
    const { text } = speech.heardAt(this.#deps.line.playedMs, { interrupted: true });
    return { purpose, text, fromMs: speech.announcedMs, ...(turnId === undefined ? {} : { turnId }) };
  }

  /** Begins a speech: its text is given with `say` and ended with `end`. `failed` is told when no voice can. */
  begin(order: SpeechOrder, failed: (thrown: unknown) => void): Speech {
    const speech = new Speech(order, this.#deps.line.rateHz);
    if (order.rehearse) this.#rehearsed.add(speech);
    else this.#enqueue(speech);
    synthesize(speech, this.#synthesis).then(
      () => this.#completed(speech),
      (thrown) => {
        if (!speech.signal.aborted) failed(thrown);
        this.#completed(speech);
      },
    );
    return speech;
  }

  /** Says a phrase of the engine's own; where no voice can, from audio made in advance. */
  say(purpose: SayPurpose, text: string, order: Partial<SpeechOrder> = {}): void {
    const whole: SpeechOrder = { purpose, turnId: undefined, rehearse: false, ...order };
    if (purpose === 'canned') {
      if (!this.#sayCanned(text, whole))
        this.#deps.tell({ type: 'sayFailed', why: 'no audio made in advance' });
      return;
    }
    const speech = this.begin(whole, (thrown) => {
      const why = reason(thrown);
      if (speech.audioMs > 0 || !this.#sayCanned(text, whole)) this.#deps.tell({ type: 'sayFailed', why });
      else this.#deps.report({ type: 'degraded', stage: 'tts', step: 'canned', why }, whole.turnId);
    });
    const sentences = new Sentences();
    speech.say([...sentences.add(text), ...sentences.end()]);
    speech.end();
  }

  /** False when there is no audio of that phrase. */
  #sayCanned(text: string, order: SpeechOrder): boolean {
    const chunks = this.#deps.voices.canned?.(text);
    if (!chunks) return false;
    const speech = new Speech(order, this.#deps.line.rateHz);
    this.#enqueue(speech);
    for (const chunk of chunks) speech.take(chunk);
    this.#completed(speech);
    return true;
  }

  /** Lets a rehearsed speech be heard, after what is being said. */
  release(speech: Speech): void {
    if (!this.#rehearsed.delete(speech)) return;
    this.#enqueue(speech);
    speech.release();
    this.#play();
    this.#afterEmptyLine();
  }

  /** Throws a speech that was never heard away. */
  discard(speech: Speech): void {
    this.#rehearsed.delete(speech);
    speech.stop();
  }

  /** Stops at once, ready to go on from the very next sample. */
  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#heldMs = this.#deps.callMs();
    if (this.#deps.line.hold) this.#deps.line.hold();
    else this.#takeBack();
  }

  resume(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#deps.line.resume?.();
    this.#play();
    this.#afterEmptyLine();
  }

  /** Stops for good: what has not been played will not be. */
  cut(): void {
    this.#takeBack();
    const speeches = this.#queue;
    this.#queue = [];
    this.#owesEnd = false;
    for (const speech of speeches) this.#settle(speech, true);
  }

  /** Plays to the end of the sentence being played; everything after it is dropped. */
  finishSentence(): void {
    this.#takeBack();
    const [first, ...others] = this.#queue;
    const { playedMs } = this.#deps.line;
    this.#queue = first ? [first] : [];
    for (const speech of others) this.#settle(speech, true);
    if (first && !first.cutAfterSentence(playedMs)) {
      this.#queue = [];
      this.#settle(first, true);
    }
    this.#play();
    this.#tellEnd();
  }

  /** The line has played another frame. */
  played(): void {
    const first = this.#queue[0];
    if (first === undefined) return;
    const isOver = first.isComplete && first.startMs !== null && this.#queue.length > 1;
    if (isOver && this.#deps.line.playedMs >= first.endMs - SAME_MS) this.#settleHeard();
    for (const speech of this.#queue) if (this.#waitingMs(speech) < AHEAD_MS) speech.makeRoom();
  }

  /** Tells the end of the agent's audio once more, if there is none on the line. */
  check(): void {
    if (this.#stretch === null && !this.#isHeld) this.#deps.tell({ type: 'agentDrained', more: this.isBusy });
  }

  /** Ends everything; nothing is told of any more, but what was heard until now. */
  close(): void {
    for (const speech of this.#rehearsed) speech.stop();
    this.#rehearsed.clear();
    this.cut();
  }

  /** Takes all unplayed audio back from the line. */
  #takeBack(): void {
    const { line } = this.#deps;
    line.clear();
    this.#stretch = null;
    this.#tailMs = line.playedMs;
    for (const speech of this.#queue) speech.rewind(this.#tailMs);
  }

  /** Pushes what audio there is, in order. */
  #play(): void {
    if (this.#isHeld) return;
    const { line, signal } = this.#deps;
    if (signal.aborted) return;
    for (const speech of this.#queue) {
      for (;;) {
        const samples = speech.nextPiece(line.playedMs);
        if (samples === undefined) break;
        this.#push(speech, samples);
      }
      if (!speech.isComplete) return;
    }
  }

  #push(speech: Speech, samples: Int16Array): void {
    const { line } = this.#deps;
    if (this.#stretch === null) this.#tailMs = line.playedMs;
    speech.startMs ??= this.#tailMs;
    this.#frame.samples = samples;
    this.#frame.atMs = this.#tailMs;
    this.#tailMs += (samples.length * 1000) / line.rateHz;
    line.push(this.#frame);
    if (this.#stretch !== null) return;
    this.#stretch = ++this.#stretches;
    this.#announce();
    this.#awaitEnd(this.#stretch);
  }

  #awaitEnd(stretch: number): void {
    const { line, signal } = this.#deps;
    line.drained(signal).then(() => {
      if (stretch !== this.#stretch || signal.aborted || line.signal.aborted) return;
      if (line.playedMs < this.#tailMs - SAME_MS) return this.#awaitEnd(stretch);
      this.#stretch = null;
      this.#settleHeard();
      if (this.isBusy) this.#deps.tell({ type: 'agentDrained', more: true });
      else this.#tellEnd();
    });
  }

  #enqueue(speech: Speech): void {
    this.#queue.push(speech);
    this.#owesEnd = true;
  }

  /** With nothing on the line no end of audio will come: settles what is over all the same. */
  #afterEmptyLine(): void {
    if (this.#stretch !== null || this.#isHeld) return;
    this.#settleHeard();
    this.#tellEnd();
  }

  /** Tells, once, that all has been said. */
  #tellEnd(): void {
    if (this.isBusy || !this.#owesEnd) return;
    this.#owesEnd = false;
    this.#deps.tell({ type: 'agentDrained', more: false });
  }

  /** Settles the speeches that have been heard to their end, and tells of the one that begins now. */
  #settleHeard(): void {
    const { playedMs } = this.#deps.line;
    for (let first = this.#queue[0]; first?.isComplete; first = this.#queue[0]) {
      const isHeard = first.audioMs === 0 || (first.startMs !== null && playedMs >= first.endMs - SAME_MS);
      if (!isHeard) break;
      this.#queue.shift();
      this.#settle(first, false);
    }
    if (this.#stretch !== null) this.#announce();
  }

  #announce(): void {
    const speech = this.#queue[0];
    if (speech === undefined || speech.announcedMs !== null || speech.startMs === null) return;
    const { purpose, turnId } = speech.order;
    speech.announcedMs = this.#deps.callMs();
    this.#deps.report({ type: 'agent.speaking', purpose }, turnId);
    this.#deps.tell({ type: 'agentStarted', purpose });
  }

  #settle(speech: Speech, interrupted: boolean): void {
    speech.stop();
    const said = speech.heardAt(this.#deps.line.playedMs, { interrupted });
    if (speech.announcedMs !== null) {
      const { purpose, turnId } = speech.order;
      const fromMs = speech.announcedMs;
      const toMs = Math.max(fromMs, this.#isHeld ? this.#heldMs : this.#deps.callMs());
      this.#deps.report({ type: 'agent.said', purpose, fromMs, toMs, ...said }, turnId);
    }
    speech.order.onSettled?.(said);
  }

  #completed(speech: Speech): void {
    if (speech.isComplete) return;
    speech.complete();
    if (!this.#queue.includes(speech)) return;
    if (this.#stretch === null && !this.#isHeld) this.#settleHeard();
    this.#play();
    this.#afterEmptyLine();
  }
}
