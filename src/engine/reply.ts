import type { Acts } from '#engine/acts';
import type { CallPlan } from '#engine/call-plan';
import type { AgentEntry, CallSlot, Conversation } from '#engine/conversation';
import { OVER } from '#engine/deadline';
import type { CallEventBody, SayPurpose } from '#engine/events';
import { type Fallback, reason } from '#engine/fallback';
import type { LanguageModel, ToolCall, ToolOutcome } from '#engine/ports';
import { Sentences } from '#engine/sentences';
import type { Said, Speech } from '#engine/speech';
import { type Thought, think } from '#engine/thought';
import type { Tools } from '#engine/tools';
import type { TurnInput } from '#engine/turn-state';
import type { Voice } from '#engine/voice';
import type { Clock } from '#kernel/clock';
import type { TurnId } from '#kernel/ids';

export interface ReplyDeps {
  plan: CallPlan;
  clock: Clock;
  chain: Fallback<LanguageModel>;
  voice: Voice;
  conversation: Conversation;
  tools: Tools;
  acts: Acts;
  tell(input: TurnInput): void;
  report(event: CallEventBody, turnId?: TurnId): void;
}

export interface ReplyOrder {
  replyId: number;
  turnId: TurnId;
  /** The caller's words, null when the model speaks first. */
  text: string | null;
  /** Not confirmed yet: nothing is played and no tool runs. */
  guess: boolean;
}

/** Rounds of tools after which the model has to answer without any. */
const MAX_ROUNDS = 6;
const SPEAK_FIRST = '[The call has just been connected. Greet the caller.]';

/** How long words may wait to become a clause while the caller waits for them. */
const HURRY_MS = 80;

/** What was heard of a speech; null when there was none, or none could be made. */
type Spoken = PromiseWithResolvers<Said | null>;

/**
 * The agent's answer to one turn: rounds of model and tools, spoken as they come. One signal stops everything of it.
 * A guess thinks and rehearses its first words, but is heard, recorded and acts only once it is confirmed.
 */
export class Reply {
  readonly order: ReplyOrder;
  readonly #deps: ReplyDeps;
  readonly #abort = new AbortController();
  readonly #confirmation = Promise.withResolvers<void>();
  /** Null while it is a guess. */
  #confirmedMs: number | null;
  #speech: Speech | null = null;
  #entry: AgentEntry | null = null;
  #hasSpoken = false;
  /** When the first token and the first audio were there, on the clock. */
  firstTokenMs: number | null = null;
  firstAudioMs: number | null = null;

