import { expect, test } from 'vitest';
import { LONG_REPLY, Stage } from './stage.ts';

test('a turn is answered, and the answer is in the log as it was heard', async () => {
  const call = new Stage({ llm: () => 'We open at nine. See you then.' });
  await call.caller.isSilent(500);
  await call.caller.says('When do you open tomorrow?');
  await call.agentSaid(/See you then\.$/);
  expect(call.turns).toEqual(['When do you open tomorrow?']);
  expect(call.said).toEqual(['We open at nine. See you then.']);
  console.log(call.of('turn.latency'), call.line.audible);
  expect(await call.cleanEnd()).toEqual([]);
});

test('the caller breaks in: the agent stops at once and the history holds what was heard', async () => {
  const call = new Stage();
  await call.caller.says('When do you open tomorrow?');
  const words = await call.caller.interrupts('Wait please, I meant next Sunday.');
  await call.until(() => call.of('agent.said').length > 0);
  const said = call.of('agent.said')[0]!;
  console.log(said, call.line.audible, words);
  expect(LONG_REPLY.startsWith(said.text)).toBe(true);
  expect(await call.cleanEnd()).toEqual([]);
});
