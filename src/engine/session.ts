import type { AudioFrame } from '#audio/frame';
import { Acts } from '#engine/acts';
import { CallLog } from '#engine/call-log';
import type { CallPlan } from '#engine/call-plan';
import type { CallDeps, CallSession, Saying, StartCall } from '#engine/call-session';
import { type AgentEntry, Conversation } from '#engine/conversation';
import { OVER } from '#engine/deadline';
import { Ears } from '#engine/ears';
import type { CallEventBody, HangupReason, SayPurpose } from '#engine/events';
import { Fallback, reason } from '#engine/fallback';
import { Latency, type TakenTurn } from '#engine/latency';
import type { LanguageModel } from '#engine/ports';
import { Reply } from '#engine/reply';
import type { Said } from '#engine/speech';
import { Tools } from '#engine/tools';
import { newTurnState, stepTurn } from '#engine/turn';
import { turnRules } from '#engine/turn-policy';
import type { TimerName, TurnEffect, TurnInput, TurnState } from '#engine/turn-state';
import { Voice } from '#engine/voice';
import { type Cancel, pause } from '#kernel/clock';
import { newId, type TurnId } from '#kernel/ids';

type EffectHandlers = {
  readonly [K in TurnEffect['type']]: (effect: Extract<TurnEffect, { type: K }>) => void;
};

/** Tools that must not be cut off may finish for this long after the line has gone; their results are still logged. */
const GRACE_MS = 5_000;

/** Words older than this when the turn began to wait were spoken over the agent: their age says nothing about us. */
const OLD_WORDS_MS = 500;

/** Runs one call on `deps.line` until it ends. Never throws: a line that has gone already ends the call at once. */
export const startCall: StartCall = (plan, deps) => new Session(plan, deps);

/**
 * One live call: carries what the rooms find to the turn machine, and what it decides to the rooms. Holds no opinion
 * of its own on when to speak.
 */
class Session implements CallSession {
  readonly ended: Promise<HangupReason>;
  readonly #plan: CallPlan;
  readonly #deps: CallDeps;
  readonly #log: CallLog;
  readonly #ended = Promise.withResolvers<HangupReason>();
  /** Aborts when the call ends: the ears and the voice close with it. */
  readonly #call = new AbortController();
  /** Aborts when also the tools have had their time. */
  readonly #toolsEnd = new AbortController();
  readonly #timers = new Map<TimerName, Cancel>();
  readonly #queue: TurnInput[] = [];
  readonly #replies = new Map<number, Reply>();
  readonly #conversation: Conversation;
  readonly #models: Fallback<LanguageModel>;
  readonly #latency: Latency;
  readonly #voice: Voice;
  readonly #ears: Ears;
  readonly #tools: Tools;
  readonly #acts: Acts;
  #state: TurnState;
  /** What is told while an input is being dealt with (or before the call has begun) waits its turn. */
  #isStepping = true;
  /** The turn the caller is in, or whose reply is under way. */
  #turnId: TurnId = newId('turn');
  /** That turn has been taken: what the caller says next is another. */
  #isTaken = true;
  /** A spoken turn that has just been taken and whose reply is not known yet. */
  #taking: Omit<TakenTurn, 'reply'> | null = null;
  #lastHeard = '';

