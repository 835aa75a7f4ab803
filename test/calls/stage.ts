import type { CallPlan } from '#engine/call-plan';
import type { CallSession } from '#engine/call-session';
import { lexicalTurnDetector } from '#engine/end-of-turn';
import type { CallEvent, HangupReason } from '#engine/events';
import { CallerScript } from '#engine/fakes/caller-script';
import { FakeClock } from '#engine/fakes/fake-clock';
import { ScriptedLine, type ScriptedLineOptions } from '#engine/fakes/scripted-line';
import { ScriptedLlm, type ScriptedLlmOptions } from '#engine/fakes/scripted-llm';
import { ScriptedStt, type ScriptedSttOptions } from '#engine/fakes/scripted-stt';
import { ScriptedTts, type ScriptedTtsOptions } from '#engine/fakes/scripted-tts';
import { type ScriptedVadOptions, scriptedVad } from '#engine/fakes/scripted-vad';
import type { CallControl, ProviderHealth, Tool, TurnDetector, Voices } from '#engine/ports';
import { startCall } from '#engine/session';
import type { AssistantId, CallId, TenantId } from '#kernel/ids';

type PlanChanges = Partial<Omit<CallPlan, 'thresholds'>> & { thresholds?: Partial<CallPlan['thresholds']> };

export interface StageOptions {
  plan?: PlanChanges;
  tools?: readonly Tool[];
  /** What the model answers; a list of models stands in for each other. */
  llm?: Models | readonly Models[];
  tts?: Partial<ScriptedTtsOptions> | readonly Partial<ScriptedTtsOptions>[];
  stt?: Partial<ScriptedSttOptions> | readonly Partial<ScriptedSttOptions>[];
  vad?: ScriptedVadOptions;
  line?: Partial<ScriptedLineOptions>;
  control?: Partial<CallControl>;
  canned?: Voices['canned'];
  /** How the other calls of the process find a provider, by its name. */
  health?: (name: string) => ProviderHealth;
  /** Shared by several calls. */
  clock?: FakeClock;
}

type Models =
  | ScriptedLlmOptions['answer']
  | (Partial<ScriptedLlmOptions> & Pick<ScriptedLlmOptions, 'answer'>);
type Said = Extract<CallEvent, { type: 'agent.said' }>;

export const PLAN: CallPlan = {
  callId: 'call_1' as CallId,
  tenantId: 'ten_1' as TenantId,
  assistantId: 'asst_1' as AssistantId,
  direction: 'inbound',
  type: 'phone',
  from: '+12125550101',
  to: '+12125550102',
  language: 'en-US',
  timezone: 'America/New_York',
  systemPrompt: 'You are the receptionist.',
  opening: { mode: 'caller' },
  announcement: null,
  voicemailMessage: null,
  temperature: undefined,
  maxTokens: undefined,
  speed: 1,
  hints: [],
  thresholds: {
    endpointingMs: 300,
    silenceTimeoutMs: 700,
    interruptionSensitivity: 'medium',
    maxCallDurationMs: 1_800_000,
    idleMs: 10_000,
  },
  tools: [],
  phrases: {
    filler: 'One moment please.',
    reprompt: 'Sorry, could you say that again?',
    idle: ['Are you still there?', 'Hello, can you hear me?'],
    idleGoodbye: 'I will hang up now, goodbye.',
    timeLimit: 'Our time is up, goodbye.',
    trouble: 'I am having technical trouble, please call again.',
  },
  transferOnFailureTo: null,
  record: false,
};

/** Judges turns by their words alone: the tone that stands for a voice in scripts has no intonation. */
export const byWords: TurnDetector = {
  endOfTurn: ({ text, silenceMs, history, language }, signal) =>
    lexicalTurnDetector.endOfTurn({ text, silenceMs, history, language }, signal),
};

