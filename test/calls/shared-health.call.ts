import { describe, expect, test } from 'vitest';
import { FakeClock } from '#engine/fakes/fake-clock';
import { ProviderError } from '#engine/ports';
import { providerHealths } from '#runtime/provider-health';
import { Stage, type StageOptions } from './stage.ts';

const gone = new ProviderError('llm/0', 'unavailable', 'no service');

describe('a vendor that fails in one call', () => {
  /** Several calls of one process. */
  function office(options: StageOptions) {
    const clock = new FakeClock();
    const of = providerHealths(clock);
    return {
      clock,
      call: () => new Stage({ ...options, clock, health: (name) => of({ id: name, address: null }) }),
    };
  }

  test('is passed over by the next at once, and preferred by all when it works again', async () => {
    let isDown = true;
    const { call } = office({
      llm: [() => (isDown ? [{ stall: true }] : 'From the first.'), () => 'From the second.'],
    });
    const first = call();
    const slow = await first.caller.says('When do you open tomorrow?');
    await first.agentSaid(/second/);
    expect(first.line.audible[0]!.fromMs - slow.toMs).toBeGreaterThan(3_000);

    const second = call();
    const quick = await second.caller.says('When do you open tomorrow?');
    await second.agentSaid(/second/);
    expect(second.line.audible[0]!.fromMs - quick.toMs).toBeLessThan(700);
    expect(second.llms[0]!.requests).toEqual([]);
    expect(second.degradations).toEqual(['llm fallback']);

    isDown = false;
    await second.caller.isSilent(5_000);
    await second.caller.says('And on Sundays?');
    await second.agentSaid(/first/);
    expect(second.degradations).toEqual(['llm fallback', 'llm recovered']);
    const third = call();
    await third.caller.says('When do you open tomorrow?');
    await third.agentSaid(/first/);
    expect(third.degradations).toEqual([]);
    for (const one of [first, second, third]) one.caller.hangsUp();
  });

  test('is a voice or a recogniser too', async () => {
    const dead = new ProviderError('one', 'unavailable', 'no service');
    const { call } = office({
      tts: [{ fails: () => dead }, {}],
      stt: [{ refuses: () => dead }, {}],
      llm: () => 'Nine. See you then.',
    });
    const first = call();
    await first.caller.says('When do you open tomorrow?');
    await first.agentSaid(/See you/);
    const second = call();
    await second.caller.says('When do you open tomorrow?');
    await second.agentSaid(/See you/);
    expect(second.ttss[0]!.texts).toEqual([]);
    expect(second.degradations.sort()).toEqual(['stt fallback', 'tts fallback']);
    for (const one of [first, second]) one.caller.hangsUp();
  });

  test('is asked all the same where there is no other', async () => {
    let isDown = true;
    const { call } = office({
      llm: () => (isDown ? [{ fail: gone }] : 'We open at nine.'),
    });
    const first = call();
    await first.caller.says('When do you open tomorrow?');
    await first.agentSaid(/again/);
    isDown = false;
    const second = call();
    await second.caller.says('When do you open tomorrow?');
    await second.agentSaid(/nine/);
    expect(second.degradations).toEqual([]);
    for (const one of [first, second]) one.caller.hangsUp();
  });
});
