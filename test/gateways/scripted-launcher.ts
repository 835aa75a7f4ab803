import type { CallEvent, CallEventBody, HangupReason } from '#engine/events';
import type { Transport } from '#engine/ports';
import { DomainError } from '#kernel/errors';
import { type CallId, newId, type TurnId } from '#kernel/ids';
import type { Launcher, LineFacts, LiveCall } from '#runtime/launch';

/** A call that a test plays: it hears what the caller does and emits what the test says. */
export class ScriptedCall implements LiveCall {
  readonly callId: CallId = newId('call');
  readonly assistantName: string;
  readonly line: Transport;
  readonly facts: LineFacts;
  /** Everything the caller's line carried, at the line's rate. */
  readonly heard: { samples: Int16Array; atMs: number }[] = [];
  readonly digits: string[] = [];
  readonly typed: string[] = [];
  readonly session: LiveCall['session'];
  /** Set to play an engine that never gets to the end. */
  isStuck = false;
  onTyped: (text: string) => void = () => {};
  readonly #watchers = new Set<(event: CallEvent) => void>();
  readonly #resolveEnded: (reason: HangupReason) => void;
  #isEnded = false;
  #seq = 0;

  constructor(line: Transport, facts: LineFacts, assistantName: string) {
    this.line = line;
    this.facts = facts;
    this.assistantName = assistantName;
    line.listen({
      audio: { push: (frame) => void this.heard.push({ samples: frame.samples.slice(), atMs: frame.atMs }) },
      digit: (digit) => void this.digits.push(digit),
    });
    const { promise, resolve } = Promise.withResolvers<HangupReason>();
    this.#resolveEnded = resolve;
    line.signal.addEventListener('abort', () => {
      if (!this.isStuck) this.end(line.signal.reason, 1234);
    });
    this.session = {
      ended: promise,
      hangUp: (why) => line.close(why),
      type: (text) => {
        this.typed.push(text);
        this.onTyped(text);
      },
      saying: () => null,
    };
  }

  /** The engine's own end of the call; the first counts. */
  end(reason: HangupReason, durationMs: number): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.emit({ type: 'call.ended', reason, durationMs });
    this.line.close(reason);
    this.#resolveEnded(reason);
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  watch(on: (event: CallEvent) => void): () => void {
    this.#watchers.add(on);
    return () => void this.#watchers.delete(on);
  }

  emit(body: CallEventBody, turnId?: TurnId): void {
    const event: CallEvent = { callId: this.callId, seq: this.#seq++, atMs: 0, turnId, ...body };
    for (const watcher of this.#watchers) watcher(event);
  }
}

/** Starts scripted calls for the tokens it was given, each once. */
export class ScriptedLauncher implements Launcher {
  readonly calls: ScriptedCall[] = [];
  assistantName = 'Ada';
  /** Called within `start`, before the call is there; what it throws or rejects with refuses the call. */
  onStart: (token: string) => void | Promise<void> = () => {};
  onCall: (call: ScriptedCall) => void = () => {};
  readonly #tokens = new Set<string>();
  #issued = 0;

  get last(): ScriptedCall {
    const call = this.calls.at(-1);
    if (!call) throw new Error('no call was started');
    return call;
  }

  issue(): string {
    const token = `token-${++this.#issued}`;
    this.#tokens.add(token);
    return token;
  }

  async start(token: string, line: Transport, facts: LineFacts): Promise<LiveCall> {
    await this.onStart(token);
    if (!this.#tokens.delete(token)) {
      throw new DomainError('unauthenticated', 'The stream token is unknown, used or expired.');
    }
    const call = new ScriptedCall(line, facts, this.assistantName);
    this.calls.push(call);
    this.onCall(call);
    return call;
  }
}
