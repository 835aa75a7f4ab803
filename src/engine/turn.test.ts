import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newTurnState, stepTurn } from '#engine/turn';
import { BARGE_IN, type TurnRules } from '#engine/turn-policy';
import type { TimerName, TurnEffect, TurnInput, TurnState } from '#engine/turn-state';

const RULES: TurnRules = {
  language: 'en-US',
  endpointingMs: 300,
  silenceTimeoutMs: 700,
  idleMs: 10_000,
  maxCallDurationMs: 600_000,
  bargeIn: BARGE_IN.medium,
  phrases: {
    filler: 'One moment.',
    reprompt: 'Again?',
    idle: ['Still there?', 'Hello?'],
    idleGoodbye: 'Bye.',
    timeLimit: 'Time is up.',
    trouble: 'Trouble.',
  },
  announcement: null,
  opening: { mode: 'caller' },
  voicemailMessage: null,
  transferOnFailureTo: null,
};

type At = readonly [number, TurnInput];

/** Runs inputs at their times; gives the last state and all effects, shortly. */
function run(inputs: readonly At[], rules: Partial<TurnRules> = {}): { state: TurnState; effects: string[] } {
  let state = newTurnState({ ...RULES, ...rules });
  const effects: string[] = [];
  for (const [atMs, input] of inputs) {
    const [next, made] = stepTurn(state, input, atMs);
    state = next;
    for (const effect of made) effects.push(`${atMs} ${short(effect)}`);
  }
  return { state, effects };
}

function short(effect: TurnEffect): string {
  switch (effect.type) {
    case 'startTimer':
      return `timer ${effect.name} ${effect.atMs}`;
    case 'stopTimer':
      return `no timer ${effect.name}`;
    case 'startReply':
      return `${effect.guess ? 'guess' : 'reply'} ${effect.replyId} ${effect.text}`;
    case 'confirmReply':
    case 'abortReply':
      return `${effect.type} ${effect.replyId}`;
    case 'say':
      return `say ${effect.purpose}`;
    case 'takeTurn':
      return `take ${effect.text}`;
    case 'report':
      return `report ${effect.event.type}`;
    default:
      return effect.type;
  }
}

const heard = (text: string, final = true, quietSinceMs: number | null = 0): TurnInput => {
  return { type: 'heard', text, final, quietSinceMs };
};
const begin: At = [0, { type: 'begin' }];
const spoken: readonly At[] = [
  begin,
  [1_080, { type: 'onset', atMs: 1_000 }],
  [2_100, { type: 'pause', lastSpeechMs: 2_000, voicedMs: 1_000 }],
  [2_150, { type: 'timer', name: 'flush' }],
  [2_200, heard('When do you open?', true, 2_000)],
  [2_201, { type: 'judged', text: 'When do you open?', probability: 0.95 }],
];
const answered: readonly At[] = [
  ...spoken,
  [2_300, { type: 'timer', name: 'endpoint' }],
  [2_500, { type: 'agentStarted', purpose: 'reply' }],
];