  constructor(order: ReplyOrder, deps: ReplyDeps) {
    this.order = order;
    this.#deps = deps;
    this.#confirmedMs = order.guess ? null : deps.clock.nowMs();
    if (this.#isConfirmed) this.#confirmation.resolve();
    this.#run();
  }

  /** The turn is over and its words were the ones guessed: what has been prepared may be heard. */
  confirm(): void {
    if (this.#isConfirmed || this.#abort.signal.aborted) return;
    this.#confirmedMs = this.#deps.clock.nowMs();
    if (this.#entry) this.#deps.conversation.add(this.#entry);
    if (this.#speech) this.#deps.voice.release(this.#speech);
    this.#confirmation.resolve();
  }

  get #isConfirmed(): boolean {
    return this.#confirmedMs !== null;
  }

  /** Stops the model, the voice and whatever tool may be stopped. */
  abort(): void {
    this.#abort.abort(OVER);
    if (this.#speech && !this.#isConfirmed) this.#deps.voice.discard(this.#speech);
    this.#speech?.stop();
    this.#confirmation.resolve();
  }

  async #run(): Promise<void> {
    const { replyId } = this.order;
    const { tell } = this.#deps;
    try {
      for (let round = 0; ; round++) {
        const isLast = await this.#round(round);
        if (this.#abort.signal.aborted) return;
        if (isLast) break;
      }
      tell({ type: 'replyFinished', replyId });
    } catch (thrown) {
      if (this.#abort.signal.aborted) return;
      tell({ type: 'replyFailed', replyId, stage: 'llm', why: reason(thrown) });
    }
  }

  /** One pass of the model; true when it asked for no tool and all its words have been heard. */
  async #round(round: number): Promise<boolean> {
    this.#speech = null;
    this.#entry = null;
    const spoken = Promise.withResolvers<Said | null>();
    const thought = await this.#think(round, spoken);
    const speech = this.#speech as Speech | null;
    speech?.end();
    if (speech === null) spoken.resolve(null);
    else this.#hasSpoken = true;
    if (thought.calls.length === 0) {
      if (!this.#hasSpoken) throw new Error('the model said nothing');
      await over(spoken.promise, this.#abort.signal);
      return true;
    }
    const slots = this.#recordCalls(thought.calls);
    await this.#confirmation.promise;
    if (this.#abort.signal.aborted) return true;
    await this.#act(slots, { round, said: spoken.promise });
    return false;
  }

  async #think(round: number, spoken: Spoken): Promise<Thought> {
    const { plan, conversation, chain, clock, tools, report } = this.#deps;
    const sentences = new Sentences();
    const { temperature, maxTokens } = plan;
    const request = {
      messages: conversation.messages(this.#pending(round)),
      tools: round < MAX_ROUNDS ? tools.specs : [],
      temperature,
      maxTokens,
    };
    const deps = {
      chain,
      clock,
      signal: this.#abort.signal,
      report: (event: CallEventBody) => report(event, this.order.turnId),
    };
    const thought = await think(request, deps, {
      text: (text) => {
        this.firstTokenMs ??= clock.nowMs();
        for (const piece of sentences.add(text)) this.#speak(piece, spoken);
        if (this.#isOverdue()) this.#hurry(sentences, spoken);
      },
    });
    this.firstTokenMs ??= clock.nowMs();
    for (const piece of sentences.end()) this.#speak(piece, spoken);
    return thought;
  }

  /** What the model has to be told beyond the conversation so far. */
  #pending(round: number): string | undefined {
    if (round > 0) return undefined;
    if (this.order.text === null) return SPEAK_FIRST;
    return this.#isConfirmed ? undefined : this.order.text;
  }

  /** Whether the caller waits for words that are there but make no clause yet. */
  #isOverdue(): boolean {
    if (this.#speech !== null || this.#confirmedMs === null || this.firstTokenMs === null) return false;
    return this.#deps.clock.nowMs() - Math.max(this.#confirmedMs, this.firstTokenMs) >= HURRY_MS;
  }

  #hurry(sentences: Sentences, spoken: Spoken): void {
    const piece = sentences.hurry();
    if (piece !== null) this.#speak(piece, spoken);
  }

  #speak(piece: string, spoken: Spoken): void {
    if (this.#abort.signal.aborted) return;
    const entry = this.#ownEntry();
    entry.text = entry.text === '' ? piece : `${entry.text} ${piece}`;
    this.#speech ??= this.#begin(entry, spoken);
    this.#speech.say([piece]);
  }

  #begin(entry: AgentEntry, spoken: Spoken): Speech {
    const { voice, clock } = this.#deps;
    const purpose: SayPurpose = this.order.text === null ? 'opening' : 'reply';
    const order = {
      purpose,
      turnId: this.order.turnId,
      rehearse: !this.#isConfirmed,
      onAudio: () => {
        this.firstAudioMs ??= clock.nowMs();
      },
      onSettled: (said: Said) => {
        entry.text = said.text;
        entry.interrupted = said.interrupted;
        spoken.resolve(said);
      },
    };
    return voice.begin(order, (failure) => {
      spoken.resolve(null);
      this.#failed(failure);
    });
  }

  /** A reply that cannot be spoken is over, whatever the model still does. */
  #failed(failure: unknown): void {
    if (this.#abort.signal.aborted) return;
    const { replyId } = this.order;
    this.#deps.tell({ type: 'replyFailed', replyId, stage: 'tts', why: reason(failure) });
  }

  #ownEntry(): AgentEntry {
    if (this.#entry) return this.#entry;
    this.#entry = { role: 'assistant', text: '', interrupted: false, calls: [] };
    if (this.#isConfirmed) this.#deps.conversation.add(this.#entry);
    return this.#entry;
  }

  #recordCalls(calls: readonly ToolCall[]): CallSlot[] {
    const slots = calls.map((call): CallSlot => ({ call, result: undefined }));
    this.#ownEntry().calls.push(...slots);
    return slots;
  }

  /** Runs the tools of one round together, then does what they ask of the call, in order. */
  async #act(slots: readonly CallSlot[], run: { round: number; said: Promise<Said | null> }): Promise<void> {
    const { replyId } = this.order;
    const { tell } = this.#deps;
    tell({ type: 'activity', replyId, activity: 'tool' });
    const outcomes = await Promise.all(slots.map((slot, i) => this.#runTool(slot, `${run.round}:${i}`)));
    for (const [i, { effect }] of outcomes.entries()) {
      if (effect === undefined || this.#abort.signal.aborted) continue;
      const result = await this.#deps.acts.perform(effect, {
        turnId: this.order.turnId,
        signal: this.#abort.signal,
        said: over(run.said, this.#abort.signal),
        doing: (activity) => tell({ type: 'activity', replyId, activity }),
      });
      if (result !== undefined) slots[i]!.result = result;
    }
    tell({ type: 'activity', replyId, activity: 'model' });
  }

  async #runTool(slot: CallSlot, place: string): Promise<ToolOutcome> {
    const { turnId } = this.order;
    const key = `${this.#deps.plan.callId}:${turnId}:${place}`;
    const outcome = await this.#deps.tools.run(slot.call, { turnId, key, signal: this.#abort.signal });
    slot.result = outcome.result;
    return outcome;
  }
}

/** Resolves when the words were heard, could not be spoken, or the reply was aborted. */
function over(spoken: Promise<Said | null>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    spoken.then(done);
  });
}
