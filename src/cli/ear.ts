import { FRAME_MS } from '#audio/frame';
import { rms } from '#audio/mix';
import type { Phone, PhoneFrame } from '#cli/phone';

/** An unbroken piece of one side's speech, in milliseconds of the call. */
export interface Stretch {
  fromMs: number;
  toMs: number;
}

/** Louder than this is speech; lines here have no noise of their own. */
const SPEECH_RMS = 200;
/** Silence within a stretch, such as before a plosive or between words. */
const PAUSE_MS = 250;

interface Waiter {
  condition(): boolean;
  deadlineMs: number;
  done(isMet: boolean): void;
}

/** Who speaks when, judged from the audio of a call alone. */
export class Ear {
  /** What has been spoken so far; the last stretch of each may still grow. */
  readonly caller: Stretch[] = [];
  readonly agent: Stretch[] = [];
  nowMs = 0;
  /** The call is over. */
  isEnded = false;
  #waiters: Waiter[] = [];

  constructor(phone: Pick<Phone, 'listen' | 'ended'>) {
    phone.listen((frame) => this.#hear(frame));
    void phone.ended.then(() => {
      this.isEnded = true;
      this.#settle();
    });
  }

  /** Resolves to true when the condition holds; to false after `withinMs` of the call, or when the call has ended. */
  until(condition: () => boolean, withinMs: number): Promise<boolean> {
    return new Promise((done) => {
      this.#waiters.push({ condition, deadlineMs: this.nowMs + withinMs, done });
      this.#settle();
    });
  }

  /** Whether the agent has been silent for that long. */
  isAgentQuiet(forMs: number): boolean {
    return this.nowMs - (this.agent.at(-1)?.toMs ?? 0) >= forMs;
  }

  #hear(frame: PhoneFrame): void {
    this.nowMs = frame.atMs + FRAME_MS;
    if (rms(frame.spoken) > SPEECH_RMS) extend(this.caller, frame.atMs);
    if (rms(frame.heard) > SPEECH_RMS) extend(this.agent, frame.atMs);
    this.#settle();
  }

  #settle(): void {
    for (const waiter of [...this.#waiters]) {
      const isMet = waiter.condition();
      if (!isMet && !this.isEnded && this.nowMs < waiter.deadlineMs) continue;
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      waiter.done(isMet);
    }
  }
}

function extend(stretches: Stretch[], atMs: number): void {
  const last = stretches.at(-1);
  if (last && atMs - last.toMs <= PAUSE_MS) last.toMs = atMs + FRAME_MS;
  else stretches.push({ fromMs: atMs, toMs: atMs + FRAME_MS });
}
