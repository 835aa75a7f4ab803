import { describe, expect, test } from 'vitest';
import { RULES } from '#engine/fakes/turn-rules';
import { newTurnState, stepTurn } from '#engine/turn';
import type { TurnRules } from '#engine/turn-policy';
import type { TurnEffect, TurnInput, TurnState } from '#engine/turn-state';

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
      'a sound that has just begun gets its time to prove to be speech',
      [...spoken, [2_270, { type: 'sound', atMs: 2_260 }], [2_420, { type: 'timer', name: 'endpoint' }]],
      { phase: 'thinking' },
      ['2420 take When do you open?'],
    ],
    [
      'before that the turn is not over, also for words that come meanwhile',
      [
        ...spoken,
        [2_270, { type: 'sound', atMs: 2_260 }],
        [2_330, { type: 'judged', text: 'When do you open?', probability: 0.99 }],
      ],
      { phase: 'pausing' },
      ['2330 timer endpoint 2420'],
    ],
    [
      'a sound long before the end of a turn holds up nothing',
      [...spoken, [2_205, { type: 'sound', atMs: 2_100 }]],
      { phase: 'pausing', soundUntilMs: 2_260 },
      [],
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