describe('the turn machine, step by step', () => {
  test('hears a turn, guesses at it, takes it and confirms the guess', () => {
    const { state, effects } = run([...spoken, [2_300, { type: 'timer', name: 'endpoint' }]]);
    expect(effects).toEqual([
      '0 timer limit 600000',
      '0 timer idle 10000',
      '1080 no timer idle',
      '1080 report user.speaking',
      '1080 timer wordless 16000',
      '2100 no timer wordless',
      '2100 timer flush 2100',
      '2100 timer endpoint 3100',
      '2150 flush',
      '2200 judge',
      '2201 timer endpoint 2300',
      '2201 guess 1 When do you open?',
      '2300 no timer flush',
      '2300 no timer guess',
      '2300 no timer endpoint',
      '2300 no timer words',
      '2300 take When do you open?',
      '2300 confirmReply 1',
      '2300 timer deadAir 10300',
    ]);
    expect(state).toMatchObject({ phase: 'thinking', replyId: 1 });
  });

  const table: [string, readonly At[], Partial<TurnState>, string[]][] = [
    [
      'a noise while the agent speaks is not even a hold',
      [...answered, [3_100, { type: 'voiced', onsetMs: 3_000, voicedMs: 120, leftMs: 5_000, asked: false }]],
      { phase: 'speaking' },
      [],
    ],
    [
      'speech long enough holds the agent',
      [...answered, [3_190, { type: 'voiced', onsetMs: 3_000, voicedMs: 190, leftMs: 5_000, asked: false }]],
      { phase: 'doubting' },
      ['3190 hold', '3190 report user.speaking'],
    ],
    [
      'speech that goes on without words stops it',
      [
        ...answered,
        [3_190, { type: 'voiced', onsetMs: 3_000, voicedMs: 190, leftMs: 5_000, asked: false }],
        [4_200, { type: 'voiced', onsetMs: 3_000, voicedMs: 1_200, leftMs: 5_000, asked: false }],
      ],
      { phase: 'hearing' },
      ['4200 abortReply 1', '4200 cut', '4200 resume', '4200 report agent.interrupted'],
    ],
    [
      'a listener’s noise that goes on gets more time',
      [
        ...answered,
        [3_190, { type: 'voiced', onsetMs: 3_000, voicedMs: 190, leftMs: 5_000, asked: false }],
        [3_600, heard('uh-huh', false, null)],
        [4_200, { type: 'voiced', onsetMs: 3_000, voicedMs: 1_200, leftMs: 5_000, asked: false }],
      ],
      { phase: 'doubting' },
      [],
    ],
    [
      'speech that goes on after the agent has gone on holds it again at once',
      [
        ...answered,
        [3_190, { type: 'voiced', onsetMs: 3_000, voicedMs: 190, leftMs: 5_000, asked: false }],
        [3_350, { type: 'pause', lastSpeechMs: 3_230, voicedMs: 230 }],
        [3_480, heard('Please.', true, 3_230)],
        [3_485, { type: 'timer', name: 'doubt' }],
        [3_520, { type: 'onset', atMs: 3_500 }],
        [
          3_520,
          { type: 'voiced', onsetMs: 3_000, voicedMs: 500, isAgain: true, leftMs: 5_000, asked: false },
        ],
      ],
      { phase: 'doubting' },
      ['3520 hold', '3520 report user.speaking'],
    ],
    [
      'nor does a stretch that goes on after a gap between words',
      [
        ...spoken,
        [2_250, { type: 'onset', atMs: 2_230 }],
        [2_250, { type: 'voiced', onsetMs: 1_000, voicedMs: 1_240, isAgain: true, leftMs: 0, asked: false }],
      ],
      { phase: 'hearing' },
      [],
    ],
    [
      'an onset alone does not throw a guess away',
      [...spoken, [2_250, { type: 'onset', atMs: 2_230 }]],
      { phase: 'hearing' },
      [],
    ],
    [
      'real speech does',
      [
        ...spoken,
        [2_250, { type: 'onset', atMs: 2_230 }],
        [2_370, { type: 'voiced', onsetMs: 2_230, voicedMs: 130, leftMs: 0, asked: false }],
      ],
      { phase: 'hearing' },
      ['2370 abortReply 1'],
    ],
    [
      'a stale judgement is passed over',
      [...spoken, [2_202, { type: 'judged', text: 'When do', probability: 0.01 }]],
      { phase: 'pausing' },
      [],
    ],
    [
      'of a reply that is over nothing is believed',
      [...answered, [2_600, { type: 'replyFailed', replyId: 7, stage: 'llm', why: 'x' }]],
      { phase: 'speaking' },
      [],
    ],
    [
      'the end of the audio is not the end of the reply',
      [...answered, [2_600, { type: 'agentDrained', more: false }]],
      { phase: 'thinking' },
      [],
    ],
    [
      'the end of both is the caller’s turn',
      [
        ...answered,
        [2_600, { type: 'agentDrained', more: false }],
        [2_600, { type: 'replyFinished', replyId: 1 }],
      ],
      { phase: 'listening' },
      ['2600 timer idle 12600'],
    ],
  ];

  test.each(table)('%s', (_, inputs, state, effects) => {
    const before = run(inputs.slice(0, -1)).effects.length;
    const after = run(inputs);
    expect(after.state).toMatchObject(state);
    const made = after.effects.slice(before);
    for (const effect of effects) expect(made).toContain(effect);
    if (effects.length === 0) {
      expect(
        made.filter(
          (effect) => / (?:abortReply|cut|hold|say|reply|guess)\b/.test(effect) && !effect.includes('timer'),
        ),
      ).toEqual([]);
    }
  });

  test('gives the same effects for the same inputs', () => {
    expect(run(answered).effects).toEqual(run(answered).effects);
  });
});