/** A reply long enough to be broken into. */
export const LONG_REPLY =
  'Our opening hours are from nine in the morning until five in the afternoon on weekdays. ' +
  'On Saturdays we open a little later, at ten, and close at two. We are closed on Sundays and on holidays.';

function asList<T>(value: T | readonly T[] | undefined, fallback: T): readonly T[] {
  if (value === undefined) return [fallback];
  return Array.isArray(value) ? value : [value as T];
}

/** A call on a fake clock, with a caller, an agent made of scripts, and everything that was noted of it. */
export class Stage {
  readonly clock: FakeClock;
  readonly script = new CallerScript();
  readonly line: ScriptedLine;
  readonly llms: readonly ScriptedLlm[];
  readonly ttss: readonly ScriptedTts[];
  readonly stts: readonly ScriptedStt[];
  readonly vad: ReturnType<typeof scriptedVad>;
  readonly events: CallEvent[] = [];
  readonly transfers: string[] = [];
  readonly sentDigits: string[] = [];
  readonly session: CallSession;
  readonly plan: CallPlan;
  readonly startMs: number;
  endedWith: HangupReason | null = null;
  #eventsAfterEnd = 0;

  constructor(options: StageOptions = {}) {
    const clock = options.clock ?? new FakeClock();
    this.clock = clock;
    this.startMs = clock.nowMs();
    const script = this.script;
    this.line = new ScriptedLine({ clock, script, poison: true, ...options.line });
    this.llms = asList<Models>(options.llm, () => LONG_REPLY).map((one, i) => {
      return new ScriptedLlm({
        clock,
        name: `llm/${i}`,
        ...(typeof one === 'function' ? { answer: one } : one),
      });
    });
    this.ttss = asList(options.tts, {}).map((one, i) => new ScriptedTts({ clock, name: `tts/${i}`, ...one }));
    this.stts = asList(options.stt, {}).map(
      (one, i) => new ScriptedStt({ clock, script, name: `stt/${i}`, ...one }),
    );
    this.vad = scriptedVad(options.vad);
    const voices: Voices = {
      vad: this.vad,
      stt: this.stts.map((use) => Object.assign(use, { health: options.health?.(use.name) })),
      llm: this.llms.map((use) => Object.assign(use, { health: options.health?.(use.name) })),
      tts: this.ttss.map((engine) => ({ engine, voice: 'tone', health: options.health?.(engine.name) })),
      turns: byWords,
      canned: options.canned,
    };
    const plan: CallPlan = {
      ...PLAN,
      ...options.plan,
      thresholds: { ...PLAN.thresholds, ...options.plan?.thresholds },
      tools: options.tools ?? [],
    };
    this.plan = plan;
    const emit = (event: CallEvent) => this.#note(event);
    this.session = startCall(plan, {
      line: this.line,
      voices,
      control: this.#control(options.control),
      clock,
      emit,
    });
    this.session.ended.then((why) => {
      this.endedWith = why;
    });
  }

