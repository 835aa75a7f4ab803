import type { AudioFrame, AudioSink } from '#audio/frame';
import type { CallPlan } from '#engine/call-plan';
import type { CallEventBody } from '#engine/events';
import { Intonation } from '#engine/intonation';
import { LineTime } from '#engine/line-time';
import type { Transport, Voices } from '#engine/ports';
import { gateRules, SpeechGate } from '#engine/speech-gate';
import { SttRelay } from '#engine/stt-relay';
import type { TurnInput } from '#engine/turn-state';
import type { Clock } from '#kernel/clock';

export interface EarsDeps {
  line: Transport;
  voices: Pick<Voices, 'vad' | 'stt'>;
  plan: CallPlan;
  clock: Clock;
  signal: AbortSignal;
  /** The agent's audio that is left to play, and whether it has just asked something. */
  floor(): { leftMs: number; asked: boolean };
  tell(input: TurnInput): void;
  report(event: CallEventBody): void;
}

/** Audio without a verdict on it after which the voice detector counts as dead. */
const VAD_DEAD_MS = 1_500;

/**
 * Hears the caller: every frame goes to the voice detector, the speech gate and the recogniser at once, and what they
 * find becomes turn inputs in the clock's time. A dead voice detector is replaced by loudness until it is back.
 */
export class Ears implements AudioSink {
  readonly #deps: EarsDeps;
  readonly #time = new LineTime();
  readonly #gate: SpeechGate;
  readonly #stt: SttRelay;
  readonly #intonation: Intonation;
  #vad: (AudioSink & Disposable) | null = null;
  #vadIsDead = false;
  #verdictMs = 0;
  #endMs = 0;

  constructor(deps: EarsDeps) {
    this.#deps = deps;
    const { plan, line, signal } = deps;
    this.#intonation = new Intonation(line.rateHz);
    this.#gate = new SpeechGate(gateRules(plan.thresholds.interruptionSensitivity), {
      sound: (atMs) => deps.tell({ type: 'sound', atMs: this.clockOf(atMs) }),
      onset: (atMs) => this.#onset(atMs),
      voiced: (onsetMs, voicedMs, isAgain) => this.#voiced(onsetMs, voicedMs, isAgain),
      pause: (lastSpeechMs, voicedMs) => this.#pause(lastSpeechMs, voicedMs),
    });
    const options = { rateHz: line.rateHz, language: plan.language, hints: plan.hints };
    this.#stt = new SttRelay(
      { providers: deps.voices.stt, options, clock: deps.clock, signal, report: deps.report },
      {
        heard: (text, final, confidence) => this.#heard(text, final, confidence),
        endOfTurn: () => deps.tell({ type: 'endOfTurn' }),
        deaf: (why) => deps.tell({ type: 'deaf', why }),
      },
    );
    this.#openVad();
    signal.addEventListener('abort', () => this.#closeVad(), { once: true });
  }

  /** Line time of the caller's last sample of speech. */
  get lastSpeechMs(): number {
    return this.#gate.lastSpeechMs;
  }

  /** Where in the caller's range the voice ended, as `TurnDetector` takes it. To be asked in a pause. */
  get ending(): number | undefined {
    return this.#intonation.endingAt(this.#gate.lastSpeechMs);
  }

  push(frame: AudioFrame): void {
    if (this.#deps.signal.aborted) return;
    const endMs = frame.atMs + (frame.samples.length * 1000) / frame.rateHz;
    this.#endMs = endMs;
    this.#time.observe(endMs, this.#deps.clock.nowMs());
    this.#gate.frame(frame.samples, frame.rateHz, frame.atMs);
    this.#vad?.push(frame);
    this.#intonation.push(frame);
    this.#stt.push(frame);
    if (endMs - this.#verdictMs > VAD_DEAD_MS) this.#judgeByLoudness(endMs);
  }

  /** Milliseconds on the clock of a moment of line time. */
  clockOf(lineMs: number): number {
    return this.#time.toClock(lineMs, this.#deps.clock.nowMs());
  }

  flush(lastSpeechMs: number): void {
    this.#stt.flush(this.#time.toLine(lastSpeechMs));
  }

  /** What was heard so far has been dealt with. */
  commit(): void {
    this.#stt.commit();
    if (this.#gate.isSpeech) this.#stt.onset(this.#endMs);
  }

  #openVad(): void {
    const { vad } = this.#deps.voices;
    try {
      this.#vad = vad.open(this.#deps.line.rateHz, (event) => {
        this.#verdictMs = event.atMs;
        if (this.#vadIsDead) this.#vadIsBack();
        if (!this.#deps.signal.aborted) this.#gate.verdict(event.probability, event.atMs);
      });
    } catch {
      this.#verdictMs = Number.NEGATIVE_INFINITY;
    }
  }

  #closeVad(): void {
    this.#vad?.[Symbol.dispose]();
    this.#vad = null;
  }

  #judgeByLoudness(endMs: number): void {
    if (!this.#vadIsDead) {
      this.#vadIsDead = true;
      const why = 'no verdict on the caller’s audio; loudness decides';
      this.#deps.report({
        type: 'degraded',
        stage: 'vad',
        provider: this.#deps.voices.vad.name,
        step: 'fallback',
        why,
      });
    }
    this.#gate.verdict(this.#gate.isLoud ? 1 : 0, endMs);
  }

  #vadIsBack(): void {
    this.#vadIsDead = false;
    const why = 'verdicts come again';
    this.#deps.report({
      type: 'degraded',
      stage: 'vad',
      provider: this.#deps.voices.vad.name,
      step: 'recovered',
      why,
    });
  }

  #onset(atMs: number): void {
    this.#stt.onset(atMs);
    this.#deps.tell({ type: 'onset', atMs: this.clockOf(atMs) });
  }

  #voiced(onsetMs: number, voicedMs: number, isAgain: boolean): void {
    const { tell, floor } = this.#deps;
    tell({ type: 'voiced', onsetMs: this.clockOf(onsetMs), voicedMs, isAgain, ...floor() });
  }

  #pause(lastSpeechMs: number, voicedMs: number): void {
    this.#deps.tell({ type: 'pause', lastSpeechMs: this.clockOf(lastSpeechMs), voicedMs });
  }

  #heard(text: string, final: boolean, confidence: number | undefined): void {
    const lastMs = this.#gate.lastSpeechMs;
    const quietSinceMs = this.#gate.isSpeech ? null : this.clockOf(Math.max(0, lastMs));
    this.#deps.tell({ type: 'heard', text, final, quietSinceMs, confidence });
  }
}
