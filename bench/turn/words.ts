import { join } from 'node:path';
import { prepareModels } from '#adapters/embedded/models';
import { MoonshineModel } from '#adapters/embedded/moonshine-model';
import { Pacer } from '#audio/pacer';
import { resample } from '#audio/resample';
import { systemClock } from '#kernel/clock';
import { silentLog } from '#kernel/log';
import { wordErrors } from '#test/speech/word-errors';
import type { HumanPrompt } from '#test/support/human-speech';
import type { SpokenTurn } from './answers.ts';
import type { BenchServer } from './bench-server.ts';
import { percent, several, verdict } from './figures.ts';
import { PhoneLine } from './phone-line.ts';

const MOST_WORSE = 1.1;
const CALLS_AT_ONCE = 3;
const ANSWER_MS = 3_000;

interface Heard {
  prompt: HumanPrompt;
  onCall: string;
  alone: string;
}

/**
 * Word errors of prompts as a call's stored transcript has them, against the model reading each recording alone. What
 * other measures had `heard` is counted with it.
 */
export async function measureWords(
  server: BenchServer,
  options: { prompts: readonly HumanPrompt[]; heard: readonly SpokenTurn[]; isVerbose: boolean },
): Promise<void> {
  const agent = await server.createAgent({
    name: 'Words',
    firstMessageMode: 'caller',
    endpointingMs: null,
    interruptionSensitivity: 'medium',
  });
  const pacer = new Pacer({ clock: systemClock });
  const onCalls = await several(options.prompts, CALLS_AT_ONCE, async ({ samples8k }) => {
    const line = await PhoneLine.ring({ platform: server.platform, agentId: agent.id, pacer });
    await line.listen(400);
    const { toMs } = await line.say(samples8k);
    await line.answerAfter(toMs, ANSWER_MS);
    const { transcript } = await line.end();
    return transcript.flatMap(({ role, text }) => (role === 'user' ? [text] : [])).join(' ');
  });
  const heard = [
    ...options.heard.map(({ prompt, text }) => ({ prompt, onCall: text })),
    ...options.prompts.map((prompt, i) => ({ prompt, onCall: onCalls[i]! })),
  ];
  const alone = await readAlone(heard.map(({ prompt }) => prompt));
  report(
    heard.map((one, i) => ({ ...one, alone: alone[i]! })),
    options.isVerbose,
  );
}

async function readAlone(prompts: readonly HumanPrompt[]): Promise<string[]> {
  const cacheDir = join(import.meta.dirname, '../../data/models');
  const model = await MoonshineModel.load(await prepareModels({ cacheDir, log: silentLog }));
  const texts: string[] = [];
  for (const { samples8k } of prompts) {
    const audio = Float32Array.from(resample(samples8k, 8000, 16_000), (sample) => sample / 32768);
    texts.push((await model.hear(audio)).text);
  }
  await model.close();
  return texts;
}

function report(heard: readonly Heard[], isVerbose: boolean): void {
  const total = { words: 0, onCall: 0, alone: 0 };
  const worse: Record<string, string>[] = [];
  for (const { prompt, onCall, alone } of heard) {
    const { errors, words } = wordErrors(prompt.text, onCall);
    const bare = wordErrors(prompt.text, alone).errors;
    total.words += words;
    total.onCall += errors;
    total.alone += bare;
    if (errors > bare || (isVerbose && errors > 0))
      worse.push({ said: prompt.text, 'on the call': onCall, alone });
  }
  console.log(
    `\nWord errors, ${heard.length} prompts, ${total.words} words, ${CALLS_AT_ONCE} calls at a time`,
  );
  console.table({
    'the model alone': { errors: total.alone, rate: percent(total.alone / total.words) },
    'on the call, as stored': { errors: total.onCall, rate: percent(total.onCall / total.words) },
  });
  for (const { said, alone, 'on the call': onCall } of worse)
    console.log(`  said    ${said}\n  alone   ${alone}\n  on call ${onCall}`);
  const ratio = total.onCall / total.alone;
  verdict(`at most ${MOST_WORSE} times the model's own errors`, `x ${ratio.toFixed(2)}`, ratio <= MOST_WORSE);
}
