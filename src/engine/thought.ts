import { childOf, Deadline, OVER } from '#engine/deadline';
import type { CallEventBody } from '#engine/events';
import type { Fallback, Link } from '#engine/fallback';
import {
  type LanguageModel,
  type LlmDelta,
  type LlmRequest,
  ProviderError,
  type ToolCall,
} from '#engine/ports';
import type { Clock } from '#kernel/clock';

export interface ThoughtDeps {
  chain: Fallback<LanguageModel>;
  clock: Clock;
  signal: AbortSignal;
  report(event: CallEventBody): void;
}

export interface ThoughtListener {
  text(text: string): void;
}

/** What a model came to. */
export interface Thought {
  text: string;
  calls: readonly ToolCall[];
}

/** First token, when another model stands ready, and when none does. */
const FIRST_MS = { replaceable: 3_500, only: 7_500 } as const;
/** From one token to the next, likewise. */
const NEXT_MS = { replaceable: 3_000, only: 6_000 } as const;
const CHARS_PER_TOKEN = 4;
const GO_ON =
  '[The line to you broke off after the words above, which the caller has heard. Go on from there without repeating them.]';

/**
 * Asks the models in order of preference until one answers to the end; text is passed on as it comes. One that breaks
 * off in the middle is continued by the next. Rejects with the last failure when none is left, or with an AbortError.
 */
export async function think(request: LlmRequest, deps: ThoughtDeps, on: ThoughtListener): Promise<Thought> {
  const tried: Link<LanguageModel>[] = [];
  let said = '';
  let failure: unknown;
  for (;;) {
    const link = deps.chain.next(tried);
    if (link === null) throw failure ?? new ProviderError('llm', 'unavailable', 'no model is left');
    tried.push(link);
    const attempt = new Attempt(link, continued(request, said), deps);
    try {
      const calls = await attempt.run((text) => {
        said += text;
        on.text(text);
      });
      deps.chain.worked(link);
      return { text: said, calls };
    } catch (thrown) {
      if (deps.signal.aborted) throw thrown;
      failure = thrown;
      deps.chain.failed(link, thrown, deps.chain.next(tried) !== null);
    }
  }
}

function continued(request: LlmRequest, said: string): LlmRequest {
  if (said === '') return request;
  const messages = [
    ...request.messages,
    { role: 'assistant', text: said, interrupted: true } as const,
    { role: 'user', text: GO_ON } as const,
  ];
  return { ...request, messages };
}

/** One model's try at an answer. */
class Attempt {
  readonly #link: Link<LanguageModel>;
  readonly #request: LlmRequest;
  readonly #deps: ThoughtDeps;
  readonly #deadline: Deadline;
  readonly #calls: ToolCall[] = [];
  #chars = 0;
  #usage: { inputTokens: number; outputTokens: number } | undefined;

  constructor(link: Link<LanguageModel>, request: LlmRequest, deps: ThoughtDeps) {
    this.#link = link;
    this.#request = request;
    this.#deps = deps;
    const late = () => new ProviderError(link.name, 'stalled', 'no token in time');
    this.#deadline = new Deadline(deps.clock, late);
  }

  async run(text: (text: string) => void): Promise<ToolCall[]> {
    const { chain, signal } = this.#deps;
    const { controller, release } = childOf(signal);
    const others = chain.links.some(
      (one) => one !== this.#link && one.coolUntilMs < Number.POSITIVE_INFINITY,
    );
    const rank = others ? 'replaceable' : 'only';
    this.#deadline.arm(FIRST_MS[rank]);
    let deltas: AsyncIterator<LlmDelta> | undefined;
    try {
      deltas = this.#link.use.reply(this.#request, controller.signal)[Symbol.asyncIterator]();
      for (;;) {
        const next = await this.#deadline.race(deltas.next(), signal);
        if (next.done) break;
        this.#deadline.arm(NEXT_MS[rank]);
        this.#take(next.value, text);
      }
      signal.throwIfAborted();
      return this.#calls;
    } finally {
      this.#deadline.disarm();
      controller.abort(OVER);
      release();
      Promise.resolve(deltas?.return?.()).catch(() => {});
      this.#bill();
    }
  }

  #take(delta: LlmDelta, text: (text: string) => void): void {
    switch (delta.type) {
      case 'text':
        if (delta.text === '') return;
        this.#chars += delta.text.length;
        text(delta.text);
        return;
      case 'toolCall':
        this.#calls.push(delta.call);
        return;
      case 'usage':
        this.#usage = delta;
    }
  }

  /** What the model says it used; where it says nothing, an estimate of four characters a token. */
  #bill(): void {
    const isUnused = this.#usage === undefined && this.#chars === 0 && this.#calls.length === 0;
    if (isUnused) return;
    const asked =
      this.#usage?.inputTokens ?? Math.ceil(JSON.stringify(this.#request).length / CHARS_PER_TOKEN);
    const answered = this.#chars + JSON.stringify(this.#calls).length - 2;
    const given = this.#usage?.outputTokens ?? Math.ceil(answered / CHARS_PER_TOKEN);
    const usage = { type: 'usage', stage: 'llm', provider: this.#link.name } as const;
    this.#deps.report({ ...usage, unit: 'inputTokens', amount: asked });
    this.#deps.report({ ...usage, unit: 'outputTokens', amount: given });
  }
}