/* ---------- any order of events ---------- */

const TEXTS = ['', 'mhm', 'okay', 'When do you open?', 'I would like to book a table for', 'Stop.'];
const TIMERS: readonly TimerName[] = [
  'flush',
  'guess',
  'endpoint',
  'words',
  'doubt',
  'deadAir',
  'idle',
  'digits',
  'tone',
  'leave',
];

const anyInput: fc.Arbitrary<TurnInput> = fc.oneof(
  fc.constant<TurnInput>({ type: 'onset', atMs: 0 }),
  fc.record({
    type: fc.constant('voiced' as const),
    onsetMs: fc.constant(0),
    voicedMs: fc.constantFrom(120, 180, 1_200, 1_800),
    leftMs: fc.constantFrom(100, 5_000, Number.POSITIVE_INFINITY),
    asked: fc.boolean(),
  }),
  fc.record({ type: fc.constant('pause' as const), lastSpeechMs: fc.constant(0), voicedMs: fc.nat(2_000) }),
  fc.record({
    type: fc.constant('heard' as const),
    text: fc.constantFrom(...TEXTS),
    final: fc.boolean(),
    quietSinceMs: fc.constantFrom(null, 0),
  }),
  fc.record({
    type: fc.constant('judged' as const),
    text: fc.constantFrom(...TEXTS),
    probability: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.constant<TurnInput>({ type: 'endOfTurn' }),
  fc.constant<TurnInput>({ type: 'typed', text: 'Hello?' }),
  fc.constant<TurnInput>({ type: 'digit', digit: '5' }),
  fc.record({ type: fc.constant('timer' as const), name: fc.constantFrom(...TIMERS) }),
  fc.record({
    type: fc.constant('agentStarted' as const),
    purpose: fc.constantFrom('reply' as const, 'announcement' as const, 'filler' as const),
  }),
  fc.record({ type: fc.constant('agentDrained' as const), more: fc.boolean() }),
  fc.record({
    type: fc.constant('activity' as const),
    replyId: fc.integer({ min: 1, max: 9 }),
    activity: fc.constantFrom('model' as const, 'tool' as const, 'digits' as const),
  }),
  fc.record({ type: fc.constant('replyFinished' as const), replyId: fc.integer({ min: 1, max: 9 }) }),
  fc.record({
    type: fc.constant('replyFailed' as const),
    replyId: fc.integer({ min: 1, max: 9 }),
    stage: fc.constantFrom('llm' as const, 'tts' as const),
    why: fc.constant('x'),
  }),
  fc.constant<TurnInput>({ type: 'sayFailed', why: 'x' }),
  fc.constant<TurnInput>({ type: 'transferFailed' }),
); // prettier-ignore

/** The timer each phase must have running, or it might never be left. */
const LIFELINE: Partial<Record<TurnState['phase'], readonly TimerName[]>> = {
  listening: ['idle'],
  hearing: ['wordless'],
  pausing: ['endpoint', 'words'],
  thinking: ['deadAir'],
  speaking: ['deadAir'],
  doubting: ['doubt'],
  leaving: ['leave'],
  voicemail: ['leave'],
};

/** Plays the rooms: timers that run out, replies that live, times that make sense. */
class World {
  state: TurnState;
  nowMs = 0;
  readonly timers = new Map<TimerName, number>();
  readonly live = new Set<number>();
  readonly breaches: string[] = [];

  constructor(rules: Partial<TurnRules>) {
    this.state = newTurnState({ ...RULES, ...rules });
    this.tell({ type: 'begin' });
  }

  tell(input: TurnInput): void {
    if (input.type === 'replyFinished' || input.type === 'replyFailed') this.live.delete(input.replyId);
    const was = this.state.phase;
    const [state, effects] = stepTurn(this.state, this.#timed(input), this.nowMs);
    this.state = state;
    if (was === 'ended' && effects.length > 0) this.breaches.push('effects after the end');
    for (const effect of effects) this.#do(effect);
    this.#check();
  }

  /** Lets the next timer run out; false when none is set. */
  timePasses(): boolean {
    const next = [...this.timers].sort((a, b) => a[1] - b[1])[0];
    if (!next) return false;
    this.timers.delete(next[0]);
    this.nowMs = Math.max(this.nowMs, next[1]);
    this.tell({ type: 'timer', name: next[0] });
    return true;
  }

  #timed(input: TurnInput): TurnInput {
    switch (input.type) {
      case 'onset':
        return { ...input, atMs: this.nowMs - 80 };
      case 'voiced':
        return { ...input, onsetMs: this.nowMs - input.voicedMs };
      case 'pause':
        return { ...input, lastSpeechMs: this.nowMs - 100 };
      case 'heard':
        return input.quietSinceMs === null ? input : { ...input, quietSinceMs: this.nowMs - 150 };
      case 'timer':
        this.timers.delete(input.name);
        return input;
      default:
        return input;
    }
  }

  #do(effect: TurnEffect): void {
    if (effect.type === 'startTimer') this.timers.set(effect.name, effect.atMs);
    if (effect.type === 'stopTimer') this.timers.delete(effect.name);
    if (effect.type === 'abortReply') this.live.delete(effect.replyId);
    if (effect.type === 'startReply') this.live.add(effect.replyId);
    if (effect.type === 'hangUp') this.timers.clear();
  }

  #check(): void {
    if (this.live.size > 1) this.breaches.push(`replies ${[...this.live]} at once in ${this.state.phase}`);
    const lifeline = LIFELINE[this.state.phase];
    if (lifeline && !lifeline.some((name) => this.timers.has(name))) {
      this.breaches.push(`${this.state.phase} waits for nothing`);
    }
    if (this.state.phase === 'ended' && this.live.size > 0) this.breaches.push('a reply outlives the call');
  }
}

