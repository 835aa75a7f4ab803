import { expect, test } from 'vitest';
import { Stage } from './stage.ts';

test('a caller whose words end in noise that does not is answered all the same', async () => {
  const call = new Stage({ llm: () => 'At nine.' });
  call.script.noise({ fromMs: 0, lengthMs: 60_000, level: 3_000 });
  await call.caller.says('When do you open tomorrow?');
  await call.until(() => call.turns.length === 1, 8_000);
  expect(call.turns).toEqual(['When do you open tomorrow?']);
  expect(await call.cleanEnd()).toEqual([]);
});

test('noise alone, without an end, is nobody speaking: the caller is asked', async () => {
  const call = new Stage();
  call.script.noise({ fromMs: 0, lengthMs: 300_000 });
  await call.agentSaid(/still there/, 40_000);
  expect(call.turns).toEqual([]);
});
