import { describe, expect, test } from 'vitest';
import { refused } from '#engine/fakes/scripted-stt';
import { TTS_MS_PER_CHAR } from '#engine/fakes/scripted-tts';
import { ProviderError, type SpeechChunk } from '#engine/ports';
import { LONG_REPLY, Stage } from './stage.ts';

const gone = new ProviderError('llm/0', 'unavailable', 'no service');
const TROUBLE = 'I am having technical trouble, please call again.';
const AGAIN = 'Sorry, could you say that again?';

describe('a model', () => {
  test('that refuses is replaced at once, and not asked again', async () => {
    const call = new Stage({ llm: [() => [{ fail: refused('llm/0') }], () => 'From the second.'] });
    const turn = await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/second/);
    expect(call.line.audible[0]!.fromMs - turn.toMs).toBeLessThan(700);
    expect(call.degradations).toEqual(['llm fallback']);
    expect(call.of('degraded')[0]).toMatchObject({
      provider: 'llm/0',
      why: expect.stringContaining('refused'),
    });
    await call.caller.says('And when do you close?');
    await call.until(() => call.said.length === 2);
    await call.caller.isSilent(70_000);
    expect(call.llms[0]!.requests).toHaveLength(1);
  });

  test('that says nothing is replaced before the silence becomes a fault', async () => {
    const call = new Stage({ llm: [() => [{ stall: true }], () => 'From the second.'] });
    const turn = await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/second/);
    expect(call.line.audible[0]!.fromMs - turn.toMs).toBeLessThan(4_500);
    expect(call.degradations).toEqual(['llm fallback']);
    expect(call.llms[0]!.live).toBe(0);
  });

  test('that breaks off is continued by the next, which knows what was said', async () => {
    const call = new Stage({
      llm: [() => [{ say: 'We open at nine. And ' }, { fail: gone }], () => 'we close at five.'],
    });
    await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/five/);
    expect(call.said.join(' ')).toBe('We open at nine. And we close at five.');
    const messages = call.llms[1]!.requests[0]!.messages;
    expect(messages.at(-2)).toMatchObject({ role: 'assistant', text: 'We open at nine. And ' });
  });

  test('that stalls in the middle is continued by the next', async () => {
    const call = new Stage({
      llm: [() => [{ say: 'We open at nine. ' }, { stall: true }], () => 'And close at five.'],
    });
    await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/five/);
    expect(call.degradations).toContain('llm fallback');
  });

  test('that works again after its rest is preferred again', async () => {
    const call = new Stage({
      llm: [(_, nth) => (nth === 0 ? [{ fail: gone }] : 'From the first.'), () => 'From the second.'],
    });
    await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/second/);
    await call.caller.isSilent(1_000);
    await call.caller.says('And when do you close?');
    await call.until(() => call.said.length === 2);
    expect(call.said[1]).toBe('From the second.');
    await call.caller.isSilent(5_000);
    await call.caller.says('And on Sundays?');
    await call.agentSaid(/first/);
    expect(call.degradations).toEqual(['llm fallback', 'llm recovered']);
  });

  test('alone is tried twice, then the caller is asked again, then the call ends politely', async () => {
    const call = new Stage({ llm: () => [{ fail: gone }] });
    await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/say that again/);
    expect(call.llms[0]!.requests.length).toBeLessThanOrEqual(4);
    expect(call.degradations).toContain('llm reprompt');
    await call.caller.isSilent(500);
    await call.caller.says('When do you open tomorrow?');
    expect(await call.ends()).toBe('failed');
    expect(call.said).toEqual([AGAIN, TROUBLE]);
    expect(call.degradations.at(-1)).toBe('llm hangup');
    expect(await call.leftovers()).toEqual([]);
  });

  test('with no end hands the caller on, where the plan says so', async () => {
    const call = new Stage({
      plan: { transferOnFailureTo: '+12125550199' },
      llm: () => [{ fail: gone }],
      control: {
        transfer: async () => {
          call.clock.after(500, () => call.line.drop('transferred'));
          return true;
        },
      },
    });
    for (let i = 0; i < 2; i++) {
      await call.caller.says('When do you open tomorrow?');
      await call.caller.isSilent(4_000);
    }
    expect(await call.ends()).toBe('transferred');
    expect(call.transfers).toEqual(['+12125550199']);
    expect(call.degradations.at(-1)).toBe('llm transfer');
    expect(await call.leftovers()).toEqual([]);
  });

  test('with no end and a carrier that refuses: the caller is told', async () => {
    const call = new Stage({
      plan: { transferOnFailureTo: '+12125550199' },
      llm: () => [{ fail: gone }],
      control: { transfer: async () => false },
    });
    for (let i = 0; i < 2; i++) {
      await call.caller.says('When do you open tomorrow?');
      await call.caller.isSilent(4_000);
    }
    expect(await call.ends()).toBe('failed');
    expect(call.said.at(-1)).toBe(TROUBLE);
  });

  test('that answers with nothing at all counts as failed', async () => {
    const call = new Stage({ llm: () => '' });
    await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/say that again/);
  });

  test('that never answers leaves no more than eight seconds of silence', async () => {
    const call = new Stage({ llm: () => [{ stall: true }] });
    const turn = await call.caller.says('When do you open tomorrow?');
    await call.agentSpeaks();
    expect(call.line.audible[0]!.fromMs - turn.toMs).toBeLessThan(8_700);
  });
});