describe('the turn machine, whatever happens', () => {
  const openings: readonly Partial<TurnRules>[] = [
    {},
    { opening: { mode: 'model' } },
    { voicemailMessage: 'Please call back.' },
    { opening: { mode: 'assistant', text: 'Hello.' }, announcement: 'Recorded.', transferOnFailureTo: '+1' },
  ];

  test('has at most one reply, always waits for something, and is silent after the end', () => {
    const steps = fc.array(
      fc.tuple(fc.nat(900), fc.oneof({ weight: 5, arbitrary: anyInput }, fc.constant(null))),
      {
        minLength: 20,
        maxLength: 150,
      },
    );
    fc.assert(
      fc.property(fc.constantFrom(...openings), steps, (rules, happenings) => {
        const world = new World(rules);
        for (const [ms, input] of happenings) {
          world.nowMs += ms;
          if (input === null) world.timePasses();
          else if (input.type !== 'timer' || world.timers.has(input.name)) world.tell(input);
        }
        expect(world.breaches).toEqual([]);
      }),
      { numRuns: 1_500 },
    );
  });

  test('ends in the end, when nothing answers it any more', () => {
    const steps = fc.array(anyInput, { maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom(...openings), steps, (rules, inputs) => {
        const world = new World(rules);
        for (const input of inputs) {
          world.nowMs += 50;
          if (input.type !== 'timer' || world.timers.has(input.name)) world.tell(input);
        }
        for (let i = 0; i < 2_000 && world.state.phase !== 'ended'; i++) {
          if (!world.timePasses()) break;
        }
        expect(world.state.phase).toBe('ended');
        expect(world.breaches).toEqual([]);
      }),
      { numRuns: 700 },
    );
  });
});