  constructor(plan: CallPlan, deps: CallDeps) {
    this.#plan = plan;
    this.#deps = deps;
    const { line, voices, clock, control } = deps;
    this.ended = this.#ended.promise;
    this.#log = new CallLog(plan.callId, clock, (event) => deps.emit(event));
    this.#log.write({ type: 'call.started' });
    const signal = this.#call.signal;
    const tell = (input: TurnInput) => this.#tell(input);
    const report = (event: CallEventBody, turnId?: TurnId) => this.#log.write(event, turnId ?? this.#turnId);
    this.#state = newTurnState(turnRules(plan));
    this.#conversation = new Conversation(plan.systemPrompt);
    this.#models = new Fallback(
      'llm',
      voices.llm.map((use) => ({ name: use.name, use })),
      { clock, report },
    );
    this.#latency = new Latency(report);
    const callMs = () => Math.round(this.#log.callMs);
    this.#voice = new Voice({ line, voices, plan, clock, signal, tell, report, callMs });
    this.#tools = new Tools({
      tools: plan.tools,
      callId: plan.callId,
      clock,
      signal: this.#toolsEnd.signal,
      report,
    });
    this.#acts = new Acts({ line, control, voice: this.#voice, clock, tell, report });
    const floor = () => this.#voice.floor();
    this.#ears = new Ears({ line, voices, plan, clock, signal, floor, tell, report });
    this.#begin();
  }

  hangUp(why: HangupReason, farewell?: string): void {
    this.#tell({ type: 'leave', why, farewell: farewell?.trim() ? farewell : null });
  }

  type(text: string): void {
    this.#tell({ type: 'typed', text });
  }

  saying(): Saying | null {
    return this.#voice.saying();
  }

  #begin(): void {
    const { line } = this.#deps;
    this.#isStepping = false;
    if (line.signal.aborted) {
      this.#lineGone();
      return;
    }
    line.signal.addEventListener('abort', () => this.#lineGone(), { once: true });
    const played = (frame: AudioFrame) => {
      this.#latency.push(frame);
      this.#voice.played();
    };
    line.listen({ audio: this.#ears, digit: (digit) => this.#digit(digit), played: { push: played } });
    this.#tell({ type: 'begin' });
  }

  #lineGone(): void {
    this.#tell({ type: 'lineGone', why: hangupReason(this.#deps.line.signal.reason) });
  }

  #digit(digit: string): void {
    if (this.#state.phase === 'ended') return;
    this.#log.write({ type: 'digit', digit }, this.#turnId);
    if (!this.#acts.digits.take(digit)) this.#tell({ type: 'digit', digit });
  }

  /** Gives an input to the turn machine and does what it says. What that brings about is next in line. */
  #tell(input: TurnInput): void {
    if (input.type === 'heard') this.#noteHeard(input.text, input.final);
    this.#queue.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        const [state, effects] = stepTurn(this.#state, next, this.#deps.clock.nowMs());
        this.#state = state;
        for (const effect of effects) this.#do(effect);
      }
    } catch (thrown) {
      this.#fault(thrown);
    } finally {
      this.#isStepping = false;
    }
  }

  /** A mistake of ours ends this call, and no other. */
  #fault(thrown: unknown): void {
    if (this.#call.signal.aborted) return;
    this.#log.write({ type: 'degraded', stage: 'line', step: 'hangup', why: reason(thrown) }, this.#turnId);
    this.#state = { ...this.#state, phase: 'ended', why: 'failed' };
    this.#end('failed');
  }

  #noteHeard(text: string, final: boolean): void {
    const key = `${final ? 'f' : 'i'}${text}`;
    if (text === '' || key === this.#lastHeard || this.#state.phase === 'ended') return;
    this.#lastHeard = key;
    this.#log.write({ type: 'user.heard', text, final }, this.#callersTurn());
  }

  /** The turn that the caller's words belong to: a new one, once the last has been taken. */
  #callersTurn(): TurnId {
    if (this.#isTaken) this.#turnId = newId('turn');
    this.#isTaken = false;
    return this.#turnId;
  }

  readonly #effects: EffectHandlers = {
    startTimer: ({ name, atMs }) => this.#startTimer(name, atMs),
    stopTimer: ({ name }) => this.#stopTimer(name),
    say: ({ purpose, text }) => this.#say(purpose, text),
    startReply: (effect) => this.#startReply(effect),
    confirmReply: ({ replyId }) => this.#confirmReply(replyId),
    abortReply: ({ replyId }) => this.#abortReply(replyId),
    hold: () => this.#voice.hold(),
    resume: () => this.#voice.resume(),
    cut: () => this.#voice.cut(),
    finishSentence: () => this.#voice.finishSentence(),
    checkVoice: () => this.#voice.check(),
    flush: ({ lastSpeechMs }) => this.#ears.flush(lastSpeechMs),
    judge: ({ text }) => this.#judge(text),
    takeTurn: (effect) => this.#takeTurn(effect),
    dropHeard: () => this.#dropHeard(),
    transfer: ({ to }) => this.#transfer(to),
    hangUp: ({ why }) => this.#end(why),
    report: ({ event }) => this.#report(event),
  };

  #do(effect: TurnEffect): void {
    const run = this.#effects[effect.type] as (effect: TurnEffect) => void;
    run(effect);
  }

  #startTimer(name: TimerName, atMs: number): void {
    this.#stopTimer(name);
    const { clock } = this.#deps;
    const fire = () => {
      this.#timers.delete(name);
      this.#tell({ type: 'timer', name });
    };
    this.#timers.set(name, clock.after(Math.max(0, atMs - clock.nowMs()), fire));
  }

  #stopTimer(name: TimerName): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }

  #report(event: CallEventBody): void {
    const { phase } = this.#state;
    const isCallers = event.type === 'user.speaking' && (phase === 'hearing' || phase === 'pausing');
    this.#log.write(event, isCallers ? this.#callersTurn() : this.#turnId);
  }

  #startReply(effect: Extract<TurnEffect, { type: 'startReply' }>): void {
    const { replyId, text, guess } = effect;
    const turnId = guess ? this.#callersTurn() : this.#turnId;
    const { clock } = this.#deps;
    const report = (event: CallEventBody, turn?: TurnId) => this.#log.write(event, turn ?? turnId);
    const reply = new Reply(
      { replyId, turnId, text, guess },
      {
        plan: this.#plan,
        clock,
        chain: this.#models,
        voice: this.#voice,
        conversation: this.#conversation,
        tools: this.#tools,
        acts: this.#acts,
        tell: (input) => this.#tell(input),
        report,
      },
    );
    this.#replies.set(replyId, reply);
    if (!guess) this.#measure(reply);
  }

  #confirmReply(replyId: number): void {
    const reply = this.#replies.get(replyId);
    if (!reply) return;
    reply.confirm();
    this.#measure(reply);
  }

  #abortReply(replyId: number): void {
    this.#replies.get(replyId)?.abort();
    this.#replies.delete(replyId);
  }

  #takeTurn(turn: Extract<TurnEffect, { type: 'takeTurn' }>): void {
    const { text, fromMs, toMs, decidedAtMs } = turn;
    const turnId = this.#callersTurn();
    this.#isTaken = true;
    const [from, to] = [this.#log.callMsOf(fromMs), this.#log.callMsOf(toMs)];
    this.#log.write({ type: 'turn.ended', text, fromMs: from, toMs: to }, turnId);
    this.#conversation.user(text);
    const lastSpeechLineMs = this.#ears.lastSpeechMs;
    this.#dropHeard();
    this.#latency.forget();
    if (decidedAtMs === null || !Number.isFinite(lastSpeechLineMs)) return;
    const lastSpeechMs = this.#ears.clockOf(lastSpeechLineMs);
    if (toMs - lastSpeechMs > OLD_WORDS_MS) return;
    this.#taking = {
      turnId,
      lastSpeechLineMs,
      lastSpeechMs,
      decidedAtMs,
      takenAtMs: this.#deps.clock.nowMs(),
    };
  }

  /** From here on the first audible sample of the agent ends the turn's latency. */
  #measure(reply: Reply): void {
    for (const [id, other] of this.#replies) if (other !== reply) this.#abortReply(id);
    if (this.#taking) this.#latency.await({ ...this.#taking, reply });
    this.#taking = null;
  }

  #judge(text: string): void {
    const { turns } = this.#deps.voices;
    const heard = {
      text,
      silenceMs: 0,
      history: this.#conversation.messages(),
      language: this.#plan.language,
      ending: this.#ears.ending,
    };
    turns.endOfTurn(heard, this.#call.signal).then(
      (probability) => this.#tell({ type: 'judged', text, probability }),
      () => {},
    );
  }

  #dropHeard(): void {
    this.#lastHeard = '';
    this.#ears.commit();
  }

  #say(purpose: SayPurpose, text: string): void {
    const turnId = this.#turnId;
    if (purpose === 'filler' || purpose === 'announcement') {
      this.#voice.say(purpose, text, { turnId });
      return;
    }
    const entry: AgentEntry = { role: 'assistant', text, interrupted: false, calls: [] };
    this.#conversation.add(entry);
    const onSettled = (said: Said) => {
      entry.text = said.text;
      entry.interrupted = said.interrupted;
    };
    this.#voice.say(purpose, text, { turnId, onSettled });
  }

  async #transfer(to: string): Promise<void> {
    const taken = await this.#acts.transfer(to, this.#call.signal);
    if (!taken) this.#tell({ type: 'transferFailed' });
  }

  #end(why: HangupReason): void {
    const durationMs = Math.round(this.#log.callMs);
    for (const name of [...this.#timers.keys()]) this.#stopTimer(name);
    for (const id of [...this.#replies.keys()]) this.#abortReply(id);
    this.#latency.forget();
    this.#voice.close();
    this.#call.abort(OVER);
    this.#deps.line.close(why);
    if (!this.#tools.isBusy) {
      this.#finish(why, durationMs);
      return;
    }
    this.#letToolsFinish().then(() => this.#finish(why, durationMs));
  }

  /** Waits for the tools under way; those that take too long are aborted, and give their results for what they are. */
  async #letToolsFinish(): Promise<void> {
    const grace = new AbortController();
    const limit = pause(this.#deps.clock, GRACE_MS, grace.signal).then(() => this.#toolsEnd.abort(OVER));
    await Promise.race([this.#tools.settled(), limit]);
    grace.abort(OVER);
    await this.#tools.settled();
  }

  #finish(reason: HangupReason, durationMs: number): void {
    this.#toolsEnd.abort(OVER);
    this.#log.write({ type: 'call.ended', reason, durationMs });
    this.#log.close();
    this.#ended.resolve(reason);
  }
}

/** Why a line has gone, in its own words; a line that doesn't say has failed. */
function hangupReason(reason: unknown): HangupReason {
  return typeof reason === 'string' && reason in REASONS ? (reason as HangupReason) : 'failed';
}

const REASONS = {
  caller_hung_up: true,
  agent_ended: true,
  transferred: true,
  idle: true,
  max_duration: true,
  ended_by_operator: true,
  voicemail: true,
  busy: true,
  no_answer: true,
  rejected: true,
  drained: true,
  failed: true,
} as const satisfies Record<HangupReason, true>;