describe('a voice', () => {
  const dead = new ProviderError('tts/0', 'closed', 'the socket closed');

  test('that fails is replaced before anything is missed', async () => {
    const call = new Stage({ tts: [{ fails: () => dead }, {}], llm: () => 'Nine. See you then.' });
    const turn = await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/See you then/);
    expect(call.said).toEqual(['Nine. See you then.']);
    expect(call.line.audible[0]!.fromMs - turn.toMs).toBeLessThan(700);
    expect(call.degradations).toEqual(['tts fallback']);
  });

  test('that stalls before its first audio is replaced', async () => {
    const call = new Stage({
      tts: [{ breaks: () => ({ afterMs: 0, with: 'stall' }) }, {}],
      llm: () => 'Nine. See you then.',
    });
    const turn = await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/See you then/);
    expect(call.line.audible[0]!.fromMs - turn.toMs).toBeLessThan(4_000);
  });

  test('that breaks off within a sentence is continued at the word', async () => {
    const call = new Stage({
      tts: [{ breaks: (text) => (/Saturdays/.test(text) ? { afterMs: 2_000, with: dead } : null) }, {}],
    });
    await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/holidays/);
    expect(call.said.join(' ')).toBe(LONG_REPLY);
    const playedMs = call.line.audible.reduce((sum, one) => sum + one.toMs - one.fromMs, 0);
    expect(Math.abs(playedMs - LONG_REPLY.length * TTS_MS_PER_CHAR)).toBeLessThan(900);
    expect(call.ttss[1]!.texts[0]!.length).toBeGreaterThan(0);
    expect(LONG_REPLY).toContain(call.ttss[1]!.texts[0]!);
  });

  test('that is the last to fail leaves audio made in advance', async () => {
    const audio: SpeechChunk[] = [
      { samples: new Int16Array(8_000).fill(3_000), rateHz: 8000, text: TROUBLE },
    ];
    const call = new Stage({
      tts: { fails: () => dead },
      canned: (text) => (text === TROUBLE ? audio : undefined),
    });
    await call.caller.says('When do you open tomorrow?');
    expect(await call.ends()).toBe('failed');
    expect(call.of('agent.said')).toMatchObject([{ purpose: 'canned', text: TROUBLE, interrupted: false }]);
    expect(call.degradations.at(-1)).toBe('tts canned');
    expect(await call.leftovers()).toEqual([]);
  });

  test('that works says the last words itself, though there is audio made in advance', async () => {
    const audio: SpeechChunk[] = [{ samples: new Int16Array(800), rateHz: 8000, text: 'Not this.' }];
    const call = new Stage({ llm: () => [{ fail: gone }], canned: () => audio });
    for (let i = 0; i < 2; i++) {
      await call.caller.says('When do you open tomorrow?');
      await call.until(() => call.said.length > i);
    }
    expect(await call.ends()).toBe('failed');
    expect(call.said.at(-1)).toBe(TROUBLE);
    expect(call.of('agent.said').at(-1)).toMatchObject({ purpose: 'goodbye' });
    expect(call.degradations).not.toContain('tts canned');
  });

  test('that fails at the last words leaves audio made in advance, in the words it has', async () => {
    const audio: SpeechChunk[] = [
      { samples: new Int16Array(8_000).fill(3_000), rateHz: 8000, text: 'Trouble in English.' },
    ];
    const call = new Stage({
      llm: () => [{ fail: gone }],
      tts: { fails: (text) => (/trouble/.test(text) ? dead : null) },
      canned: (text) => (text === TROUBLE ? audio : undefined),
    });
    for (let i = 0; i < 2; i++) {
      await call.caller.says('When do you open tomorrow?');
      await call.until(() => call.said.length > i);
    }
    expect(await call.ends()).toBe('failed');
    expect(call.of('agent.said').at(-1)).toMatchObject({
      purpose: 'goodbye',
      text: 'Trouble in English.',
      interrupted: false,
    });
    expect(call.degradations.at(-1)).toBe('tts canned');
    expect(await call.leftovers()).toEqual([]);
  });

  test('that is the last to fail, with nothing made in advance, ends the call', async () => {
    const call = new Stage({ tts: { fails: () => dead } });
    await call.caller.says('When do you open tomorrow?');
    expect(await call.ends()).toBe('failed');
    expect(await call.leftovers()).toEqual([]);
  });

  test('that cannot say the opening ends the call', async () => {
    const call = new Stage({
      plan: { opening: { mode: 'assistant', text: 'Good morning.' } },
      tts: { fails: () => refused('tts/0') },
    });
    expect(await call.ends()).toBe('failed');
    expect(await call.leftovers()).toEqual([]);
  });

  test('at another rate than the line’s is converted', async () => {
    const call = new Stage({ tts: { rateHz: 24000 }, llm: () => 'Nine. See you then.' });
    await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/See you then/);
    const playedMs = call.line.audible.reduce((sum, one) => sum + one.toMs - one.fromMs, 0);
    expect(Math.abs(playedMs - 'Nine. See you then.'.length * TTS_MS_PER_CHAR)).toBeLessThan(70);
  });
});

