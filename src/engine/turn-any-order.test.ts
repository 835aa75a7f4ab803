import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RULES } from '#engine/fakes/turn-rules';
import { newTurnState, stepTurn } from '#engine/turn';
import type { TurnRules } from '#engine/turn-policy';
import type { TimerName, TurnEffect, TurnInput, TurnState } from '#engine/turn-state';

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
  fc.constantFrom<TurnInput>({ type: 'onset', atMs: 0 }, { type: 'sound', atMs: 0 }),
  fc.record({
    type: fc.constant('voiced' as const),
    onsetMs: fc.constant(0),
    voicedMs: fc.constantFrom(120, 180, 1_200, 1_800),
    isAgain: fc.boolean(),
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
      case 'sound':
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