  #control(changes: Partial<CallControl> = {}): CallControl {
    return {
      transfer: (to, signal) => {
        this.transfers.push(to);
        return changes.transfer?.(to, signal) ?? Promise.resolve(true);
      },
      sendDigits: (digits, signal) => {
        this.sentDigits.push(digits);
        return changes.sendDigits?.(digits, signal) ?? Promise.resolve(true);
      },
    };
  }

  #note(event: CallEvent): void {
    if (this.endedWith !== null) this.#eventsAfterEnd++;
    this.events.push(event);
  }

  /** What the caller does. Everything takes its time: the promise resolves when it is done. */
  readonly caller = {
    /** Says something from now on; 300 ms a word. */
    says: async (text: string, lengthMs?: number) => {
      const utterance = this.script.say(text, { fromMs: this.line.lineMs, lengthMs });
      await this.clock.advance(utterance.toMs - utterance.fromMs);
      return utterance;
    },
    /** Waits until the agent speaks, lets it speak for a while, and speaks over it. */
    interrupts: async (text: string, options: { afterMs?: number; lengthMs?: number } = {}) => {
      await this.agentSpeaks();
      await this.clock.advance(options.afterMs ?? 1_500);
      return this.caller.says(text, options.lengthMs);
    },
    makesNoise: async (lengthMs: number) => {
      this.script.noise({ fromMs: this.line.lineMs, lengthMs });
      await this.clock.advance(lengthMs);
    },
    isSilent: (ms: number) => this.clock.advance(ms),
    presses: (digits: string) => {
      for (const digit of digits) this.line.press(digit);
    },
    types: (text: string) => this.session.type(text),
    hangsUp: () => this.line.drop('caller_hung_up'),
  };

  of<T extends CallEvent['type']>(type: T): Extract<CallEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<CallEvent, { type: T }> => event.type === type);
  }

  /** All the agent has said and the caller heard. */
  get said(): string[] {
    return this.of('agent.said').map((event) => event.text);
  }

  /** The turns that were taken from the caller. */
  get turns(): string[] {
    return this.of('turn.ended').map((event) => event.text);
  }

  get degradations(): string[] {
    return this.of('degraded').map((event) => `${event.stage} ${event.step}`);
  }

  isAudible(): boolean {
    const last = this.line.audible.at(-1);
    return last !== undefined && last.toMs > this.line.lineMs;
  }

  /** Waits until the caller hears the agent. */
  agentSpeaks(): Promise<void> {
    return this.clock.until(() => this.isAudible());
  }

  /** Waits until something has been said that matches, and gives it. */
  async agentSaid(what: RegExp, limitMs = 60_000): Promise<Said> {
    const find = () => this.of('agent.said').find((event) => what.test(event.text));
    await this.clock.until(() => find() !== undefined, limitMs);
    return find()!;
  }

  until(done: () => boolean, limitMs?: number): Promise<void> {
    return this.clock.until(done, limitMs);
  }

  /** Waits for the end of the call and checks that nothing of it is left. */
  async ends(limitMs = 120_000): Promise<HangupReason> {
    await this.clock.until(() => this.endedWith !== null, limitMs);
    return this.endedWith!;
  }

  /** What the call must have left behind: nothing. A list of complaints. */
  async leftovers(): Promise<string[]> {
    const pending = this.clock.pending;
    await this.clock.advance(60_000);
    const found: string[] = [];
    if (pending > 0) found.push(`${pending} timers were pending after the end`);
    if (this.line.pushesAfterEnd > 0)
      found.push(`${this.line.pushesAfterEnd} frames were pushed after the end`);
    if (this.#eventsAfterEnd > 0) found.push(`${this.#eventsAfterEnd} events came after the end`);
    for (const one of [...this.llms, ...this.ttss, ...this.stts]) {
      if (one.live > 0) found.push(`${one.live} streams of ${one.name} are open`);
    }
    if (this.vad.streams > 0) found.push('the voice detector is open');
    found.push(...this.disorders());
    return found;
  }

  /** Breaches of what every event log promises. */
  disorders(): string[] {
    const found: string[] = [];
    for (const [i, event] of this.events.entries()) {
      if (event.seq !== i) found.push(`seq ${event.seq} at place ${i}`);
      if (i > 0 && event.atMs < this.events[i - 1]!.atMs)
        found.push(`event ${i} is earlier than the one before`);
    }
    if (this.events[0]?.type !== 'call.started') found.push('the log does not begin with call.started');
    if (this.endedWith !== null && this.events.at(-1)?.type !== 'call.ended')
      found.push('the log does not end');
    if (this.of('call.ended').length > 1) found.push('the call ended twice');
    return found;
  }

  /** The caller hangs up; then nothing may be left. */
  async cleanEnd(): Promise<string[]> {
    if (this.endedWith === null) this.caller.hangsUp();
    await this.ends();
    return this.leftovers();
  }
}
