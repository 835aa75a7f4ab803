import { expect, test } from 'vitest';
import { endCallTool, transferTool } from '#engine/built-in-tools';
import { FakeClock } from '#engine/fakes/fake-clock';
import type { LlmStep } from '#engine/fakes/scripted-llm';
import { ProviderError, type Tool } from '#engine/ports';
import { pause } from '#kernel/clock';
import { type Random, random } from './random.ts';
import { LONG_REPLY, Stage, type StageOptions } from './stage.ts';

const CALLS = 1_000;
const SIMULTANEOUS = 125;
/** How long callers talk, at most; calls may go on for half as long again. */
const LENGTH_MS = 40_000;

const SENTENCES = [
  'When do you open tomorrow?',
  'I would like to book a table for',
  'four people please.',
  'Yes.',
  'My number is five five five',
  'Can I talk to somebody in sales?',
  'That is all, thank you.',
];
const NOISES = ['mhm', 'okay', 'right', ''];

function fault(dice: Random, provider: string): ProviderError {
  const kind = dice.pick(['refused', 'rate_limited', 'stalled', 'closed', 'unavailable', 'full'] as const);
  return new ProviderError(provider, kind, 'injected', dice.chance(0.3) ? 1_000 : undefined);
}

function answer(dice: Random, provider: string): string | LlmStep[] {
  if (dice.chance(0.06)) return [{ fail: fault(dice, provider) }];
  if (dice.chance(0.03)) return [{ say: 'One thing first. And ' }, { fail: fault(dice, provider) }];
  if (dice.chance(0.03)) return [{ stall: true }];
  if (dice.chance(0.02)) return [{ say: 'We open at ' }, { stall: true }];
  if (dice.chance(0.02)) return '';
  if (dice.chance(0.15))
    return [{ say: 'Let me look. ' }, { call: 'look', arguments: { day: dice.pick(['Monday', 7]) } }];
  if (dice.chance(0.02)) return [{ say: 'Goodbye!' }, { call: 'end_call', arguments: {} }];
  if (dice.chance(0.02))
    return [{ say: 'One moment. ' }, { call: 'transfer_call', arguments: { destination: 'sales' } }];
  return dice.pick([LONG_REPLY, 'Yes, of course.', 'At nine. See you then.']);
}

function lookTool(dice: Random, clock: FakeClock): Tool {
  return {
    spec: {
      name: 'look',
      description: 'looks',
      parameters: { type: 'object', properties: { day: { type: 'string' } }, required: ['day'] },
    },
    whenInterrupted: dice.pick(['abort', 'finish']),
    timeoutMs: 6_000,
    run: async (_, __, signal) => {
      await pause(clock, dice.between(50, dice.chance(0.1) ? 20_000 : 2_500), signal);
      if (dice.chance(0.1)) throw new Error('injected');
      return { ok: true, result: { free: true } };
    },
  };
}

function options(dice: Random, clock: FakeClock): StageOptions {
  const opening = dice.pick([
    { mode: 'caller' },
    { mode: 'model' },
    { mode: 'assistant', text: 'Good morning, how can I help you today?' },
  ] as const);
  return {
    clock,
    plan: {
      opening,
      announcement: dice.chance(0.2) ? 'This call is recorded.' : null,
      transferOnFailureTo: dice.chance(0.3) ? '+12125550199' : null,
      thresholds: {
        endpointingMs: dice.pick([200, 300, 500]),
        maxCallDurationMs: dice.chance(0.1) ? 20_000 : 1.5 * LENGTH_MS,
        interruptionSensitivity: dice.pick(['low', 'medium', 'high']),
      },
    },
    tools: [lookTool(dice, clock), endCallTool(), transferTool([{ name: 'sales', to: '+12125550110' }])],
    control: { transfer: async () => dice.chance(0.5) },
    line: { canHold: dice.chance(0.5), leadMs: 60 },
    llm: [0, 1].map((i) => ({ firstTokenMs: dice.between(40, 900), answer: () => answer(dice, `llm/${i}`) })),
    tts: [0, 1].map((i) => ({
      words: dice.chance(0.5),
      fails: () => (dice.chance(0.04) ? fault(dice, `tts/${i}`) : null),
      breaks: () => {
        if (!dice.chance(0.03)) return null;
        return { afterMs: dice.between(0, 900), with: dice.chance(0.5) ? 'stall' : fault(dice, `tts/${i}`) };
      },
    })),
    stt: [0, 1].map((i) => ({
      finalMs: dice.between(20, 400),
      breaksAtMs: dice.chance(0.2) ? [dice.between(500, 40_000)] : [],
      refuses: () => (dice.chance(0.03) ? fault(dice, `stt/${i}`) : null),
    })),
    vad: { deadMs: dice.chance(0.05) ? [5_000, 15_000] : [0, 0] },
  };
}

