import type { LanguageModel, LlmDelta, LlmRequest, ProviderError } from '#engine/ports';
import { type Clock, pause } from '#kernel/clock';
import type { JsonObject } from '#kernel/json';

/** What a scripted model does, in order. */
export type LlmStep =
  | { say: string }
  | { call: string; arguments: JsonObject; id?: string }
  | { waitMs: number }
  | { usage: { inputTokens: number; outputTokens: number } }
  /** Nothing more comes, ever. */
  | { stall: true }
  | { fail: ProviderError };

export interface ScriptedLlmOptions {
  clock: Clock;
  name?: string;
  /** Default 100. */
  firstTokenMs?: number;
  /** Default 20. A token is a word. */
  tokenMs?: number;
  /** What to answer. A string is said. */
  answer(request: LlmRequest, nth: number): string | readonly LlmStep[];
}

/** A language model that says what its script says, at a model's pace. */
export class ScriptedLlm implements LanguageModel {
  readonly name: string;
  readonly #options: ScriptedLlmOptions;
  /** Every request it was given. */
  readonly requests: LlmRequest[] = [];
  /** Streams under way. */
  live = 0;

  constructor(options: ScriptedLlmOptions) {
    this.#options = options;
    this.name = options.name ?? 'scripted/llm';
  }

  async *reply(request: LlmRequest, signal: AbortSignal): AsyncGenerator<LlmDelta> {
    const nth = this.requests.push(request) - 1;
    this.live++;
    try {
      yield* this.#deltas(request, { nth, signal });
    } finally {
      this.live--;
    }
  }

  async *#deltas(request: LlmRequest, run: { nth: number; signal: AbortSignal }): AsyncGenerator<LlmDelta> {
    const { clock, firstTokenMs = 100, tokenMs = 20 } = this.#options;
    const { signal } = run;
    const answer = this.#options.answer(request, run.nth);
    const steps: readonly LlmStep[] = typeof answer === 'string' ? [{ say: answer }] : answer;
    await pause(clock, firstTokenMs, signal);
    for (const step of steps) {
      if (signal.aborted) return;
      if ('say' in step) {
        for (const token of step.say.split(/(?<=\s)/)) {
          yield { type: 'text', text: token };
          await pause(clock, tokenMs, signal);
          if (signal.aborted) return;
        }
      } else yield* this.#silent(step, { ...run, request });
    }
  }

  async *#silent(
    step: Exclude<LlmStep, { say: string }>,
    run: { nth: number; signal: AbortSignal; request: LlmRequest },
  ): AsyncGenerator<LlmDelta> {
    if ('fail' in step) throw step.fail;
    if ('waitMs' in step) await pause(this.#options.clock, step.waitMs, run.signal);
    else if ('stall' in step) await forever(run.signal);
    else if ('usage' in step) yield { type: 'usage', ...step.usage };
    else {
      const id = step.id ?? `call_${run.nth}`;
      yield { type: 'toolCall', call: { id, name: step.call, arguments: step.arguments } };
    }
  }
}

/** Resolves when the signal aborts, and never before. */
export function forever(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