describe('a recogniser', () => {
  test('lost in the middle of a word is replaced, and no word is lost', async () => {
    const call = new Stage({ stt: [{ breaksAtMs: [1_000] }, {}], llm: () => 'Certainly.' });
    await call.caller.says('I would like a table for four please.');
    await call.agentSaid(/Certainly/);
    expect(call.turns).toEqual(['I would like a table for four please.']);
    expect(call.degradations).toEqual(['stt fallback']);
    expect([call.stts[0]!.live, call.stts[1]!.live]).toEqual([0, 1]);
  });

  test('lost while it owes the final words is replaced', async () => {
    const call = new Stage({ stt: [{ breaksAtMs: [2_560], finalMs: 300 }, {}], llm: () => 'Certainly.' });
    await call.caller.says('I would like a table for four please.');
    await call.agentSaid(/Certainly/);
    expect(call.turns).toEqual(['I would like a table for four please.']);
  });

  test('that is alone is opened again', async () => {
    const call = new Stage({ stt: { breaksAtMs: [1_000] }, llm: () => 'Certainly.' });
    await call.caller.says('I would like a table for four please.');
    await call.agentSaid(/Certainly/);
    expect(call.turns).toEqual(['I would like a table for four please.']);
    expect(call.stts[0]!.opened).toBe(2);
  });

  test('refused at the start is replaced before the caller speaks', async () => {
    const call = new Stage({ stt: [{ refuses: () => refused('stt/0') }, {}], llm: () => 'Certainly.' });
    await call.caller.says('A table please.');
    await call.agentSaid(/Certainly/);
    expect(call.degradations).toEqual(['stt fallback']);
  });

  test('preferred comes back between turns', async () => {
    const call = new Stage({ stt: [{ breaksAtMs: [500] }, {}], llm: () => 'Certainly.' });
    await call.caller.says('I would like a table for four please.');
    await call.agentSaid(/Certainly/);
    await call.caller.isSilent(5_000);
    await call.caller.says('For Tuesday at eight please.');
    await call.until(() => call.said.length === 2);
    await call.caller.says('Under the name of Miller please.');
    await call.until(() => call.said.length === 3);
    expect(call.turns).toHaveLength(3);
    expect(call.degradations).toEqual(['stt fallback', 'stt recovered']);
    expect([call.stts[0]!.live, call.stts[1]!.live]).toEqual([1, 0]);
  });

  test('that is the last: the caller is told, and the call ends', async () => {
    const call = new Stage({ stt: { refuses: () => refused('stt/0') } });
    expect(await call.ends()).toBe('failed');
    expect(call.said).toEqual([TROUBLE]);
    expect(await call.leftovers()).toEqual([]);
  });

  test('out of reach for too long: the same', async () => {
    const call = new Stage({
      stt: { refuses: () => new ProviderError('stt/0', 'unavailable', 'no service') },
    });
    expect(await call.ends()).toBe('failed');
    expect(call.said).toEqual([TROUBLE]);
  });

  test('that goes silent in the middle of a call is replaced', async () => {
    const call = new Stage({ stt: [{ isStalled: () => true }, {}], llm: () => 'Certainly.' });
    for (let i = 0; i < 3 && call.said.length === 0; i++) {
      await call.caller.says('I would like a table.');
      await call.caller.isSilent(4_000);
    }
    await call.agentSaid(/Certainly/);
    expect(call.degradations).toContain('stt fallback');
  });
});

describe('a voice detector', () => {
  test('that cannot be opened is stood in for by loudness', async () => {
    const call = new Stage({ vad: { failsToOpen: true }, llm: () => 'Certainly.' });
    await call.caller.isSilent(2_000);
    await call.caller.says('A table for four please.');
    await call.agentSaid(/Certainly/);
    expect(call.degradations).toEqual(['vad fallback']);
  });

  test('that dies is stood in for until it is back', async () => {
    const call = new Stage({ vad: { deadMs: [2_000, 12_000] }, llm: () => 'Certainly.' });
    await call.caller.isSilent(4_000);
    await call.caller.says('A table for four please.');
    await call.agentSaid(/Certainly/);
    await call.caller.isSilent(7_000);
    expect(call.degradations).toEqual(['vad fallback', 'vad recovered']);
    expect(await call.cleanEnd()).toEqual([]);
  });
});