/** Lets a caller behave like one until the call is over. */
async function live(call: Stage, dice: Random): Promise<void> {
  const { clock } = call;
  let atMs = dice.between(0, 3_000);
  const talksMs = dice.chance(0.15) ? dice.between(0, 8_000) : LENGTH_MS;
  while (atMs < talksMs) {
    const text = dice.chance(0.25) ? dice.pick(NOISES) : dice.pick(SENTENCES);
    const utterance = call.script.say(text, {
      fromMs: atMs,
      lengthMs: text === '' ? dice.between(60, 500) : undefined,
    });
    atMs = utterance.toMs + dice.between(150, dice.chance(0.1) ? 20_000 : 5_000);
  }
  if (dice.chance(0.3)) clock.after(dice.between(0, LENGTH_MS), () => call.caller.hangsUp());
  if (dice.chance(0.1)) clock.after(dice.between(0, LENGTH_MS), () => call.caller.types('Are you a robot?'));
  if (dice.chance(0.1)) clock.after(dice.between(0, LENGTH_MS), () => call.caller.presses('12'));
  if (dice.chance(0.05))
    clock.after(dice.between(0, LENGTH_MS), () => call.session.hangUp('drained', 'We close now.'));
}

/** What no call may ever do, by its own log. */
function breaches(call: Stage): string[] {
  const found = call.disorders();
  const taken = new Set<string>();
  let speaking = 0;
  for (const event of call.events) {
    if (event.type === 'agent.speaking') speaking++;
    if (event.type === 'agent.said') speaking--;
    if (speaking > 1) found.push('two speeches at once');
    if (event.type === 'turn.ended' && event.turnId) {
      if (taken.has(event.turnId)) found.push('a turn was taken twice');
      taken.add(event.turnId);
    }
    if (event.type === 'turn.latency' && event.voiceToVoiceMs < 0)
      found.push('an answer before the question');
    if (event.type === 'agent.said' && event.toMs < event.fromMs)
      found.push('a speech ended before it began');
  }
  if (speaking !== 0) found.push('a speech without an end');
  const open = call.of('tool.called').length - call.of('tool.returned').length;
  if (open !== 0) found.push(`${open} tool calls without a result`);
  if (call.line.pushesAfterEnd > 0) found.push('audio after the end');
  for (const one of [...call.llms, ...call.ttss, ...call.stts])
    if (one.live !== 0) found.push(`${one.name} is open`);
  return found;
}

/** The longest time without a sign of life of either side while the call ran. */
function longestSilenceMs(call: Stage): number {
  const endMs = call.of('call.ended')[0]!.durationMs;
  const typed = call.of('turn.ended').map(({ atMs }) => ({ fromMs: atMs, toMs: atMs }));
  const sounds = [...call.line.audible, ...call.script.utterances, ...typed]
    .filter((one) => one.fromMs < endMs)
    .sort((a, b) => a.fromMs - b.fromMs);
  let longestMs = 0;
  let quietMs = 0;
  for (const { fromMs, toMs } of sounds) {
    longestMs = Math.max(longestMs, fromMs - quietMs);
    quietMs = Math.max(quietMs, toMs);
  }
  return Math.max(longestMs, endMs - quietMs);
}

test('a thousand calls with faults all end, leave nothing behind, and are never silent for long', {
  timeout: 240_000,
}, async () => {
  const clock = new FakeClock();
  const why = new Map<string, number>();
  const complaints: string[] = [];
  let longestMs = 0;
  for (let first = 0; first < CALLS; first += SIMULTANEOUS) {
    const calls: Stage[] = [];
    for (let i = first; i < first + SIMULTANEOUS; i++) {
      const dice = random(i + 1);
      const call = new Stage(options(dice, clock));
      live(call, dice);
      calls.push(call);
    }
    await clock.until(() => calls.every((call) => call.endedWith !== null), 3 * LENGTH_MS);
    await clock.advance(LENGTH_MS);
    for (const [i, call] of calls.entries()) {
      const name = `call ${first + i}`;
      why.set(call.endedWith!, (why.get(call.endedWith!) ?? 0) + 1);
      for (const breach of breaches(call)) complaints.push(`${name}: ${breach}`);
      longestMs = Math.max(longestMs, longestSilenceMs(call));
    }
    expect(clock.pending).toBe(0);
  }
  expect(complaints).toEqual([]);
  expect([...why.keys()].sort()).toEqual(
    ['agent_ended', 'caller_hung_up', 'drained', 'failed', 'idle', 'max_duration', 'transferred'].sort(),
  );
  expect(longestMs).toBeLessThan(13_000);
});
