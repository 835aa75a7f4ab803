import { expect, test } from 'vitest';
import type { Heard } from './moonshine-model.ts';
import { transcribe } from './transcribe.ts';

/** A model that gives these readings in turn and remembers how long its audio was. */
function scripted(readings: Partial<Heard>[]) {
  const lengthsMs: number[] = [];
  return {
    lengthsMs,
    async hear(audio: Float32Array): Promise<Heard> {
      lengthsMs.push(audio.length / 16);
      const reading = readings[lengthsMs.length - 1];
      if (!reading) throw new Error('not asked for so many readings');
      return { text: '', tokens: [5], confidence: 0.9, stopped: false, ...reading };
    },
  };
}

/** 8 kHz line audio with a tone for `speechMs` from 500 ms on. */
function utterance(speechMs: number, open = false) {
  const to = 4000 + speechMs * 8;
  const samples = Int16Array.from({ length: to + (open ? 0 : 4000) }, (_, i) =>
    i >= 4000 && i < to ? 4000 * Math.sin(i) : 0,
  );
  return { samples, rateHz: 8000 as const, speech: { from: 4000, to }, open };
}

test('a short word is read twice with different silence, and the surer reading counts', async () => {
  const model = scripted([
    { text: 'Now.', confidence: 0.72 },
    { text: 'No.', confidence: 0.9 },
  ]);
  const heard = await transcribe(model, utterance(400), {});
  expect(heard).toMatchObject({ text: 'No.', confidence: 0.9 });
  expect(model.lengthsMs).toHaveLength(2);
  expect(model.lengthsMs[0]).toBeCloseTo(1000, -1);
  expect(model.lengthsMs[1]).toBeCloseTo(700, -1);
});

test('a sentence is read once, and again with tighter silence when nothing was heard in it', async () => {
  const sure = scripted([{ text: 'I would like a table for two.' }]);
  expect((await transcribe(sure, utterance(2000), {})).text).toBe('I would like a table for two.');
  expect(sure.lengthsMs[0]).toBeCloseTo(2500, -1);
  const shy = scripted([{ text: '' }, { text: 'A table for two.' }]);
  expect((await transcribe(shy, utterance(2000), {})).text).toBe('A table for two.');
  expect(shy.lengthsMs[1]).toBeCloseTo(2200, -1);
});

test('when others wait, the first reading with words must do', async () => {
  const model = scripted([{ text: '' }, { text: 'No.', confidence: 0.6 }]);
  expect((await transcribe(model, utterance(400), { hurried: true })).text).toBe('No.');
  const sure = scripted([{ text: 'No.', confidence: 0.6 }]);
  expect((await transcribe(sure, utterance(400), { hurried: true })).text).toBe('No.');
});

test('one or two doubtful words are no words; doubtful sentences stay', async () => {
  const word = { text: 'Oh my.', confidence: 0.4 };
  expect((await transcribe(scripted([word, word, word]), utterance(400), {})).text).toBe('');
  const sentence = { text: 'We want three of them.', confidence: 0.4 };
  expect((await transcribe(scripted([sentence, sentence]), utterance(1500), {})).text).toBe(sentence.text);
});

test('while the caller speaks there is one reading, up to the last sample', async () => {
  const model = scripted([{ text: 'I would', confidence: 0.6 }]);
  expect((await transcribe(model, utterance(600, true), {})).text).toBe('I would');
  expect(model.lengthsMs).toEqual([expect.closeTo(900, -1)]);
});

test('a reading that was stopped ends the work', async () => {
  const heard = await transcribe(scripted([{ stopped: true, tokens: [7, 8] }]), utterance(400), {});
  expect(heard).toMatchObject({ stopped: true, tokens: [7, 8] });
});
