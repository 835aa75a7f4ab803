import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareModels } from '#adapters/embedded/models';
import { MoonshineModel } from '#adapters/embedded/moonshine-model';
import { SttPool } from '#adapters/embedded/stt-pool';
import { openSilero } from '#adapters/vad/silero';
import { resample } from '#audio/resample';
import { silentLog } from '#kernel/log';
import { hearOnLine } from '#test/speech/line-hearing';
import { wordErrors } from '#test/speech/word-errors';
import { type HumanPrompt, humanSpeech } from '#test/support/human-speech';

/**
 * Word error rates on a real person's telephone prompts: (a) the bare model reads each whole recording, (b) the adapter
 * hears it as a call, in 20 ms frames with the voice detector's onsets and pauses. (b) may be at most a tenth worse
 * than (a) where at least four words are said.
 *
 *   node bench/stt-accuracy.ts [--only NAME-PART] [--verbose]
 */

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, verbose: { type: 'boolean', default: false } },
});
const LONGEST_S = 20;
const MOST_WORSE = 1.1;

interface Tally {
  prompts: number;
  words: number;
  bare: number;
  line: number;
}

const speech = await humanSpeech();
if ('skip' in speech) console.log(`skipped: ${speech.skip}`);
else await compare(speech.prompts.filter((p) => p.name.includes(values.only)));

async function compare(prompts: readonly HumanPrompt[]): Promise<void> {
  const cacheDir = join(import.meta.dirname, '../data/models');
  const models = await prepareModels({ cacheDir, log: silentLog });
  const bare = await MoonshineModel.load(models);
  const pool = await SttPool.open({ models, workers: 1, log: silentLog });
  const silero = await openSilero({ log: silentLog });
  const tallies = new Map<string, Tally>();
  for (const { name, text, samples8k } of prompts) {
    const { words } = wordErrors(text, '');
    if (words === 0 || samples8k.length > LONGEST_S * 8000) continue;
    const alone = await bare.hear(toFloat(resample(samples8k, 8000, 16_000)));
    const line = await hearOnLine(samples8k, { vad: silero.vad, pool, rateHz: 8000 });
    const kind = words >= 4 ? '4 and more words' : words >= 2 ? '2 or 3 words' : '1 word';
    const tally = tallies.get(kind) ?? { prompts: 0, words: 0, bare: 0, line: 0 };
    const lineErrors = wordErrors(text, line.text).errors;
    tally.prompts++;
    tally.words += words;
    tally.bare += wordErrors(text, alone.text).errors;
    tally.line += lineErrors;
    tallies.set(kind, tally);
    if (values.verbose && lineErrors > 0)
      console.log(`${name}\n  said  ${text}\n  bare  ${alone.text}\n  line  ${line.text}`);
  }
  await Promise.all([bare.close(), pool.close(), silero.close()]);
  report(tallies);
}

function report(tallies: ReadonlyMap<string, Tally>): void {
  for (const [kind, { prompts, words, bare, line }] of [...tallies].sort()) {
    const rate = (errors: number) => `${((100 * errors) / words).toFixed(2)} %`;
    console.log(
      `${kind}: ${prompts} prompts, ${words} words; model alone ${rate(bare)}, on the line ${rate(line)} (x ${(line / bare).toFixed(2)})`,
    );
  }
  const sentences = tallies.get('4 and more words');
  if (sentences && sentences.line > sentences.bare * MOST_WORSE) {
    console.error(`the line costs more than a factor of ${MOST_WORSE}`);
    process.exitCode = 1;
  }
}

function toFloat(samples: Int16Array): Float32Array {
  return Float32Array.from(samples, (sample) => sample / 32768);
}
