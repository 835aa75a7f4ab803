import { childOf, OVER } from '#engine/deadline';
import { Digits } from '#engine/digits';
import type { CallEventBody } from '#engine/events';
import type { CallControl, ToolEffect, Transport } from '#engine/ports';
import type { Activity, TurnInput } from '#engine/turn-state';
import type { Voice } from '#engine/voice';
import { type Clock, pause } from '#kernel/clock';
import type { TurnId } from '#kernel/ids';
import type { Json } from '#kernel/json';

export interface ActsDeps {
  line: Transport;
  control: CallControl;
  voice: Voice;
  clock: Clock;
  tell(input: TurnInput): void;
  report(event: CallEventBody, turnId?: TurnId): void;
}

export interface Act {
  turnId: TurnId;
  /** The reply's. */
  signal: AbortSignal;
  /** Resolves when what the agent said before has been heard. */
  said: Promise<unknown>;
  doing(activity: Activity): void;
}

const TRANSFER_MS = 30_000;
/** A carrier that took the transfer closes the line within this; else we do. */
const LEAVE_MS = 10_000;

/** What tools may ask of the call itself: to end it, hand it on, read keys or send some. */
export class Acts {
  readonly #deps: ActsDeps;
  readonly digits: Digits;

  constructor(deps: ActsDeps) {
    this.#deps = deps;
    this.digits = new Digits(deps.clock);
  }

  /** Does it. Resolves with what the model is told instead of the tool's own result, or undefined. */
  async perform(effect: ToolEffect, act: Act): Promise<Json | undefined> {
    switch (effect.type) {
      case 'endCall':
        await act.said;
        if (!act.signal.aborted) {
          this.#deps.tell({ type: 'leave', why: 'agent_ended', farewell: effect.farewell ?? null });
        }
        return undefined;
      case 'transfer':
        await act.said;
        if (act.signal.aborted) return undefined;
        act.doing('transfer');
        return this.#transferByModel(effect.to, act);
      case 'collectDigits': {
        act.doing('digits');
        const digits = await this.#collect(effect, act);
        return { digits, complete: digits !== '' };
      }
      case 'sendDigits': {
        const sent = await this.#asked(this.#deps.control.sendDigits(effect.digits, act.signal));
        return { sent };
      }
    }
  }

  /** Hands the caller on. True when the carrier took it; the line is then closed, by the carrier or by us. */
  async transfer(to: string, signal: AbortSignal, turnId?: TurnId): Promise<boolean> {
    const { control, clock, line, report, tell } = this.#deps;
    report({ type: 'transfer', to, outcome: 'started' }, turnId);
    const { controller, release } = childOf(signal);
    const limit = pause(clock, TRANSFER_MS, controller.signal).then(() => false);
    const taken = await Promise.race([this.#asked(control.transfer(to, controller.signal)), limit]);
    controller.abort(OVER);
    release();
    report({ type: 'transfer', to, outcome: taken ? 'done' : 'failed' }, turnId);
    if (!taken) return false;
    await pause(clock, LEAVE_MS, line.signal);
    if (!line.signal.aborted) tell({ type: 'leave', why: 'transferred', farewell: null });
    return true;
  }

  async #transferByModel(to: string, act: Act): Promise<Json> {
    const taken = await this.transfer(to, act.signal, act.turnId);
    return taken
      ? { transferred: true }
      : { transferred: false, error: 'The transfer was refused or not answered.' };
  }

  #collect(effect: Extract<ToolEffect, { type: 'collectDigits' }>, act: Act): Promise<string> {
    const { voice, tell } = this.#deps;
    const onKey = () => {
      if (!voice.isBusy) return;
      voice.cut();
      tell({ type: 'agentDrained', more: false });
    };
    return this.digits.collect(effect, { prompted: act.said, onKey, signal: act.signal });
  }

  async #asked(answer: Promise<boolean>): Promise<boolean> {
    try {
      return await answer;
    } catch {
      return false;
    }
  }
}
